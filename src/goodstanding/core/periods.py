"""Periods and terms: when something begins and ends, and where the next one does (DESIGN section 4, Time).

- A period is ``[start, end)`` in UTC; ``None`` means no end. If it ends at midnight, its last day is the day before.
- Boundary *n* is computed from the anchor alone, never from the boundary before it, so 31 Jan steps to 28 or 29 Feb and
  returns to 31 Mar (invariant I10).
- Days, weeks, months and years step on the wall clock of the site's time zone; hours are elapsed time.
- Where the clocks are put forward, a wall-clock time that they skip counts at the moment of the jump, the first moment
  that is not earlier. Where they are put back, a time that comes twice counts the first time. The boundaries after it
  keep the anchor's wall-clock time.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from itertools import pairwise
from typing import assert_never

_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)


class PeriodRefused(ValueError):
    """The family of refusals about times and terms; each has its own name below it and says in words what to do."""


class NaiveMoment(PeriodRefused):
    """A moment came without its time zone."""

    def __init__(self, moment: datetime) -> None:
        super().__init__(f"{moment.isoformat(' ')} does not say in which time zone: a moment needs one.")


class EndNotAfterStart(PeriodRefused):
    """A period would end before it begins, or at that very moment."""

    def __init__(self, start: datetime, end: datetime) -> None:
        super().__init__(
            f"A period that begins {start.isoformat(' ')} cannot end {end.isoformat(' ')}: it must end later."
        )


class NotAWholeCount(PeriodRefused):
    """A count of units or of terms is not a whole number of at least one, or a life has more than one."""

    def __init__(self, count: object, *, of: str) -> None:
        super().__init__(f"{count!r} is no possible count of {of}: a whole number of at least 1 (for life, exactly 1).")


class UnknownUnit(PeriodRefused):
    """Terms and intervals are not counted in this unit."""

    def __init__(self, unit: str) -> None:
        super().__init__(f"{unit!r} is no unit of time here: use one of {', '.join(Unit)}.")


class LifeHasNoEnd(PeriodRefused):
    """The end of something for life was asked for."""

    def __init__(self) -> None:
        super().__init__("A membership for life has no end and no next date.")


class BeyondCalendar(PeriodRefused):
    """The date lies outside the years 1 to 9999."""

    def __init__(self, counted_from: date) -> None:
        super().__init__(f"Counted from {counted_from}, that date lies outside the calendar (years 1 to 9999).")


class Unit(StrEnum):
    """What an interval counts."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    LIFE = "life"


class EndRule(StrEnum):
    """Where a prepaid rolling term ends (a level's choice; hours always end ``EXACT``)."""

    SAME_DAY = "same_day"  # with the end of the anniversary's local day: the midnight after it
    EVE = "eve"  # with the day before the anniversary: the local midnight that begins it
    EXACT = "exact"  # at the same wall-clock time


@dataclass(frozen=True, slots=True)
class Period:
    """``[start, end)``; ``end`` is ``None`` for no end. Aware moments of any zone are taken and kept in UTC.

    Raises :class:`NaiveMoment` and :class:`EndNotAfterStart`.
    """

    start: datetime
    end: datetime | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", in_utc(self.start))
        if self.end is None:
            return
        object.__setattr__(self, "end", in_utc(self.end))
        if self.end <= self.start:
            raise EndNotAfterStart(self.start, self.end)

    @classmethod
    def of_days(cls, first_on: date, last_on: date | None, *, tz: tzinfo) -> Period:
        """Return the period from the start of ``first_on`` to the end of ``last_on``, both included, local to ``tz``.

        Raises :class:`EndNotAfterStart` if the last day comes before the first.
        """
        return cls(start_of_day(first_on, tz=tz), None if last_on is None else _end_of_day(last_on, tz))

    def last_day(self, *, tz: tzinfo) -> date | None:
        """Return the local day of its last moment, ``None`` without an end: what a card or a list calls "until"."""
        return None if self.end is None else (self.end - _INSTANT).astimezone(tz).date()

    def contains(self, moment: datetime) -> bool:
        """Return whether ``moment`` is in it: the start is, the end is not. Raises :class:`NaiveMoment`."""
        moment = in_utc(moment)
        return self.start <= moment and (self.end is None or moment < self.end)

    def overlaps(self, other: Period) -> bool:
        """Return whether they share a moment; periods that only touch do not."""
        return self.intersect(other) is not None

    def intersect(self, other: Period) -> Period | None:
        """Return what both cover, or ``None``."""
        start = max(self.start, other.start)
        end = min((each for each in (self.end, other.end) if each is not None), default=None)
        return None if end is not None and end <= start else Period(start, end)


def union(periods: Iterable[Period]) -> tuple[Period, ...]:
    """Return the fewest periods that cover the same moments, in order; overlapping and touching ones become one."""
    merged: list[Period] = []
    for period in sorted(periods, key=lambda each: each.start):
        last = merged[-1] if merged else None
        if last is None or (last.end is not None and last.end < period.start):
            merged.append(period)
        elif last.end is not None and (period.end is None or period.end > last.end):
            merged[-1] = Period(last.start, period.end)
    return tuple(merged)


