"""``import catalogue FILE``, ``import codes FILE``: all or nothing; ``import bank FILE``: a bank's statement, line by line."""  # noqa: N999 (the command is called so)

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from goodstanding import clock
from goodstanding.catalogue import code_file
from goodstanding.catalogue.entries import CatalogueRefused
from goodstanding.catalogue.services import import_catalogue
from goodstanding.core.bank import NotAStatement
from goodstanding.core.matching import TAKEN, Fit
from goodstanding.memberships import bank

LARGEST = 10 * 1024 * 1024  # bytes


class Command(BaseCommand):
    """Take in data from files. Exit codes: 0 fine, 1 the file is wrong and nothing changed, 2 it could not be read."""

    help = "Take in a file: the catalogue of levels and prices, discount codes, or a bank's statement."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """See ``--help``."""
        kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")
        catalogue = kinds.add_parser("catalogue", help="levels and prices from a JSON file, all or nothing")
        catalogue.add_argument("file", type=Path, metavar="FILE")
        catalogue.add_argument("--json", action="store_true", help="one JSON document on standard output")
        codes = kinds.add_parser("codes", help="discount codes from a table (CSV), all or nothing")
        codes.add_argument("file", type=Path, metavar="FILE")
        codes.add_argument("--dry-run", action="store_true", help="only say whether they could be made")
        codes.add_argument("--json", action="store_true", help="one JSON document on standard output")
        statement = kinds.add_parser("bank", help="payments from a bank's statement (CSV), line by line, each once")
        statement.add_argument("file", type=Path, metavar="FILE")
        statement.add_argument("--currency", default="EUR", help="of the account, where the file does not say it (EUR)")
        statement.add_argument("--dry-run", action="store_true", help="only say what would be recorded")
        statement.add_argument("--json", action="store_true", help="one JSON document on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read the file and take it in."""
        take_in = {"bank": self._bank, "catalogue": self._catalogue, "codes": self._codes}
        take_in[options["kind"]](options)

    def _codes(self, options: dict[str, Any]) -> None:
        path: Path = options["file"]
        try:
            if path.stat().st_size > code_file.LARGEST:
                raise CommandError(f"{path}: the file is larger than {code_file.LARGEST // 1024**2} MiB", returncode=2)
            body = path.read_bytes()
        except OSError as error:
            raise CommandError(f"{path}: cannot be read: {error}", returncode=2) from None
        try:
            count = code_file.take_in(body, now=clock.now(), dry_run=options["dry_run"])
        except code_file.CodesRefused as refused:
            if options["json"]:
                faults = [{"line": fault.line, "words": fault.words} for fault in refused.faults]
                self.stdout.write(json.dumps({"refused": faults}, indent=1))
            for fault in refused.faults:
                self.stderr.write(f"{path}:{fault.line}: {fault.words}")
            raise CommandError(f"{path}: nothing was changed", returncode=1) from None
        if options["json"]:
            self.stdout.write(json.dumps({"codes": count, "dry_run": options["dry_run"]}, indent=1))
        else:
            self.stdout.write(f"{count} codes {'could be' if options['dry_run'] else 'were'} made")

    def _bank(self, options: dict[str, Any]) -> None:
        path, now = options["file"], clock.now()
        try:
            lines = bank.read(path.read_bytes(), currency=options["currency"].upper())
        except OSError as error:
            raise CommandError(f"{path}: cannot be read: {error}", returncode=2) from None
        except NotAStatement as refused:
            raise CommandError(f"{path}: {bank.fault_words(refused.fault)}", returncode=2) from None
        matches = bank.matched(lines)
        done = [] if options["dry_run"] else bank.record(matches, by=None, now=now)
        refused_lines = {each.row: each.refused for each in done if each.refused}
        said = [
            {
                "line": each.line.row,
                "fit": str(each.fit),
                "invoice": each.number,
                "amount": str(each.line.amount or ""),
                "words": refused_lines.get(each.line.row, bank.fit_words(each)),
            }
            for each in matches
        ]
        bad = [each for each in matches if each.fit is Fit.UNREADABLE or each.line.row in refused_lines]
        if options["json"]:
            self.stdout.write(json.dumps({"recorded": len(done) - len(refused_lines), "lines": said}, indent=1))
        else:
            for entry in said:
                self.stdout.write(
                    " ".join(f"{path}:{entry['line']}: {entry['invoice']} {entry['amount']} {entry['words']}".split())
                )
            verb = "would be" if options["dry_run"] else "were"
            count = sum(each.fit in TAKEN for each in matches) if options["dry_run"] else len(done) - len(refused_lines)
            self.stdout.write(f"{count} payments {verb} recorded")
        if bad:
            raise CommandError(f"{path}: {len(bad)} lines could not be recorded", returncode=1)

    def _catalogue(self, options: dict[str, Any]) -> None:
        path: Path = options["file"]
        try:
            if path.stat().st_size > LARGEST:
                raise CommandError(f"{path}: the file is larger than {LARGEST // 1024**2} MiB", returncode=2)
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{path}: cannot be read: {error}", returncode=2) from None
        try:
            done = import_catalogue(text, now=clock.now())
        except CatalogueRefused as refused:
            if options["json"]:
                self.stdout.write(json.dumps({"refused": refused.faults}, indent=1))
            for fault in refused.faults:
                self.stderr.write(f"{path}: {fault}")
            raise CommandError(f"{path}: nothing was changed", returncode=1) from None
        for warning in done.warnings:
            self.stderr.write(f"{path}: {warning}")
        if options["json"]:
            self.stdout.write(json.dumps({"levels": done.levels, "prices": done.prices}, indent=1))
        else:
            self.stdout.write(f"{done.levels} levels and {done.prices} prices are in the catalogue now")
