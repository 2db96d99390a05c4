"""Fixed (calendar) terms: periods that begin and end on the same days for everybody (DESIGN section 4, Time).

Pure. A level's year may run from 1 March for all of its members, whenever they join; a level's month from the first. Each
period begins on the *start day*; who joins on or after the *rollover day* in it is given the rest of it and the next one too.

- Periods step by years where the term is counted in years, by months where it is counted in months. Where a month is named
  with the start day, terms of 2, 3, 4, 6 or 12 months keep to it through the year: quarters from 1 January are quarters.
- Several years, and several terms at once, begin with the period in which one joins; the rollover adds one period (one year,
  one month), not one term.
- A day that a month does not have is its last one: a year from 29 February begins on the 28th where there is no 29th, and
  returns to the 29th. No date is counted from a clamped one.
- Rolling terms, which begin with the member, are in :mod:`goodstanding.core.periods`.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from fractions import Fraction

from goodstanding.core.periods import (
    BeyondCalendar,
    EndNotAfterStart,
    Interval,
    Period,
    PeriodRefused,
    Unit,
    in_utc,
    start_of_day,
    whole,
)

_DAY = timedelta(days=1)
_LEAP_YEAR = 2000
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_IN_A_YEAR = 12
_SEARCHED = 12  # terms back, for one that ends on the day as written


class ImpossibleMonthDay(PeriodRefused):
    """No year has such a day, or the text is none."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"{text!r} is no day of a year: write month and day like 0301 for 1 March (or, for terms of one month, the day: 15)."
        )


class NoMonthNamed(PeriodRefused):
    """A term that is longer than its month needs to know in which month it begins or rolls over."""

    def __init__(self, interval: Interval) -> None:
        super().__init__(
            f"A fixed term of {interval.count} {interval.unit}s needs its start and rollover day with the month, like 0301."
        )


class NotACalendarInterval(PeriodRefused):
    """Only months and years have fixed periods, and only those numbers of months that come out even with the year."""

    def __init__(self, interval: Interval) -> None:
        super().__init__(
            f"A term of {interval.count} {interval.unit}s cannot keep to the calendar: use years, or 1, 2, 3, 4, 6 or 12 months."
        )


class TermOver(PeriodRefused):
    """What ends on a given day was to be bought after it."""

    def __init__(self, ends_on: date) -> None:
        super().__init__(f"This ended on {ends_on.isoformat()} and cannot be bought any more.")
        self.ends_on = ends_on


@dataclass(frozen=True, slots=True)
class MonthDay:
    """A day of every year, ``MonthDay(3, 1)``, or of every month, ``MonthDay(None, 15)``. Raises :class:`ImpossibleMonthDay`."""

    month: int | None
    day: int

    def __post_init__(self) -> None:
        if self.month is None:
            possible = 1 <= self.day <= monthrange(_LEAP_YEAR, 1)[1]
        else:
            possible = 1 <= self.month <= _IN_A_YEAR and 1 <= self.day <= monthrange(_LEAP_YEAR, self.month)[1]
        if not possible:
            raise ImpossibleMonthDay(f"{self.month or ''}-{self.day}")

    @classmethod
    def parse(cls, text: str) -> MonthDay:
        """Return the day that ``MMDD`` (or ``MDD``) names, or ``DD`` (or ``D``) for one of every month.

        Raises :class:`ImpossibleMonthDay`.
        """
        plain = text.strip()
        if not (plain.isascii() and plain.isdigit() and len(plain) <= len("MMDD")):
            raise ImpossibleMonthDay(text)
        month, day = plain[:-2], int(plain[-2:])
        try:
            return cls(int(month) if month else None, day)
        except ImpossibleMonthDay:
            raise ImpossibleMonthDay(text) from None

    @property
    def code(self) -> str:
        """The text that :meth:`parse` reads: ``MMDD`` or ``DD``."""
        return f"{self.day:02}" if self.month is None else f"{self.month:02}{self.day:02}"

    def __str__(self) -> str:
        return f"day {self.day}" if self.month is None else f"{_MONTHS[self.month - 1]} {self.day}"

    def on(self, year: int, month: int | None = None) -> date:
        """Return it in that year, and in ``month`` where it is of every month; the month's last day where it has no such day.

        Raises :class:`BeyondCalendar`.
        """
        return _clamped(year * _IN_A_YEAR + (self.month or month or 1) - 1, self.day)


