"""What people write of a code, read: how much it takes off, what it costs instead. One place for the form and for the file."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext as _

from goodstanding.core.currencies import CURRENT
from goodstanding.core.money import LARGEST_MINOR, Money, MoneyRefused
from goodstanding.core.periods import Interval, Unit

_UNITS = {"day": Unit.DAY, "week": Unit.WEEK, "month": Unit.MONTH, "year": Unit.YEAR}
_MOST_UNITS = 99
# Thousands marked off, and then another mark before the decimals: "1,234.56", "1.234,56", "1 234,56".
_GROUPED = re.compile(r"\d{1,3}([ .,'’\u00a0\u202f])\d{3}(?:\1\d{3})*(?!\1)[.,]\d+")


class CodeRefused(ValueError):
    """The code cannot be made; ``words`` say why. ``about``: the part of it that is wrong, or nothing."""

    def __init__(self, words: str, *, about: str = "") -> None:
        super().__init__(words)
        self.words, self.about = words, about


def read_percent(text: str) -> int:
    """Return ``12.5`` or ``12,5 %`` in basis points, 1 to 10000. Raises :class:`CodeRefused`."""
    refused = CodeRefused(_("Write more than 0, up to 100 percent, with two decimals at most."), about="percent")
    plain = text.replace(",", ".").strip().removesuffix("%").strip()
    if not plain.isascii() or len(plain) > 20:
        raise refused
    try:
        points = Decimal(plain) * 100
    except InvalidOperation:
        raise refused from None
    if not points.is_finite() or not 1 <= points <= 100_00 or points != int(points):
        raise refused
    return int(points)


def read_currency(text: str) -> str:
    """Return a currency that is in use, however its three letters were typed. Raises :class:`CodeRefused`."""
    currency = text.strip().upper()
    if currency not in CURRENT:
        raise CodeRefused(_("Write a currency that is in use, such as EUR."), about="currency")
    return currency


def read_amount(text: str, currency: str) -> Money:
    """Return ``12.50``, ``12,50`` or ``1.234,56``, of a currency that is known. Raises :class:`CodeRefused`.

    ``1.234`` is refused where it may be a thousand and more, or one and a bit.
    """
    plain = text.strip()
    if grouped := _GROUPED.fullmatch(plain):
        plain = plain.replace(grouped[1], "")
    try:
        amount = Money.parse(f"{plain.replace(',', '.')} {currency}")
    except MoneyRefused:
        words = _("Write an amount, such as 12.50, without the currency.")
        raise CodeRefused(words, about="amount") from None
    if abs(amount.amount_minor) > LARGEST_MINOR:
        raise CodeRefused(_("This amount is larger than any that can be charged."), about="amount")
    return amount


def above_zero(amount: Money) -> Money:
    """Return an amount off as it is. Raises :class:`CodeRefused` for nothing and less."""
    if amount.amount_minor <= 0:
        raise CodeRefused(_("An amount off must be above zero."), about="amount")
    return amount


def a_price(amount: Money) -> Money:
    """Return a price as it is. Raises :class:`CodeRefused` below zero."""
    if amount.amount_minor < 0:
        raise CodeRefused(_("A price is zero or more."), about="amount")
    return amount


def read_with_currency(text: str) -> Money:
    """Return ``10.00 EUR``. Raises :class:`CodeRefused`."""
    number, _space, currency = text.strip().rpartition(" ")
    if not number or currency.upper() not in CURRENT:
        raise CodeRefused(_("Write an amount with its currency, such as 10.00 EUR."), about="amount")
    return read_amount(number, currency.upper())


def read_own_price(text: str) -> tuple[Money, Interval | None]:
    """Return ``200.00 EUR``, or ``200.00 EUR / 2 years`` with an interval of its own. Raises :class:`CodeRefused`."""
    amount, slash, term = text.partition("/")
    number, _space, currency = amount.strip().rpartition(" ")
    count, _blank, name = term.strip().lower().rpartition(" ")
    unit = _UNITS.get(name.removesuffix("s"))
    sound = not count or (count.isascii() and count.isdigit() and 1 <= int(count[:4]) <= _MOST_UNITS)
    if currency.upper() not in CURRENT or not sound or bool(slash) != (unit is not None):
        raise CodeRefused(_("Write it like 200.00 EUR, or 200.00 EUR / year."), about="amount")
    return a_price(read_amount(number, currency.upper())), Interval(unit, int(count or 1)) if unit else None


def own_price_text(amount: Money, interval: Interval | None) -> str:
    """Write a price of a level's own as :func:`read_own_price` reads it."""
    return f"{amount} / {interval.count} {interval.unit}" if interval else str(amount)
