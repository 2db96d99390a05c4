"""Redeeming a gift, money or a level: first what it would give is shown, then it is taken. What is refused loses nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from goodstanding import conf
from goodstanding.billing.models import GiftCard
from goodstanding.catalogue.models import Price
from goodstanding.checkout import capacity, holding
from goodstanding.checkout.refusals import Refused
from goodstanding.core.periods import PeriodRefused
from goodstanding.core.pricing import Quote
from goodstanding.core.records import FOR_LIFE
from goodstanding.memberships import closing, extending, gift_cards, gift_levels, retrying
from goodstanding.memberships.gift_cards import NotRedeemed
from goodstanding.people.models import Member

_RENEWS = _lazy(
    "You hold something of this kind, and it renews by itself: stop its renewal first, then redeem the gift."
)
_HOLDS_OTHER = _lazy("You hold something else of this kind: redeem the gift once that has ended.")


@dataclass(frozen=True, slots=True)
class Promised:
    """What a code gives: money, or (``quote``) a level for a term. ``gift``: with its level, where it gives one."""

    gift: GiftCard
    quote: Quote | None = None


def look(typed: str, *, member: Member | None, now: datetime) -> Promised:
    """Return what a code would give, to ``member`` where it is known who redeems it. Writes nothing.

    Raises :class:`NotRedeemed`, with the reason in words: the same that :func:`redeem` would say.
    """
    found = gift_cards.find(typed)
    row = GiftCard.objects.told().select_related("gives__level__group", "bought_by").get(pk=found.pk)
    if row.gives is None:
        gift_cards.require_good(row, member, now=now)
        return Promised(row)
    gift_levels.require_for(row, member, now=now)
    try:
        quote = gift_levels.quote_of(row, now=now, member=member)
    except PeriodRefused as refused:
        raise NotRedeemed("over", _("This gift gives nothing any more: its time is over. Ask the staff.")) from refused
    if member is not None:
        require_may_have(member, row.gives, start=quote.start, until=row.expires_at, now=now)
    return Promised(row, quote)


def redeem(member: Member, typed: str, *, now: datetime) -> Promised:
    """Redeem a gift for a member, once, and return what he got. Not to be called in a transaction.

    Raises :class:`NotRedeemed`: then nothing has changed, and a gift that is good stays good.
    """
    promised = look(typed, member=member, now=now)
    if promised.quote is None:
        return Promised(gift_cards.redeem(member, typed, now=now))
    return Promised(promised.gift, gift_levels.redeem(promised.gift, member, now=now))


def require_may_have(member: Member, price: Price, *, start: datetime, until: datetime | None, now: datetime) -> None:
    """Raise :class:`NotRedeemed` where what a gift gives from ``start`` on would take the place of something, which it never
    does: where the member holds the level of ``price`` (with its group) by something that renews, or for life, or another
    one of a group that allows one; and where it is full. ``until``: so long it can wait.
    """
    if _renews(member, price):
        raise NotRedeemed("active", f"{_RENEWS} {_waits(until)}")
    for other in closing.replaced(member, price, start=start, now=now):
        if other.renews or other.until is None or other.until >= FOR_LIFE:
            raise NotRedeemed("active", f"{_RENEWS if other.renews else _HOLDS_OTHER} {_waits(until)}")
        said = _("You hold something else of this kind until %(day)s: redeem the gift after that.")
        raise NotRedeemed("active", f"{said % {'day': _day(other.until)}} {_waits(until)}")
    covered = extending.covered_until(member, price, now=now)
    if covered is not None and covered >= FOR_LIFE:
        raise NotRedeemed("for_life", f"{_('You hold this for life already.')} {_waits(until)}")
    try:
        capacity.require_place([price], member=member, now=now)
    except Refused as full:
        raise NotRedeemed("full", f"{full.words} {_waits(until)}") from full


def _renews(member: Member, price: Price) -> bool:
    """Whether he holds this level by something that renews. What was stopped, and is not overdue, ends before the gift begins."""
    same = holding.renewing(member).filter(items__seat__membership__level=price.level_id)
    return same.filter(Q(ends_at=None) | Q(status__in=retrying.OVERDUE)).exists()


def _waits(until: datetime | None) -> str:
    """That the gift is not lost, and how long it can wait."""
    if until is None:
        return _("The gift is not lost: its code stays good, also for somebody else.")
    said = {"day": _day(until)}
    return _("The gift is not lost: its code is good until %(day)s, also for somebody else.") % said


def _day(moment: datetime) -> str:
    return date_format(moment.astimezone(conf.time_zone()), "DATE_FORMAT")
