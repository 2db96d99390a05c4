"""``goodstanding simulate --until DATE``: the clock of a site for trying things, moved on."""

from __future__ import annotations

import json
import sys
import threading
from argparse import ArgumentParser
from collections import Counter
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand

from goodstanding import clock, conf
from goodstanding.core.moments import NotAMoment, moment
from goodstanding.jobs.simulating import Step, simulate
from goodstanding.jobs.worker import stopped_by_signals
from goodstanding.memberships.words import stamp
from goodstanding.site import simulating
from goodstanding.site.refusals import Refused

INTERRUPTED = 130


class Command(BaseCommand):
    """Moves the clock from moment to moment at which something is due, does it, and says what was done."""

    help = "Move the clock of a site for trying things on, and do all that falls due meanwhile."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """See ``--help``."""
        parser.add_argument("--until", metavar="DATE", required=True, help="a day (its first moment) or a moment")
        parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
        parser.add_argument("--quiet", action="store_true", help="no lines while it runs")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run to the end, or until told to stop; then the exit code is 130, and the same command goes on from there."""
        now = clock.now()
        reason = simulating.refused_because()
        if reason:
            raise Refused(f"the clock is moved on a site for trying things only ({reason}).")
        asked = _Asked()
        days = _Days(self, quiet=options["quiet"])
        try:
            until = moment(options["until"], zone=conf.time_zone())
            simulating.require_near(until, now=now)
            with stopped_by_signals(asked):
                summary = simulate(until, now=now, on_step=days.note, should_stop=asked.is_stopping)
        except (NotAMoment, clock.ClockRefused) as error:
            raise Refused(str(error)) from None
        days.say()
        outcome = simulating.outcome(summary)
        if options["json"]:
            self.stdout.write(json.dumps(outcome.document(), indent=1))
        else:
            self._print(outcome)
        if not summary.finished:
            self.stderr.write(f"stopped at {stamp(summary.at)}; run it again to go on")
            sys.exit(INTERRUPTED)

    def _print(self, outcome: simulating.Outcome) -> None:
        summary = outcome.summary
        self.stdout.write(f"The clock went from {stamp(summary.begun_at)} to {stamp(summary.at)}.")
        self.stdout.write(f"done: {simulating.in_words(summary.done)}")
        self.stdout.write(f"standing became: {simulating.in_words(outcome.changes)}")
        for skipped in summary.skipped:
            self.stdout.write(f"passed over: {simulating.named(skipped)}")


class _Asked:
    """Whether somebody pressed Ctrl-C."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self.stop, self.is_stopping = self._stopping.set, self._stopping.is_set


class _Days:
    """One line on standard error for each day on which something was done."""

    def __init__(self, command: BaseCommand, *, quiet: bool) -> None:
        self._command, self._quiet = command, quiet
        self._day: date | None = None
        self._done: Counter[str] = Counter()

    def note(self, step: Step) -> None:
        """Count what was done; say the day before once another begins."""
        day = step.at.astimezone(conf.time_zone()).date()
        if day != self._day:
            self.say()
            self._day = day
        self._done += Counter(step.done)

    def say(self) -> None:
        """Say what was done on the day in hand."""
        if self._day is not None and self._done and not self._quiet:
            self._command.stderr.write(f"{self._day}  {simulating.in_words(self._done)}")
        self._done.clear()
