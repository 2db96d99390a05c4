"""Having something paid by a gateway: asked outside of any transaction, and what it answers is taken in like any fact.

Whatever dies where: the try is written down before the gateway is asked (:mod:`goodstanding.billing.attempts`), under a
key by which the gateway does it once; whoever takes it up asks again, or asks what became of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction

from goodstanding.billing import attempts, recording
from goodstanding.billing.models import GatewayCustomer, PaymentAttempt
from goodstanding.core import dunning
from goodstanding.core.facts import Fact, InvoicePaymentFailed, PaymentSeen, SubscriptionSeen
from goodstanding.core.ids import derived
from goodstanding.core.ledger import Ledger
from goodstanding.core.money import Money
from goodstanding.gateways import registry
from goodstanding.gateways.models import GatewayAccount
from goodstanding.gateways.protocol import Ability, GatewayRefused, GatewayUnreachable, Refusal
from goodstanding.gateways.requests import BeginRequest, Begun, ChargeRequest, Redirect, Taken
from goodstanding.jobs import lease
from goodstanding.memberships.intake import take_in

ASKED_SOON = timedelta(seconds=30)
NO_CARD = "no_card"

State = PaymentAttempt.State


def begin(attempt: PaymentAttempt, request: BeginRequest, *, now: datetime) -> PaymentAttempt:
    """Begin a written-down payment with its payer there; return how it stands then.

    Succeeded or failed, waiting for its payer on a page of the gateway's, or still open where the gateway did not answer:
    a worker asks it then what became of it. Not to be called in a transaction.
    """
    account = attempt.customer.gateway_account
    gateway = registry.able(account.gateway, Ability.BEGIN)
    keeps = request.keep or request.recurring is not None
    return _carried_out(attempt, lambda: gateway.begin(request, account=account, now=now), now=now, keeps=keeps)


def see_to(attempt: PaymentAttempt, *, now: datetime) -> None:
    """Do what is to be done about a claimed try: charge it, or ask what became of it. For the worker.

    Raises :class:`GatewayUnreachable` where the gateway does not answer; it is tried again later, under the same key.
    """
    if attempt.kind == PaymentAttempt.Kind.CHARGE and attempt.state == State.OPEN and _is_asked_for(attempt):
        _charge(attempt, now=now)
    else:
        ask(attempt, now=now)


def ask(attempt: PaymentAttempt, *, now: datetime) -> PaymentAttempt:
    """Ask the gateway what became of a try, and take in what it says. Raises :class:`GatewayUnreachable`.

    Of one that it never heard of nothing came: it is closed, and its payer may try again.
    """
    account = attempt.customer.gateway_account
    gateway = registry.able(account.gateway, Ability.LOOK)
    try:
        event = gateway.look(attempt.ref or attempt.key, account=account, now=now)
    except GatewayRefused as refusal:
        if refusal.code != Refusal.UNKNOWN_REF:
            raise
        with transaction.atomic():
            attempts.failed(attempt, failure="never_begun", now=now)
    else:
        told, facts = derived("evt", account.pk, event.external_id), gateway.facts(event).facts
        _take_in(facts, attempt, event=told, now=now, ref=_made(facts))
        attempts.let_go(attempt, due_at=now + attempts.ASKED_AGAIN_AFTER)
    attempt.refresh_from_db()
    return attempt


def carry_out(attempt: PaymentAttempt, *, now: datetime) -> None:
    """See to a claimed try and give it back; what fails is booked and tried again, at last parked for staff."""

    def work() -> None:
        see_to(attempt, now=now)
        if attempt.state in PaymentAttempt.UNDER_WAY:  # one that is over was given back with that
            held = PaymentAttempt.objects.filter(pk=attempt.pk, lease_token=attempt.lease_token)
            held.update(leased_until=None, leased_by="", attempts=0, last_error="")

    lease.carry(attempt, work, now=now)


def _charge(attempt: PaymentAttempt, *, now: datetime) -> None:
    account, customer = attempt.customer.gateway_account, attempt.customer
    # What is paid by hand cannot be charged: then it stands as where there is no card, until somebody pays.
    charges = registry.can(account.gateway, Ability.CHARGE, Ability.METHODS)
    method = (attempt.method or _stored_method(customer, now=now)) if charges else ""
    if not method:
        # Trying again changes nothing: it goes on when there is a card, or somebody pays.
        told = [_failure(attempt, NO_CARD, retry=dunning.NEVER, at=now)]
        _take_in(told, attempt, event=_told_by(attempt), now=now, failure=NO_CARD)
        return
    if not attempt.method:
        # Kept before it is used: the key stands for this charge of this card.
        PaymentAttempt.objects.filter(pk=attempt.pk).update(method=method)
    request = ChargeRequest(
        key=attempt.key,
        customer=customer.external_id,
        method=method,
        amount=Money(attempt.amount_minor, attempt.currency),
        invoice=attempt.pays_for,
    )
    gateway = registry.able(account.gateway, Ability.CHARGE)
    after = _carried_out(attempt, lambda: gateway.charge(request, account=account, now=now), now=now)
    if after.state == State.OPEN:
        raise GatewayUnreachable(after.pk)


def _is_asked_for(attempt: PaymentAttempt) -> bool:
    """Whether the bill that a try pays is still open: where it is not, no money is taken any more, only asked after."""
    objects = recording.objects_of([attempt.customer_id])
    state = Ledger(objects.get(attempt.customer_id, {})).invoices.get(attempt.pays_for)
    return state is not None and state.closed_at is None and state.settled_at is None


def _stored_method(customer: GatewayCustomer, *, now: datetime) -> str:
    if customer.method:
        return customer.method
    account = customer.gateway_account
    stored = registry.able(account.gateway, Ability.METHODS).methods(customer.external_id, account=account, now=now)
    return stored[0].ref if stored else ""


def _carried_out(
    attempt: PaymentAttempt, act: Callable[[], Begun], *, now: datetime, keeps: bool = False
) -> PaymentAttempt:
    assert not connection.in_atomic_block or connection.savepoint_ids, "a gateway is never asked inside a transaction"
    try:
        begun = act()
    except GatewayUnreachable:
        attempts.let_go(attempt, due_at=now + ASKED_SOON)
    except GatewayRefused as refusal:
        _refused(attempt, refusal, now=now)
    else:
        _answered(attempt, begun, now=now, keeps=keeps)
    attempt.refresh_from_db()
    return attempt


def _refused(attempt: PaymentAttempt, refusal: GatewayRefused, *, now: datetime) -> None:
    facts: list[Fact] = list(refusal.facts)
    payments = [fact for fact in facts if isinstance(fact, PaymentSeen) and fact.status == "failed"]
    if not payments and attempt.kind == PaymentAttempt.Kind.CHARGE:
        # Our clock counts it. A payer's slip of the pen (a card that nobody knows) is no failure of what he owes.
        facts.append(_failure(attempt, refusal.code, retry=_retry_after(refusal), at=now))
    ref = payments[0].payment if payments else ""
    _take_in(facts, attempt, event=_told_by(attempt), now=now, ref=ref, failure=refusal.code)


def _answered(attempt: PaymentAttempt, begun: Begun, *, now: datetime, keeps: bool) -> None:
    """``keeps``: the payer was told that the card pays what comes again; one that pays once only becomes nothing else."""
    if isinstance(begun, Taken):
        with transaction.atomic():
            if keeps and begun.method and begun.method != attempt.customer.method:
                GatewayCustomer.objects.filter(pk=attempt.customer_id).update(method=begun.method)
            failure = "" if begun.facts else "nothing_taken"
            _take_in(begun.facts, attempt, event=_told_by(attempt), now=now, ref=begun.ref, failure=failure)
            # What is neither good nor bad yet (a bank takes its days) is asked after, not charged again.
            attempts.waits(attempt, ref=begun.ref, page="", now=now)
    elif isinstance(begun, Redirect):
        attempts.waits(attempt, ref=begun.ref, page=begun.url, now=now)
        if attempt.kind == PaymentAttempt.Kind.CHARGE:  # its owner was away: he hears of it as of a failure
            told = [_failure(attempt, str(Refusal.NEEDS_CHALLENGE), retry="owner", at=now)]
            _take_in(told, attempt, event=_told_by(attempt), now=now)
    else:
        attempts.waits(attempt, ref=begun.ref, page="", now=now)


def _take_in(
    facts: Sequence[Fact], attempt: PaymentAttempt, *, event: str, now: datetime, ref: str = "", failure: str = ""
) -> None:
    """Take in what a gateway says of a try, which it knows as ``ref``; with a ``failure`` the try is over."""
    account: GatewayAccount = attempt.customer.gateway_account
    with transaction.atomic():
        # The customer's row before the try's, as whoever takes in a webhook locks them.
        customer = recording.locked_customer(account, attempt.customer.external_id, wanted=False)
        if ref:
            attempts.taken(attempt, ref=ref)
        if failure:
            attempts.failed(attempt, failure=failure, now=now)
        if not facts:
            return
        take_in(facts, account=account, event=event, recorded_at=now, now=now, locked=customer)
        # A webhook may have told all of it before, when nobody knew which try it was about.
        ledger = Ledger(recording.objects_of([customer.pk]).get(customer.pk, {}))
        attempts.follow(customer, ledger, ledger.objects, now=now)


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
