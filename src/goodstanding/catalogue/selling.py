"""What is for sale, and to whom it may be shown. Asked before anything is priced; the checkout asks again when it pays."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from django.db.models import Prefetch, Q, QuerySet
from django.utils.translation import gettext as _

from goodstanding import conf
from goodstanding.catalogue.models import Level, LevelGroup, Price
from goodstanding.catalogue.words import money_words, price_words
from goodstanding.jobs.prepared import Prepared, made_of

__all__ = [
    "NotForSale",
    "OfferedLevel",
    "Refusal",
    "listed",
    "money_words",
    "offer",
    "offered",
    "offers",
    "on_sale",
    "price_words",
]

IN_ORDER = ("position", "amount_minor", "id")  # of a level's prices


class Refusal(StrEnum):
    """Why something is not for sale (the codes of :class:`NotForSale`)."""

    UNKNOWN_LEVEL = "unknown_level"
    UNKNOWN_PRICE = "unknown_price"
    OTHER_LEVEL = "other_level"
    LEVEL_CLOSED = "level_closed"
    PRICE_CLOSED = "price_closed"
    NOT_YET = "not_yet"
    NO_LONGER = "no_longer"


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


def offers(*, now: datetime) -> list[OfferedLevel]:
    """Return what everybody may join: levels open, listed, and with a price on sale, in their order. Two statements."""
    found = _with_prices(listed(now=now).order_by("position", "slug"), now=now)
    return [each for each in map(_offered, found) if each.prices]


def listed(*, now: datetime) -> QuerySet[Level]:
    """Return the levels that stand in lists at ``now``: open, not hidden, and on sale."""
    return Level.objects.filter(_on_sale(now), is_open=True, is_hidden=False)


def on_sale(*, now: datetime) -> QuerySet[Price]:
    """Return the prices that may be bought at ``now`` by who knows their address, as :func:`offered` says of one."""
    levels = Level.objects.filter(_on_sale(now), is_open=True)
    return Price.objects.filter(_on_sale(now), _lasts(now), is_open=True, level__in=levels).order_by(*IN_ORDER)


def offer(level_slug: str, *, now: datetime) -> OfferedLevel:
    """Return one level with its prices on sale (perhaps none), hidden or not: who asks knows its address.

    Raises :class:`NotForSale` where there is no such level, it is closed, or not on sale at ``now``. Two statements.
    """
    level = _with_prices(Level.objects.filter(pk=level_slug), now=now).first()
    if level is None:
        raise _no(Refusal.UNKNOWN_LEVEL)
    if not level.is_open:
        raise _no(Refusal.LEVEL_CLOSED)
    _require_on_sale(level, now)
    return _offered(level)


def offered(level_slug: str, price_id: str, *, now: datetime, opened: Container[str] = ()) -> Price:
    """Return the price, with its level and group, if it may be bought at ``now``. Hidden levels may. One statement.

    ``opened``: closed levels that a code opens. Raises :class:`NotForSale`: there is no such price, it is another level's, or
    the level or the price is closed, or not on sale at that moment.
    """
    price = _price(price_id)
    if price is None:
        raise _no(Refusal.UNKNOWN_PRICE)
    if price.level_id != level_slug:
        raise _no(Refusal.OTHER_LEVEL)
    if not price.level.is_open and price.level_id not in opened:
        raise _no(Refusal.LEVEL_CLOSED)
    if not price.is_open:
        raise _no(Refusal.PRICE_CLOSED)
    _require_on_sale(price.level, now)
    _require_on_sale(price, now)
    if price.ends_on is not None and price.ends_on < _today(now):
        raise _no(Refusal.NO_LONGER)
    return price


_PRICE = Prepared(
    lambda price: Price.objects.select_related("level__group").filter(pk=price).order_by(), "price"
)  # a quote asks for each of its prices by itself


def _price(price_id: str) -> Price | None:
    for row in _PRICE.rows(price=price_id):
        price = made_of(row, Price)
        price.level = made_of(row, Level, after=[Price])
        price.level.group = made_of(row, LevelGroup, after=[Price, Level])
        return price
    return None


def _on_sale(now: datetime) -> Q:
    """Of levels or prices, those that are on sale at ``now``: from their beginning to before their end."""
    return (Q(sale_from=None) | Q(sale_from__lte=now)) & (Q(sale_until=None) | Q(sale_until__gt=now))


def _lasts(now: datetime) -> Q:
    """Of prices, those whose last day is not over."""
    return Q(ends_on=None) | Q(ends_on__gte=_today(now))


def _today(now: datetime) -> date:
    return now.astimezone(conf.time_zone()).date()


def _require_on_sale(what: Level | Price, now: datetime) -> None:
    if what.sale_from is not None and now < what.sale_from:
        raise _no(Refusal.NOT_YET)
    if what.sale_until is not None and now >= what.sale_until:
        raise _no(Refusal.NO_LONGER)


def _with_prices(levels: QuerySet[Level], *, now: datetime) -> QuerySet[Level]:
    prices = Price.objects.filter(_on_sale(now), _lasts(now), is_open=True).order_by(*IN_ORDER)
    return levels.select_related("group").prefetch_related(Prefetch("prices", prices))


def _offered(level: Level) -> OfferedLevel:
    return OfferedLevel(level, tuple(level.prices.all()))


def _no(code: Refusal) -> NotForSale:
    words = {
        Refusal.UNKNOWN_LEVEL: _("There is no such membership here."),
        Refusal.UNKNOWN_PRICE: _("There is no such price here. Choose one from the list."),
        Refusal.OTHER_LEVEL: _("This price belongs to another membership. Choose one from the list."),
        Refusal.LEVEL_CLOSED: _("This membership takes nobody new at the moment."),
        Refusal.NOT_YET: _("This is not on sale yet."),
        Refusal.NO_LONGER: _("This is no longer on sale."),
        Refusal.PRICE_CLOSED: _("This price is no longer on offer. Choose another one."),
    }
    return NotForSale(code, words[code])
