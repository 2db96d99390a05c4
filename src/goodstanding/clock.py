"""The time: the only module that asks for it. Edges (views, commands, workers) call :func:`now` and pass it on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from goodstanding import conf


class StoppedClock:
    """A clock that shows what it is told, for everybody in this process."""

    def __init__(self, at: datetime) -> None:
        self.now = _aware(at)

    def set(self, at: datetime) -> datetime:
        """Show ``at`` from here on, and return it."""
        self.now = _aware(at)
        return self.now

    def advance(self, by: timedelta) -> datetime:
        """Show ``by`` more than before, and return that."""
        return self.set(self.now + by)


_stopped: StoppedClock | None = None


def now() -> datetime:
    """Return the moment, aware and in UTC."""
    if _stopped is not None:
        return _stopped.now
    told = conf.clock()
    if isinstance(told, datetime):
        return told
    real = datetime.now(UTC)
    return real + told if told else real


@contextmanager
def stopped(at: datetime) -> Iterator[StoppedClock]:
    """Within the block the clock stands at ``at``, or where the block moves it."""
    global _stopped  # noqa: PLW0603 - the one clock of this process
    before = _stopped
    _stopped = StoppedClock(at)
    try:
        yield _stopped
    finally:
        _stopped = before


def _aware(at: datetime) -> datetime:
    assert at.tzinfo is not None, at
    return at.astimezone(UTC)
