"""Pauses of what is ours: coverage is moved, never lost. What was paid for and not used when a pause begins is had after it.

Pure. A pause within a paid period cuts it in two and moves the rest behind the pause; one that begins where the period ends
puts the next one off. One without an end has nothing after it, until somebody resumes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo

from goodstanding.core.facts import LineSeen, PauseSpan

YEAR = timedelta(days=365)


class CannotPause(ValueError):
    """It is not paused, or not resumed.

    ``code``: ``backwards``, ``before``, ``begun``, ``beyond``, ``twice``, ``not_paused``; and what a level does not allow its
    members: ``not_offered``, ``past``, ``open_ended``, ``too_long``, ``too_often``.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a level lets its members pause: ``days`` at a time (``None``: not at all), ``times`` within a year (``None``: any number).

    ``open_ended``: also without saying until when; then the days do not count.
    """

    days: int | None = None
    times: int | None = None
    open_ended: bool = False

    def left(self, pauses: Sequence[PauseSpan], start: datetime) -> int | None:
        """Return how many pauses may still begin at ``start``; ``None``: any number.

        Counted are those that began within the 365 days before it, whoever set them and however long they were.
        """
        if self.times is None:
            return None
        return max(self.times - sum(start - YEAR < each.start for each in pauses), 0)

    def require(
        self, pauses: Sequence[PauseSpan], start: datetime, end: datetime | None, *, now: datetime, tz: tzinfo
    ) -> None:
        """See to it that a member may add this pause to ``pauses``. Raises :class:`CannotPause`.

        Days are those of the calendar in ``tz``: from the one on which it begins to the one on which it goes on.
        """
        if self.days is None:
            raise CannotPause("not_offered")
        if start < now:
            raise CannotPause("past")
        if end is None and not self.open_ended:
            raise CannotPause("open_ended")
        if end is not None and end <= start:
            raise CannotPause("backwards")
        if end is not None and days_of(start, end, tz=tz) > self.days:
            raise CannotPause("too_long")
        if self.left(pauses, start) == 0:
            raise CannotPause("too_often")


def strictest(limits: Sequence[Limits]) -> Limits:
    """Return what holds where several levels are paused together: whatever all of them allow."""
    days = [each.days for each in limits if each.days is not None]
    times = [each.times for each in limits if each.times is not None]
    return Limits(
        days=min(days) if days and len(days) == len(limits) else None,
        times=min(times, default=None),
        open_ended=all(each.open_ended for each in limits),
    )


def days_of(start: datetime, end: datetime, *, tz: tzinfo) -> int:
    """Return how many days on the calendar lie between two moments: from Monday, whenever, to Tuesday is one."""
    return (end.astimezone(tz).date() - start.astimezone(tz).date()).days


@dataclass(frozen=True, slots=True)
class Moved:
    """A paid period as its pauses leave it: the ``pieces`` that it covers, and where it ends by now.

    ``end``: from when the next one counts; ``None`` while a pause has no end. ``start``: from where the period would have
    begun to end then without any pause: so long before the end as it is long.
    """

    pieces: tuple[tuple[datetime, datetime], ...]
    start: datetime
    end: datetime | None


def moved(start: datetime, end: datetime, pauses: Sequence[PauseSpan]) -> Moved:
    """Return what becomes of a paid period ``[start, end)``. Pauses in order, apart from each other."""
    pieces, length = [], end - start
    since: datetime = start
    until: datetime | None = end
    for pause in pauses:
        if until is None or not start <= pause.start <= until:
            continue
        if pause.start > since:
            pieces.append((since, pause.start))
        if pause.end is None:
            until = None
            break
        since, until = pause.end, until + (pause.end - pause.start)
    if until is not None and until > since:
        pieces.append((since, until))
    return Moved(tuple(pieces), start if until is None else until - length, until)


def line_moved(line: LineSeen, pauses: Sequence[PauseSpan]) -> LineSeen | None:
    """Return the line of a paid period as its pauses leave it; ``None`` while one of them has no end."""
    if not pauses:
        return line
    found = moved(line.start, line.end, pauses)
    return None if found.end is None else replace(line, start=found.start, end=found.end)


def running(pauses: Sequence[PauseSpan], at: datetime) -> PauseSpan | None:
    """Return the pause that is in force at ``at``."""
    return next((each for each in pauses if each.start <= at and (each.end is None or at < each.end)), None)


def ahead(pauses: Sequence[PauseSpan], at: datetime) -> PauseSpan | None:
    """Return the pause that has not begun at ``at``, or runs then."""
    return next((each for each in pauses if each.end is None or each.end > at), None)


def paused(
    pauses: Sequence[PauseSpan], *, start: datetime, end: datetime | None, now: datetime, latest: datetime
) -> tuple[PauseSpan, ...]:
    """Return the pauses with another one. ``latest``: where what is paid ends by now; none begins after that.

    Raises :class:`CannotPause` for an end that is not after the start, a start after ``latest``, a pause that meets
    another one.
    """
    if end is not None and end <= start:
        raise CannotPause("backwards")
    if start > latest:
        raise CannotPause("beyond")
    if ahead(pauses, now) is not None or any(each.end is not None and start < each.end for each in pauses):
        raise CannotPause("twice")
    return (*pauses, PauseSpan(start, end))


def resumed(pauses: Sequence[PauseSpan], *, at: datetime, now: datetime) -> tuple[PauseSpan, ...]:
    """Return the pauses with the one that runs ``now`` ended at ``at``. Raises :class:`CannotPause`.

    It runs from its beginning on: what has not begun is dropped (:func:`dropped`), not resumed. One that has lasted for no
    time at all was none.
    """
    there = running(pauses, now)
    if there is None:
        raise CannotPause("not_paused")
    if at < there.start:
        raise CannotPause("before")
    if at == there.start:
        return tuple(pauses[:-1])
    return (*pauses[:-1], PauseSpan(there.start, at))


def dropped(pauses: Sequence[PauseSpan], *, now: datetime) -> tuple[PauseSpan, ...]:
    """Return the pauses without the one that has not begun yet. Raises :class:`CannotPause` where there is none."""
    if running(pauses, now) is not None:
        raise CannotPause("begun")
    if not pauses or pauses[-1].start <= now:
        raise CannotPause("not_paused")
    return tuple(pauses[:-1])


def given_up(pauses: Sequence[PauseSpan], *, now: datetime) -> tuple[PauseSpan, ...]:
    """Return the pauses of who gives up the renewal ``now``: none is begun any more, and one without an end is over.

    One that runs to a set end goes on to it: its days were asked for, and what is paid is had after them.
    """
    there = ahead(pauses, now)
    if there is not None and there.start >= now:
        return tuple(pauses[:-1])
    if there is not None and there.end is None:
        return (*pauses[:-1], PauseSpan(there.start, now))
    return tuple(pauses)
