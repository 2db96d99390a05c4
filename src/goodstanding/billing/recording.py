"""Keeping what was told: facts once each, and what the facts of each object come to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.db import models
from django.db.models import Q
from django.db.models.functions import Cast

from goodstanding.billing.models import Fact as FactRow
from goodstanding.billing.models import GatewayCustomer, ObjectState
from goodstanding.billing.objects import Facts, Memory, Objects
from goodstanding.core import codec
from goodstanding.core.facts import (
    DisputeSeen,
    Fact,
    InvoicePaymentFailed,
    InvoiceSeen,
    PaymentLinked,
    PaymentSeen,
    PriceHints,
    PriceSeen,
    ProductSeen,
    RefundSeen,
)
from goodstanding.core.fold import Key, condense, key_of
from goodstanding.core.ids import derived
from goodstanding.core.levels import joined
from goodstanding.gateways.models import GatewayAccount
from goodstanding.jobs.writing import Writes

MEMORY = Memory()
STATE = ("customer", "link_one", "link_two", "facts")  # what changes of an object's row


@dataclass
class Told:
    """The objects of one customer as they stand after something was told of them. ``new``: those not known before."""

    objects: MutableMapping[Key, tuple[Fact, ...]]
    changed: set[Key] = field(default_factory=set)
    new: set[Key] = field(default_factory=set)


def customer_id(account: str, external_id: str) -> str:
    """Return the public id of a gateway's customer."""
    return derived("cus", account, external_id)


def record_facts(
    facts: Sequence[Fact],
    *,
    account: GatewayAccount,
    customer: GatewayCustomer | None,
    event: str,
    recorded_at: datetime,
    writes: Writes,
) -> None:
    """Add facts, each once: a fact's id is its event's and its place in it."""
    for index, fact in enumerate(facts):
        kind, ref = key_of(fact)
        row = {
            "id": derived("fct", event, str(index)),
            "gateway_account_id": account.pk,
            "customer_id": customer.pk if customer else None,
            "kind": kind,
            "ref": ref,
            "happened_at": fact.at,
            "recorded_at": recorded_at,
            "event": event,
            "body": codec.encode(fact),
        }
        writes.new_values(FactRow, [row])


def was_told(customer: GatewayCustomer, event: str) -> bool:
    """Return whether anything was told of a customer by ``event`` (a public id)."""
    return FactRow.objects.filter(customer=customer, event=event).exists()


class Named(NamedTuple):
    """A gateway's customer by its name there. ``wanted``: a member is to be made of it."""

    account: GatewayAccount
    external_id: str
    wanted: bool = False

    @property
    def pk(self) -> str:
        """Its public id."""
        return customer_id(self.account.pk, self.external_id)


def locked_customer(account: GatewayAccount, external_id: str, *, wanted: bool) -> GatewayCustomer:
    """Return the customer's row, made if it is new, locked for the transaction. ``wanted``: a member is to be made."""
    named = Named(account, external_id, wanted)
    return locked_customers([named])[named.pk]


def locked_customers(named: Iterable[Named]) -> dict[str, GatewayCustomer]:
    """Return customers' rows by public id, made where they are new, locked for the transaction in the order of their ids."""
    by_id = {each.pk: each for each in sorted(named, key=lambda each: each.wanted)}
    rows = GatewayCustomer.objects.select_for_update(of=("self",)).select_related("account", "member").order_by("pk")
    found = {row.pk: row for row in rows.filter(pk__in=list(by_id))}
    new = [
        GatewayCustomer(id=pk, gateway_account=each.account, external_id=each.external_id, wanted=each.wanted)
        for pk, each in sorted(by_id.items())
        if pk not in found
    ]
    if new:
        GatewayCustomer.objects.bulk_create(new, ignore_conflicts=True)
        found |= {row.pk: row for row in rows.filter(pk__in=[row.pk for row in new])}
    for pk, customer in found.items():
        customer.gateway_account = by_id[pk].account
        if by_id[pk].wanted and not customer.wanted:
            customer.wanted = True
            customer.save(update_fields=["wanted"])
    return found


def objects_of(customers: Iterable[str]) -> dict[str, Objects]:
    """Return the objects of each customer (by public id)."""
    return _objects(ObjectState.objects.filter(customer__in=list(customers)))


def remembered_objects_of(customers: Iterable[str]) -> dict[str, Objects]:
    """Return the objects of each of ``customers`` (by public id), also of those without any; what was read lately is not
    understood anew.
    """
    keys = list(customers)
    found = _objects(ObjectState.objects.filter(customer__in=keys), read=MEMORY.read)
    return {key: found.get(key) or Objects() for key in keys}


