"""Having something paid by a gateway: asked outside of any transaction, and what it answers is taken in like any fact.

Whatever dies where: the try is written down before the gateway is asked (:mod:`goodstanding.billing.attempts`), under a
key by which the gateway does it once; whoever takes it up asks again, or asks what became of it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import connection, transaction

from goodstanding.billing import attempts, recording
from goodstanding.billing.models import GatewayCustomer, PaymentAttempt
from goodstanding.billing.recording import Named
from goodstanding.core import dunning
from goodstanding.core.facts import Fact, InvoicePaymentFailed, PaymentSeen, SubscriptionSeen
from goodstanding.core.ids import derived
from goodstanding.core.ledger import Ledger
from goodstanding.core.money import Money
from goodstanding.gateways import registry
from goodstanding.gateways.protocol import Ability, GatewayRefused, GatewayUnreachable, Refusal
from goodstanding.gateways.requests import BeginRequest, Begun, ChargeRequest, Redirect, Taken
from goodstanding.jobs import lease
from goodstanding.jobs import services as jobs
from goodstanding.memberships.intake import Telling, take_in_many
from goodstanding.memberships.together import Together

ASKED_SOON = timedelta(seconds=30)
LISTENS_SECONDS = 1.0  # so long several tries are asked about before what was heard is taken in
NO_CARD = "no_card"

State = PaymentAttempt.State


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard of a try. ``facts``, as told by ``event``; ``ref``: the gateway's reference of it.

    ``failure``: it is over with that. ``page``: it waits, for its payer on that page or (``""``) for a bank. ``due_at``: it
    is asked after again then. ``method``: the card to be charged from now on. ``kept``: it was there to have that card kept,
    and is good with that. Each empty where nothing was said of it.
    """

    facts: Sequence[Fact] = ()
    event: str = ""
    ref: str = ""
    failure: str = ""
    page: str | None = None
    due_at: datetime | None = None
    method: str = ""
    kept: bool = False


def begin(attempt: PaymentAttempt, request: BeginRequest, *, now: datetime) -> PaymentAttempt:
    """Begin a written-down payment with its payer there; return how it stands then.

    Succeeded or failed, waiting for its payer on a page of the gateway's, or still open where the gateway did not answer:
    a worker asks it then what became of it. Not to be called in a transaction.
    """
    account = attempt.customer.gateway_account
    gateway = registry.able(account.gateway, Ability.BEGIN)
    keeps = request.keep or request.recurring is not None
    try:
        heard = _answer(attempt, lambda: gateway.begin(request, account=account, now=now), now=now, keeps=keeps)
    except GatewayUnreachable:
        heard = Heard(due_at=now + ASKED_SOON)
    _take_in({attempt.pk: heard}, [attempt], now=now)
    return attempt


def ask(attempt: PaymentAttempt, *, now: datetime) -> PaymentAttempt:
    """Ask the gateway what became of a try, and take in what it says. Raises :class:`GatewayUnreachable`.

    Of one that it never heard of nothing came: it is closed, and its payer may try again.
    """
    _take_in({attempt.pk: _looked_up(attempt, now=now)}, [attempt], now=now)
    return attempt


def carry_out(claimed: Sequence[PaymentAttempt], *, now: datetime) -> None:
    """See to claimed tries and give them back: charge each, or ask what became of it. For the worker.

    A gateway that does not answer is asked again later, under the same key; what fails is booked, at last parked for staff.
    What was heard in a second or so is taken in together.
    """
    waiting = deque(claimed)
    while waiting:
        heard: dict[str, Heard] = {}
        answered: list[PaymentAttempt] = []
        asked_for, begun = _asked_for(waiting), time.monotonic()
        while waiting and (not answered or time.monotonic() - begun < LISTENS_SECONDS):
            attempt = waiting.popleft()
            if lease.carry(attempt, partial(_see_to, attempt, asked_for, heard, now=now), now=now):
                answered.append(attempt)
        lease.carry_together(answered, partial(_take_in, heard, now=now), now=now)


def _see_to(attempt: PaymentAttempt, asked_for: Iterable[str], heard: dict[str, Heard], *, now: datetime) -> None:
    if attempt.kind == PaymentAttempt.Kind.CHARGE and attempt.state == State.OPEN and attempt.pk in asked_for:
        heard[attempt.pk] = _charge(attempt, now=now)
    else:
        heard[attempt.pk] = _looked_up(attempt, now=now)


def newest_card(customer: GatewayCustomer, *, now: datetime) -> str:
    """Return which card a gateway kept last of a customer's, or ``""``. May raise :class:`GatewayUnreachable`."""
    account = customer.gateway_account
    if not registry.can(account.gateway, Ability.METHODS):
        return ""
    stored = registry.able(account.gateway, Ability.METHODS).methods(customer.external_id, account=account, now=now)
    return stored[0].ref if stored else ""


