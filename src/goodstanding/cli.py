"""The command ``goodstanding``: thin over the management commands, so ``goodstanding X …`` is Django's command X.

Exit codes: 0 fine; 1 it ran and found, or met, something wrong; 2 it did not begin: wrong usage, or a setting, a folder, a
port or a database that does not allow it. A refusal is one clear line on standard error, never a traceback.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from importlib.util import find_spec

NEEDS_SITE = "goodstanding: this command needs the site. Install it with: pip install 'goodstanding[site]'"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that ``argv`` (else the process's own arguments) names, and return the exit code."""
    if find_spec("django") is None:
        return _refuse(NEEDS_SITE)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "goodstanding.site.settings")
    try:
        return _run(list(sys.argv[1:] if argv is None else argv))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever reads our output has had enough of it (head, less): nothing to complain of, and nowhere to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _run(arguments: list[str]) -> int:
    from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415 - the base install has no Django
    from django.db import OperationalError, ProgrammingError  # noqa: PLC0415

    try:
        return _execute(arguments)
    except ImproperlyConfigured as error:
        words = _one_line(error)
    except (OperationalError, ProgrammingError) as error:
        if _lacks_table(error):
            words = "the database is not migrated. Run: goodstanding migrate"
        elif isinstance(error, OperationalError):
            words = f"the database refused: {_one_line(error)}"
        else:
            raise
    return _refuse(f"goodstanding: {words}")


def _execute(arguments: list[str]) -> int:
    import django  # noqa: PLC0415 - the base install has none
    from django.core.management import ManagementUtility, get_commands  # noqa: PLC0415

    django.setup()
    if not arguments or arguments in (["help"], ["--help"], ["-h"]):
        sys.stdout.write(_overview())
        return 0
    name = arguments[0]
    if not name.startswith("-") and name != "help" and name not in get_commands():
        return _refuse(f"goodstanding: there is no command {name!r}{_perhaps(name, list(get_commands()))}")
    try:
        ManagementUtility(["goodstanding", *arguments]).execute()
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    return 0


def _overview() -> str:
    from django.core.management import get_commands, load_command_class  # noqa: PLC0415 - the base install has none

    # A name with an underscore is a part of another command.
    ours = {name: app for name, app in get_commands().items() if app.startswith("goodstanding.") and "_" not in name}
    lines = [f"  {name:<12}{_one_line(load_command_class(app, name).help)}" for name, app in sorted(ours.items())]
    return "\n".join(
        [
            "Usage: goodstanding COMMAND …",
            "",
            *lines,
            "",
            "goodstanding help COMMAND says more. Django's own management commands work here too.",
            "",
        ]
    )


def _perhaps(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else "; goodstanding help lists them"


def _lacks_table(error: Exception) -> bool:
    return "no such table" in str(error) or type(error.__cause__).__name__ == "UndefinedTable"


def _one_line(what: object) -> str:
    return " ".join(str(what).split())


def _refuse(words: str) -> int:
    sys.stderr.write(f"{words}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
