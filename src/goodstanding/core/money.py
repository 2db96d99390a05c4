"""Money: a whole number of minor units and a currency. Nothing is lost, nothing is mixed, nothing is a float.

The rule that parts sum to the whole, and rounding, live here (DESIGN sections 2 and 4): half-up unless said otherwise.
Rounding is symmetric: a credit is rounded as the charge of the same size is, so ``(-m).share(f) == -m.share(f)``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from goodstanding.core.currencies import MoneyRefused, UnknownCurrency, exponent

__all__ = [
    "CurrencyMismatch",
    "Money",
    "MoneyRefused",
    "NegativeWeight",
    "NotAnAmount",
    "NotExact",
    "NotMinorUnits",
    "NothingToSplitOver",
    "Rounding",
    "TooManyDecimals",
    "UnknownCurrency",
]

# What somebody may type: the sum of very many such amounts is one that every database holds.
LARGEST_MINOR = 10**12
_PLAIN = re.compile(r"(?P<sign>-?)(?P<whole>[0-9]{1,18})(?:\.(?P<rest>[0-9]{1,18}))? (?P<currency>[A-Z]{3})")


class Rounding(StrEnum):
    """What becomes of exactly half a minor unit; anything else goes to the nearest."""

    HALF_UP = "half-up"  # away from zero: 0.5 -> 1, -0.5 -> -1
    HALF_EVEN = "half-even"  # to the even neighbour: 0.5 -> 0, 1.5 -> 2


class NotMinorUnits(MoneyRefused):
    """The amount is not a whole number of minor units."""

    def __init__(self, amount: object) -> None:
        super().__init__(
            f"{amount!r} is not a whole number of the currency's smallest unit: 12.34 EUR is 1234 and 500 JPY is 500."
        )


class NotExact(MoneyRefused):
    """A factor, share or weight is not an exact number."""

    def __init__(self, number: object, *, wanted: str) -> None:
        super().__init__(f"{number!r} is not {wanted}; money is only ever reckoned with exact numbers.")


class CurrencyMismatch(MoneyRefused):
    """Two amounts of different currencies met."""

    def __init__(self, one: Money, other: Money) -> None:
        super().__init__(
            f"{one} and {other} are of different currencies: they cannot be added, subtracted or compared. "
            "An account keeps to one currency."
        )


class NothingToSplitOver(MoneyRefused):
    """All weights are zero, or there is none, and the amount is not zero."""

    def __init__(self, amount: Money) -> None:
        super().__init__(f"{amount} cannot be split: no part has a weight above zero.")


class NegativeWeight(MoneyRefused):
    """A part to split over weighs less than nothing."""

    def __init__(self, weight: int | Fraction) -> None:
        super().__init__(f"A part of the weight {weight} is below zero: weights are zero or more.")


class NotAnAmount(MoneyRefused):
    """The text is not an amount with its currency."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text!r} is not an amount: write it like 12.34 EUR, with a point and without separators.")


class TooManyDecimals(MoneyRefused):
    """The text has more decimals than its currency knows."""

    def __init__(self, text: str, *, allowed: int) -> None:
        super().__init__(f"{text!r} has more decimals than the currency: {allowed} at most.")


