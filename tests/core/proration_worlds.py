"""Lives of a subscription within one period, small and told by hand, for the tests of proration.

A life is what was paid for a period, and the changes made in it, each with what comes out: so that a rule that is turned
shows in a figure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

from goodstanding.core import proration
from goodstanding.core.money import Money, Rounding
from goodstanding.core.periods import Interval, Period, Unit

MONTH, YEAR, LIFE = Interval(Unit.MONTH), Interval(Unit.YEAR), Interval(Unit.LIFE)
JUNE = Period(datetime(2025, 6, 1, tzinfo=UTC), datetime(2025, 7, 1, tzinfo=UTC))


def june(day: int, hour: int = 0, minute: int = 0, second: int = 0, microsecond: int = 0) -> datetime:
    """Return a moment of June 2025."""
    return datetime(2025, 6, day, hour, minute, second, microsecond, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Step:
    """One change: to a price, by the day and hour, with what else is said of it."""

    price: int
    at: datetime
    interval: Interval = MONTH
    trial: bool = False
    reset: bool = False


@dataclass(frozen=True, slots=True)
class Life:
    """What was held and paid, and the changes. ``paid``: (amount, owed, from, to) each."""

    price: int
    steps: tuple[Step, ...]
    paid: tuple[tuple[int, int, datetime, datetime | None], ...] = ()
    period: Period = JUNE
    interval: Interval = MONTH
    on_trial: bool = False
    measure: str = "second-exact"
    rounding: Rounding = Rounding.HALF_UP
    time_zone: str = "UTC"


END = june(30) + timedelta(days=1)
WHOLE = (june(1), END)

LIVES = {
    "half a month": Life(10000, (Step(30000, june(16)),), ((10000, 0, *WHOLE),)),
    "there and back at one instant": Life(999, (Step(2999, june(12, 7, 3, 5)), Step(999, june(12, 7, 3, 5))), ((999, 0, *WHOLE),)),
    "three levels": Life(1000, (Step(1500, june(12, 12)), Step(1900, june(12, 13))), ((1000, 0, *WHOLE),)),
    "by days": Life(1000, (Step(1500, june(12, 12)), Step(1900, june(12, 23))), ((1000, 0, *WHOLE),), measure="day-based"),
    "by days of Auckland": Life(1000, (Step(1500, june(12, 13)),), ((1000, 0, *WHOLE),), measure="day-based", time_zone="Pacific/Auckland"),
    "within one day": Life(1000, (Step(1500, june(1, 9)),), ((1000, 0, june(1, 8), june(1, 12)),), Period(june(1, 8), june(1, 12)), measure="day-based"),
    "an hour within one day by days": Life(1000, (Step(0, june(1, 9)),), ((700, 300, june(1, 8), june(1, 12)),), Period(june(1, 8), june(1, 12)), measure="day-based"),
    "half a cent, half-up": Life(1, (Step(3, june(16)),), ((1, 0, *WHOLE),)),
    "half a cent, half-even": Life(1, (Step(5, june(16)),), ((1, 0, *WHOLE),), rounding=Rounding.HALF_EVEN),
    "paid less than the price": Life(10000, (Step(10000, june(16)),), ((7500, 0, *WHOLE),)),
    "never paid": Life(10000, (Step(30000, june(16)),), ((0, 10000, *WHOLE),)),
    "paid in part": Life(10000, (Step(30000, june(16)),), ((7500, 2500, *WHOLE),)),
    "from free": Life(0, (Step(10000, june(16)),)),
    "to free": Life(10000, (Step(0, june(16)),), ((10000, 0, *WHOLE),)),
    "to a year": Life(10000, (Step(100000, june(16, 5), YEAR),), ((10000, 0, *WHOLE),)),
    "to half a year, in Berlin": Life(10000, (Step(50000, june(16, 5), Interval(Unit.MONTH, 6)),), ((10000, 0, *WHOLE),), time_zone="Europe/Berlin"),
    "to life": Life(10000, (Step(500000, june(16), LIFE),), ((10000, 0, *WHOLE),)),
    "from free for life": Life(0, (Step(10000, june(16)),), (), Period(june(1)), LIFE),
    "from free for life to life": Life(0, (Step(10000, june(16), LIFE),), (), Period(june(1)), LIFE),
    "reset": Life(5000, (Step(10000, june(16), reset=True),), ((5000, 0, *WHOLE),)),
    "reset of an open bill": Life(5000, (Step(10000, june(16), reset=True),), ((1000, 4000, *WHOLE),)),
    "a trial ends": Life(1000, (Step(5000, june(16)),), on_trial=True),
    "a trial goes on": Life(1000, (Step(5000, june(16), trial=True), Step(8000, june(20))), ((100, 0, *WHOLE),), on_trial=True),
    "no trial comes back": Life(1000, (Step(5000, june(16), trial=True),), ((1000, 0, *WHOLE),)),
    "pieces before, around and after": Life(3000, (Step(6000, june(16)),), ((1000, 0, june(1), june(11)), (1000, 0, june(11), june(21)), (1000, 0, june(21), END))),
    "at the very start": Life(1000, (Step(3000, june(1)),), ((1000, 0, *WHOLE),)),
    "a fraction of a second": Life(10**12, (Step(3 * 10**12, june(16, 0, 0, 0, 999_999)),), ((10**12, 0, *WHOLE),)),
    "a period that begins within a second": Life(1000, (Step(3000, june(1, 0, 0, 0, 700)),), ((1000, 0, june(1, 0, 0, 0, 500), END),), Period(june(1, 0, 0, 0, 500), END)),
    "after the end": Life(1000, (Step(3000, END),), ((1000, 0, *WHOLE),)),
    "paid for life": Life(1000, (Step(3000, june(16)),), ((1000, 0, june(1), None),), Period(june(1)), LIFE),
    "down": Life(30000, (Step(10000, june(16)),), ((30000, 0, *WHOLE),)),
    "down to a cheaper year": Life(1000, (Step(11000, june(16), YEAR),), ((1000, 0, *WHOLE),)),
    "as dear in a year": Life(1000, (Step(12000, june(16), YEAR),), ((1000, 0, *WHOLE),)),
    "down in a trial": Life(5000, (Step(1000, june(16)),), on_trial=True),
}  # fmt: skip


def told(life: Life, code: ModuleType = proration) -> list[Any]:
    """Return all that ``code`` says of a life: plain values, so that what two modules say can be compared."""
    return list(_told(life, code))


def _told(life: Life, code: ModuleType) -> Iterator[Any]:
    convention = code.Convention(code.Measure(life.measure), life.rounding, life.time_zone)
    paid = tuple(
        code.Paid(Money(amount, "EUR"), Period(start, end), Money(owed, "EUR"))
        for amount, owed, start, end in life.paid
    )
    held = code.Held("first", Money(life.price, "EUR"), life.interval, life.period, paid, on_trial=life.on_trial)
    yield convention.name
    for number, step in enumerate(life.steps):
        wanted = code.Wanted(f"level {number}", Money(step.price, "EUR"), step.interval, trial=step.trial)
        try:
            yield code.takes_effect(held, wanted, at=step.at)
            change = code.plan(held, wanted, at=step.at, convention=convention, reset=step.reset)
        except ValueError as refusal:  # a mutant's refusals are classes of its own
            yield type(refusal).__name__
            return
        held = change.after
        yield [
            (str(line.kind), line.name, line.amount.amount_minor, line.basis.amount_minor, line.period)
            for line in change.lines
        ]
        yield [(line.counted.part, line.counted.whole) for line in change.lines]
        yield (
            change.total.amount_minor,
            change.due.amount_minor,
            change.to_balance.amount_minor,
            change.unowed.amount_minor,
        )
        yield held.name, held.price, held.interval, held.period, held.on_trial
        yield [(piece.amount.amount_minor, piece.period) for piece in held.paid]
