"""Prices for people, in the reader's language. The one place that words them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from goodstanding.core.currencies import exponent
from goodstanding.core.money import Money

if TYPE_CHECKING:
    from goodstanding.catalogue.models import Price

_EACH = {
    "hour": ngettext_lazy("%(amount)s each hour", "%(amount)s each %(count)d hours", "count"),
    "day": ngettext_lazy("%(amount)s each day", "%(amount)s each %(count)d days", "count"),
    "week": ngettext_lazy("%(amount)s each week", "%(amount)s each %(count)d weeks", "count"),
    "month": ngettext_lazy("%(amount)s each month", "%(amount)s each %(count)d months", "count"),
    "year": ngettext_lazy("%(amount)s each year", "%(amount)s each %(count)d years", "count"),
}
_TERM = {
    "hour": ngettext_lazy("%(amount)s once, for %(count)d hour", "%(amount)s once, for %(count)d hours", "count"),
    "day": ngettext_lazy("%(amount)s once, for %(count)d day", "%(amount)s once, for %(count)d days", "count"),
    "week": ngettext_lazy("%(amount)s once, for %(count)d week", "%(amount)s once, for %(count)d weeks", "count"),
    "month": ngettext_lazy("%(amount)s once, for %(count)d month", "%(amount)s once, for %(count)d months", "count"),
    "year": ngettext_lazy("%(amount)s once, for %(count)d year", "%(amount)s once, for %(count)d years", "count"),
}
_FREE_TERM = {
    "hour": ngettext_lazy("Free, for %(count)d hour", "Free, for %(count)d hours", "count"),
    "day": ngettext_lazy("Free, for %(count)d day", "Free, for %(count)d days", "count"),
    "week": ngettext_lazy("Free, for %(count)d week", "Free, for %(count)d weeks", "count"),
    "month": ngettext_lazy("Free, for %(count)d month", "Free, for %(count)d months", "count"),
    "year": ngettext_lazy("Free, for %(count)d year", "Free, for %(count)d years", "count"),
}


def money_words(money: Money) -> str:
    """Return an amount as the reader's language writes numbers, with its currency: ``1,000.00 EUR``, ``1.000,00 EUR``."""
    amount, _space, currency = money.format().partition(" ")
    digits = exponent(currency)
    return f"{number_format(Decimal(amount), decimal_pos=digits, force_grouping=True)} {currency}"


def price_words(price: Price) -> str:
    """Return what a price is, without its level: ``100.00 EUR each month``, ``15.00 EUR once, for 24 hours``, ``Free``."""
    money = Money(price.amount_minor, price.currency)
    given = {"amount": money_words(money), "count": price.interval_count}
    if price.interval not in _EACH:  # for life
        return _("%(amount)s once, for life") % given if money else _("Free")
    if price.renews:
        return _EACH[price.interval] % given if money else _("Free")
    return (_TERM if money else _FREE_TERM)[price.interval] % given
