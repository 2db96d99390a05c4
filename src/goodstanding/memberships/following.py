"""What follows when a customer's objects changed: the ledger's rows, the memberships, and what standing comes to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from goodstanding import conf
from goodstanding.billing import attempts, projecting, turns
from goodstanding.billing.models import Fact, GatewayCustomer
from goodstanding.billing.recording import Told
from goodstanding.core.alarms import Alarm
from goodstanding.core.fold import Key
from goodstanding.core.ledger import Ledger
from goodstanding.core.places import Placed
from goodstanding.core.records import MembershipRecord
from goodstanding.memberships import letters, placing, seats_following
from goodstanding.memberships.decisions import Decisions, with_decisions
from goodstanding.memberships.models import MemberStanding
from goodstanding.memberships.reading import through_others
from goodstanding.memberships.refresh import refresh
from goodstanding.memberships.together import Together
from goodstanding.people.models import Member
from goodstanding.people.services import make_member

FOREIGN = "foreign: the customer holds nothing of ours"


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What taking in came to. ``state``: done or ignored; ``note``: words, or the reason's code and words."""

    state: str = "done"
    note: str = ""


Claim = Callable[[Sequence[str]], None]
_claim_listeners: list[Claim] = []


def on_claim(listener: Claim) -> None:
    """Have ``listener`` hear, in the same transaction, of events that turned out to be ours (their public ids).

    They were ignored as foreign when they came, and their facts were kept.
    """
    _claim_listeners.append(listener)


def update(customer: GatewayCustomer, told: Told, work: Together, *, known_from: datetime, cause: str) -> TakenIn:
    """Have everything written that follows from a locked customer's objects after some were ``told``.

    ``known_from`` is the moment from which the change is known, ``cause`` what made it.
    """
    ledger = work.ledger(customer)
    found = placing.placed(ledger, customer, work.known)
    was_ours = customer.ours
    _keep_customer(customer, ledger, found)
    newly_ours = customer.ours and not was_ours
    if not customer.ours:
        return TakenIn("ignored", FOREIGN)
    changed = set(ledger.objects) if newly_ours else told.changed | set(ledger.tied_to(told.new))
    changed |= set(ledger.followed_by(changed)) | turns.concerned(ledger, changed)
    made = customer.wanted and customer.member_id is None and bool(ledger.customer.email)
    if made:
        _make_member(customer, ledger)
    _keep_account(customer, ledger)
    rows = projecting.rows_for(ledger, changed, customer, told=changed if newly_ours else told.changed)
    projecting.write(rows, work.writes)
    turns.write(turns.rows_for(ledger, changed, customer, now=known_from), work.writes)
    if attempts.may_have_ended(customer, changed):
        closed = attempts.follow(work.tries(customer), ledger, now=known_from)
        work.writes.over(closed, attempts.CHANGED)
    if newly_ours:
        work.flush()
        _tell_of_claim(customer)
    if customer.member_id is None:
        placing.write_alarms(alarms_of(customer, found), customer)
        return TakenIn(note="recorded; no member is linked to this customer")
    standing = _write_standing(customer, found, work, changed=changed, known_from=known_from, cause=cause)
    letters.of_ledger(customer, ledger, changed, standing, work.writes)
    return TakenIn()


def records_around(customer: GatewayCustomer, found: Placed, work: Together) -> list[MembershipRecord]:
    """Return the input of standing for all memberships of a customer's member, as far as gateways tell them."""
    records = placing.records_of(found, customer)
    for other, objects in sorted(work.beside(customer).items(), key=lambda each: each[0].pk):
        records += placing.records_of(placing.placed(Ledger(objects), other, work.known), other)
    return records


def kept_of(customer: GatewayCustomer, ledger: Ledger, found: Placed) -> dict[str, Any]:
    """Return what is kept of a customer. Of one who holds nothing of ours we keep no name and no e-mail."""
    state = ledger.customer
    # Balance is kept by us alone, and bills of ours drawn up: whoever has some is ours, also before he holds anything.
    ours = customer.ours or bool(found.places) or any(kind == "credit" for kind, _ in ledger.objects)
    ours = ours or any(each.last.ours for each in ledger.invoices.values() if each.last is not None)
    return {
        "ours": ours,
        "unresolved": found.unresolved,
        "email": state.email if ours else "",
        "name": state.name if ours else "",
    }


