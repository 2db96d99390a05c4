"""What is for sale, and to whom it may be shown. Asked before anything is priced; the checkout asks again when it pays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _

from goodstanding.catalogue.models import Level, Price
from goodstanding.catalogue.words import money_words, price_words

__all__ = ["NotForSale", "OfferedLevel", "Refusal", "money_words", "offer", "offered", "offers", "price_words"]

IN_ORDER = ("position", "amount_minor", "id")  # of a level's prices


class Refusal(StrEnum):
    """Why something is not for sale (the codes of :class:`NotForSale`)."""

    UNKNOWN_LEVEL = "unknown_level"
    UNKNOWN_PRICE = "unknown_price"
    OTHER_LEVEL = "other_level"
    LEVEL_CLOSED = "level_closed"
    PRICE_CLOSED = "price_closed"


class NotForSale(Exception):
    """It cannot be bought now. ``code`` is one of :class:`Refusal`; ``words`` are for the buyer, in their language."""

    def __init__(self, code: Refusal, words: str) -> None:
        super().__init__(code)
        self.code = code
        self.words = words


@dataclass(frozen=True, slots=True)
class OfferedLevel:
    """A level that may be joined, with the prices that are on sale: at least one where it stands in a list."""

    level: Level
    prices: tuple[Price, ...]


def offers(*, now: datetime) -> list[OfferedLevel]:  # noqa: ARG001 - nothing is on sale by date yet
    """Return what everybody may join: levels open, listed, and with a price on sale, in their order. Two statements."""
    found = _with_prices(Level.objects.filter(is_open=True, is_hidden=False).order_by("position", "slug"))
    return [each for each in map(_offered, found) if each.prices]


def offer(level_slug: str, *, now: datetime) -> OfferedLevel:  # noqa: ARG001 - nothing is on sale by date yet
    """Return one level with its prices on sale (perhaps none), hidden or not: who asks knows its address.

    Raises :class:`NotForSale` where there is no such level, or it is closed. Two statements.
    """
    level = _with_prices(Level.objects.filter(pk=level_slug)).first()
    if level is None:
        raise _no(Refusal.UNKNOWN_LEVEL)
    if not level.is_open:
        raise _no(Refusal.LEVEL_CLOSED)
    return _offered(level)


def offered(level_slug: str, price_id: str) -> Price:
    """Return the price, with its level and group, if it may be bought. Hidden levels may. One statement.

    Raises :class:`NotForSale`: there is no such price, it is another level's, or the level or the price is closed.
    """
    price = Price.objects.select_related("level__group").filter(pk=price_id).first()
    if price is None:
        raise _no(Refusal.UNKNOWN_PRICE)
    if price.level_id != level_slug:
        raise _no(Refusal.OTHER_LEVEL)
    if not price.level.is_open:
        raise _no(Refusal.LEVEL_CLOSED)
    if not price.is_open:
        raise _no(Refusal.PRICE_CLOSED)
    return price


def _with_prices(levels: QuerySet[Level]) -> QuerySet[Level]:
    on_sale = Price.objects.filter(is_open=True).order_by(*IN_ORDER)
    return levels.select_related("group").prefetch_related(Prefetch("prices", on_sale))


def _offered(level: Level) -> OfferedLevel:
    return OfferedLevel(level, tuple(level.prices.all()))


def _no(code: Refusal) -> NotForSale:
    words = {
        Refusal.UNKNOWN_LEVEL: _("There is no such membership here."),
        Refusal.UNKNOWN_PRICE: _("There is no such price here. Choose one from the list."),
        Refusal.OTHER_LEVEL: _("This price belongs to another membership. Choose one from the list."),
        Refusal.LEVEL_CLOSED: _("This membership takes nobody new at the moment."),
        Refusal.PRICE_CLOSED: _("This price is no longer on offer. Choose another one."),
    }
    return NotForSale(code, words[code])
