"""Discount codes: who may use one now, and what it takes off which payment (DESIGN section 4, "Discounts").

Pure. A code is a value; how often it was used is told, so the last use of a limited code is decided under a lock by who
calls. What was once decided is frozen with the subscription: a code that ends or changes later changes nothing of it.
Discounts come off before tax. Percentages are rounded half-up per line, and no price goes below zero.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction

from goodstanding.core.money import Money
from goodstanding.core.periods import Interval, in_utc

WHOLE = 10_000  # basis points: 2500 is 25 %
_TEXT = re.compile(r"[A-Z0-9][A-Z0-9_-]{0,39}")


def gettext_noop(text: str) -> str:
    """Mark a text: by this name makemessages finds what is looked up where it is shown."""
    return text


class NotACode(ValueError):
    """A code says something that cannot be; the words say what. ``about``: the part of it that is wrong, or nothing."""

    def __init__(self, words: str, *, about: str = "", **values: object) -> None:
        super().__init__(words % values if values else words)
        self.words, self.about, self.values = words, about, values

    def said(self, translate: Callable[[str], str]) -> str:
        """Say what cannot be in the language that ``translate`` looks sentences up in."""
        words = translate(self.words)
        return words % self.values if self.values else words


@dataclass(frozen=True, slots=True)
class Percentage:
    """A part off, in basis points: 1 to 10000. Raises :class:`NotACode`."""

    basis_points: int

    def __post_init__(self) -> None:
        if type(self.basis_points) is not int or not 1 <= self.basis_points <= WHOLE:
            raise NotACode(
                gettext_noop("%(points)s is no percentage off: write 1 to 10000 basis points; 2500 is 25 %%."),
                about="percent",
                points=repr(self.basis_points),
            )


@dataclass(frozen=True, slots=True)
class Fixed:
    """An amount off. What is larger than the price is forfeited, or left on the balance if ``keeps_rest``.

    Only a code for the first payment alone may keep it: money would be made anew with each. Raises :class:`NotACode`.
    """

    amount: Money
    keeps_rest: bool = False

    def __post_init__(self) -> None:
        if self.amount.amount_minor <= 0:
            words = gettext_noop("%(amount)s is no amount off: it must be above zero.")
            raise NotACode(words, about="amount", amount=self.amount)


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another price in place of the level's own; with an ``interval`` of its own only for ever."""

    amount: Money
    interval: Interval | None = None

    def __post_init__(self) -> None:
        if self.amount.amount_minor < 0:
            raise NotACode(
                gettext_noop("%(amount)s is no price: it is zero or more."), about="amount", amount=self.amount
            )


Effect = Percentage | Fixed | Alternative


@dataclass(frozen=True, slots=True)
class Code:
    """A code as it is sold: what it does, for how many payments, where, when and how often.

    ``payments``: the first N that ask for money (1: the first alone), ``None`` for ever. ``levels``: those it is for,
    ``None`` for all. ``opens``: hidden levels that it shows; it is for them, too. It may be used from ``starts_at`` to
    before ``ends_at``. ``limit`` and ``limit_each``: uses in all and by one person, ``None`` without end.
    Raises :class:`NotACode`. ``text`` is kept as :func:`normalised` says it.
    """

    text: str
    effect: Effect
    payments: int | None = 1
    levels: frozenset[str] | None = None
    opens: frozenset[str] = frozenset()
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    limit: int | None = None
    limit_each: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", normalised(self.text))
        if not _TEXT.fullmatch(self.text):
            words = gettext_noop("The text of a code is up to 40 letters A to Z, digits, hyphens and underscores.")
            raise NotACode(words, about="text")
        if self.payments is not None and self.payments < 1:
            raise NotACode(gettext_noop("A code is for one payment at least, or for ever."), about="payments")
        if min(self.limit or 0, self.limit_each or 0) < 0:
            raise NotACode(gettext_noop("A limit of uses is zero or more."), about="limit")
        if self.starts_at and self.ends_at and in_utc(self.ends_at) <= in_utc(self.starts_at):
            raise NotACode(gettext_noop("A code must end later than it starts."), about="ends_at")
        if isinstance(self.effect, Fixed) and self.effect.keeps_rest and self.payments != 1:
            words = gettext_noop("Only a code for the first payment alone can leave its rest on the balance.")
            raise NotACode(words, about="rest")
        if isinstance(self.effect, Alternative) and self.effect.interval and self.payments is not None:
            words = gettext_noop("Another price with an interval of its own holds for ever, not for some payments.")
            raise NotACode(words, about="lasts")

    def is_for(self, level: str) -> bool:
        """Return whether it may be used for a level."""
        return self.levels is None or level in self.levels or level in self.opens

    def shows(self, level: str, *, at: datetime) -> bool:
        """Return whether it shows this hidden level at ``at``."""
        return level in self.opens and _closed(self, at) is None


@dataclass(frozen=True, slots=True)
class Use:
    """What a code is to be used for: a level at a price and interval, when; and how often it was used before."""

    level: str
    price: Money
    interval: Interval
    at: datetime
    used: int = 0
    used_by_person: int = 0


class Why(StrEnum):
    """Why a code is refused."""

    NOT_YET = "not_yet"
    OVER = "over"
    OTHER_LEVEL = "other_level"
    OTHER_CURRENCY = "other_currency"
    FREE_ALREADY = "free_already"
    USED_UP = "used_up"
    USED_BY_YOU = "used_by_you"


