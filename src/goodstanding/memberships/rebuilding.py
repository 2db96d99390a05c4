"""Making everything anew from the facts, and saying where the records differ from it (``check --rebuild``, I4).

Facts and decisions are the truth; the rest (objects, the ledger's rows, memberships, standing) must come out the same
when it is made again from nothing but them. A difference is named and mended.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models, transaction

from goodstanding import conf
from goodstanding.billing import projecting, recording
from goodstanding.billing.models import GatewayCustomer, ObjectState
from goodstanding.billing.objects import States
from goodstanding.billing.projecting import Rows
from goodstanding.catalogue import knowledge
from goodstanding.catalogue.knowledge import Knowledge
from goodstanding.core import codec
from goodstanding.core.ledger import Ledger, grouped
from goodstanding.core.places import Placed
from goodstanding.memberships import placing
from goodstanding.memberships.documents import Document
from goodstanding.memberships.models import LevelSpan, Membership, MemberStanding
from goodstanding.memberships.reading import facts_of, records_of
from goodstanding.memberships.refresh import entries, row_of

BATCH = 500


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
        differences = list(_rebuild(customers))
    return (customers[-1].pk if len(customers) == BATCH else ""), len(customers), differences


def rebuild_standing(*, after: str = "") -> tuple[str, int, list[Difference]]:
    """Compute one batch of members' standing anew from the records, and mend the rows that differ; as above."""
    with transaction.atomic():
        rows = list(MemberStanding.objects.filter(pk__gt=after).order_by("pk").select_for_update()[:BATCH])
        records = records_of([row.pk for row in rows])
        differences = []
        for row in rows:
            fresh = entries(records.get(row.pk, []), row.as_of)
            if fresh != row.outlook:
                differences.append(Difference(MemberStanding._meta.label, row.pk))
                _mend_standing(row, fresh)
    return (rows[-1].pk if len(rows) == BATCH else ""), len(rows), differences


def _rebuild(customers: Sequence[GatewayCustomer]) -> Iterator[Difference]:
    known = knowledge.current()
    told = facts_of([customer.pk for customer in customers])
    fresh: dict[str, States] = {}
    for customer in customers:
        fresh[customer.pk] = grouped(codec.decode(body) for body in told.get(customer.pk, []))
    yield from _objects(customers, fresh)
    rows, places = Rows(), []
    for customer in customers:
        ledger = Ledger(fresh[customer.pk])
        found = placing.placed(ledger, customer, known)
        if found.places or customer.ours:
            _gather(rows, projecting.rows_for(ledger, set(ledger.objects), customer))
            if customer.account != projecting.account_of(customer, ledger) or not customer.ours:
                yield Difference(GatewayCustomer._meta.label, customer.pk)
        if customer.member_id:
            places.append((customer, found))
    yield from _tables(rows)
    yield from _memberships(places, known)


def _objects(customers: Sequence[GatewayCustomer], fresh: dict[str, States]) -> Iterator[Difference]:
    there: defaultdict[str, dict[tuple[str, str], Any]] = defaultdict(dict)
    stored = ObjectState.objects.filter(customer__in=[customer.pk for customer in customers]).order_by()
    for owner, kind, ref, facts in stored.values_list("customer_id", "kind", "ref", "facts"):
        there[owner or ""][(kind, ref)] = facts
    wrong = []
    for customer in customers:
        for key, facts in fresh[customer.pk].items():
            if there[customer.pk].get(key) != [codec.encode(fact) for fact in facts]:
                wrong.append(recording.state_row(key, facts, account=customer.gateway_account_id, customer=customer.pk))
        for key in set(there[customer.pk]) - set(fresh[customer.pk]):
            yield Difference(ObjectState._meta.label, "|".join(key))
            ObjectState.objects.filter(customer=customer, kind=key[0], ref=key[1]).delete()
    for row in wrong:
        yield Difference(ObjectState._meta.label, f"{row.kind}|{row.ref}")
    recording.write_states(wrong)


def _gather(into: Rows, rows: Rows) -> None:
    for name in vars(rows):
        getattr(into, name).extend(getattr(rows, name))


def _tables(rows: Rows) -> Iterator[Difference]:
    wrong = Rows()
    for name, table in vars(rows).items():
        differing = _differing(table)
        for row in differing:
            yield Difference(type(row)._meta.label, row.pk)
        getattr(wrong, name).extend(differing)
    projecting.write(wrong)


def _differing(table: Sequence[models.Model]) -> list[models.Model]:
    """The rows that stand in the database with other content, or not at all."""
    if not table:
        return []
    model = type(table[0])
    names = [field.attname for field in model._meta.concrete_fields]
    manager: Any = model._default_manager
    stored = {
        row[0]: row for row in manager.filter(pk__in=[row.pk for row in table]).order_by().values_list("pk", *names)
    }
    return [row for row in table if stored.get(row.pk) != (row.pk, *(getattr(row, name) for name in names))]


def _memberships(places: Sequence[tuple[GatewayCustomer, Placed]], known: Knowledge) -> Iterator[Difference]:
    customers = [customer.pk for customer, _ in places]
    spans: defaultdict[str, set[tuple[Any, ...]]] = defaultdict(set)
    stored = LevelSpan.objects.filter(membership__customer__in=customers).order_by()
    for owner, *span in stored.values_list(
        "membership__customer_id", "membership_id", "since", "level_id", "grace_days"
    ):
        spans[owner].add(tuple(span))
    begun: defaultdict[str, set[tuple[Any, ...]]] = defaultdict(set)
    memberships = Membership.objects.filter(customer__in=customers).order_by()
    for owner, *row in memberships.values_list("customer_id", "pk", "begun_at", "level_id", "member_id"):
        begun[owner or ""].add(tuple(row))
    for customer, found in places:
        wanted_spans, wanted = set(), set()
        for each in found.places:
            pk = placing.membership_id(customer, each.key)
            wanted.add((pk, each.record.begun_at, each.record.levels[-1].level, customer.member_id))
            wanted_spans |= {(pk, span.since, span.level, span.terms.grace_days) for span in each.record.levels}
        if wanted != begun[customer.pk] or wanted_spans != spans[customer.pk]:
            yield Difference(Membership._meta.label, customer.pk)
            placing.write(found, customer, known, time_zone=conf.time_zone().key)
            GatewayCustomer.objects.filter(pk=customer.pk).update(placed=placing.digest(found))


def _mend_standing(row: MemberStanding, fresh: list[Document]) -> None:
    mended = row_of(row.pk, fresh, row.as_of, decided=row.decided)
    mended.save(force_update=True)