@dataclass(frozen=True, slots=True)
class Money:
    """``amount_minor`` smallest units of ``currency`` (upper-case ISO 4217): ``Money(1234, "EUR")`` is 12.34 EUR.

    Immutable, hashable, false only when zero. Amounts of different currencies are unequal, never less or more.
    Raises :class:`NotMinorUnits` (also for ``True`` and ``12.0``) and :class:`UnknownCurrency`.
    """

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.amount_minor) is not int:
            raise NotMinorUnits(self.amount_minor)
        exponent(self.currency)

    @classmethod
    def zero(cls, currency: str) -> Money:
        """Return nothing of ``currency``; the start of a sum."""
        return cls(0, currency)

    @classmethod
    def parse(cls, text: str) -> Money:
        """Read what :meth:`format` writes: ``"12.34 EUR"``, ``"-5 EUR"``, ``"500 JPY"``; fewer decimals are allowed.

        At most 18 digits before the point. It never rounds and never guesses. Raises :class:`NotAnAmount`,
        :class:`UnknownCurrency` and :class:`TooManyDecimals`.
        """
        match = _PLAIN.fullmatch(text)
        if match is None:
            raise NotAnAmount(text)
        digits, rest = exponent(match["currency"]), match["rest"] or ""
        if len(rest) > digits:
            raise TooManyDecimals(text, allowed=digits)
        amount = int(match["whole"] + rest.ljust(digits, "0"))
        return cls(-amount if match["sign"] else amount, match["currency"])

    def format(self) -> str:
        """Return a plain decimal with its currency, ``"-12.34 EUR"``: for logs, files and commands; pages localise."""
        digits = exponent(self.currency)
        whole, rest = divmod(abs(self.amount_minor), 10**digits)
        sign, decimals = "-" if self.amount_minor < 0 else "", f".{rest:0{digits}d}" if digits else ""
        return f"{sign}{whole}{decimals} {self.currency}"

    def __str__(self) -> str:
        """Return :meth:`format`."""
        return self.format()

    def __bool__(self) -> bool:
        """Return whether it is not zero, as numbers do."""
        return self.amount_minor != 0

    def __add__(self, other: Money) -> Money:
        """Return the sum. Raises :class:`CurrencyMismatch`."""
        if not isinstance(other, Money):
            return NotImplemented
        return Money(self.amount_minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        """Return the difference. Raises :class:`CurrencyMismatch`."""
        if not isinstance(other, Money):
            return NotImplemented
        return Money(self.amount_minor - self._same(other), self.currency)

    def __neg__(self) -> Money:
        """Return as much the other way: a charge becomes a credit."""
        return Money(-self.amount_minor, self.currency)

    def __abs__(self) -> Money:
        """Return the amount without its sign."""
        return Money(abs(self.amount_minor), self.currency)

    def __mul__(self, times: int) -> Money:
        """Return ``times`` as much. Raises :class:`NotExact` for all but whole numbers; see :meth:`share`."""
        if type(times) is not int:
            raise NotExact(times, wanted="a whole number of times")
        return Money(self.amount_minor * times, self.currency)

    __rmul__ = __mul__

    def __lt__(self, other: Money) -> bool:
        """Return whether it is less. Raises :class:`CurrencyMismatch`, as the other three do."""
        if not isinstance(other, Money):
            return NotImplemented
        return self.amount_minor < self._same(other)

    def __le__(self, other: Money) -> bool:
        """Return whether it is no more."""
        if not isinstance(other, Money):
            return NotImplemented
        return self.amount_minor <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        """Return whether it is more."""
        if not isinstance(other, Money):
            return NotImplemented
        return self.amount_minor > self._same(other)

    def __ge__(self, other: Money) -> bool:
        """Return whether it is no less."""
        if not isinstance(other, Money):
            return NotImplemented
        return self.amount_minor >= self._same(other)

    def share(self, fraction: Fraction | int, *, rounding: Rounding = Rounding.HALF_UP) -> Money:
        """Return ``fraction`` of it, reckoned exactly and rounded once, to the minor unit.

        The fraction may be above one or below zero. Raises :class:`NotExact` for a float.
        """
        exact = self.amount_minor * _exact(fraction, wanted="a share as a fraction (1/3) or a whole number")
        if rounding == Rounding.HALF_EVEN:
            return Money(round(exact), self.currency)
        magnitude = (2 * abs(exact.numerator) + exact.denominator) // (2 * exact.denominator)
        return Money(-magnitude if exact < 0 else magnitude, self.currency)

    def split(self, weights: Sequence[int | Fraction]) -> tuple[Money, ...]:
        """Return one part for each weight, in proportion; the parts sum to the whole, always.

        Largest remainder: every part gets its exact share cut to a whole unit towards zero, and the units left over go
        one each to the parts that lost most, of equals to the earlier one. So each part is less than one minor unit
        away from its exact share, a weight of zero gets nothing, and a negative amount splits as its opposite does.
        Raises :class:`NotExact`, :class:`NegativeWeight`, and :class:`NothingToSplitOver` if no weight is above zero
        (a zero amount then splits into zeros).
        """
        exact = [_exact(weight, wanted="a weight as a whole number or a fraction") for weight in weights]
        for weight in exact:
            if weight < 0:
                raise NegativeWeight(weight)
        total = sum(exact, Fraction(0))
        if not total:
            if self:
                raise NothingToSplitOver(self)
            return tuple(self for _ in exact)
        magnitude = abs(self.amount_minor)
        shares = [magnitude * weight / total for weight in exact]
        parts = [share.numerator // share.denominator for share in shares]
        by_loss = sorted(range(len(parts)), key=lambda index: parts[index] - shares[index])  # stable: earlier first
        for index in by_loss[: magnitude - sum(parts)]:
            parts[index] += 1
        return tuple(Money(-part if self.amount_minor < 0 else part, self.currency) for part in parts)

    def _same(self, other: Money) -> int:
        if other.currency != self.currency:
            raise CurrencyMismatch(self, other)
        return other.amount_minor


def _exact(number: int | Fraction, *, wanted: str) -> Fraction:
    if isinstance(number, bool) or not isinstance(number, (int, Fraction)):
        raise NotExact(number, wanted=wanted)
    return Fraction(number)