def _keep_customer(customer: GatewayCustomer, ledger: Ledger, found: Placed) -> None:
    """Keep what the gateway says of the customer."""
    wanted = kept_of(customer, ledger, found)
    moved = [name for name, value in wanted.items() if getattr(customer, name) != value]
    for name in moved:
        setattr(customer, name, wanted[name])
    if moved:
        customer.save(update_fields=moved)
    if customer.member_id and {"email", "name"} & set(moved):
        # Who can log in chose name and e-mail here; one who was imported keeps the first that the gateway told.
        Member.objects.filter(pk=customer.member_id, user=None).update(email=customer.email, name=customer.name)


def _make_member(customer: GatewayCustomer, ledger: Ledger) -> None:
    begun = projecting.account_of(customer, ledger).created_at
    made_from = (customer.gateway_account_id, customer.external_id)
    customer.member = make_member(email=customer.email, name=customer.name, now=begun, made_from=made_from)
    customer.save(update_fields=["member"])


def _keep_account(customer: GatewayCustomer, ledger: Ledger) -> None:
    """Keep the billing account: its currency is that of the first invoice, by the invoices' own time."""
    account = projecting.account_of(customer, ledger)
    there = customer.account
    if there is None:
        account.save(force_insert=True)
        customer.account = account
        customer.save(update_fields=["account"])
    elif (there.currency, there.created_at, there.member_id) != (
        account.currency,
        account.created_at,
        account.member_id,
    ):
        account.save(force_update=True)
        customer.account = account
    if customer.member_id and (there is None or there.created_at != account.created_at):
        Member.objects.filter(pk=customer.member_id, user=None).update(created_at=account.created_at)


def _tell_of_claim(customer: GatewayCustomer) -> None:
    events = Fact.objects.filter(customer=customer).order_by("event").values_list("event", flat=True).distinct()
    for listener in _claim_listeners:
        listener(list(events))


def alarms_of(customer: GatewayCustomer, found: Placed) -> Sequence[Alarm]:
    """Return what staff should look at; that nobody is linked to a customer of ours is part of it."""
    if customer.member_id is not None:
        return found.alarms
    words = "pays for a level, but no member is linked to this customer"
    return [*found.alarms, Alarm("no_member", customer.external_id, words)]


def _write_standing(
    customer: GatewayCustomer, found: Placed, work: Together, *, changed: set[Key], known_from: datetime, cause: str
) -> MemberStanding:
    assert customer.member_id, customer.pk
    row = work.standing(customer.member_id)
    # Of facts that had waited some may be younger than what brought them in: the outlook begins after all of them.
    own = work.objects(customer)
    known_from = max([known_from, *(fact.at for key in (own if row is None else changed) for fact in own[key])])
    digest = placing.digest(found)
    if customer.placed != digest:
        work.flush()  # seats are of items
        placing.write(found, customer, work.known, time_zone=conf.time_zone().key)
        customer.placed = digest
        customer.save(update_fields=["placed"])
    around = work.around(customer.member_id)
    if around.held or around.given:
        work.flush()  # seats are followed by what is in the database
    records = [*records_around(customer, found, work), *through_others(around.held, work.known)]
    decided = work.decisions(customer.member_id) if row is None or row.decided else Decisions()
    standing = refresh(
        customer.member_id,
        with_decisions(records, decided),
        row=row,
        now=known_from,
        cause=cause,
        writes=work.writes,
        letters_too=customer.gateway_account.writes_to_members,
    )
    work.stands(standing)
    if around.given:
        work.flush()
        rows = {each: there for each in around.holders if (there := work.standing(each)) is not None}
        seats_following.follow(around, rows, work.known, now=known_from, cause=cause)
        work.forget_standings({customer.member_id, *around.holders})
    return standing
