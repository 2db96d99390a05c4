"""A simulation: the clock moves on, and all that falls due meanwhile is done, each thing at its own moment, in order.

It goes from moment to moment of the agendas (:func:`goodstanding.jobs.registry.agenda`), never from day to day, so a year
in one go leaves the same records as a year of single days. At each moment it runs the sweeps and drains the sources
until a whole round finds nothing to do. It works in this process alone: no web server and no worker need to run, and those that
do leave the work to it (:func:`goodstanding.clock.moving`).
"""

from __future__ import annotations

import os
import secrets
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from goodstanding import clock
from goodstanding.jobs import lease, registry

TRIES_AT_NOTHING = 3  # of one agenda: what it names does not go away
SET_ASIDE_FOR = timedelta(days=1)
LONG_ROUNDS = 500  # at one moment; from then on it may be told to stop between two of them, too
MOST_ROUNDS = 100_000
WAIT_FOR_OTHERS_SECONDS = 5.0
_LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Step:
    """A moment at which something was done: how much, by the name of the sweep or source."""

    at: datetime
    done: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that an agenda named for ``at`` and that did not go away by working on it."""

    name: str
    at: datetime


@dataclass(slots=True)
class Summary:
    """What a simulation did. ``at``: until when all is done; short of what was asked for, it was told to stop."""

    begun_at: datetime
    at: datetime
    finished: bool = False
    steps: int = 0
    done: Counter[str] = field(default_factory=Counter)
    skipped: list[Skipped] = field(default_factory=list)


def simulate(
    until: datetime,
    *,
    now: datetime,
    on_step: Callable[[Step], object] = lambda _step: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Summary:
    """Move the clock from ``now`` to ``until`` and do all that falls due by then; return what was done.

    ``on_step`` is told of each moment. ``should_stop`` is asked between two moments; what was told to stop, or was
    interrupted, is gone on with by calling this again. Raises ``clock.ClockRefused``.
    """
    clock.require_ahead(until, now=now)
    with clock.moving() as mover:
        _wait_for_others(now)
        run = _Run(until, now, mover, should_stop)
        while not should_stop():
            if not run.step(on_step):
                mover.to(until)
                run.summary.at, run.summary.finished = until, True
                break
    return run.summary


class _Run:
    def __init__(self, until: datetime, now: datetime, mover: clock.Mover, should_stop: Callable[[], bool]) -> None:
        self.summary = Summary(now, now)
        self._until, self._mover, self._should_stop = until, mover, should_stop
        self._name = f"simulation:{os.getpid()}:{secrets.token_hex(4)}"
        self._for_nothing: Counter[str] = Counter()
        self._set_aside: dict[str, datetime] = {}

    def step(self, on_step: Callable[[Step], object]) -> bool:
        """Go on to the next moment of an agenda and do what is due; return ``False`` where there is none by the end."""
        due = self._next()
        if due is None:
            return False
        name, moment = due
        at = max(moment, self.summary.at)
        self._mover.to(at)
        self.summary.at = at
        done = self._work(at)
        self.summary.steps += 1
        self.summary.done += done
        self._note(name, moment, in_vain=not done)
        on_step(Step(at, done))
        return True

    def _next(self) -> tuple[str, datetime] | None:
        """Return the agenda with the earliest moment by the end, and that moment."""
        at, found = self.summary.at, []
        for name, next_at in registry.agendas().items():
            aside = self._set_aside.get(name)
            moment = next_at(at if aside is None else max(at, aside))
            if moment is not None and aside is not None:
                moment = max(moment, aside)  # what it hides meanwhile has to wait, too
            if moment is not None and moment <= self._until:
                found.append((max(moment, at), name, moment))
        if not found:
            return None
        _, name, moment = min(found)
        return name, moment

    def _note(self, name: str, moment: datetime, *, in_vain: bool) -> None:
        """Set an agenda aside for a while where what it names does not go away."""
        if not in_vain:
            self._for_nothing.clear()
            return
        self._for_nothing[name] += 1
        if self._for_nothing[name] >= TRIES_AT_NOTHING:
            self._for_nothing[name] = 0
            self._skip(name, moment)

    def _skip(self, name: str, moment: datetime) -> None:
        self._set_aside[name] = self.summary.at + SET_ASIDE_FOR
        if all(skipped.name != name for skipped in self.summary.skipped):
            self.summary.skipped.append(Skipped(name, moment))

    def _work(self, at: datetime) -> Counter[str]:
        """Do what is due at ``at`` until there is nothing left."""
        done: Counter[str] = Counter()
        for number in range(MOST_ROUNDS):
            found = self._round(at)
            done += found
            if not found or (number >= LONG_ROUNDS and self._should_stop()):
                return done
        for name, next_at in registry.agendas().items():  # it makes itself anew each time
            moment = next_at(at)
            if moment is not None and moment <= at:
                self._skip(name, moment)
        return done

    def _round(self, at: datetime) -> Counter[str]:
        """Run each sweep once, and serve each source a bounded batch."""
        found: Counter[str] = Counter()
        for name, run in registry.sweeps().items():
            found[name] += run(at)
            self._mover.keep()
        for source in registry.sources():
            found[source.name] += self._serve(source, at)
            self._mover.keep()
        return +found

    def _serve(self, source: registry.Source, at: datetime) -> int:
        process = source.here or source.process
        rows = source.claim(now=at, worker=self._name, limit=source.most)
        if rows and source.together is not None:
            try:
                source.together(rows, now=at)
            except BaseException:
                lease.release(rows)
                raise
            return len(rows)
        begun = 0
        try:
            for row in rows:
                begun += 1
                process(row, now=at)
        finally:
            lease.release(rows[begun:])  # on an interruption; else there are none
        return begun


def _wait_for_others(now: datetime) -> None:
    """Give workers that hold rows a moment to finish them, or to give them back."""
    patience = time.monotonic() + WAIT_FOR_OTHERS_SECONDS
    while lease.is_anything_held(now=now) and time.monotonic() < patience:
        time.sleep(_LOOK_SECONDS)