def gaps(periods: Iterable[Period], *, within: Period | None = None) -> tuple[Period, ...]:
    """Return what none of ``periods`` covers, in order: of ``within``, or else from their first start to last end."""
    merged = union(periods)
    if within is None:
        return tuple(Period(one.end, two.start) for one, two in pairwise(merged) if one.end)
    open_from: datetime | None = within.start
    found: list[Period] = []
    for period in merged:
        if open_from is None or (within.end is not None and period.start >= within.end):
            break
        if period.start > open_from:
            found.append(Period(open_from, period.start))
        open_from = None if period.end is None else max(open_from, period.end)
    if open_from is not None and (within.end is None or open_from < within.end):
        found.append(Period(open_from, within.end))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Interval:
    """``count`` units: every 3 months, 12 hours, 1 year, for life (whose count is 1).

    A unit may come as its plain name, as a database gives it. Raises :class:`UnknownUnit` and :class:`NotAWholeCount`.
    """

    unit: Unit
    count: int = 1

    def __post_init__(self) -> None:
        if self.unit not in list(Unit):
            raise UnknownUnit(self.unit)
        object.__setattr__(self, "unit", Unit(self.unit))
        if whole(self.count, of=f"{self.unit}s") != 1 and self.unit == Unit.LIFE:
            raise NotAWholeCount(self.count, of="lives")

    def steps(self) -> tuple[Unit, int]:
        """Return it in hours, days or months, the three ways to step. Raises :class:`LifeHasNoEnd`."""
        match self.unit:
            case Unit.HOUR | Unit.DAY | Unit.MONTH:
                return self.unit, self.count
            case Unit.WEEK:
                return Unit.DAY, 7 * self.count
            case Unit.YEAR:
                return Unit.MONTH, 12 * self.count
            case Unit.LIFE:
                raise LifeHasNoEnd
            case _:
                assert_never(self.unit)


def nth(anchor: datetime, interval: Interval, *, n: int, tz: tzinfo) -> datetime:
    """Return boundary ``n`` (UTC) of the steps from ``anchor``: 0 is the anchor itself, below 0 lie earlier ones.

    It depends on the anchor, the interval and ``n`` alone, and grows strictly with ``n``. ``tz`` is the zone whose wall
    clock keeps the time of day. Raises :class:`NaiveMoment`, :class:`LifeHasNoEnd` and :class:`BeyondCalendar`.
    """
    unit, count = interval.steps()
    return _boundary(in_utc(anchor), unit, n * count, EndRule.EXACT, tz)


def nth_utc(anchor: datetime, interval: Interval, *, n: int) -> datetime:
    """Return what :func:`nth` does, stepping in UTC: the boundaries of a gateway that bills so, as Stripe does."""
    return nth(anchor, interval, n=n, tz=UTC)


def term(
    start: datetime, interval: Interval, *, tz: tzinfo, terms: int = 1, end_rule: EndRule = EndRule.SAME_DAY
) -> Period:
    """Return the ``terms`` prepaid rolling terms bought at ``start`` as one period, ended by the level's ``end_rule``.

    For life there is no end. Term *n* of a membership begins where ``n - 1`` terms end, so neither drifts.
    Raises :class:`NaiveMoment`, :class:`NotAWholeCount` and :class:`BeyondCalendar`.
    """
    terms, start = whole(terms, of="terms"), in_utc(start)
    if interval.unit == Unit.LIFE:
        return Period(start, None)
    unit, count = interval.steps()
    return Period(start, _boundary(start, unit, terms * count, end_rule, tz))


@dataclass(frozen=True, slots=True)
class Renewal:
    """The period that a renewal buys, and the ``anchor`` to keep and hand in at the next one."""

    period: Period
    anchor: datetime


def renewed_term(
    old_end: datetime,
    *,
    now: datetime,
    anchor: datetime,
    interval: Interval,
    tz: tzinfo,
    grace_until: datetime | None = None,
    terms: int = 1,
    end_rule: EndRule = EndRule.SAME_DAY,
) -> Renewal:
    """Return the period that a renewal made at ``now`` buys, after coverage that ends (exclusively) at ``old_end``.

    Early, and in grace (before ``grace_until``, the moment of the lapse), it begins at the old end; after the lapse,
    now, and then ``now`` is the new anchor. A renewal at the old end is in time.

    Ends are counted from ``anchor``, so they do not drift: with ``EVE`` from 31 Jan, terms end (exclusively) 28 Feb,
    31 Mar, 30 Apr. Where the old end is none of the anchor's dates by this end rule (given by hand, imported, moved),
    the day of the old end becomes the anchor: the end moves by the term, from the date that was promised.
    Raises what :func:`term` does.
    """
    old_end, now, anchor = in_utc(old_end), in_utc(now), in_utc(anchor)
    if now > old_end and (grace_until is None or now >= in_utc(grace_until)):
        return Renewal(term(now, interval, tz=tz, terms=terms, end_rule=end_rule), now)
    terms = whole(terms, of="terms")
    if interval.unit == Unit.LIFE:
        return Renewal(Period(old_end, None), anchor)
    unit, count = interval.steps()
    done = _steps_done(anchor, old_end, unit, end_rule, tz)
    if done is None:
        done, anchor = 0, _anchor_of(old_end, unit, end_rule, tz)
    return Renewal(Period(old_end, _boundary(anchor, unit, done + terms * count, end_rule, tz)), anchor)


