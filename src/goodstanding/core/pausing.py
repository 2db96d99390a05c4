"""Pauses of what is ours: coverage is moved, never lost. What was paid for and not used when a pause begins is had after it.

Pure. A pause within a paid period cuts it in two and moves the rest behind the pause; one that begins where the period ends
puts the next one off. One without an end has nothing after it, until somebody resumes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from goodstanding.core.facts import LineSeen, PauseSpan


class CannotPause(ValueError):
    """It is not paused, or not resumed. ``code``: ``backwards``, ``before``, ``beyond``, ``twice``, ``not_paused``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


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

    It runs from its beginning on: what has not begun is dropped (:func:`dropped`), not resumed.
    """
    there = running(pauses, now)
    if there is None:
        raise CannotPause("not_paused")
    if at <= there.start:
        raise CannotPause("before")
    return (*pauses[:-1], PauseSpan(there.start, at))


def dropped(pauses: Sequence[PauseSpan], *, now: datetime) -> tuple[PauseSpan, ...]:
    """Return the pauses without the one that has not begun yet. Raises :class:`CannotPause` where there is none."""
    if not pauses or pauses[-1].start <= now:
        raise CannotPause("not_paused")
    return tuple(pauses[:-1])
