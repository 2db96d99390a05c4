"""Taking in facts: the one way by which anything that happened elsewhere gets into the records (DESIGN section 5).

Lock the customer, keep the facts, join them into the objects they tell of, write the ledger's rows of those objects,
place the memberships, and write what standing comes to. All in the caller's transaction: all of it or nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction

from goodstanding.billing import recording
from goodstanding.billing.models import GatewayCustomer
from goodstanding.billing.recording import Told
from goodstanding.catalogue.services import RESOLVE
from goodstanding.core.facts import Fact, PriceSeen, ProductSeen
from goodstanding.gateways.models import GatewayAccount
from goodstanding.jobs import services as jobs
from goodstanding.memberships.following import TakenIn, update

ADOPT = "adopt_waiting"  # the job that looks again for the customers of what waits for one
BATCH = 200
AHEAD = timedelta(minutes=5)


def take_in(
    facts: Sequence[Fact],
    *,
    account: GatewayAccount,
    event: str,
    recorded_at: datetime,
    now: datetime,
    create_members: bool = False,
    locked: GatewayCustomer | None = None,
) -> TakenIn:
    """Take in the facts that ``event`` (a public id) told. Must run in a transaction. The same facts again change nothing.

    ``recorded_at``: from when on these facts count as known. ``create_members``: make a member of a customer who holds
    something of ours. ``locked``: the customer's row, where the caller has locked it in this transaction already. Facts
    whose customer is not known yet wait for it. Constant in the number of members; the work grows with the customer's own
    history only.
    """
    assert connection.in_atomic_block
    if any(isinstance(fact, PriceSeen | ProductSeen) for fact in facts):
        return _take_in_price_list(facts, account=account, event=event, recorded_at=recorded_at, now=now)
    owners = {owner for fact in facts if (owner := getattr(fact, "customer", ""))}
    assert len(owners) <= 1, event
    owner = owners.pop() if owners else recording.owner_of(account, facts)
    if not owner:
        recording.one_at_a_time(account)
        recording.record_facts(facts, account=account, customer=None, event=event, recorded_at=recorded_at)
        told = Told(recording.waiting(facts, account=account))
        recording.merge(facts, told, account=account, customer=None)
        # Its customer may be coming in at this very moment, in another worker's transaction that cannot see this.
        jobs.add(ADOPT, key=event, due_at=now, now=now)
        return TakenIn(note="waits until it is known whose it is")
    customer = locked
    if customer is None or customer.pk != recording.customer_id(account.pk, owner) or create_members:
        customer = recording.locked_customer(account, owner, wanted=create_members)
    recording.record_facts(facts, account=account, customer=customer, event=event, recorded_at=recorded_at)
    objects = recording.objects_around(customer)
    told = Told(objects[customer.pk])
    # First what waited for this customer, since these facts may tell more of the same objects.
    recording.adopt(recording.refs_of(facts), told, account=account, customer=customer)
    recording.merge(facts, told, account=account, customer=customer)
    if not told.changed and customer.ours and customer.member_id:
        return TakenIn()  # all of it was known before, and followed
    # The gateway's clock may run ahead of ours, but not by much: what it dates further ahead has not happened yet.
    known_from = max([recorded_at, *(min(fact.at, recorded_at + AHEAD) for fact in facts)])
    return update(customer, objects, told, known_from=known_from, cause=event)


def resolve(*, after: str, now: datetime) -> str:
    """Look again at one batch of customers whose prices told no level; return the last one's id, ``""`` at the end.

    To be called outside a transaction: each customer is done in one of its own.
    """
    unresolved = GatewayCustomer.objects.filter(unresolved=True, pk__gt=after).order_by("pk")
    keys = list(unresolved.values_list("pk", flat=True)[:BATCH])
    for key in keys:
        with transaction.atomic():
            _look_again(key, now=now)
    return keys[-1] if len(keys) == BATCH else ""


def adopt_waiting(event: str, *, now: datetime) -> bool:
    """Find the customer of what ``event`` told, if it is known by now; return whether anything still waits.

    Needed only where two workers took in the two ends of a link at the same moment. To be called outside a transaction.
    """
    with transaction.atomic():
        rows = recording.waiting_from(event)
        for row in rows:
            facts = recording.decoded(row)
            owner = recording.owner_of(row.gateway_account, facts)
            if owner:
                customer = recording.locked_customer(row.gateway_account, owner, wanted=False)
                objects = recording.objects_around(customer)
                told = Told(objects[customer.pk])
                recording.adopt(recording.refs_of(facts), told, account=row.gateway_account, customer=customer)
                update(customer, objects, told, known_from=now, cause=event)
        return bool(recording.waiting_from(event))


def _look_again(pk: str, *, now: datetime) -> None:
    row = GatewayCustomer.objects.select_related("gateway_account").get(pk=pk)
    customer = recording.locked_customer(row.gateway_account, row.external_id, wanted=False)
    objects = recording.objects_around(customer)
    update(customer, objects, Told(objects[customer.pk]), known_from=now, cause=RESOLVE)


def _take_in_price_list(
    facts: Sequence[Fact], *, account: GatewayAccount, event: str, recorded_at: datetime, now: datetime
) -> TakenIn:
    """A price or product was told: it may say which level a price stands for that somebody holds already."""
    recording.one_at_a_time(account)
    recording.record_facts(facts, account=account, customer=None, event=event, recorded_at=recorded_at)
    told = Told(recording.waiting(facts, account=account))
    recording.merge(facts, told, account=account, customer=None)
    if told.changed:
        jobs.add(RESOLVE, key="", due_at=now, now=now)
    return TakenIn(note="price list")


def waiting_count() -> int:
    """Return how many objects wait until it is known whose they are."""
    return recording.waiting_rows().count()
