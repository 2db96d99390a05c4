"""What a change of level costs: the credit for the time not used, the charge for the time to come (DESIGN section 4).

Pure. The credit starts from what was paid for the time that is given up, and never exceeds it (I8): discounts, refunds
and bills left open are in that figure already. The charge is the new price over the rest of the same period; where the
interval changes, or on a trial's end, it is the whole new price for a new period from the moment of the change.

Every line is an exact share, rounded once. So over the changes of one period the charges less the credits differ from
price times time held by at most half a minor unit a line, and a change there and back at one instant nets to zero (I7).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from zoneinfo import ZoneInfo

from goodstanding.core.money import Money, Rounding
from goodstanding.core.periods import Interval, Period, Unit, in_utc, nth

_INSTANT = timedelta(microseconds=1)
_SECOND, _DAY = 1_000_000, 86_400_000_000  # in microseconds
_YEAR = {Unit.HOUR: Fraction(24 * 1461, 4), Unit.DAY: Fraction(1461, 4), Unit.MONTH: Fraction(12)}  # steps in a year


class ProrationRefused(ValueError):
    """The family of refusals about changes; each has its own name below it and says in words what to do."""


class OutsideThePeriod(ProrationRefused):
    """The change does not fall into the period that is held."""

    def __init__(self, at: datetime, period: Period) -> None:
        super().__init__(f"{at.isoformat(' ')} is not within the period from {period.start} to {period.end}.")


class NoEndToCountTo(ProrationRefused):
    """Something was paid for a time without end: no part of it can be reckoned."""

    def __init__(self) -> None:
        super().__init__("What was paid for life has no part for the time to come: say by hand what is given back.")


class UnknownConvention(ProrationRefused):
    """The text names no convention."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text!r} is no convention: write it like 'second-exact, half-up, Europe/Berlin'.")


class Measure(StrEnum):
    """How time is counted."""

    SECOND = "second-exact"
    DAY = "day-based"  # local days, half-open: the day of the change belongs wholly to the new level


@dataclass(frozen=True, slots=True)
class Convention:
    """How parts of a period are counted and rounded; its name stands on the invoice and is frozen per subscription.

    ``time_zone``: the site's, whose days count and on whose wall clock a new period is stepped.
    """

    measure: Measure = Measure.SECOND
    rounding: Rounding = Rounding.HALF_UP
    time_zone: str = "UTC"

    @property
    def name(self) -> str:
        """What is shown and kept: ``"second-exact, half-up, UTC"``; :meth:`read` reads it."""
        return f"{self.measure}, {self.rounding}, {self.time_zone}"

    @classmethod
    def read(cls, name: str) -> Convention:
        """Return the convention of this name. Raises :class:`UnknownConvention`."""
        try:
            measure, rounding, time_zone = name.split(", ")
            ZoneInfo(time_zone)
            return cls(Measure(measure), Rounding(rounding), time_zone)
        except (ValueError, KeyError, OSError) as error:
            raise UnknownConvention(name) from error


@dataclass(frozen=True, slots=True)
class Counted:
    """``part`` of ``whole`` days or microseconds, and which: what a line of an invoice says of itself ("15 of 30 days")."""

    part: int
    whole: int
    measure: Measure
    unit: str = ""  # what is counted, where that is neither days nor seconds

    @property
    def share(self) -> Fraction:
        """The part as an exact number."""
        return Fraction(self.part, self.whole)

    def said(self, basis: Money) -> str:
        """Return what a line says of it: ``"15 of 30 days of 100.00 EUR"``; nothing where it is all of it."""
        if self.part == self.whole:
            return ""
        unit, one = "days", 1
        if self.measure is Measure.SECOND:
            unit, one = ("days", _DAY) if self.part % _DAY == self.whole % _DAY == 0 else ("seconds", _SECOND)
        if self.unit:
            unit, one = self.unit, 1
        return f"{Fraction(self.part, one)} of {Fraction(self.whole, one)} {unit} of {basis}"


