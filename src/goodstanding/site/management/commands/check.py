"""``goodstanding check``: Django's checks of the set-up, then what :mod:`check_records` finds in the records."""

from __future__ import annotations

from typing import Any

from django.core.management import CommandParser, call_command
from django.core.management.commands import check

# Whoever gives one of these asks for Django's checks alone.
_OPTIONS_OF_DJANGO = ("args", "tags", "deploy", "list_tags", "databases")


class Command(check.Command):
    """Exit codes: 0 nothing found, 1 findings."""

    help = "Look for trouble in the settings and the records; with --rebuild, work the records out anew and compare."

    def add_arguments(self, parser: CommandParser) -> None:
        """See ``--help``."""
        super().add_arguments(parser)
        parser.add_argument("--rebuild", action="store_true", help="work the records out anew from the facts")
        parser.add_argument("--processes", type=int, help="how many share the work (default: one for each processor)")
        parser.add_argument("--json", action="store_true", help="one JSON document on standard output")

    def handle(self, *app_labels: Any, **options: Any) -> None:
        """Check the set-up, then the records."""
        rebuild, as_json, processes = (options.pop(name) for name in ("rebuild", "json", "processes"))
        if app_labels or any(options.get(name) for name in _OPTIONS_OF_DJANGO):
            super().handle(*app_labels, **options)
            return
        # What is found goes to standard error; "nothing found" is not worth a line beside a document.
        self.check(display_num_errors=not as_json)
        shared = {"processes": processes} if processes else {}
        call_command("check_records", rebuild=rebuild, json=as_json, **shared, stdout=self.stdout, stderr=self.stderr)
