"""From a customer's ledger to rows of memberships: levels are resolved here, late, with what is known by now."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from goodstanding.billing.models import GatewayCustomer, SubscriptionItem
from goodstanding.billing.recording import price_list
from goodstanding.catalogue.knowledge import Knowledge
from goodstanding.core.facts import PriceHints
from goodstanding.core.ids import derived
from goodstanding.core.ledger import Ledger
from goodstanding.core.places import Alarm, Place, Placed, place
from goodstanding.core.records import MembershipRecord
from goodstanding.memberships.models import Alarm as AlarmRow
from goodstanding.memberships.models import LevelSpan, Membership, MembershipItem


def placed(ledger: Ledger, customer: GatewayCustomer, knowledge: Knowledge) -> Placed:
    """Return the memberships that a customer's facts make. Asks the gateway's price list only where a price tells nothing.

    Writes nothing. At most one query.
    """
    levels = knowledge.map_for(customer.gateway_account.gateway)

    def with_list(listed: Mapping[str, PriceHints]) -> Placed:
        return place(ledger, levels=levels, groups=knowledge.exclusive, terms_at=knowledge.terms_at, listed=listed)

    found = with_list({})
    if not found.unresolved:
        return found
    facts = (fact for told in ledger.objects.values() for fact in told)
    return with_list(price_list(customer.gateway_account, facts))


def membership_id(customer: GatewayCustomer, key: str) -> str:
    """Return the public id of the membership that a customer's item began."""
    return derived("mem", customer.gateway_account_id, key)


def records_of(found: Placed, customer: GatewayCustomer) -> list[MembershipRecord]:
    """Return the input of standing for a customer's memberships, by their public ids."""
    return [replace(each.record, ref=membership_id(customer, each.key)) for each in found.places]


def digest(found: Placed) -> str:
    """Return a digest of everything that :func:`write` writes."""
    content = [
        (each.key, each.items, each.record.begun_at.isoformat(), [repr(span) for span in each.record.levels])
        for each in found.places
    ]
    return hashlib.sha256(json.dumps([content, [repr(alarm) for alarm in found.alarms]]).encode()).hexdigest()


def write(found: Placed, customer: GatewayCustomer, knowledge: Knowledge, *, time_zone: str) -> None:
    """Write the rows of a customer's memberships over what stood there, and its alarms."""
    write_alarms(found.alarms, customer)
    assert customer.member_id, customer.pk
    rows = [_membership(each, customer, knowledge, time_zone) for each in found.places]
    kept = [row.id for row in rows]
    Membership.objects.filter(member_id=customer.member_id, is_open=True).update(is_open=False)
    known_zones = dict(Membership.objects.filter(id__in=kept).values_list("id", "time_zone"))
    for row in rows:
        row.time_zone = known_zones.get(row.id, row.time_zone)  # frozen when the membership began
    Membership.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["member", "customer", "level", "exclusive_group", "begun_at", "is_open"],
    )
    _write_spans(found.places, customer)
    _write_items(found.places, customer)
    Membership.objects.filter(customer=customer).exclude(id__in=kept).delete()
    _open_latest(customer.member_id)


def write_alarms(alarms: Sequence[Alarm], customer: GatewayCustomer) -> None:
    """Write a customer's alarms, and take away those that no longer hold."""
    rows = [
        AlarmRow(
            id=derived("alm", customer.pk, alarm.code, alarm.about),
            customer=customer,
            code=alarm.code,
            about=alarm.about,
            words=alarm.words,
        )
        for alarm in {(alarm.code, alarm.about): alarm for alarm in alarms}.values()
    ]
    AlarmRow.objects.filter(customer=customer).exclude(id__in=[row.id for row in rows]).delete()
    AlarmRow.objects.bulk_create(rows, ignore_conflicts=True)


def _membership(each: Place, customer: GatewayCustomer, knowledge: Knowledge, time_zone: str) -> Membership:
    assert customer.member_id, customer.pk
    level = each.record.levels[-1].level
    return Membership(
        id=membership_id(customer, each.key),
        member_id=customer.member_id,
        customer=customer,
        level_id=level,
        exclusive_group_id=knowledge.exclusive.get(level),
        begun_at=each.record.begun_at,
        is_open=False,
        time_zone=time_zone,
    )


def _write_spans(places: Sequence[Place], customer: GatewayCustomer) -> None:
    spans = []
    for each in places:
        membership = membership_id(customer, each.key)
        spans += [
            LevelSpan(
                id=derived("lvl", membership, span.since.isoformat()),
                membership_id=membership,
                since=span.since,
                level_id=span.level,
                grace_days=span.terms.grace_days,
                prepaid_grace_days=span.terms.prepaid_grace_days,
            )
            for span in each.record.levels
        ]
    LevelSpan.objects.filter(membership__customer=customer).exclude(id__in=[span.id for span in spans]).delete()
    LevelSpan.objects.bulk_create(
        spans, update_conflicts=True, unique_fields=["id"], update_fields=["level", "grace_days", "prepaid_grace_days"]
    )


def _write_items(places: Sequence[Place], customer: GatewayCustomer) -> None:
    wanted = {
        derived("itm", customer.gateway_account_id, item): membership_id(customer, each.key)
        for each in places
        for item in each.items
    }
    there = set(SubscriptionItem.objects.filter(id__in=list(wanted)).values_list("id", flat=True))
    rows = [
        MembershipItem(item_id=item, membership_id=membership) for item, membership in wanted.items() if item in there
    ]
    MembershipItem.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["item"], update_fields=["membership"]
    )


def _open_latest(member: str) -> None:
    """Of places that overlap at one level, or in a group of one, the one begun last is open."""
    taken: set[tuple[str, str]] = set()
    latest = []
    for row in Membership.objects.filter(member=member).order_by("-begun_at", "-id"):
        claims = {("level", row.level_id)} | ({("group", row.exclusive_group_id)} if row.exclusive_group_id else set())
        if not claims & taken:
            taken |= claims
            latest.append(row.id)
    Membership.objects.filter(id__in=latest).update(is_open=True)
