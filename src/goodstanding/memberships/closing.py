"""Closing a membership: by another level of its group, or by staff. Its coverage ends there, and so do its subscriptions.

The decision is a row; what a gateway bills ends there by an errand. Whatever is told later of the old subscription does not
open the membership again, and what is bought after it is not touched (G11).
"""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from goodstanding.audit.services import note
from goodstanding.billing import recording
from goodstanding.billing.models import GatewayCustomer, Subscription
from goodstanding.catalogue.models import Price
from goodstanding.core.fold import ENDED
from goodstanding.core.records import Status
from goodstanding.core.standing import judge
from goodstanding.memberships import ending, services
from goodstanding.memberships.closings import Closing
from goodstanding.memberships.models import Membership
from goodstanding.memberships.reading import records_of
from goodstanding.people.models import Member

OVER = (Status.NONE, Status.LAPSED)


def close(
    membership: Membership, *, changed: bool = False, by: Any = None, reason: str = "", now: datetime
) -> Closing | None:
    """Close a membership from ``now`` on; its subscriptions end, here or at their gateway. Nothing is given back.

    ``changed``: another level takes its place; else staff (``by``, with a ``reason``) end it. ``None`` where it is over
    already. Raises :class:`goodstanding.memberships.services.DecisionRefused` where staff say no reason.
    """
    if not changed and not reason.strip():
        raise services.DecisionRefused(_("Say why: the member may ask."))
    with transaction.atomic():
        _lock_customers(membership.member)
        if not _is_held(membership, now=now):
            return None
        for subscription in _subscriptions(membership):
            try:
                ending.end_now(subscription, now=now)
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


def close_others(member: Member, price: Price, *, but: Container[str], now: datetime) -> list[Closing]:
    """Close what a new membership at ``price`` (with its level and group) replaces, in a group that allows one level.

    ``but``: the references of the subscriptions that were just bought. Twice, it closes nothing more (P19, P20).
    """
    if price.level.group.allows_several:
        return []
    rows = Membership.objects.filter(member=member, level__group=price.level.group_id).exclude(level=price.level_id)
    closed = []
    for row in rows.prefetch_related("items__item__subscription").order_by("begun_at", "id"):
        if any(each.item.subscription.external_id in but for each in row.items.all()):
            continue
        made = close(row, changed=True, now=now)
        closed += [made] if made is not None else []
    return closed


def _lock_customers(member: Member) -> None:
    """Lock all customers of a member before his standing, in one order, as whoever takes in facts does."""
    for customer in GatewayCustomer.objects.filter(member=member).select_related("gateway_account").order_by("pk"):
        recording.locked_customer(customer.gateway_account, customer.external_id, wanted=False)


def _is_held(membership: Membership, *, now: datetime) -> bool:
    records = records_of([membership.member_id]).get(membership.member_id, [])
    record = next((each for each in records if each.ref == membership.pk), None)
    if record is None:
        return False
    return judge(record, now).status not in OVER or bool(_subscriptions(membership))


def _subscriptions(membership: Membership) -> list[Subscription]:
    rows = Subscription.objects.filter(items__seat__membership=membership, items__is_current=True)
    live = rows.exclude(status__in=[str(status) for status in ENDED]).select_related("gateway_account", "customer")
    return list(live.distinct().order_by("begun_at", "id"))