def require_calendar(interval: Interval, *days: MonthDay | None) -> None:
    """Refuse what :func:`fixed_term` and :func:`pro_rata` would: ``days`` are the start day, and others or ``None``.

    Raises :class:`NotACalendarInterval` and :class:`NoMonthNamed`.
    """
    starts_on, *others = days
    assert starts_on is not None, "there is no calendar without its start day"
    for each in others or [None]:
        _Years.of(interval, starts_on, each)


def calendar_anchor(end: datetime, interval: Interval, *, starts_on: MonthDay, tz: tzinfo) -> datetime:
    """Return what steps of ``interval`` are counted from, so that they end on the calendar's days: ``end``, or before it.

    ``end`` itself, unless its month has no such day: a month from the 31st that ends on 28 February is counted from 31
    January. Raises what :func:`fixed_term` does.
    """
    years = _Years.of(interval, starts_on, None)
    last = years.latest(in_utc(end).astimezone(tz).date())
    months = range(last, max(last - _SEARCHED * years.length, _IN_A_YEAR), -years.length)
    found = next((month for month in months if years.day(month).day == starts_on.day), last)
    return end if found == last else start_of_day(years.day(found), tz=tz)


def fixed_term(
    joined: datetime,
    interval: Interval,
    *,
    starts_on: MonthDay,
    rollover_on: MonthDay | None,
    tz: tzinfo,
    terms: int = 1,
    start_on: date | None = None,
    end_on: date | None = None,
) -> Period:
    """Return the fixed period, local to ``tz``, that ``terms`` terms come to for one who joins at ``joined``.

    It is the whole period, so it may have begun before ``joined``: what is bought is what it shares with
    ``Period(joined)``. A given ``start_on`` is kept, and the end is that of the period it falls into; a given ``end_on``
    (inclusive) is kept. Without a rollover day nobody is given the next period.

    Raises :class:`NotACalendarInterval`, :class:`NoMonthNamed`, ``NotAWholeCount``, ``EndNotAfterStart``, ``NaiveMoment``
    and ``BeyondCalendar``.
    """
    years = _Years.of(interval, starts_on, rollover_on)
    joined_on = in_utc(joined).astimezone(tz).date()
    first = years.latest(start_on or joined_on)
    last = first + years.length * whole(terms, of="terms") + years.given_too(first, joined_on)
    start = start_of_day(start_on or years.day(first), tz=tz)
    if end_on is None:
        return Period(start, start_of_day(years.day(last), tz=tz))
    return Period.of_days(start_on or years.day(first), end_on, tz=tz)


def renewed_fixed_term(
    old_end: datetime,
    *,
    now: datetime,
    interval: Interval,
    starts_on: MonthDay,
    rollover_on: MonthDay | None,
    tz: tzinfo,
    grace_until: datetime | None = None,
    terms: int = 1,
) -> Period:
    """Return the fixed period that a renewal made at ``now`` buys, after coverage that ends (exclusively) at ``old_end``.

    Early, and in grace (before ``grace_until``, the moment of the lapse), it begins at the old end and ends with the term;
    no rollover day counts. After the lapse it is a new start: :func:`fixed_term` at ``now``. Where the old end is none of
    the calendar's (a rolling term before, an end by hand), it ends as for one who joins at the old end, so that it comes
    back to the calendar. Raises what :func:`fixed_term` does.
    """
    old_end, now = in_utc(old_end), in_utc(now)
    if now > old_end and (grace_until is None or now >= in_utc(grace_until)):
        return fixed_term(now, interval, starts_on=starts_on, rollover_on=rollover_on, tz=tz, terms=terms)
    years = _Years.of(interval, starts_on, rollover_on)
    begins = old_end.astimezone(tz).date()
    first = years.latest(begins)
    last = first + years.length * whole(terms, of="terms")
    if start_of_day(years.day(first), tz=tz) != old_end:
        last += years.given_too(first, begins)
    return Period(old_end, start_of_day(years.day(last), tz=tz))


def ends_on_term(joined: datetime, ends_on: date, tz: tzinfo) -> Period:
    """Return the term from ``joined`` to the end of the local day ``ends_on``.

    Raises :class:`TermOver` where that day is over, ``NaiveMoment`` and ``BeyondCalendar``.
    """
    joined = in_utc(joined)
    if ends_on == date.max:
        raise BeyondCalendar(ends_on)
    try:
        return Period(joined, start_of_day(ends_on + _DAY, tz=tz))
    except EndNotAfterStart:
        raise TermOver(ends_on) from None


