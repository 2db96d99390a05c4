"""``make bench``: measure on SQLite and on PostgreSQL, print the table; ``--json`` prints it for machines.

Everything happens in a folder and in databases of its own, which are gone afterwards. Which PostgreSQL server: as
``tests/postgres.py`` finds it.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from argparse import Namespace
from pathlib import Path
from typing import Any

from bench.inside import parser
from bench.report import Measurement, table

_NO_SERVER, _NEEDS_GROUP = 77, 78
_FIELDS = frozenset(Measurement.__dataclass_fields__)
DATABASES = ("sqlite", "postgresql")


def main() -> int:
    """Measure and print. The exit code tells whether it could measure, not how fast anything is."""
    options = _options()
    found: list[dict[str, Any]] = []
    for database in options.database:
        with tempfile.TemporaryDirectory(prefix="goodstanding-bench-", ignore_cleanup_errors=True) as folder:
            code = _run(database, options, Path(folder))
            if code in (_NO_SERVER, _NEEDS_GROUP):
                _say(f"SKIPPED PostgreSQL: no server to measure on (GOODSTANDING_TEST_POSTGRES names one); exit {code}")
                continue
            if code:
                return code
            found += json.loads((Path(folder) / "found.json").read_text())
    if options.json:
        print(json.dumps(found, indent=1))
    else:
        _print(found)
    return 0


def _options() -> Namespace:
    made = parser()
    made.prog, made.description = "make bench ARGS=…", "Measure, on databases of its own."
    made.add_argument("--database", nargs="+", choices=DATABASES, default=list(DATABASES))
    made.add_argument("--json", action="store_true", help="one JSON document on standard output")
    return made.parse_args()


def _run(database: str, options: Namespace, folder: Path) -> int:
    inside = [sys.executable, "-m", "bench.inside", "--out", str(folder / "found.json")]
    inside += ["--members", *map(str, options.members), "--rounds", str(options.rounds)]
    inside += ["--long-invoices", str(options.long_invoices)]
    if options.only:
        inside += ["--only", *options.only]
    command = inside if database == "sqlite" else [sys.executable, "-m", "tests.postgres", *inside]
    # What a helper prints belongs beside the progress, not into the document.
    return subprocess.run(command, env=_environment(folder), check=False, stdout=sys.stderr).returncode


def _environment(folder: Path) -> dict[str, str]:
    """Return the settings of a site in use, on a database of its own, deaf to the developer's environment."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GOODSTANDING_") or name.startswith("GOODSTANDING_TEST_")
    }
    return {
        **kept,
        "DATABASE_URL": f"sqlite:///{folder / 'bench.sqlite3'}",
        "GOODSTANDING_ENV_FILE": "",
        "GOODSTANDING_HOME": str(folder),
        "GOODSTANDING_SECRET_KEY": "for-measuring-only-" + "0123456789" * 5,
        "PORT": str(_free_port()),
    }


def _free_port() -> int:
    """Return a port that is free, as is the next one."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return min(int(trial.getsockname()[1]), 65534)


def _print(found: list[dict[str, Any]]) -> None:
    for database, members in dict.fromkeys((row["database"], row["members"]) for row in found):
        rows = [row for row in found if (row["database"], row["members"]) == (database, members)]
        print(
            f"\n{database}, {members:,} members (load average {rows[0]['load']:.1f} on {os.cpu_count()} processors)\n"
        )
        print(table(Measurement(**{name: row[name] for name in _FIELDS}) for row in rows))
    missed = [row for row in found if not row["ok"]]
    print(f"\n{len(found)} figures, {len(missed)} miss their target.")


def _say(words: str) -> None:
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
