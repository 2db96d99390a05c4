"""Taking in facts: the one way by which anything that happened elsewhere gets into the records (DESIGN section 5).

Lock the customer, keep the facts, join them into the objects they tell of, write the ledger's rows of those objects,
place the memberships, and write what standing comes to. All in the caller's transaction: all of it or nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from goodstanding.billing import recording
from goodstanding.billing.models import GatewayCustomer
from goodstanding.billing.recording import Named, Told
from goodstanding.catalogue.services import RESOLVE
from goodstanding.core.facts import Fact, PriceSeen, ProductSeen
from goodstanding.gateways.models import GatewayAccount
from goodstanding.jobs import services as jobs
from goodstanding.jobs.writing import Writes
from goodstanding.memberships.following import TakenIn, update
from goodstanding.memberships.together import Together

ADOPT = "adopt_waiting"  # the job that looks again for the customers of what waits for one
BATCH = 200
AHEAD = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Telling:
    """The facts that ``event`` (a public id) told, all of one customer of ``account``.

    ``recorded_at``: from when on they count as known. ``create_members``: make a member of a customer who holds something
    of ours.
    """

    account: GatewayAccount
    event: str
    facts: Sequence[Fact]
    recorded_at: datetime
    create_members: bool = False

    @property
    def owner(self) -> str:
        """The customer whom they name by the gateway's id; ``""`` where they name none."""
        owners = {owner for fact in self.facts if (owner := getattr(fact, "customer", ""))}
        assert len(owners) <= 1, self.event
        return owners.pop() if owners else ""


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
    """Take in the facts that one event told, as :class:`Telling` says. In a transaction. The same facts again change nothing.

    ``locked``: the customer's row, where the caller has locked it in this transaction already. Facts whose customer is not
    known yet wait for it. Constant in the number of members; the work grows with the customer's own history only.
    """
    (taken,) = take_in_all(
        [Telling(account, event, facts, recorded_at, create_members)],
        now=now,
        locked=[] if locked is None else [locked],
    )
    return taken


def take_in_all(tellings: Sequence[Telling], *, now: datetime, locked: Sequence[GatewayCustomer] = ()) -> list[TakenIn]:
    """Take in what several events told, each as :func:`take_in` does. Of several each must name its customer."""
    work = Together(locked)
    named = [(telling.owner or _owner_of(telling), telling) for telling in tellings]
    assert len(named) == 1 or all(owner for owner, _ in named), "what names nobody is taken in by itself"
    if named and not named[0][0]:
        taken = [_take_in_nobodys(named[0][1], work.writes, now=now)]
    else:
        taken = take_in_many(named, work)
    work.flush()
    return taken


def _owner_of(telling: Telling) -> str:
    """The customer to whom facts that name none are tied, if any is known."""
    if any(isinstance(fact, PriceSeen | ProductSeen) for fact in telling.facts):
        return ""
    return recording.owner_of(telling.account, telling.facts)


def take_in_many(tellings: Sequence[tuple[str, Telling]], work: Together) -> list[TakenIn]:
    """Take in what was told of customers, each named by the gateway's id, in this order; return what each came to.

    What is to be written is left with ``work``. As many statements for many of them as for one, but for those who join, or
    hold something else than before.
    """
    work.lock(Named(each.account, owner, each.create_members) for owner, each in tellings)
    refs: defaultdict[GatewayAccount, set[str]] = defaultdict(set)
    for _, each in tellings:
        refs[each.account] |= recording.refs_of(each.facts)
    waited_for = {account for account, named in refs.items() if recording.is_waited_for(account, named)}
    return [_taken_in(owner, each, work, adopts=each.account in waited_for) for owner, each in tellings]


def _taken_in(owner: str, telling: Telling, work: Together, *, adopts: bool) -> TakenIn:
    account, facts, event, recorded_at = telling.account, telling.facts, telling.event, telling.recorded_at
    customer = work.customers[recording.customer_id(account.pk, owner)]
    told = Told(work.objects(customer))
    recording.record_facts(
        facts, account=account, customer=customer, event=event, recorded_at=recorded_at, writes=work.writes
    )
    if adopts:
        # First what waited for this customer, since these facts may tell more of the same objects.
        recording.adopt(recording.refs_of(facts), told, account=account, customer=customer)
    recording.merge(facts, told, account=account, customer=customer, writes=work.writes)
    if not told.changed and customer.ours and customer.member_id:
        return TakenIn()  # all of it was known before, and followed
    work.changed(customer)
    # The gateway's clock may run ahead of ours, but not by much: what it dates further ahead has not happened yet.
    known_from = max([recorded_at, *(min(fact.at, recorded_at + AHEAD) for fact in facts)])
    return update(customer, told, work, known_from=known_from, cause=event)


def _take_in_nobodys(telling: Telling, writes: Writes, *, now: datetime) -> TakenIn:
    """Keep what belongs to no customer: the price list for good, all else until it is known whose it is."""
    facts, account = telling.facts, telling.account
    recording.one_at_a_time(account)
    recording.record_facts(
        facts, account=account, customer=None, event=telling.event, recorded_at=telling.recorded_at, writes=writes
    )
    told = Told(recording.waiting(facts, account=account))
    recording.merge(facts, told, account=account, customer=None, writes=writes)
    if not any(isinstance(fact, PriceSeen | ProductSeen) for fact in facts):
        # Its customer may be coming in at this very moment, in another worker's transaction that cannot see this.
        jobs.add(ADOPT, key=telling.event, due_at=now, now=now)
        return TakenIn(note="waits until it is known whose it is")
    if told.changed:
        jobs.add(RESOLVE, key="", due_at=now, now=now)  # it may say which level a price stands for that somebody holds
    return TakenIn(note="price list")


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
                work = Together([customer])
                told = Told(work.objects(customer))
                recording.adopt(recording.refs_of(facts), told, account=row.gateway_account, customer=customer)
                update(customer, told, work, known_from=now, cause=event)
                work.flush()
        recording.follow_objects(event)
        return bool(recording.waiting_from(event))


def _look_again(pk: str, *, now: datetime) -> None:
    row = GatewayCustomer.objects.select_related("gateway_account").get(pk=pk)
    customer = recording.locked_customer(row.gateway_account, row.external_id, wanted=False)
    work = Together([customer])
    update(customer, Told(work.objects(customer)), work, known_from=now, cause=RESOLVE)
    work.flush()


def waiting_count() -> int:
    """Return how many objects wait until it is known whose they are."""
    return recording.waiting_rows().count()
