"""Levels as gifts: what may be one, how the catalogue file says it, and which are on sale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from goodstanding.catalogue import selling
from goodstanding.catalogue.file_reading import Reader
from goodstanding.catalogue.models import Interval, LevelGift, Price

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

KEYS = {"times", "amount_minor", "good_for_days", "open", "position"}
MOST_TIMES = 1000
_MOST_DAYS = 36600


def fault(price: Mapping[str, Any], times: int, amount_minor: int | None) -> StrOrPromise:
    """Return why a price (by the names of its columns) is no gift so many times over; nothing where it may be one."""
    if price.get("ends_on"):
        return _("What ends on a day that is set is no gift: redeemed later it would be worth less.")
    if times > 1 and price["interval"] == Interval.ONCE:
        return _("What is for life is given once.")
    has_one_amount = not price.get("payments") and price.get("minimum_minor") is None
    if amount_minor is None and not has_one_amount:
        return _("What is paid in instalments, or as the payer chooses, needs an amount of its own as a gift.")
    if amount_minor is None and not price["amount_minor"]:
        return _("What costs nothing needs an amount of its own as a gift.")
    return ""


class GiftReader(Reader):
    """Reads one gift of a price in the file: ``times`` and, by the names of columns, what the file says of it."""

    def gift(self, price: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """Return it; what is wrong is noted."""
        self._unknown(KEYS)
        times = self._number("times", 1, MOST_TIMES, default=1)
        said = self._said(
            amount_minor=("amount_minor", self._amount),
            good_for_days=("good_for_days", self._days),
            open=("is_open", self._flag),
            position=("position", self._position),
        )
        if words := fault(price, times, said.get("amount_minor")):
            self._fault(str(words))
        return times, said

    def _amount(self, name: str) -> int | None:
        return None if self.raw[name] is None else self._number(name, 1, 10**12)

    def _days(self, name: str) -> int | None:
        return None if self.raw[name] is None else self._number(name, 1, _MOST_DAYS)


def read_gifts(reader: Reader, price: Mapping[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Give the gifts that the file names of a price (by the names of its columns). What is wrong is noted with the reader."""
    listed = reader.raw.get("gifts", [])
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        reader.faults.append(f"{reader.where}: gifts is no list of objects")
        return
    seen: set[int] = set()
    for number, raw in enumerate(listed, 1):
        each = GiftReader(raw, f"{reader.where}, gift {number}", reader.faults, reader.warnings)
        times, said = each.gift(price)
        if times in seen:
            reader.faults.append(f"{each.where}: stands twice")
        seen.add(times)
        yield times, said


def on_sale(*, now: datetime) -> list[LevelGift]:
    """Return the gifts that everybody may buy, with their prices and levels, in order: of levels that are listed and on sale.

    The price may be closed: a price can be for gifts alone.
    """
    rows = LevelGift.objects.select_related("price__level__group").filter(is_open=True)
    listed = rows.filter(price__level__in=selling.listed(now=now))
    return list(listed.order_by("price__level__position", "position", "price__level", "times", "pk"))


def find(pk: int, *, now: datetime) -> LevelGift | None:
    """Return a gift that is on sale, if it is."""
    return next((each for each in on_sale(now=now) if each.pk == pk), None)


def take(price: Price, times: int, said: Mapping[str, Any]) -> None:
    """Have a gift of a price be as the file says; what it leaves out stays."""
    LevelGift.objects.update_or_create(price=price, times=times, defaults=dict(said))
