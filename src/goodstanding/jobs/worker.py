"""The worker: serves all sources in turn, rests when there is nothing to do, stops between two rows when asked to.

While somebody moves the clock it leaves everything to them: each thing is to be done at its own moment.
"""

from __future__ import annotations

import gc
import logging
import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import FrameType
from typing import Protocol

from django.db import Error as DatabaseFailure
from django.db import close_old_connections

from goodstanding import clock
from goodstanding.jobs import lease, registry, services

log = logging.getLogger(__name__)

SHORTEST_REST_SECONDS = 0.05
LONGEST_REST_SECONDS = 1.0
REST_AFTER_FAILURE_SECONDS = 5.0
LOOK_AT_SCHEDULE = timedelta(seconds=30)


class Worker:
    """Serves ``sources`` (by default all). ``now`` tells the time; one worker serves one thread."""

    def __init__(
        self,
        *,
        sources: Sequence[registry.Source] | None = None,
        name: str = "",
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._sources = registry.sources() if sources is None else tuple(sources)
        self._name = name or f"{socket.gethostname()[:60]}:{os.getpid()}:{secrets.token_hex(4)}"  # nobody else's
        self._now = now
        self._stopping = threading.Event()
        self._schedule_at: datetime | None = None

    @property
    def stopping(self) -> bool:
        """Whether :meth:`stop` was called."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """Finish what is in hand, give back the rest, and return. Safe in a signal handler and from other threads."""
        self._stopping.set()

    def turn(self) -> int:
        """Serve each source once, a bounded batch; return how many rows were worked on."""
        worked = 0
        if clock.is_moving():
            return worked
        for source in self._sources:
            rows = source.claim(now=self._now(), worker=self._name, limit=source.most)
            for number, row in enumerate(rows):
                if self.stopping or clock.is_moving():
                    lease.release(rows[number:])
                    return worked
                if source.together is not None:
                    source.together(rows, now=self._now())
                    worked += len(rows)
                    break
                source.process(row, now=self._now())
                worked += 1
        return worked

    def drain(self) -> int:
        """Work until nothing is due or :meth:`stop` is called; return how many rows were worked on."""
        total = 0
        while not self.stopping:
            worked = self.turn()
            total += worked
            if not worked:
                break
        return total

    def rest(self, seconds: float) -> None:
        """Wait that long, or until :meth:`stop` is called."""
        self._stopping.wait(seconds)

    def tick(self) -> None:
        """Look at the schedule, if it was not done a moment ago."""
        now = self._now()
        if clock.is_moving():
            return
        if self._schedule_at is None or now >= self._schedule_at:
            services.tick(now=now)
            self._schedule_at = now + LOOK_AT_SCHEDULE

    def run(self) -> None:
        """Work until :meth:`stop`. A database that is away is waited for."""
        gc.freeze()  # what is loaded by now stays: Python need not look through it again and again
        rest = SHORTEST_REST_SECONDS
        while not self.stopping:
            try:
                self.tick()
                worked = self.turn()
            except DatabaseFailure as error:
                log.error("the database failed: %s", lease.named(error))  # noqa: TRY400 (its text may hold data)
                close_old_connections()
                self.rest(REST_AFTER_FAILURE_SECONDS)
                continue
            if worked:
                rest = SHORTEST_REST_SECONDS
            else:
                self.rest(rest)
                rest = min(rest * 2, LONGEST_REST_SECONDS)


class CanStop(Protocol):
    """Something that ends soon once it is told to stop."""

    def stop(self) -> None:
        """Stop soon. Called in a signal handler."""


@contextmanager
def stopped_by_signals(worker: CanStop) -> Iterator[None]:
    """Have SIGTERM and SIGINT stop ``worker``; a second SIGINT interrupts as ever."""

    def stop(signum: int, _frame: FrameType | None) -> None:
        worker.stop()
        if signum == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may handle signals
        return
    before = {each: signal.signal(each, stop) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for each, was in before.items():
            signal.signal(each, was)