def _keeps_a_card_only(attempt: PaymentAttempt) -> bool:
    """Whether a try takes nothing, and is there to have a card kept: its ``method`` is what was kept last before it."""
    return attempt.kind == PaymentAttempt.Kind.BEGIN and not attempt.amount_minor


def _looked_for_the_card(attempt: PaymentAttempt, *, now: datetime) -> Heard:
    """Whether the card was kept that a try asked for: no payment tells of it, the gateway's list of cards does."""
    newest, until = newest_card(attempt.customer, now=now), attempt.begun_at + attempts.ASKED_AGAIN_AFTER
    if newest and newest != attempt.method:
        return Heard(method=newest, kept=True)
    if attempt.state != State.WAITING:
        return Heard(failure="never_begun")
    return Heard(due_at=until) if now < until else Heard(failure="abandoned")


def _looked_up(attempt: PaymentAttempt, *, now: datetime) -> Heard:
    if _keeps_a_card_only(attempt):
        return _looked_for_the_card(attempt, now=now)
    account = attempt.customer.gateway_account
    gateway = registry.able(account.gateway, Ability.LOOK)
    try:
        event = gateway.look(attempt.ref or attempt.key, account=account, now=now)
    except GatewayRefused as refusal:
        if refusal.code != Refusal.UNKNOWN_REF:
            raise
        return Heard(failure="never_begun")
    told, facts = derived("evt", account.pk, event.external_id), gateway.facts(event).facts
    return Heard(facts, told, ref=_made(facts), due_at=now + attempts.ASKED_AGAIN_AFTER)


def _charge(attempt: PaymentAttempt, *, now: datetime) -> Heard:
    account, customer = attempt.customer.gateway_account, attempt.customer
    # What is paid by hand cannot be charged: then it stands as where there is no card, until somebody pays.
    charges = registry.can(account.gateway, Ability.CHARGE, Ability.METHODS)
    method = (attempt.method or _stored_method(customer, now=now)) if charges else ""
    if not method:
        # Trying again changes nothing: it goes on when there is a card, or somebody pays.
        told = [_failure(attempt, NO_CARD, retry=dunning.NEVER, at=now)]
        return Heard(told, _told_by(attempt), failure=NO_CARD)
    if not attempt.method:
        # Kept before it is used: the key stands for this charge of this card.
        PaymentAttempt.objects.filter(pk=attempt.pk).update(method=method)
        attempt.method = method
    request = ChargeRequest(
        key=attempt.key,
        customer=customer.external_id,
        method=method,
        amount=Money(attempt.amount_minor, attempt.currency),
        invoice=attempt.pays_for,
    )
    gateway = registry.able(account.gateway, Ability.CHARGE)
    return _answer(attempt, lambda: gateway.charge(request, account=account, now=now), now=now)


def _asked_for(tries: Iterable[PaymentAttempt]) -> set[str]:
    """Those whose bill is still open: where it is not, no money is taken any more, only asked after. One query."""
    objects = recording.remembered_objects_of({attempt.customer_id for attempt in tries})
    ledgers = {customer: Ledger(states) for customer, states in objects.items()}
    bills = {attempt.pk: ledgers[attempt.customer_id].invoices.get(attempt.pays_for) for attempt in tries}
    return {pk for pk, bill in bills.items() if bill and bill.closed_at is None and bill.settled_at is None}


def _stored_method(customer: GatewayCustomer, *, now: datetime) -> str:
    if customer.method:
        return customer.method
    return newest_card(customer, now=now)


def _answer(attempt: PaymentAttempt, act: Callable[[], Begun], *, now: datetime, keeps: bool = False) -> Heard:
    """Have a gateway asked, and return what it said. Raises :class:`GatewayUnreachable`.

    ``keeps``: the payer was told that the card pays what comes again; one that pays once only becomes nothing else.
    """
    assert not connection.in_atomic_block or connection.savepoint_ids, "a gateway is never asked inside a transaction"
    try:
        begun = act()
    except GatewayRefused as refusal:
        return _refusal(attempt, refusal, now=now)
    if isinstance(begun, Taken) and _keeps_a_card_only(attempt):
        failure = "" if begun.method else "nothing_taken"
        return Heard(ref=begun.ref, failure=failure, method=begun.method, kept=bool(begun.method))
    if isinstance(begun, Taken):
        # What is neither good nor bad yet (a bank takes its days) is asked after, not charged again.
        method, failure = begun.method if keeps else "", "" if begun.facts else "nothing_taken"
        return Heard(begun.facts, _told_by(attempt), ref=begun.ref, failure=failure, page="", method=method)
    if not isinstance(begun, Redirect):
        return Heard(ref=begun.ref, page="")
    if attempt.kind != PaymentAttempt.Kind.CHARGE:
        return Heard(ref=begun.ref, page=begun.url)
    # Its owner was away: he hears of it as of a failure.
    told = [_failure(attempt, str(Refusal.NEEDS_CHALLENGE), retry="owner", at=now)]
    return Heard(told, _told_by(attempt), ref=begun.ref, page=begun.url)


