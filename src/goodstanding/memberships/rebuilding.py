"""Making everything anew from the facts, and saying where the records differ from it (``check --rebuild``, I4).

Facts and decisions are the truth; the rest (objects, the ledger's rows, memberships, standing) must come out the same
when it is made again from nothing but them. A difference is named and mended.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.db.models import Max, Q

from goodstanding import conf
from goodstanding.billing import projecting, recording
from goodstanding.billing.models import Fact, GatewayCustomer, ObjectState
from goodstanding.billing.objects import States
from goodstanding.billing.projecting import Rows
from goodstanding.catalogue import knowledge
from goodstanding.catalogue.knowledge import Knowledge
from goodstanding.core import codec
from goodstanding.core.ledger import Ledger, grouped
from goodstanding.core.places import Placed
from goodstanding.memberships import placing
from goodstanding.memberships.decisions import decisions_of
from goodstanding.memberships.following import alarms_of, kept_of
from goodstanding.memberships.models import Alarm, LevelSpan, Membership, MembershipItem, MemberStanding
from goodstanding.memberships.reading import facts_of, records_of
from goodstanding.memberships.refresh import entries, row_of
from goodstanding.people.models import Member

BATCH = 500

# By which of its fields a row of the ledger belongs to a billing account.
_ACCOUNT_BY = {"items": "subscription__account", "lines": "invoice__account"}


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that is not what the facts say. ``table`` and ``row`` name it; it has been mended."""

    table: str
    row: str


def rebuild_customers(*, after: str = "") -> tuple[str, int, list[Difference]]:
    """Make one batch of customers' records anew, and mend what differs.

    Returns the last customer's id (``""`` at the end), how many were done, and the differences. Call it outside a
    transaction; each batch is one.
    """
    with transaction.atomic():
        rows = GatewayCustomer.objects.filter(pk__gt=after).order_by("pk").select_for_update(of=("self",))
        customers = list(rows.select_related("gateway_account", "account")[:BATCH])
        differences = [] if after else list(_nobodys())
        differences += _rebuild(customers)
    return (customers[-1].pk if len(customers) == BATCH else ""), len(customers), differences


def rebuild_standing(*, after: str = "") -> tuple[str, int, list[Difference]]:
    """Compute one batch of members' standing anew from the records, and mend the rows that differ; as above."""
    with transaction.atomic():
        members = list(Member.objects.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:BATCH])
        rows = {row.pk: row for row in MemberStanding.objects.filter(pk__in=members).order_by("pk").select_for_update()}
        records, decided, latest = records_of(members), decisions_of(members), _latest_facts(members)
        differences = []
        for member in members:
            row, told = rows.get(member), latest.get(member)
            moments = [at for at in (row and row.as_of, told) if at]
            if not moments or (row is None and not records.get(member)):
                continue
            as_of = max(moments)
            decisions = member in decided or bool(row and row.decided)
            fresh = row_of(member, entries(records.get(member, []), as_of), as_of, decided=decisions)
            if row is None or _values(row) != _values(fresh):
                differences.append(Difference(MemberStanding._meta.label, member))
                fresh.save(force_insert=row is None, force_update=row is not None)
    return (members[-1] if len(members) == BATCH else ""), len(rows), differences


def _latest_facts(members: Sequence[str]) -> dict[str, datetime]:
    told = Fact.objects.filter(customer__member__in=members).order_by()
    return dict(told.values_list("customer__member").annotate(at=Max("happened_at")))


def _rebuild(customers: Sequence[GatewayCustomer]) -> Iterator[Difference]:
    known = knowledge.current()
    told = facts_of([customer.pk for customer in customers])
    fresh: dict[str, States] = {}
    for customer in customers:
        fresh[customer.pk] = grouped(codec.decode(body) for body in told.get(customer.pk, []))
    wanted = [row for customer in customers for row in _states(customer, fresh[customer.pk])]
    yield from _objects(wanted, ObjectState.objects.filter(customer__in=[customer.pk for customer in customers]))
    rows, found = Rows(), {}
    for customer in customers:
        ledger = Ledger(fresh[customer.pk])
        found[customer.pk] = placing.placed(ledger, customer, known)
        yield from _customer(customer, ledger, found[customer.pk])
        if customer.ours:
            _gather(rows, projecting.rows_for(ledger, set(ledger.objects), customer))
    yield from _ledger(rows, [projecting.account_id(customer) for customer in customers])
    yield from _memberships([customer for customer in customers if customer.ours], found, known)


def _nobodys() -> Iterator[Difference]:
    """The price list, and what waits until it is known whose it is."""
    told: defaultdict[str, list[Any]] = defaultdict(list)
    for account, body in Fact.objects.filter(customer=None).order_by().values_list("gateway_account_id", "body"):
        told[account].append(codec.decode(body))
    wanted = [
        recording.state_row(key, facts, account=account, customer=None)
        for account, facts_told in told.items()
        for key, facts in grouped(facts_told).items()
    ]
    owned = ObjectState.objects.filter(pk__in=[row.pk for row in wanted]).exclude(customer=None)
    elsewhere = set(owned.values_list("pk", flat=True))
    yield from _objects([row for row in wanted if row.pk not in elsewhere], ObjectState.objects.filter(customer=None))


