"""From a customer's ledger to rows of memberships: levels are resolved here, late, with what is known by now."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from goodstanding.billing.models import GatewayCustomer
from goodstanding.billing.recording import price_list
from goodstanding.catalogue.knowledge import Knowledge
from goodstanding.catalogue.models import POLICIES
from goodstanding.core.alarms import Alarm
from goodstanding.core.facts import PriceHints
from goodstanding.core.ids import derived
from goodstanding.core.ledger import Ledger
from goodstanding.core.places import Place, Placed, place
from goodstanding.core.records import MembershipRecord, Terms
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


TERMS = ("grace_days", "prepaid_grace_days", *POLICIES)  # columns of a span that keep what was promised


def terms_columns(terms: Terms) -> dict[str, Any]:
    """Return what was promised as a span's row has it."""
    return {name: getattr(terms, name) for name in TERMS}


def digest(found: Placed) -> str:
    """Return a digest of everything that :func:`write` writes."""
    content = [
        (each.key, each.items, each.record.begun_at.isoformat(), [repr(span) for span in each.record.levels])
        for each in found.places
    ]
    return hashlib.sha256(json.dumps([content, [repr(alarm) for alarm in found.alarms]]).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a customer's memberships, unsaved. Which of the memberships are open depends on the member's others."""

    memberships: list[Membership]
    spans: list[LevelSpan]
    items: list[MembershipItem]


def rows_of(found: Placed, customer: GatewayCustomer, knowledge: Knowledge, *, time_zone: str) -> Rows:
    """Return the rows that a customer's memberships come to: pure, nothing is read or written."""
    rows = Rows([], [], [])
    for each in found.places:
        membership = _membership(each, customer, knowledge, time_zone)
        rows.memberships.append(membership)
        rows.spans.extend(
            LevelSpan(
                id=derived("lvl", membership.id, span.since.isoformat()),
                membership_id=membership.id,
                since=span.since,
                level_id=span.level,
                **terms_columns(span.terms),
            )
            for span in each.record.levels
        )
        named = (derived("itm", customer.gateway_account_id, item) for item in each.items)
        rows.items.extend(MembershipItem(item_id=item, membership_id=membership.id) for item in named)
    return rows


def write(found: Placed, customer: GatewayCustomer, knowledge: Knowledge, *, time_zone: str) -> None:
    """Write the rows of a customer's memberships over what stood there, and its alarms."""
    write_alarms(found.alarms, customer)
    rows = rows_of(found, customer, knowledge, time_zone=time_zone)
    kept = [row.id for row in rows.memberships]
    Membership.objects.filter(member_id=customer.member_id, is_open=True).update(is_open=False)
    known_zones = dict(Membership.objects.filter(id__in=kept).values_list("id", "time_zone"))
    for row in rows.memberships:
        row.time_zone = known_zones.get(row.id, row.time_zone)  # frozen when the membership began
    Membership.objects.bulk_create(
        rows.memberships,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["member", "customer", "level", "exclusive_group", "begun_at", "is_open"],
    )
    LevelSpan.objects.filter(membership__customer=customer).exclude(id__in=[span.id for span in rows.spans]).delete()
    LevelSpan.objects.bulk_create(
        rows.spans,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["membership", "since", "level", *TERMS],
    )
    MembershipItem.objects.bulk_create(
        rows.items, update_conflicts=True, unique_fields=["item"], update_fields=["membership"]
    )
    seats = MembershipItem.objects.filter(membership__customer=customer)
    seats.exclude(item__in=[row.item_id for row in rows.items]).delete()
    Membership.objects.filter(customer=customer).exclude(id__in=kept).delete()
    everything = Membership.objects.filter(member_id=customer.member_id)
    Membership.objects.filter(id__in=latest_of(everything)).update(is_open=True)


def alarm_rows(alarms: Sequence[Alarm], customer: GatewayCustomer) -> list[AlarmRow]:
    """Return the rows of a customer's alarms, unsaved."""
    return [
        AlarmRow(
            id=derived("alm", customer.pk, alarm.code, alarm.about),
            customer=customer,
            code=alarm.code,
            about=alarm.about,
            words=alarm.words,
        )
        for alarm in {(alarm.code, alarm.about): alarm for alarm in alarms}.values()
    ]


def write_alarms(alarms: Sequence[Alarm], customer: GatewayCustomer) -> None:
    """Write a customer's alarms, and take away those that no longer hold."""
    rows = alarm_rows(alarms, customer)
    AlarmRow.objects.filter(customer=customer).exclude(id__in=[row.id for row in rows]).delete()
    AlarmRow.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["id"], update_fields=["customer", "code", "about", "words"]
    )


def latest_of(memberships: Iterable[Membership]) -> list[str]:
    """Return which of a member's memberships are open: of those at one level, or in a group of one, the one begun last."""
    taken: set[tuple[str, str]] = set()
    latest = []
    for row in sorted(memberships, key=lambda row: (row.begun_at, row.id), reverse=True):
        claims = {("level", row.level_id)} | ({("group", row.exclusive_group_id)} if row.exclusive_group_id else set())
        if not claims & taken:
            taken |= claims
            latest.append(row.id)
    return latest


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
