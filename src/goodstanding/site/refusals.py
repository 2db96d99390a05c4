"""How a command of the site says that it cannot begin."""

from __future__ import annotations

from django.core.management import CommandError


class Refused(CommandError):
    """Something outside does not allow it (a port, a folder, a database): one clear line, and exit code 2."""

    def __init__(self, words: str) -> None:
        super().__init__(words, returncode=2)
