"""What the office's templates need: amounts, and days by the site's clock."""

from __future__ import annotations

import re
from datetime import datetime

from django import template
from django.utils.formats import date_format
from django.utils.html import format_html

from goodstanding.catalogue.words import money_words
from goodstanding.core.currencies import MoneyRefused
from goodstanding.core.money import Money
from goodstanding.memberships import handbills
from goodstanding.people import pages

_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")

register = template.Library()


@register.filter
def amount(minor: int | None, currency: str) -> str:
    """Show an amount as the reader's language writes it; what is no money as it stands."""
    if minor is None:
        return pages.NOTHING
    try:
        return money_words(Money(minor, currency))
    except MoneyRefused:
        return pages.money(minor, currency)


@register.filter
def figure(minor: int, currency: str) -> str:
    """Show an amount in a table of one currency, without naming it in each cell; nothing as a dash."""
    return amount(minor, currency).removesuffix(f" {currency}") if minor else "–"


@register.filter
def day(at: datetime | str | None) -> str:
    """Show a moment by the site's clock, without its seconds; a text is a moment as documents write it."""
    if not at:
        return pages.NOTHING
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    shown = date_format(pages.by_the_clock(moment), "DATETIME_FORMAT", use_l10n=True)
    return format_html('<time datetime="{}">{}</time>', moment.isoformat(), shown)


@register.filter
def last_day(until: datetime | None) -> str:
    """Show the last day before a moment at which a day is over."""
    return date_format(handbills.day_of(until), "DATE_FORMAT", use_l10n=True) if until else pages.NOTHING


@register.filter
def dated(words: object) -> str:
    """Show words of the records with their moments as people write them; the words themselves stay as they are."""

    def by_the_clock(found: re.Match[str]) -> str:
        moment = datetime.fromisoformat(found[0])
        return date_format(pages.by_the_clock(moment), "DATETIME_FORMAT", use_l10n=True)

    return _STAMP.sub(by_the_clock, str(words))