def objects_beside(customers: Iterable[str], members: Iterable[str]) -> dict[str, Objects]:
    """Return the objects of those customers of ``members`` that are not among ``customers`` (public ids all)."""
    rows = ObjectState.objects.filter(customer__member__in=list(members)).exclude(customer__in=list(customers))
    return _objects(rows, read=MEMORY.read)


def waiting(facts: Sequence[Fact], *, account: GatewayAccount) -> dict[Key, Facts]:
    """Return what was told before of the objects that ``facts`` tell of, as far as they belong to no customer (yet)."""
    keys = {key_of(fact) for fact in facts}
    rows = ObjectState.objects.filter(gateway_account=account, customer=None, ref__in={ref for _, ref in keys})
    return {(row.kind, row.ref): decoded(row) for row in rows if (row.kind, row.ref) in keys}


def waiting_rows() -> models.QuerySet[ObjectState]:
    """Return the objects that wait to know whose they are, in a fixed order. The price list is nobody's for good."""
    return ObjectState.objects.filter(customer=None).exclude(kind__in=("price", "product")).order_by("pk")


def waiting_from(event: str) -> list[ObjectState]:
    """Return the objects that ``event`` told of and that still wait to know whose they are."""
    told = FactRow.objects.filter(event=event, customer=None).values_list("kind", "ref")
    rows = waiting_rows().select_related("gateway_account").filter(ref__in={ref for _, ref in told})
    return [row for row in rows if (row.kind, row.ref) in set(told)]


def follow_objects(event: str) -> None:
    """Give those facts of ``event`` that are nobody's to whom their objects belong by now.

    Needed where an event told nothing new of an object, so that its row was not written: another worker that adopted the
    object in that very moment could not see the fact.
    """
    for fact in FactRow.objects.filter(event=event, customer=None).order_by("pk"):
        tied = ObjectState.objects.filter(gateway_account=fact.gateway_account_id, kind=fact.kind, ref=fact.ref)
        owner = tied.values_list("customer_id", flat=True).first()
        if owner is not None:
            FactRow.objects.filter(pk=fact.pk, customer=None).update(customer=owner)


def decoded(row: ObjectState) -> tuple[Fact, ...]:
    """Return the facts in a row."""
    return tuple(codec.decode(fact) for fact in row.facts)


def _objects(rows: models.QuerySet[ObjectState], *, read: Callable[[str], Facts] = codec.loads) -> dict[str, Objects]:
    found: dict[str, Objects] = {}
    texts = rows.order_by().annotate(text=Cast("facts", models.TextField()))
    for owner, kind, ref, text in texts.values_list("customer_id", "kind", "ref", "text"):
        assert owner is not None, ref
        if owner not in found:
            found[owner] = Objects(read=read)
        found[owner].add((kind, ref), text)
    return found


def merge(
    facts: Iterable[Fact], told: Told, *, account: GatewayAccount, customer: GatewayCustomer | None, writes: Writes
) -> None:
    """Join new facts into the objects, and have those written that changed."""
    fresh: defaultdict[Key, list[Fact]] = defaultdict(list)
    for fact in facts:
        fresh[key_of(fact)].append(fact)
    for key, new in fresh.items():
        before = told.objects.get(key, ())
        after = condense((*before, *new))
        if after != before:
            told.objects[key] = after
            told.changed.add(key)
            told.new |= set() if before else {key}
            row = _state(key, after, account=account.pk, customer=customer.pk if customer else None)
            writes.over_values(ObjectState, [row], STATE)


def state_id(key: Key, *, account: str) -> str:
    """Return the public id of an object's state."""
    return derived("obj", account, *key)


def state_row(key: Key, facts: Sequence[Fact], *, account: str, customer: str | None) -> ObjectState:
    """Return the row of one object's state."""
    return ObjectState(**_state(key, facts, account=account, customer=customer))


def _state(key: Key, facts: Sequence[Fact], *, account: str, customer: str | None) -> dict[str, Any]:
    kind, ref = key
    one, other = links_of(facts)
    return {
        "id": state_id(key, account=account),
        "gateway_account_id": account,
        "customer_id": customer,
        "kind": kind,
        "ref": ref,
        "link_one": one,
        "link_two": other,
        "facts": [codec.encode(fact) for fact in facts],
    }


def write_states(rows: Sequence[ObjectState]) -> None:
    """Write states of objects, over what stood there."""
    writes = Writes()
    writes.over(rows, STATE)
    writes.flush()


def links_of(facts: Iterable[Fact]) -> tuple[str, str]:
    """Return the two references by which an object may be tied to others' (``""`` for none)."""
    one = other = ""
    for fact in facts:
        match fact:
            case PaymentSeen():
                one, other = one or fact.intent, other or fact.invoice
            case PaymentLinked():
                one, other = fact.one, fact.other
            case RefundSeen() | DisputeSeen():
                one, other = one or fact.payment, other or fact.intent
    return one, other


