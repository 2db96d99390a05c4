"""``work``: the worker."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from goodstanding.jobs.worker import Worker, stopped_by_signals


class Command(BaseCommand):
    """Work until told to stop (SIGTERM, Ctrl-C): the row in hand is finished, the rest is left to others."""

    help = "Work off what is due: received events and jobs. Run as many as you like."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """See ``--help``."""
        parser.add_argument("--once", action="store_true", help="work off what is due now, then exit")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the worker."""
        worker = Worker()
        with stopped_by_signals(worker):
            if options["once"]:
                worker.tick()
                self.stdout.write(f"worked on {worker.drain()} rows")
            else:
                worker.run()