def _refusal(attempt: PaymentAttempt, refusal: GatewayRefused, *, now: datetime) -> Heard:
    facts: list[Fact] = list(refusal.facts)
    payments = [fact for fact in facts if isinstance(fact, PaymentSeen) and fact.status == "failed"]
    if not payments and attempt.kind == PaymentAttempt.Kind.CHARGE:
        # Our clock counts it. A payer's slip of the pen (a card that nobody knows) is no failure of what he owes.
        facts.append(_failure(attempt, refusal.code, retry=_retry_after(refusal), at=now))
    ref = payments[0].payment if payments else ""
    return Heard(facts, _told_by(attempt), ref=ref, failure=refusal.code)


def _take_in(heard: Mapping[str, Heard], tries: Sequence[PaymentAttempt], *, now: datetime) -> None:
    """Take in what was heard of each of ``tries`` (by public id), all of it or nothing; they stand as it leaves them."""
    with transaction.atomic():
        work = Together()
        # The customers' rows before the tries', as whoever takes in a webhook locks them.
        work.lock(Named(each.customer.gateway_account, each.customer.external_id) for each in tries)
        work.take_tries(each.pk for each in tries)
        rows = {attempt.pk: _row_of(attempt, work, heard[attempt.pk], now=now) for attempt in tries}
        told = [
            (each.customer.external_id, Telling(each.customer.gateway_account, heard[each.pk].event, facts, now))
            for each in tries
            if (facts := heard[each.pk].facts)
        ]
        take_in_many(told, work)
        for attempt in tries:
            _leave(rows[attempt.pk], work, heard[attempt.pk], now=now)
        work.flush()
    for attempt in tries:
        for name in attempts.CHANGED:
            setattr(attempt, name, getattr(rows[attempt.pk], name))


def _row_of(attempt: PaymentAttempt, work: Together, heard: Heard, *, now: datetime) -> PaymentAttempt:
    """Return a try as it stands, locked, with its reference and its failure noted."""
    customer = work.customers[attempt.customer_id]
    row = next(each for each in work.tries(customer) if each.pk == attempt.pk)
    if heard.ref:
        row.ref = heard.ref
    if heard.failure:
        attempts.close(row, State.FAILED, failure=heard.failure, now=now)
    if heard.kept:
        jobs.add(attempts.CARD_SEEN, key=attempt.pk, due_at=now, now=now, payload={"customer": customer.pk})
        attempts.close(row, State.SUCCEEDED, failure="", now=now)
    if heard.method and heard.method != customer.method:
        customer.method = heard.method
        customer.save(update_fields=["method"])
    return row


def _leave(row: PaymentAttempt, work: Together, heard: Heard, *, now: datetime) -> None:
    """Close a try where the records tell how it ended; else have it wait, or be asked after."""
    customer = work.customers[row.customer_id]
    if heard.facts:
        # A webhook may have told all of it before, when nobody knew which try it was about.
        work.writes.over(attempts.follow(work.tries(customer), work.ledger(customer), now=now), attempts.CHANGED)
    if heard.page is not None:
        attempts.waits(row, page=heard.page, now=now)
    if heard.due_at is not None:
        attempts.let_go(row, due_at=heard.due_at)
    work.writes.over([row], attempts.CHANGED)


def _made(facts: Sequence[Fact]) -> str:
    """What a try made by the gateway's words about it: the subscription that it began, or else its payment."""
    begun = [fact.subscription for fact in facts if isinstance(fact, SubscriptionSeen)]
    paid = [fact.payment for fact in facts if isinstance(fact, PaymentSeen)]
    return (begun or paid or [""])[0]


def _retry_after(refusal: GatewayRefused) -> str:
    """What a refusal says of charging what is stored again (``core.facts.PaymentSeen.retry``)."""
    if refusal.code == Refusal.NEEDS_CHALLENGE:
        return "owner"
    return "later" if refusal.retry else dunning.NEVER


def _failure(attempt: PaymentAttempt, failure: str, *, retry: str, at: datetime) -> InvoicePaymentFailed:
    return InvoicePaymentFailed(attempt.pays_for, attempt.customer.external_id, at, failure, retry)


def _told_by(attempt: PaymentAttempt) -> str:
    return derived("evt", attempt.customer.gateway_account_id, "answer", attempt.key)