def refs_of(facts: Iterable[Fact]) -> set[str]:
    """Return every reference by which a payment, refund, dispute or link may belong to these facts' customer."""
    found: set[str] = set()
    for fact in facts:
        match fact:
            case InvoiceSeen() | InvoicePaymentFailed():
                found.add(fact.invoice)
            case PaymentSeen():
                found.add(fact.payment)
            case RefundSeen():
                found.add(fact.refund)
            case DisputeSeen():
                found.add(fact.dispute)
        found.update(links_of([fact]))
    return found - {""}


def owner_of(account: GatewayAccount, facts: Iterable[Fact]) -> str:
    """Return the external id of the customer to whom facts without one belong, by what they are tied to; or ``""``."""
    refs = refs_of(facts)
    if not refs:
        return ""
    tied = Q(gateway_account=account, ref__in=refs) | _linked(account, refs)
    rows = ObjectState.objects.filter(tied, customer__isnull=False).order_by("id")
    return rows.values_list("customer__external_id", flat=True).first() or ""


def _linked(account: GatewayAccount, refs: AbstractSet[str]) -> Q:
    """Objects that are linked to ``refs``. Worded so that each part is found by its own index, on SQLite too."""
    one = Q(gateway_account=account, link_one__in=refs) & ~Q(link_one="")
    two = Q(gateway_account=account, link_two__in=refs) & ~Q(link_two="")
    return one | two


def one_at_a_time(account: GatewayAccount) -> None:
    """Have whoever else tells of what belongs to no customer wait for this transaction: no other row is there to lock."""
    GatewayAccount.objects.select_for_update().get(pk=account.pk)


def is_waited_for(account: GatewayAccount, refs: set[str]) -> bool:
    """Return whether objects that wait to know whose they are may be tied to ``refs``."""
    tied = ObjectState.objects.filter(_linked(account, refs) | Q(gateway_account=account, ref__in=refs), customer=None)
    return bool(refs) and tied.exists()


def adopt(refs: set[str], told: Told, *, account: GatewayAccount, customer: GatewayCustomer) -> None:
    """Give the customer those objects that waited to know whose they are and are tied to ``refs``, and theirs in turn."""
    while refs:
        tied = ObjectState.objects.filter(
            _linked(account, refs) | Q(gateway_account=account, ref__in=refs), customer=None
        )
        waiting = list(tied.order_by("pk").select_for_update())
        if not waiting:
            return
        seen = refs
        refs = set()
        for row in waiting:
            key = (row.kind, row.ref)
            row.customer = customer
            told.objects[key] = tuple(codec.decode(fact) for fact in row.facts)
            told.changed.add(key)
            told.new.add(key)
            refs |= refs_of(told.objects[key]) | {row.ref}
            FactRow.objects.filter(gateway_account=account, customer=None, kind=row.kind, ref=row.ref).update(
                customer=customer
            )
        ObjectState.objects.bulk_update(waiting, ["customer"])
        refs -= seen


def price_list(account: GatewayAccount, objects: Iterable[Fact]) -> dict[str, PriceHints]:
    """Return what the gateway's price list says of the prices that a customer's objects name."""
    hints: dict[str, PriceHints] = {}
    for fact in objects:
        for found in _hints_in(fact):
            hints[found.price] = joined(hints.get(found.price, found), found)
    wanted = {*hints, *(found.product for found in hints.values())} - {""}
    rows = ObjectState.objects.filter(gateway_account=account, kind__in=("price", "product"), ref__in=wanted)
    told: dict[Key, list[Fact]] = {
        (kind, ref): [codec.decode(fact) for fact in facts]
        for kind, ref, facts in rows.values_list("kind", "ref", "facts")
    }
    return {price: _listed(found, told) for price, found in hints.items()}


def _hints_in(fact: Fact) -> Iterable[PriceHints]:
    for part in (*getattr(fact, "items", ()), *getattr(fact, "lines", ())):
        if part.hints.price:
            yield part.hints


def _listed(hints: PriceHints, told: Mapping[Key, Sequence[Fact]]) -> PriceHints:
    """Latest telling first: a name mended later counts before the one it had."""
    listed = PriceHints(hints.price, hints.product)
    for fact in sorted(told.get(("price", hints.price), ()), key=lambda fact: fact.at, reverse=True):
        if isinstance(fact, PriceSeen):
            listed = joined(listed, fact.hints)
    for fact in sorted(told.get(("product", listed.product), ()), key=lambda fact: fact.at, reverse=True):
        if isinstance(fact, ProductSeen):
            labels = (fact.name,) if fact.name else ()
            listed = joined(listed, PriceHints(hints.price, level=fact.level, labels=labels))
    return listed