def counted(part: Period, *, of: Period, convention: Convention) -> Counted:
    """Return how much of a period a part of it is. Raises :class:`NoEndToCountTo`.

    By days every local day belongs to the part that holds its end: a period that begins and ends at ten counts its first
    day and not its last. A period within one day is counted by the second, by either convention.
    """
    if convention.measure is Measure.DAY and (days := _days(of, convention)):
        return Counted(_days(part, convention), days, Measure.DAY)
    return Counted(_length(part), _length(of), Measure.SECOND)


def prorated(amount: Money, part: Period, *, of: Period, convention: Convention) -> Money:
    """Return what ``part`` costs where the whole period costs ``amount``: a bridge, a first or a last part. Rounded once.

    Raises :class:`NoEndToCountTo`.
    """
    return amount.share(counted(part, of=of, convention=convention).share, rounding=convention.rounding)


@dataclass(frozen=True, slots=True)
class Paid:
    """What was paid for ``period``, in money or from a balance, less refunds; and what of its bill is still ``owed``.

    Neither is below zero. A refund for a certain time belongs to a piece of its own with that time.
    """

    amount: Money
    period: Period
    owed: Money | None = None

    def __post_init__(self) -> None:
        assert self.amount.amount_minor >= 0, self
        assert self.owed is None or self.owed.amount_minor >= 0, self


@dataclass(frozen=True, slots=True)
class Held:
    """A level as it is held: what it is called, its price, and what was paid for which time of the current ``period``.

    ``price`` is what is really asked each interval: after the discount. ``on_trial``: the period is one. ``whole``: the
    interval of which the period is a part that costs its part, as the first one by the calendar may be.
    """

    name: str
    price: Money
    interval: Interval
    period: Period
    paid: tuple[Paid, ...] = ()
    on_trial: bool = False
    whole: Period | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """The level to change to, and its price after the discount. ``trial``: a trial goes on in it.

    ``first``: the period that begins with the change where that is not one interval from then on (a calendar's), and which
    part of the price it costs.
    """

    name: str
    price: Money
    interval: Interval
    trial: bool = False
    first: tuple[Period, Counted] | None = None


class LineKind(StrEnum):
    """Which way a line goes."""

    CREDIT = "credit"
    CHARGE = "charge"


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One line: of the level ``name``, ``counted`` of ``basis``, for ``period``. A credit is below zero; none is zero."""

    kind: LineKind
    name: str
    amount: Money
    period: Period
    basis: Money
    counted: Counted


@dataclass(frozen=True, slots=True)
class Change:
    """What a change comes to: its lines, and the level as it is held ``after`` it, once its charge is paid.

    ``unowed`` is what need not be paid any more of bills still open: it comes off them and is never paid out.
    """

    lines: tuple[ChangeLine, ...]
    after: Held
    unowed: Money
    convention: Convention

    @property
    def total(self) -> Money:
        """The sum of the lines; below zero where more is given back than charged."""
        return sum((line.amount for line in self.lines), Money.zero(self.unowed.currency))

    @property
    def due(self) -> Money:
        """What is to be paid: the total, or nothing."""
        return max(self.total, Money.zero(self.unowed.currency))

    @property
    def to_balance(self) -> Money:
        """What is left of the credit: it becomes the member's balance."""
        return self.due - self.total


def plan(
    held: Held, wanted: Wanted, *, at: datetime, convention: Convention | None = None, reset: bool = False
) -> Change:
    """Return what changing to ``wanted`` at ``at`` comes to; done at a whole second, as gateways' clocks are.

    The period stays (and so the anchor), unless the interval changes, a trial ends, the new price follows a calendar of other
    days, or ``reset`` asks for a new one: then
    it begins now and costs the whole new price, and with ``reset`` nothing is given back. In a trial, to a price with one:
    nothing changes hands and the trial runs on. Raises :class:`OutsideThePeriod`, :class:`NoEndToCountTo`, and
    ``CurrencyMismatch`` where the prices are of two currencies.
    """
    convention, moment = convention or Convention(), _moment_in(held.period, at)
    nothing = held.price - held.price + (wanted.price - wanted.price)  # two currencies never meet
    after = replace(held, name=wanted.name, price=wanted.price, interval=wanted.interval, paid=())
    if held.on_trial and wanted.trial:
        return Change((), replace(after, paid=held.paid), nothing, convention)
    lines: tuple[ChangeLine, ...] = ()
    unowed = nothing
    if not reset:
        lines, unowed = given_back(held, at=moment, convention=convention)
    restarts = reset or held.on_trial or wanted.interval != held.interval or held.period.end is None
    restarts = restarts or wanted.first is not None
    whole = held.period
    if restarts:
        whole = wanted.first[0] if wanted.first is not None else _new_period(moment, wanted.interval, convention)
    rest = Period(moment, whole.end)
    parts = (
        counted(rest, of=held.whole or whole, convention=convention)
        if not restarts
        else Counted(1, 1, convention.measure)
    )
    if wanted.first is not None:
        parts = wanted.first[1]
    charge = wanted.price.share(parts.share, rounding=convention.rounding)
    after = replace(after, period=whole, paid=(Paid(charge, rest),) if charge else (), on_trial=False)
    if restarts:
        after = replace(after, whole=None)
    if charge:
        lines = (*lines, ChangeLine(LineKind.CHARGE, wanted.name, charge, rest, wanted.price, parts))
    return Change(lines, after, unowed, convention)


