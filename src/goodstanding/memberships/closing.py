"""Closing a membership: by another level of its group, or by staff. Its coverage ends there, and so do its subscriptions.

The decision is a row; what a gateway bills ends there by an errand. Whatever is told later of the old subscription does not
open the membership again, and what is bought after it is not touched (G11).
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from goodstanding.audit.services import note
from goodstanding.billing import recording
from goodstanding.billing.models import Errand, GatewayCustomer, Subscription
from goodstanding.catalogue.models import Price
from goodstanding.core.fold import ENDED, SubscriptionStatus
from goodstanding.core.records import FOR_LIFE, MembershipRecord, Status
from goodstanding.core.standing import Answer, judge
from goodstanding.jobs import services as jobs
from goodstanding.memberships import ending, services
from goodstanding.memberships.closings import Closing
from goodstanding.memberships.models import Membership
from goodstanding.memberships.reading import records_of
from goodstanding.people.models import Member

OVER = (Status.NONE, Status.LAPSED)
END_CLOSED = "memberships.end_closed"  # the job that ends what could not be ended while a payment of it was under way
AGAIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Replaced:
    """What a new membership takes the place of: covered ``until`` (``None``: not any more); whether it ``renews``."""

    membership: Membership
    until: datetime | None
    renews: bool


def close(
    membership: Membership, *, changed: bool = False, by: Any = None, reason: str = "", now: datetime
) -> Closing | None:
    """Close a membership from ``now`` on; its subscriptions end, here or at their gateway. Nothing is given back.

    ``changed``: another level takes its place; else staff (``by``, with a ``reason``) end it. ``None`` where it is over
    already. Raises :class:`goodstanding.memberships.services.DecisionRefused` where staff say no reason, and, where it is
    not ``changed``, :class:`goodstanding.memberships.ending.UnderWay` while a payment of it is under way.
    """
    if not changed and not reason.strip():
        raise services.DecisionRefused(_("Say why: the member may ask."))
    with transaction.atomic():
        _lock_customers(membership.member)
        if not _is_held(membership, now=now):
            return None
        for subscription in live(membership):
            try:
                ending.end_now(subscription, now=now)
            except ending.UnderWay:
                if not changed:
                    raise
                jobs.add(END_CLOSED, key=subscription.pk, due_at=now + AGAIN, now=now)
            except ending.CannotEnd:
                continue  # it ended in this very moment
        row = services.locked_standing(membership.member, now)
        made = Closing.objects.create(
            id=services.new_id("cls"),
            member=membership.member,
            membership=membership.pk,
            closed_at=now,
            changed=changed,
            reason=reason,
            by=by,
        )
        if by is not None:
            note(by=by, on=made, what="end membership", why=reason, now=now)
        services.decided(membership.member, row, now=now, cause=made.pk)
    return made


def end_closed(subscription: str, *, now: datetime) -> bool:
    """End a subscription (by its id) of a membership that was closed; return whether to try again, as it is being paid."""
    row = Subscription.objects.select_related("gateway_account", "customer").get(pk=subscription)
    try:
        ending.end_now(row, now=now)
    except ending.UnderWay:
        return True
    except ending.CannotEnd:
        return False
    return False


def replaced(
    member: Member, price: Price, *, start: datetime, now: datetime, but: Container[str] = ()
) -> list[Replaced]:
    """Return what a membership at ``price`` (with its level and group) that begins at ``start`` takes the place of: what the
    member holds at other levels of a group that allows one.

    Not a prepaid term that the new one goes on from: it runs to its end. Not what was never paid: it is nothing yet.
    ``but``: the references of the subscriptions that were just bought.
    """
    if price.level.group.allows_several:
        return []
    rows = Membership.objects.filter(member=member, level__group=price.level.group_id).exclude(level=price.level_id)
    rows = rows.select_related("level__group").prefetch_related("items__item__subscription").order_by("begun_at", "id")
    ending_there = _ending_there(member) if rows else set()
    found: list[Replaced] = []
    records = records_of([member.pk]).get(member.pk, []) if rows else []
    for row in rows:
        if any(each.item.subscription.external_id in but for each in row.items.all()):
            continue
        answer = _answer(row, records, now=now)
        begun = [
            each for each in live(row) if each.status != SubscriptionStatus.INCOMPLETE and each.pk not in ending_there
        ]
        runs = answer is not None and answer.status not in (*OVER, Status.PENDING)
        if begun or (runs and start <= now):
            until = (answer.covered_until or FOR_LIFE) if answer is not None and runs else now
            renews = any(each.ends_at is None for each in begun)
            found.append(Replaced(row, until if until > now else None, renews))
    return found


def _ending_there(member: Member) -> set[str]:
    """The subscriptions of a member, by their ids, that a gateway was asked to end at once and has not ended yet."""
    waiting = Errand.objects.filter(kind=Errand.Kind.END_NOW, state__in=(Errand.State.OPEN, Errand.State.PARKED))
    asked = waiting.filter(customer=OuterRef("customer"), target=OuterRef("external_id"))
    return set(Subscription.objects.filter(Exists(asked), customer__member=member).values_list("pk", flat=True))


def close_others(member: Member, price: Price, *, start: datetime, but: Container[str], now: datetime) -> list[Closing]:
    """Close what a new membership takes the place of (:func:`replaced`). Twice, it closes nothing more (P19, P20)."""
    found = replaced(member, price, start=start, now=now, but=but)
    closed = (close(each.membership, changed=True, now=now) for each in found)
    return [made for made in closed if made is not None]


def stands(membership: Membership, *, now: datetime) -> Answer | None:
    """Return the standing of one membership at ``now``; ``None`` where nothing is known of it."""
    records = records_of([membership.member_id]).get(membership.member_id, [])
    return _answer(membership, records, now=now)


def live(membership: Membership) -> list[Subscription]:
    """Return the subscriptions of a membership that have not ended."""
    rows = Subscription.objects.filter(items__seat__membership=membership, items__is_current=True)
    found = rows.exclude(status__in=[str(status) for status in ENDED]).select_related("gateway_account", "customer")
    return list(found.distinct().order_by("begun_at", "id"))


def _lock_customers(member: Member) -> None:
    """Lock all customers of a member before his standing, in one order, as whoever takes in facts does."""
    for customer in GatewayCustomer.objects.filter(member=member).select_related("gateway_account").order_by("pk"):
        recording.locked_customer(customer.gateway_account, customer.external_id, wanted=False)


def _is_held(membership: Membership, *, now: datetime) -> bool:
    answer = stands(membership, now=now)
    return answer is not None and (answer.status not in OVER or bool(live(membership)))


def _answer(membership: Membership, records: Sequence[MembershipRecord], *, now: datetime) -> Answer | None:
    record = next((each for each in records if each.ref == membership.pk), None)
    return judge(record, now) if record is not None else None
