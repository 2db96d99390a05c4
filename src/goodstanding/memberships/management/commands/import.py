"""``import catalogue FILE``: take in levels and prices, all or nothing."""  # noqa: N999 (the command is called so)

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from goodstanding import clock
from goodstanding.catalogue.entries import CatalogueRefused
from goodstanding.catalogue.services import import_catalogue

LARGEST = 10 * 1024 * 1024  # bytes


class Command(BaseCommand):
    """Take in data from files. Exit codes: 0 fine, 1 the file is wrong and nothing changed, 2 it could not be read."""

    help = "Take in a file: the catalogue of levels and prices."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """See ``--help``."""
        kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")
        catalogue = kinds.add_parser("catalogue", help="levels and prices from a JSON file, all or nothing")
        catalogue.add_argument("file", type=Path, metavar="FILE")
        catalogue.add_argument("--json", action="store_true", help="one JSON document on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read the file and take it in."""
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
