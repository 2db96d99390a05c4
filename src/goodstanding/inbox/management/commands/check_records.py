"""``check [--rebuild]``: is anything in error, and do the records follow from the facts?"""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from django.core.management.base import BaseCommand
from django.db import models

from goodstanding import clock
from goodstanding.billing.models import GatewayCustomer
from goodstanding.inbox.findings import Finding, findings, notices
from goodstanding.jobs.sharing import share
from goodstanding.memberships.rebuilding import Difference, rebuild_customers, rebuild_standing
from goodstanding.people.models import Member

STEPS = {"customers": rebuild_customers, "members": rebuild_standing}
ROWS: dict[str, type[models.Model]] = {"customers": GatewayCustomer, "members": Member}
SPAN = 2_500  # rows that one process does in one go

Done = tuple[int, list[Difference]]


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
        parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="how many share the work")
        parser.add_argument("--json", action="store_true", help="one JSON document on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        """Look, print, and exit with 1 where something was found."""
        found = list(findings(now=clock.now()))
        rebuilt = {}
        if options["rebuild"]:
            for name in STEPS:
                rebuilt[name], differences = self._run(name, options["processes"])
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

    def _run(self, name: str, processes: int) -> Done:
        done, differences = 0, []
        parts = [(name, *ends) for ends in _spans(ROWS[name])]
        for count, found in share(f"{__name__}.span", parts, processes=processes):
            done += count
            differences += found
            if self.stderr.isatty():
                self.stderr.write(f"\r{done} {name}", ending="")
        return done, differences


def _spans(model: type[models.Model]) -> Sequence[tuple[str, str]]:
    """Part the rows of a table: (after this key, until that one); the last part has no end."""
    keys = model._default_manager.order_by("pk").values_list("pk", flat=True).iterator()
    marks = [key for number, key in enumerate(keys, start=1) if number % SPAN == 0]
    return list(pairwise(["", *marks, ""]))


def span(name: str, after: str, until: str) -> Done:
    """Do one part, batch by batch."""
    done, differences = 0, []
    while True:
        after, count, found = STEPS[name](after=after, until=until)
        done += count
        differences += found
        if not after:
            return done, differences
