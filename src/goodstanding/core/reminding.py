"""When people are reminded of a bill that is paid by hand: days before and after the one by which it was to be paid.

Pure. The days are data of the site; each step is one mail at most, and all of them move with the day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from goodstanding.core.money import Money

AT = time(8)  # on the wall clock of the site
MOST_DAYS = 365


@dataclass(frozen=True, slots=True)
class Schedule:
    """``before`` and ``after``: the days, counted from the last day for paying. ``at_least``: by currency, in minor units,
    what somebody must owe altogether that is overdue before it is asked for again; nothing is said of a currency: anything.
    """

    before: Sequence[int] = (3,)
    after: Sequence[int] = (7, 14)
    at_least: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reminder:
    """``days`` from the last day for paying (below zero: before it). ``is_last``: nobody is asked again after it."""

    days: int
    at: datetime
    is_last: bool

    @property
    def is_overdue(self) -> bool:
        """Whether the day for paying is over by then."""
        return self.days > 0


def last_day(due_at: datetime, *, tz: ZoneInfo) -> date:
    """Return the last day on which a bill can be paid that is to be paid by ``due_at`` (exclusive, as every upper bound)."""
    return (due_at - timedelta(microseconds=1)).astimezone(tz).date()


def due_by(day: date, *, tz: ZoneInfo) -> datetime:
    """Return the moment at which ``day``, the last one for paying, is over."""
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=tz)


def steps(due_at: datetime, schedule: Schedule, *, issued_at: datetime, tz: ZoneInfo) -> list[Reminder]:
    """Return the reminders of a bill, in order of time. None comes within a day of the bill itself."""
    day = last_day(due_at, tz=tz)
    days = sorted({-abs(each) for each in schedule.before if each} | {abs(each) for each in schedule.after if each})
    found = [(each, datetime.combine(day + timedelta(days=each), AT, tzinfo=tz)) for each in days]
    late_enough = [(each, at) for each, at in found if at >= issued_at + timedelta(days=1)]
    return [Reminder(each, at, index + 1 == len(late_enough)) for index, (each, at) in enumerate(late_enough)]


def reached(reminders: Sequence[Reminder], *, now: datetime) -> Reminder | None:
    """Return the latest of a bill's reminders that is due: who stood still for weeks does not send them all at once."""
    return next((each for each in reversed(reminders) if each.at <= now), None)


def following(reminders: Sequence[Reminder], *, now: datetime) -> Reminder | None:
    """Return the next of a bill's reminders after ``now``."""
    return next((each for each in reminders if each.at > now), None)


def is_asked_for(overdue: Money, schedule: Schedule) -> bool:
    """Return whether so much that is overdue, in one currency, is asked for again."""
    return overdue.amount_minor >= max(schedule.at_least.get(overdue.currency, 1), 1)


def read_days(text: str) -> tuple[int, ...]:
    """Read days such as ``7, 14``, in order, each once. Raises ``ValueError`` for what is no list of days up to a year."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    days = {int(part) for part in parts if part.isascii() and part.isdecimal()}
    if len(parts) != len([part for part in parts if part.isascii() and part.isdecimal()]):
        raise ValueError(text)
    if any(not 1 <= day <= MOST_DAYS for day in days):
        raise ValueError(text)
    return tuple(sorted(days))