WORDS = {
    Why.NOT_YET: gettext_noop("This code cannot be used yet."),
    Why.OVER: gettext_noop("This code can no longer be used."),
    Why.OTHER_LEVEL: gettext_noop("This code is not for this level."),
    Why.OTHER_CURRENCY: gettext_noop("This code is for prices in another currency."),
    Why.FREE_ALREADY: gettext_noop("This costs nothing: there is no need of a code."),
    Why.USED_UP: gettext_noop("This code has been used as often as it may be."),
    Why.USED_BY_YOU: gettext_noop("You have used this code as often as you may."),
}


@dataclass(frozen=True, slots=True)
class Refused:
    """The code does nothing here, and why; ``words`` for the person, in English."""

    why: Why

    @property
    def words(self) -> str:
        """Say why, in English; :meth:`said` says it in another language."""
        return WORDS[self.why]

    def said(self, translate: Callable[[str], str]) -> str:
        """Say why in the language that ``translate`` looks sentences up in."""
        return translate(WORDS[self.why])


@dataclass(frozen=True, slots=True)
class Off:
    """One payment with a code: the ``price`` before it, what is taken ``off``, and what goes to the balance instead."""

    price: Money
    off: Money
    to_balance: Money

    @property
    def asked(self) -> Money:
        """What is asked for; never below zero."""
        return self.price - self.off


@dataclass(frozen=True, slots=True)
class Applied:
    """A code in use: what it does for how many payments, frozen; and the interval that it charges by."""

    code: str
    effect: Effect
    payments: int | None
    interval: Interval

    def holds(self, payment: int) -> bool:
        """Return whether it still holds for the ``payment``-th payment that asks for money: the first is 1.

        Trials and other bills of nothing are not counted, so *once* behind a trial is used on the first paid period.
        """
        assert payment >= 1, payment
        return self.payments is None or payment <= self.payments

    def off(self, price: Money, *, payment: int = 1) -> Off:
        """Return what it takes off the ``payment``-th payment of ``price``. Raises ``CurrencyMismatch``.

        With another price, ``price`` in the answer is that one: nothing is taken off it.
        """
        assert price.amount_minor >= 0, price
        zero = Money.zero(price.currency)
        if not self.holds(payment):
            return Off(price, zero, zero)
        match self.effect:
            case Percentage(basis_points):
                return Off(price, price.share(Fraction(basis_points, WHOLE)), zero)
            case Fixed(amount, keeps_rest):
                off = min(amount, price)
                return Off(price, off, amount - off if keeps_rest else zero)
            case Alternative(amount):
                return Off(amount + zero, zero, zero)

    def lasting(self, price: Money) -> Money:
        """Return the price in the long run: a code for some payments is not in it (for figures of recurring income)."""
        return self.off(price).asked if self.payments is None else price


def normalised(text: str) -> str:
    """Return the text of a code as it is kept and looked up: capitals, without spaces, however it was typed."""
    return "".join(unicodedata.normalize("NFKC", text).upper().split())


def decide(code: Code, use: Use) -> Applied | Refused:
    """Return the code as it will hold for what is bought, or the first reason why it may not be used.

    First what no one could use, then what this purchase could not, then what was used before.
    """
    why = _closed(code, use.at) or _unfit(code, use) or _used(code, use)
    if why is not None:
        return Refused(why)
    own = code.effect.interval if isinstance(code.effect, Alternative) else None
    return Applied(code.text, code.effect, code.payments, own or use.interval)


def stacked(price: Money, codes: Sequence[Applied], *, payment: int = 1) -> tuple[Off, ...]:
    """Return what each of several codes takes off one payment, in their order, each from what the one before left."""
    found: list[Off] = []
    for applied in codes:
        found.append(applied.off(found[-1].asked if found else price, payment=payment))
    return tuple(found)


def over_lines(off: Money, lines: Sequence[Money]) -> tuple[Money, ...]:
    """Return the lines less their part of ``off``, in proportion; the parts add up to it, and no line goes below zero.

    More than the lines together takes all. Each line is then taxed for itself. Lines of nothing stay nothing.
    """
    whole = sum(lines, Money.zero(off.currency))
    parts = min(off, whole).split([line.amount_minor for line in lines])
    return tuple(line - part for line, part in zip(lines, parts, strict=True))


def _closed(code: Code, at: datetime) -> Why | None:
    if code.starts_at is not None and in_utc(at) < in_utc(code.starts_at):
        return Why.NOT_YET
    if code.ends_at is not None and in_utc(at) >= in_utc(code.ends_at):
        return Why.OVER
    return None


def _unfit(code: Code, use: Use) -> Why | None:
    if not code.is_for(use.level):
        return Why.OTHER_LEVEL
    if isinstance(code.effect, (Fixed, Alternative)) and code.effect.amount.currency != use.price.currency:
        return Why.OTHER_CURRENCY
    useless = not use.price and use.level not in code.opens and not isinstance(code.effect, Alternative)
    return Why.FREE_ALREADY if useless else None


def _used(code: Code, use: Use) -> Why | None:
    if code.limit_each is not None and use.used_by_person >= code.limit_each:
        return Why.USED_BY_YOU
    if code.limit is not None and use.used >= code.limit:
        return Why.USED_UP
    return None
