"""``check [--rebuild]``: is anything in error, and do the records follow from the facts?"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand

from goodstanding import clock
from goodstanding.inbox.findings import Finding, findings, notices
from goodstanding.memberships import rebuilding
from goodstanding.memberships.rebuilding import Difference

Step = Callable[..., tuple[str, int, list[Difference]]]


class Command(BaseCommand):
    """Look for trouble. Exit codes: 0 none, 1 findings."""

    help = (
        "Look for trouble: events in error, jobs given up; with --rebuild, records that do not follow from the facts."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """See ``--help``."""
        parser.add_argument(
            "--rebuild", action="store_true", help="make all records anew from the facts; name and mend what differs"
        )
        parser.add_argument("--json", action="store_true", help="one JSON document on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        """Look, print, and exit with 1 where something was found."""
        found = list(findings(now=clock.now()))
        rebuilt = {}
        if options["rebuild"]:
            for name, step in (("customers", rebuilding.rebuild_customers), ("members", rebuilding.rebuild_standing)):
                rebuilt[name], differences = self._run(name, step)
                found += [
                    Finding("differs", f"{each.table} {each.row}", "was not what the facts say; mended")
                    for each in differences
                ]
        told = list(notices())
        if options["json"]:
            rows = {"findings": [each.document() for each in found], "notices": [each.document() for each in told]}
            self.stdout.write(json.dumps({**rows, "rebuilt": rebuilt} if options["rebuild"] else rows, indent=1))
        else:
            for name, count in rebuilt.items():
                self.stdout.write(f"{count} {name} made anew from the facts")
            for each in (*found, *told):
                self.stdout.write(str(each))
            self.stdout.write(f"{len(found)} findings, {len(told)} notices for staff")
        if found:
            raise SystemExit(1)

    def _run(self, name: str, step: Step) -> tuple[int, list[Difference]]:
        after, done, differences = "", 0, []
        while True:
            after, count, batch = step(after=after)
            done += count
            differences += batch
            if self.stderr.isatty():
                self.stderr.write(f"\r{done} {name}", ending="")
            if not after:
                return done, differences