def given_back(held: Held, *, at: datetime, convention: Convention) -> tuple[tuple[ChangeLine, ...], Money]:
    """Return the credit lines for the time from ``at`` on, and what of open bills is no longer owed for it.

    Also the whole of an end before its time: to count the day of the end as used, say the start of the next. Each piece
    that was paid gives back its own share, never more than it. Raises :class:`NoEndToCountTo`.
    """
    lines: list[ChangeLine] = []
    unowed = Money.zero(held.price.currency)
    for piece in held.paid:
        rest = piece.period.intersect(Period(at))
        billed = piece.amount + (piece.owed or Money.zero(piece.amount.currency))
        if rest is None or not billed:
            continue
        parts = counted(rest, of=piece.period, convention=convention)
        credit = piece.amount.share(parts.share, rounding=convention.rounding)
        unowed += billed.share(parts.share, rounding=convention.rounding) - credit
        if credit:
            lines.append(ChangeLine(LineKind.CREDIT, held.name, -credit, rest, piece.amount, parts))
    return tuple(lines), unowed


def takes_effect(held: Held, wanted: Wanted, *, at: datetime) -> datetime:
    """Return when a change asked for at ``at`` is made: up now, down at the period's end; in a trial always now.

    Down is what costs less in a year. For life counts as up, and nothing paid for life is ever a step down.
    """
    moment = _moment_in(held.period, at)
    if held.on_trial or held.period.end is None or wanted.interval.unit is Unit.LIFE:
        return moment
    down = in_a_year(wanted.price, wanted.interval) < in_a_year(held.price, held.interval)
    return held.period.end if down else moment


def pays_ahead(held: Held, wanted: Wanted) -> bool:
    """Return whether more is paid at once, for a longer time: months to a year. That may be made now also where it is down."""
    return wanted.price > held.price and _steps_a_year(wanted.interval) < _steps_a_year(held.interval)


def in_a_year(price: Money, interval: Interval) -> Fraction:
    """Return what a price comes to in a year, in minor units. Raises ``LifeHasNoEnd``."""
    unit, count = interval.steps()
    return price.amount_minor * _YEAR[unit] / count


def _steps_a_year(interval: Interval) -> Fraction:
    unit, count = interval.steps()
    return _YEAR[unit] / count


def _moment_in(period: Period, at: datetime) -> datetime:
    moment = in_utc(at)
    if not period.contains(moment):
        raise OutsideThePeriod(moment, period)
    return max(moment.replace(microsecond=0), period.start)


def _new_period(start: datetime, interval: Interval, convention: Convention) -> Period:
    if interval.unit is Unit.LIFE:
        return Period(start)
    return Period(start, nth(start, interval, n=1, tz=ZoneInfo(convention.time_zone)))


def _length(period: Period) -> int:
    if period.end is None:
        raise NoEndToCountTo
    return (period.end - period.start) // _INSTANT


def _days(period: Period, convention: Convention) -> int:
    """Return how many local days end in the period: the bound of a day that begins at midnight is the midnight."""
    if period.end is None:
        raise NoEndToCountTo
    zone = ZoneInfo(convention.time_zone)
    return (period.end.astimezone(zone).date() - period.start.astimezone(zone).date()).days