def in_utc(moment: datetime) -> datetime:
    """Return the same moment in UTC. Raises :class:`NaiveMoment` if it does not say where it is meant."""
    if moment.tzinfo is UTC:
        return moment
    if moment.utcoffset() is None:
        raise NaiveMoment(moment)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise BeyondCalendar(moment) from error


def start_of_day(day: date, *, tz: tzinfo) -> datetime:
    """Return the moment (UTC) at which ``day`` begins in ``tz``: midnight, or the jump that skips it.

    No moment of an earlier day comes after it: where midnight comes twice and the first is followed by more of the day
    before (St. John's until 2011), it is the second. Raises :class:`BeyondCalendar` where it cannot be told in UTC.
    """
    midnight = datetime.combine(day, time.min)
    try:
        first, again = _moment(midnight, tz), midnight.replace(tzinfo=tz, fold=1).astimezone(UTC)
        return again if again > first and (again - _INSTANT).astimezone(tz).date() < day else first
    except OverflowError as error:
        raise BeyondCalendar(day) from error


def _end_of_day(day: date, tz: tzinfo) -> datetime:
    if day == date.max:
        raise BeyondCalendar(day)
    return start_of_day(day + _DAY, tz=tz)


def whole(count: int, *, of: str) -> int:
    """Return ``count`` if it is a whole number of at least 1. Raises :class:`NotAWholeCount`."""
    if type(count) is not int or count < 1:
        raise NotAWholeCount(count, of=of)
    return count


def _boundary(anchor: datetime, unit: Unit, steps: int, end_rule: EndRule, tz: tzinfo) -> datetime:
    """Return the anchor moved by ``steps`` hours, days or months and brought to where ``end_rule`` ends a term."""
    try:
        if unit == Unit.HOUR:
            return anchor + timedelta(hours=steps)
        if steps == 0 and end_rule == EndRule.EXACT:
            return anchor  # also where the wall clock shows its time twice
        wall = _stepped(anchor.astimezone(tz).replace(tzinfo=None, fold=0), unit, steps)
        match end_rule:
            case EndRule.EXACT:
                return _moment(wall, tz)
            case EndRule.EVE:
                return start_of_day(wall.date(), tz=tz)
            case EndRule.SAME_DAY:
                return _end_of_day(wall.date(), tz)
            case _:
                assert_never(end_rule)
    except (OverflowError, ValueError) as error:
        raise BeyondCalendar(anchor) from error


def _stepped(wall: datetime, unit: Unit, steps: int) -> datetime:
    if unit == Unit.DAY:
        return wall + timedelta(days=steps)
    year, month = divmod(wall.year * 12 + wall.month - 1 + steps, 12)
    month += 1
    return wall.replace(year=year, month=month, day=min(wall.day, monthrange(year, month)[1]))


def _moment(wall: datetime, tz: tzinfo) -> datetime:
    """Return the moment (UTC) at which the clocks of ``tz`` show ``wall``; skipped and doubled times as said on top."""
    before, after = (wall.replace(tzinfo=tz, fold=fold).utcoffset() for fold in (0, 1))
    assert before is not None, tz
    assert after is not None, tz
    if before >= after:  # an ordinary time, or one that comes twice: the first
        return (wall - before).replace(tzinfo=UTC)
    low = (wall - after).replace(microsecond=0, tzinfo=UTC)  # before the jump
    high = (wall - before).replace(microsecond=0, tzinfo=UTC)  # at the jump or after it
    while (seconds := (high - low) // _SECOND) > 1:
        middle = low + seconds // 2 * _SECOND
        if middle.astimezone(tz).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high


def _steps_done(anchor: datetime, old_end: datetime, unit: Unit, end_rule: EndRule, tz: tzinfo) -> int | None:
    """Return how many steps from the anchor ``old_end`` is the end of a term, or ``None`` where it is no such end."""
    if unit == Unit.HOUR:
        return None  # hours step from the old end itself: elapsed time cannot drift
    first, last = anchor.astimezone(tz).date(), _anchor_of(old_end, unit, end_rule, tz).astimezone(tz).date()
    months = (last.year - first.year) * 12 + last.month - first.month
    steps = months if unit == Unit.MONTH else (last - first).days
    return steps if _boundary(anchor, unit, steps, end_rule, tz) == old_end else None


def _anchor_of(old_end: datetime, unit: Unit, end_rule: EndRule, tz: tzinfo) -> datetime:
    """Return the anchor whose step zero is ``old_end``: itself, or with ``SAME_DAY`` the start of the day it ends."""
    if unit == Unit.HOUR or end_rule != EndRule.SAME_DAY:
        return old_end
    return start_of_day((old_end - _INSTANT).astimezone(tz).date(), tz=tz)
