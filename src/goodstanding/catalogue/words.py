"""Prices for people, in the reader's language. The one place that words them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy

from goodstanding.core.calendar_terms import MonthDay
from goodstanding.core.currencies import MoneyRefused, exponent
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


_LENGTHS = {
    "hour": ngettext_lazy("%(count)d hour", "%(count)d hours", "count"),
    "day": ngettext_lazy("%(count)d day", "%(count)d days", "count"),
    "week": ngettext_lazy("%(count)d week", "%(count)d weeks", "count"),
    "month": ngettext_lazy("%(count)d month", "%(count)d months", "count"),
    "year": ngettext_lazy("%(count)d year", "%(count)d years", "count"),
}


_SHARE = re.compile(r"(\S+) of (\S+) (months|days|seconds)(?: of (.+))?")
_SHARES = {
    "months": gettext_lazy("%(part)s of %(whole)s months"),
    "days": gettext_lazy("%(part)s of %(whole)s days"),
    "seconds": gettext_lazy("%(part)s of %(whole)s seconds"),
}


def share_words(said: str) -> str:
    """Return how much of a period a line is for, as the core keeps it: ``7 of 12 months``, ``15 of 30 days of 100.00 EUR``.

    What is kept otherwise (a gateway's own words) stays as it is.
    """
    match = _SHARE.fullmatch(said)
    if match is None:
        return said
    part, whole, unit, basis = match.groups()
    share = _SHARES[unit] % {"part": part, "whole": whole}
    if not basis:
        return share
    try:
        return _("%(share)s of %(amount)s") % {"share": share, "amount": money_words(Money.parse(basis))}
    except MoneyRefused:
        return said


def money_words(money: Money) -> str:
    """Return an amount as the reader's language writes numbers, with its currency: ``1,000.00 EUR``, ``1.000,00 EUR``."""
    amount, _space, currency = money.format().partition(" ")
    digits = exponent(currency)
    return f"{number_format(Decimal(amount), decimal_pos=digits, force_grouping=True)} {currency}"


def price_words(price: Price) -> str:
    """Return what a price is, without its level, in words: ``100.00 EUR each month``, ``15.00 EUR once, for 24 hours``,
    ``Free for 14 days, then 10.00 EUR each month, 12 times``.
    """
    words = _calendar_words(price, _then(_first_words(price), _last_words(price)))
    if price.keeps == price.Keeps.LIFE:
        words = _("%(words)s, then for life") % {"words": words}
    elif price.keeps:
        words = _("%(words)s, for %(term)s in all") % {
            "words": words,
            "term": _length(price.keeps_count, price.keeps_unit),
        }
    if price.seat_amount_minor is not None:
        seat = money_words(Money(price.seat_amount_minor, price.currency))
        words = _("%(words)s, and %(seat)s for each further seat") % {"words": words, "seat": seat}
    if price.taxed:
        words = (_("%(words)s, tax included") if price.tax_inclusive else _("%(words)s, plus tax")) % {"words": words}
    return words


def _first_words(price: Price) -> list[str]:
    """What is asked for before the price itself."""
    found = []
    if price.trial_count:
        length = {"length": _length(price.trial_count, price.trial_unit)}
        cost = Money(price.trial_minor, price.currency)
        said = _("%(amount)s for %(length)s") if cost else _("free for %(length)s")
        found.append(said % {**length, "amount": money_words(cost)})
    if price.intro_payments:
        count, amount = price.intro_payments, money_words(Money(price.intro_minor, price.currency))
        words = ngettext(
            "%(amount)s for the first payment", "%(amount)s for each of the first %(count)d payments", count
        )
        found.append(words % {"amount": amount, "count": count})
    return found


def _last_words(price: Price) -> str:
    """The price itself."""
    money = Money(price.amount_minor, price.currency)
    given = {"amount": money_words(money), "count": price.interval_count}
    if price.minimum_minor is not None:
        least = money_words(Money(price.minimum_minor, price.currency))
        given["amount"] = _("%(least)s or more (%(amount)s suggested)") % {"least": least, **given}
        money = money or Money(1, price.currency)
    if price.ends_on is not None:
        day = date_format(price.ends_on, "DATE_FORMAT")
        words = _("%(amount)s once, until %(day)s") if money else _("Free, until %(day)s")
        return words % {**given, "day": day}
    if price.interval not in _EACH:  # for life
        return _("%(amount)s once, for life") % given if money else _("Free")
    if not price.renews:
        return (_TERM if money else _FREE_TERM)[price.interval] % given
    if not money:
        return _("Free")
    return _limited(price, _EACH[price.interval] % given, given)


def _limited(price: Price, each: str, given: Mapping[str, Any]) -> str:
    """The price of what renews, with how often it is asked for."""
    if not price.payments:
        return each
    if price.total_minor:
        total = money_words(Money(price.total_minor, price.currency))
        words = ngettext("%(total)s in %(times)d payment", "%(total)s in %(times)d payments: %(each)s", price.payments)
        return words % {"total": total, "times": price.payments, "each": each}
    left = price.payments - price.intro_payments
    if left > 1:
        return ngettext("%(each)s, %(times)d time", "%(each)s, %(times)d times", left) % {"each": each, "times": left}
    if price.intro_payments:
        after = _length(price.intro_payments * price.interval_count, price.interval)
        return _("%(amount)s once, after %(length)s") % {**given, "length": after}
    if price.trial_count:
        return _("%(amount)s once, after %(length)s") % {
            **given,
            "length": _length(price.trial_count, price.trial_unit),
        }
    return _TERM[price.interval] % given


def _calendar_words(price: Price, words: str) -> str:
    if not price.fixed_start:
        return words
    begins = MonthDay.parse(price.fixed_start)
    if begins.month is None:
        return _("%(words)s, from day %(day)d of the month on") % {"words": words, "day": begins.day}
    day = date_format(date(2000, begins.month, begins.day), "MONTH_DAY_FORMAT")
    return _("%(words)s, from each %(day)s on") % {"words": words, "day": day}


def _then(first: list[str], last: str) -> str:
    """What comes one after the other, as a sentence begins."""
    words = last
    for each in reversed(first):
        words = _("%(first)s, then %(then)s") % {"first": each, "then": words[:1].lower() + words[1:]}
    return words[:1].upper() + words[1:]


def length_words(price: Price, times: int) -> str:
    """Return how long so many intervals of a price are: ``6 months``, ``for life``."""
    if price.interval not in _LENGTHS:
        return _("for life")
    return _length(times * price.interval_count, price.interval)


def _length(count: int, unit: str) -> str:
    """A stretch of time: ``14 days``."""
    return _LENGTHS[unit] % {"count": count}