def _states(customer: GatewayCustomer, fresh: States) -> Iterator[ObjectState]:
    for key, facts in fresh.items():
        yield recording.state_row(key, facts, account=customer.gateway_account_id, customer=customer.pk)


def _objects(wanted: Sequence[ObjectState], stored: models.QuerySet[ObjectState]) -> Iterator[Difference]:
    wrong, extra = _compared(wanted, stored)
    yield from _named(ObjectState, [row.pk for row in wrong] + extra)
    ObjectState.objects.filter(pk__in=extra).delete()
    recording.write_states(wrong)


def _customer(customer: GatewayCustomer, ledger: Ledger, found: Placed) -> Iterator[Difference]:
    """The customer's own row, and its billing account's."""
    wanted = kept_of(customer, ledger, found)
    if wanted["ours"]:
        account = projecting.account_of(customer, ledger)
        if (
            customer.account_id != account.pk
            or customer.account is None
            or _values(customer.account) != _values(account)
        ):
            yield Difference(account._meta.label, account.pk)
            account.save()
        wanted["account_id"] = account.pk
    if customer.member_id:
        wanted["placed"] = placing.digest(found) if wanted["ours"] else customer.placed
    if any(getattr(customer, name) != value for name, value in wanted.items()):
        yield Difference(customer._meta.label, customer.pk)
        GatewayCustomer.objects.filter(pk=customer.pk).update(**wanted)
    for name, value in wanted.items():
        setattr(customer, name, value)


def _gather(into: Rows, rows: Rows) -> None:
    for name in vars(rows):
        getattr(into, name).extend(getattr(rows, name))


def _ledger(rows: Rows, accounts: Sequence[str]) -> Iterator[Difference]:
    wrong, extras = Rows(), []
    for name, model in projecting.TABLES.items():
        stored = model._default_manager.filter(**{f"{_ACCOUNT_BY.get(name, 'account')}__in": accounts})
        differing, extra = _compared(getattr(rows, name), stored)
        yield from _named(model, [row.pk for row in differing] + extra)
        getattr(wrong, name).extend(differing)
        extras.append(model._default_manager.filter(pk__in=extra))
    for surplus in reversed(extras):  # lines before invoices, items before subscriptions
        surplus.delete()
    projecting.write(wrong, mending=True)


def _memberships(
    customers: Sequence[GatewayCustomer], found: Mapping[str, Placed], known: Knowledge
) -> Iterator[Difference]:
    zone = conf.time_zone().key
    rows = [placing.rows_of(found[each.pk], each, known, time_zone=zone) for each in customers if each.member_id]
    memberships = [row for each in rows for row in each.memberships]
    _mark_open(memberships, customers)
    alarms = [row for each in customers for row in placing.alarm_rows(alarms_of(each, found[each.pk]), each)]
    whose = {row.id: row.customer_id for row in memberships}
    wrong: set[str | None] = set()
    tables: list[tuple[type[models.Model], Sequence[Any], str]] = [
        (Alarm, alarms, "customer"),
        (Membership, memberships, "customer"),
        (LevelSpan, [row for each in rows for row in each.spans], "membership__customer"),
        (MembershipItem, [row for each in rows for row in each.items], "membership__customer"),
    ]
    for model, wanted, path in tables:
        stored = model._default_manager.filter(**{f"{path}__in": customers})
        differing, extra = _compared(wanted, stored, without="time_zone")  # frozen when the membership began
        yield from _named(model, [row.pk for row in differing] + extra)
        wrong |= {getattr(row, "customer_id", None) or whose[row.membership_id] for row in differing}
        wrong |= set(stored.filter(pk__in=extra).values_list(path, flat=True))
    for customer in customers:
        if customer.pk in wrong and customer.member_id:
            placing.write(found[customer.pk], customer, known, time_zone=zone)
        elif customer.pk in wrong:
            placing.write_alarms(alarms_of(customer, found[customer.pk]), customer)


def _mark_open(memberships: Sequence[Membership], customers: Sequence[GatewayCustomer]) -> None:
    """Which are open depends on all of a member's: those that staff made, and those of his other customers, too."""
    members: defaultdict[str, list[Membership]] = defaultdict(list)
    others = Membership.objects.filter(member__in={row.member_id for row in memberships})
    for row in (*memberships, *others.filter(Q(customer=None) | ~Q(customer__in=customers))):
        members[row.member_id].append(row)
    latest = {pk for rows in members.values() for pk in placing.latest_of(rows)}
    for row in memberships:
        row.is_open = row.id in latest


def _compared(wanted: Sequence[Any], stored: models.QuerySet[Any], *, without: str = "") -> tuple[list[Any], list[str]]:
    """Return the wanted rows that stand in the database otherwise or not at all, and what stands there beyond them."""
    columns = [field.attname for field in stored.model._meta.concrete_fields if field.attname != without]
    there = {row[0]: row[1:] for row in stored.order_by().values_list("pk", *columns)}
    differing = [row for row in wanted if there.pop(row.pk, None) != tuple(getattr(row, name) for name in columns)]
    return differing, sorted(there)


def _named(model: type[models.Model], rows: Iterable[str]) -> Iterator[Difference]:
    return (Difference(model._meta.label, row) for row in rows)


def _values(row: models.Model) -> tuple[Any, ...]:
    return tuple(getattr(row, field.attname) for field in row._meta.concrete_fields)
