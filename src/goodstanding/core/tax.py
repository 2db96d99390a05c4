"""Tax: which rate holds where and when, and what of an amount is tax (DESIGN section 4, "Who bills").

Pure. Tax is reckoned and rounded line by line, half-up, and the total is the sum of the lines: what an invoice shows adds
up. It is reckoned on what is asked for: discounts come off first. A credit is taxed as the charge of the same size is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from goodstanding.core.money import Money

WHOLE = 10_000  # basis points: 2000 is 20 %


_PLACE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")


class TaxRefused(ValueError):
    """The family of refusals about tax; each has its own name below it and says in words what to do."""


class NoSuchRate(TaxRefused):
    """A rate is below zero or not an exact number."""

    def __init__(self, rate: object) -> None:
        super().__init__(f"{rate!r} is no rate of tax: write basis points, zero or more; 2000 is 20 %.")


class TwoRates(TaxRefused):
    """The table names two rates for one place from one day."""

    def __init__(self, place: str, from_on: date) -> None:
        super().__init__(f"The table has two rates for {place or 'everywhere'} from {from_on}: keep one.")


class NoSuchPlace(TaxRefused):
    """A text is no country, nor a region of one."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text!r} is no country such as DE, nor a region of one such as US-CA.")


def read_place(text: str) -> str:
    """Return the place that ``text`` means: a country by its two letters, a region of one, or nothing for nowhere in particular.

    Raises :class:`NoSuchPlace`.
    """
    place = text.strip().upper()
    if place and not _PLACE.fullmatch(place):
        raise NoSuchPlace(text)
    return place


@dataclass(frozen=True, slots=True)
class Rate:
    """The tax of a ``place`` from the start of a day on, until the next entry of that place.

    ``place``: a country (``"DE"``), a region of one (``"CA-QC"``), or empty for everywhere else. A rate finer than a basis
    point is a fraction: 9.975 % is ``Fraction(1995, 2)``. Raises :class:`NoSuchRate`.
    """

    place: str
    from_on: date
    basis_points: int | Fraction

    def __post_init__(self) -> None:
        _exact(self.basis_points)


def rate_at(table: Iterable[Rate], place: str, on: date) -> Rate | None:
    """Return the rate of ``place`` on a day of the site's zone; a region without one has its country's, then everywhere's.

    ``None`` where there is none yet: no tax is asked for. The order of the table is of no importance.
    Raises :class:`TwoRates` where it contradicts itself.
    """
    begun: dict[str, dict[date, Rate]] = {}
    for rate in table:
        dated = begun.setdefault(rate.place.upper(), {})
        if rate.from_on in dated and dated[rate.from_on].basis_points != rate.basis_points:
            raise TwoRates(rate.place, rate.from_on)
        dated[rate.from_on] = rate
    for name in _outwards(place.strip().upper()):
        days = [day for day in begun.get(name, {}) if day <= on]
        if days:
            return begun[name][max(days)]
    return None


@dataclass(frozen=True, slots=True)
class Taxed:
    """A line, or a total: without tax, and the tax. Also as a gateway told it, whose figures are taken as they are."""

    net: Money
    tax: Money

    @property
    def gross(self) -> Money:
        """What is to be paid."""
        return self.net + self.tax


def exclusive(net: Money, basis_points: int | Fraction) -> Taxed:
    """Return the line where the tax comes on top of the amount. Raises :class:`NoSuchRate`."""
    return Taxed(net, net.share(_exact(basis_points) / WHOLE))


def inclusive(gross: Money, basis_points: int | Fraction) -> Taxed:
    """Return the line where the tax is within the amount; its net and tax make the amount. Raises :class:`NoSuchRate`."""
    points = _exact(basis_points)
    tax = gross.share(points / (WHOLE + points))
    return Taxed(gross - tax, tax)


def total(lines: Iterable[Taxed], *, currency: str) -> Taxed:
    """Return the sum of the lines, each rounded already. Raises ``CurrencyMismatch``."""
    net = tax = Money.zero(currency)
    for line in lines:
        net, tax = net + line.net, tax + line.tax
    return Taxed(net, tax)


def _outwards(place: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((place, place.partition("-")[0], "")))


def _exact(basis_points: int | Fraction) -> Fraction:
    if isinstance(basis_points, bool) or basis_points < 0 or not isinstance(basis_points, (int, Fraction)):
        raise NoSuchRate(basis_points)
    return Fraction(basis_points)