class ProRata(StrEnum):
    """How a short first period is counted."""

    MONTHS = "months"  # a part of a month counts as a whole one
    DAYS = "days"  # local days, that of joining included


@dataclass(frozen=True, slots=True)
class Part:
    """What is left of a term: ``left`` months or days ``of`` so many."""

    left: int
    of: int

    @property
    def fraction(self) -> Fraction:
        """The part of the price: ``price.share(part.fraction)``."""
        return Fraction(self.left, self.of)


def pro_rata(
    joined: datetime,
    interval: Interval,
    *,
    starts_on: MonthDay,
    rollover_on: MonthDay | None,
    tz: tzinfo,
    by: ProRata,
    full_until: MonthDay | None = None,
    terms: int = 1,
) -> Part:
    """Return which part of :func:`fixed_term` is left for one who joins at ``joined``, and is to be paid.

    Everything is paid by who joins on or before the period's ``full_until`` ("no pro rata until"), and by who is given the
    next period too: the rest of the running one is a present then. Raises what :func:`fixed_term` does.
    """
    years = _Years.of(interval, starts_on, rollover_on, full_until)
    joined_on = in_utc(joined).astimezone(tz).date()
    first = years.latest(joined_on)
    months = years.length * whole(terms, of="terms")
    begun_on, ended_on = years.day(first), years.day(first + months)
    of = months if by is ProRata.MONTHS else (ended_on - begun_on).days
    if years.given_too(first, joined_on) or (full_until and joined_on <= years.within(first, full_until)):
        return Part(of, of)
    if by is ProRata.DAYS:
        return Part((ended_on - joined_on).days, of)
    over = max(n for n in range(years.step) if years.day(first + n) <= joined_on)
    return Part(of - over, of)


@dataclass(frozen=True, slots=True)
class _Years:
    """The grid of periods. Months are counted from the year 0; ``step``: months in a period, ``length``: in a term."""

    step: int
    length: int
    starts_on: MonthDay
    rollover_on: MonthDay | None

    @classmethod
    def of(
        cls, interval: Interval, starts_on: MonthDay, rollover_on: MonthDay | None, full_until: MonthDay | None = None
    ) -> _Years:
        if interval.unit not in (Unit.MONTH, Unit.YEAR):
            raise NotACalendarInterval(interval)
        step, length = 1, interval.steps()[1]
        if interval.unit is Unit.YEAR or starts_on.month is not None:
            step = min(length, _IN_A_YEAR)
            if _IN_A_YEAR % step or length % step:
                raise NotACalendarInterval(interval)
        named = [each for each in (starts_on, rollover_on, full_until) if each is not None]
        if step > 1 and any(each.month is None for each in named):
            raise NoMonthNamed(interval)
        return cls(step, length, starts_on, rollover_on)

    def day(self, month: int) -> date:
        """The day on which a period begins in that month."""
        return _clamped(month, self.starts_on.day)

    def latest(self, on: date) -> int:
        """The month in which the period begins into which that day falls."""
        month = on.year * _IN_A_YEAR + on.month - 1
        month -= (month - self._month_of(self.starts_on)) % self.step
        return month if self.day(month) <= on else month - self.step

    def within(self, first: int, each: MonthDay) -> date:
        """That day in the period that begins in the month ``first``."""
        month = first + (self._month_of(each) - first) % self.step
        if month == first and each.day < self.starts_on.day:  # as written, not as clamped
            month += self.step
        return _clamped(month, each.day)

    def given_too(self, first: int, joined_on: date) -> int:
        """The months of the period that is given too to one who joins on or after the rollover day."""
        rolls = self.rollover_on is not None and joined_on >= self.within(first, self.rollover_on)
        return self.step if rolls else 0

    def _month_of(self, each: MonthDay) -> int:
        return (each.month or 1) - 1


def _clamped(month: int, day: int) -> date:
    year, of_year = divmod(month, _IN_A_YEAR)
    if not date.min.year <= year <= date.max.year:
        raise BeyondCalendar(date.max if year > 0 else date.min)
    return date(year, of_year + 1, min(day, monthrange(year, of_year + 1)[1]))
