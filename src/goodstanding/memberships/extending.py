"""What a purchase goes on from: who is covered already buys what comes after it, and pays for nothing twice."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from goodstanding import conf
from goodstanding.billing.models import InvoiceLine, Subscription
from goodstanding.catalogue.models import Interval as Chosen
from goodstanding.catalogue.models import Level, Price
from goodstanding.core.coverage import prepaid_since, prepaid_through
from goodstanding.core.fold import ENDED
from goodstanding.core.money import Money
from goodstanding.core.periods import Interval, Unit, start_of_day
from goodstanding.core.proration import in_a_year
from goodstanding.core.records import FOR_LIFE, MembershipRecord, Status
from goodstanding.memberships.documents import Document, from_moment
from goodstanding.memberships.models import MemberStanding
from goodstanding.memberships.reading import records_of
from goodstanding.people.models import Member

ONCE = Chosen.ONCE
COVERED = (Status.GOOD, Status.HELD, Status.GRACE)


@dataclass(frozen=True, slots=True)
class Extended:
    """What is bought begins at ``until``; the terms before it were counted from ``anchor``, where they were terms."""

    until: datetime
    anchor: datetime | None = None


def extended_by(member: Member, price: Price, *, now: datetime, is_given: bool = False) -> Extended | None:
    """Return what buying ``price`` (with its level and group) goes on from, or ``None`` where it begins now.

    Where the member is covered at that level, or in grace after it: its end. In a group that allows one level, also the end
    of a *prepaid* term at another one, unless the new price is the higher one: up at once, down at the end, as everywhere.
    What goes on from there, paid ahead at whichever level of such a group, comes first, dearer or not: its days are taken.
    Not where a subscription renews it: that one is stopped, and the new level begins at once. ``is_given``: it is a gift, a term
    whether or not the price renews, and takes no time from what is held: dearer or not, it begins where that ends.
    """
    outlook = _from_now_on(member, now=now)
    own = {price.level_id}
    group = own if price.level.group.allows_several else own | _levels_of(price.level.group_id)
    held = _covered_until(outlook, own)
    until = _prepaid_until(member, outlook, group - own, now=now) if held is None and group != own else held
    if until is None or until >= FOR_LIFE:
        return None
    records = _records(member, now)
    taken = prepaid_through(records, until, levels=group)
    is_last = taken == _covered_until(outlook[:1], group)  # nothing is yet to come after what is held now
    if held is None and is_last and not is_given and _is_dearer(price, member, until):
        return None
    if taken >= FOR_LIFE or is_held_to_the_end(price, taken):
        return None
    if price.renews and not is_given:
        return Extended(taken)
    return Extended(taken, prepaid_since(records, taken, levels=group))


def is_held_to_the_end(price: Price, until: datetime) -> bool:
    """Return whether who is covered ``until`` then has all that a price with a last day gives: nothing is left to buy."""
    return price.ends_on is not None and until >= start_of_day(price.ends_on + timedelta(days=1), tz=conf.time_zone())


def covered_until(member: Member, price: Price, *, now: datetime) -> datetime | None:
    """Return until when the member is covered at the level of ``price`` (in grace: was), or ``None`` where he is not.

    :data:`FOR_LIFE` where that never ends.
    """
    return _covered_until(_from_now_on(member, now=now), [price.level_id])


def _covered_until(outlook: list[Document], levels: Container[str]) -> datetime | None:
    until: datetime | None = None
    for document in outlook:
        if until is not None and datetime.fromisoformat(document["from"]) > until:
            break  # a gap
        for level in document["levels"]:
            if level["level"] in levels and level["status"] in COVERED:
                end = datetime.fromisoformat(level["covered_until"]) if level["covered_until"] else FOR_LIFE
                until = end if until is None else max(until, end)
        if until is None:
            break  # not covered now: what begins later is something else
    return until


def _levels_of(group: str) -> set[str]:
    return set(Level.objects.filter(group=group).values_list("pk", flat=True))


def _prepaid_until(member: Member, outlook: list[Document], levels: set[str], *, now: datetime) -> datetime | None:
    """Until when terms bought once cover the member at one of these levels, nothing of which renews."""
    until = _covered_until(outlook, levels)
    if until is None or until >= FOR_LIFE:
        return None
    rows = Subscription.objects.filter(customer__member=member, items__seat__membership__level__in=levels)
    if rows.exclude(status__in=[str(status) for status in ENDED]).exists():
        return None
    return until if prepaid_since(_records(member, now), until, levels=levels) is not None else None


def _is_dearer(price: Price, member: Member, until: datetime) -> bool:
    """Whether ``price`` costs more in a year than the prepaid term that ends at ``until``; a life always does."""
    lines = InvoiceLine.objects.filter(invoice__account__member=member, kind="prepaid", end_at=until)
    held = Price.objects.filter(pk__in=lines.values("price")).order_by("-amount_minor").first()
    if held is None:
        return False
    if ONCE in (price.interval, held.interval):
        return bool(held.interval != ONCE)
    return _in_a_year(price) > _in_a_year(held)


def _in_a_year(price: Price) -> Fraction:
    return in_a_year(Money(price.amount_minor, price.currency), Interval(Unit(price.interval), price.interval_count))


def _records(member: Member, now: datetime) -> list[MembershipRecord]:
    return [record.known_by(now) for record in records_of([member.pk]).get(member.pk, []) if record.begun_at <= now]


def _from_now_on(member: Member, *, now: datetime) -> list[Document]:
    """The member's standing now and each later one, as foreseen."""
    outlook = MemberStanding.objects.filter(pk=member.pk).values_list("outlook", flat=True).first()
    return from_moment(outlook, now) if outlook else []
