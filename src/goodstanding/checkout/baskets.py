"""What somebody wants to buy, as a page or a program says it: checked, and kept with the checkout as it was said."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from goodstanding import conf
from goodstanding.catalogue import selling
from goodstanding.catalogue.models import Price
from goodstanding.checkout.codes import NOTHING, Codes, Held
from goodstanding.checkout.refusals import Refused
from goodstanding.core import codec
from goodstanding.core.money import Money
from goodstanding.core.tax import NoSuchPlace, read_place
from goodstanding.memberships import buying
from goodstanding.memberships.buying import Basket, Wish
from goodstanding.people.models import Member

MOST_ITEMS = 10
MOST_SEATS = 1000
LARGEST_MINOR = 10**11  # an amount that somebody names himself: no gateway takes more


@dataclass(frozen=True, slots=True)
class Item:
    """One price that is wanted (by public id, with its level's slug): ``amount_minor`` where the payer says what to pay,
    further ``seats``, and how many ``times`` the term at once.
    """

    level: str
    price: str
    amount_minor: int | None = None
    seats: int = 0
    times: int = 1


@dataclass(frozen=True, slots=True)
class Wanted:
    """All that is wanted at once. ``donation_minor``: on top, with each renewal where it ``recurs``. ``place``: where the
    payer is, for taxes. ``code``: a discount code, or several with commas between them, as typed.
    """

    items: tuple[Item, ...]
    donation_minor: int = 0
    donation_recurs: bool = False
    place: str = ""
    code: str = ""

    @property
    def prices(self) -> list[str]:
        """The public ids of what is wanted, the one that the page is about first."""
        return [item.price for item in self.items]


def only(price: Price, *, place: str = "") -> Wanted:
    """Return the wish for one price and nothing beside it."""
    return Wanted((Item(price.level_id, price.pk),), place=place)


def to_json(wanted: Wanted) -> dict[str, Any]:
    """Return a wish as plain values, to be kept."""
    return codec.plain(wanted)


def from_json(data: Mapping[str, Any]) -> Wanted:
    """Return the wish that :func:`to_json` wrote. Raises ``KeyError``, ``TypeError`` or ``ValueError`` for anything else."""
    return codec.read(Wanted, dict(data))


def prices_of(
    wanted: Wanted, *, now: datetime, known: Sequence[Price] = (), opened: Container[str] = ()
) -> list[Price]:
    """Return the prices of a wish, each with its level and group, if all of it may be bought together ``now``.

    ``known``: prices that were found to be on sale a moment ago. ``opened``: closed levels that the code of the wish opens.
    Raises :class:`Refused`.
    """
    if not 1 <= len(wanted.items) <= MOST_ITEMS:
        raise Refused("too_many_items", _("Choose between one and %(most)d things at once.") % {"most": MOST_ITEMS})
    there = {price.pk: price for price in known}
    found, groups = [], set()
    for item in wanted.items:
        price = there.get(item.price)
        if price is None or price.level_id != item.level:
            price = _offered(item, now=now, opened=opened)
        found.append(price)
        if price.level_id in {each.level_id for each in found[:-1]}:
            raise Refused("twice", _("“%(level)s” is chosen twice. Take it once.") % {"level": price.level.name})
        if price.level.group_id in groups:
            raise Refused(
                "one_of_group",
                _("“%(level)s” cannot be held together with another one that you chose. Take one of them.")
                % {"level": price.level.name},
            )
        if not price.level.group.allows_several:
            groups.add(price.level.group_id)
    return found


def basket_of(wanted: Wanted, prices: Sequence[Price], *, codes: Codes | None = None) -> Basket:
    """Return the basket of a wish and its prices. ``codes``: what the code of the wish comes to, by price.

    Raises :class:`Refused` where something is wanted that is not sold with it.
    """
    held, first = codes or {}, prices[0]
    if not 0 <= wanted.donation_minor <= LARGEST_MINOR:
        raise Refused("not_a_donation", _("A donation is more than nothing. Leave it empty to give none."))
    if wanted.donation_minor and not first.level.takes_donations:
        raise Refused("no_donations", _("“%(level)s” takes no donation on top.") % {"level": first.level.name})
    try:
        place = read_place(wanted.place)
    except NoSuchPlace:
        words = _("Write the country by its two letters, such as DE, or with a region, such as US-CA.")
        raise Refused("bad_place", words) from None
    wishes = [_wish(item, price, held.get(price.pk, NOTHING)) for item, price in zip(wanted.items, prices, strict=True)]
    return Basket(
        tuple(wishes),
        donation=Money(wanted.donation_minor, first.currency) if wanted.donation_minor else None,
        donation_recurs=wanted.donation_recurs and first.renews,
        place=place,
    )


def place_of(member: Member | None) -> str:
    """Return where a payer is as far as is known: as he said the last time, else where the site is."""
    last = member.checkouts.order_by("-begun_at", "pk").values_list("basket", flat=True).first() if member else None
    return str((last or {}).get("place", "")) or conf.PLACE.value()


def with_place(wanted: Wanted, prices: Sequence[Price], place: str) -> Wanted:
    """Return the wish with the payer's place, where something of it is taxed; else without one: nobody need know it."""
    return replace(wanted, place=place if any(price.taxed for price in prices) else "")


def _offered(item: Item, *, now: datetime, opened: Container[str]) -> Price:
    try:
        return selling.offered(item.level, item.price, now=now, opened=opened)
    except selling.NotForSale as refusal:
        raise Refused(str(refusal.code), refusal.words) from None


def _wish(item: Item, price: Price, code: Held) -> Wish:
    if not 0 <= item.seats <= MOST_SEATS:
        raise Refused("too_many_seats", _("So many seats cannot be bought at once. Please ask the staff."))
    if item.seats and buying.terms_of(price).seat is None:
        raise Refused("no_seats", _("“%(level)s” sells no further seats.") % {"level": price.level.name})
    amount = None
    if item.amount_minor is not None:
        if not 0 <= item.amount_minor <= LARGEST_MINOR:
            raise Refused("bad_amount", _("This is no amount that can be paid here."))
        amount = Money(item.amount_minor, price.currency)
    return Wish(price, amount, item.seats, item.times, code.codes, code.interval)
