"""``export journal``: the books as text for bookkeeping programs."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from goodstanding import clock, conf
from goodstanding.reports.books import books
from goodstanding.reports.exporting import By, Form, Wanted, export

# What somebody asks for by a date, and cannot be.
LATEST = date(9998, 1, 1)


class Command(BaseCommand):
    """Give data out. Exit codes: 0 fine, 1 the books do not balance (all is written even so), 2 it could not be written."""

    help = "Give data out: the journal, for hledger, beancount, or as a table."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """See ``--help``."""
        kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")
        journal = kinds.add_parser("journal", help="what moved money, and what was earned by the end of each month")
        journal.add_argument(
            "file", nargs="?", type=Path, metavar="FILE", help="written anew (default: standard output)"
        )
        journal.add_argument("--format", required=True, type=Form, choices=list(Form), help="for which program")
        journal.add_argument("--from", dest="since", type=_day, metavar="DATE", help="the first day")
        journal.add_argument("--to", dest="until", type=_day, metavar="DATE", help="the day after the last")
        journal.add_argument("--by", type=By, choices=list(By), default=By.TRANSFER, help="add up (default: transfer)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write it."""
        now, zone = clock.now(), conf.time_zone()
        since, until = options["since"], options["until"]
        if until is None:
            until = min(date.fromordinal(now.astimezone(zone).date().toordinal() + 1), LATEST)
        if since is not None and since >= until:
            raise CommandError(f"--from {since} is not before --to {until}", returncode=2)
        found = books(zone=zone, until=until)
        lines = export(Wanted(options["format"], zone, until, since, options["by"]), found.released, now=now)
        path: Path | None = options["file"]
        if path is None:
            for line in lines:
                self.stdout.write(line, ending="")
        else:
            _write(path, lines)
        for words in found.wrong:
            self.stderr.write(words)
        if found.wrong:
            raise CommandError("the books do not balance: goodstanding check --rebuild mends what can be", returncode=1)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no day: write it like 2026-03-01") from None


def _write(path: Path, lines: Iterable[str]) -> None:
    """Write a file whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(lines)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise CommandError(f"{path}: cannot be written: {error}", returncode=2) from None
