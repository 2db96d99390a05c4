"""The command ``goodstanding`` as a person runs it: a process of its own, in a home of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests import migrated


@dataclass(frozen=True)
class Site:
    """A folder with nothing in it but what the site itself puts there."""

    folder: Path

    def already_migrated(self) -> Site:
        """Put a migrated database where the site keeps its own; ``migrate`` still has the gateway accounts to make."""
        migrated.copy_to(self.folder / "var" / "goodstanding.sqlite3")
        return self

    def environment(self, **settings: str) -> dict[str, str]:
        """Return the environment of a newcomer, with ``settings``."""
        ours = ("PATH", "HOME", "LANG", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")
        kept = {name: os.environ[name] for name in ours if name in os.environ}
        return {**kept, **settings}

    def run(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run ``goodstanding`` with ``arguments`` to its end."""
        return subprocess.run(
            [sys.executable, "-m", "goodstanding.cli", *arguments],
            cwd=self.folder,
            env=self.environment(**settings),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def start(self, *arguments: str, **settings: str) -> subprocess.Popen[str]:
        """Start ``goodstanding`` with ``arguments``, in a process group of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "goodstanding.cli", *arguments],
            cwd=self.folder,
            env=self.environment(**settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )


def free_port() -> str:
    """Return a port that nobody listened on a moment ago."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return str(found.getsockname()[1])
