"""Tries to have something paid: written down before a gateway is asked, closed by what its facts tell."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import F, Min, Q

from goodstanding.billing.models import GatewayCustomer, PaymentAttempt
from goodstanding.core.facts import PaymentSeen
from goodstanding.core.fold import ENDED, Key
from goodstanding.core.ids import derived
from goodstanding.core.ledger import Ledger
from goodstanding.core.money import Money
from goodstanding.gateways import registry
from goodstanding.gateways.protocol import Ability
from goodstanding.jobs import services as jobs
from goodstanding.jobs.lease import LEASE

ASKED_AGAIN_AFTER = timedelta(hours=25)  # a payer who was sent to a page and never came back: the gateway is asked

CARD_SEEN = "memberships.card_seen"  # the job that keeps how people know the card that pays

State = PaymentAttempt.State


class AlreadyUnderWay(Exception):
    """This is being paid, or was: a second try could charge twice."""

    def __init__(self, attempt: PaymentAttempt) -> None:
        super().__init__(attempt.pk)
        self.attempt = attempt


def write_down(
    customer: GatewayCustomer, *, pays_for: str, kind: str, amount: Money, now: datetime, held: bool, method: str = ""
) -> PaymentAttempt:
    """Write down that ``pays_for`` is to be paid. ``held``: the caller sees to it now; if he dies, a worker takes it up.

    Raises :class:`AlreadyUnderWay` where a try is under way or was good. In the caller's transaction, with the customer's
    row locked.
    """
    before = PaymentAttempt.objects.filter(customer=customer, pays_for=pays_for).order_by("number")
    for there in before:
        if there.state != State.FAILED:
            raise AlreadyUnderWay(there)
    number = len(before)
    key = derived("key", customer.pk, pays_for, str(number))
    return PaymentAttempt.objects.create(
        id=derived("att", key),
        key=key,
        customer=customer,
        pays_for=pays_for,
        number=number,
        kind=kind,
        amount_minor=amount.amount_minor,
        currency=amount.currency,
        method=method,
        begun_at=now,
        due_at=now,
        leased_until=now + LEASE if held else None,
        leased_by="its payer" if held else "",
    )


def under_way(customer: GatewayCustomer, pays_for: str) -> PaymentAttempt | None:
    """Return the try that is under way for ``pays_for``, if one is."""
    return PaymentAttempt.objects.filter(
        customer=customer, pays_for=pays_for, state__in=PaymentAttempt.UNDER_WAY
    ).first()


def may_be_asked(attempt: PaymentAttempt, *, now: datetime) -> bool:
    """Return whether a page may ask the gateway what became of a try: nobody is at it, and the gateway had time to hear of it.

    Asked too early it might say that it never heard of a request that is still on its way, and the payer would try again.
    """
    if attempt.state not in PaymentAttempt.UNDER_WAY or (attempt.leased_until and attempt.leased_until > now):
        return False
    return attempt.state == State.WAITING or attempt.due_at <= now


def is_in_hand(attempt: PaymentAttempt, *, now: datetime) -> bool:
    """Return whether somebody is at it right now: a worker, a page, or its payer. Else it waits for a gateway that is away."""
    return attempt.state == State.WAITING or bool(attempt.leased_until and attempt.leased_until > now)


def waits(attempt: PaymentAttempt, *, ref: str, page: str, now: datetime) -> None:
    """Note that the payer was sent to a page of the gateway's."""
    PaymentAttempt.objects.filter(pk=attempt.pk, state=State.OPEN).update(
        state=State.WAITING, ref=ref, page=page, due_at=now + ASKED_AGAIN_AFTER, leased_until=None, leased_by=""
    )


def taken(attempt: PaymentAttempt, *, ref: str) -> None:
    """Note the gateway's reference of a try."""
    PaymentAttempt.objects.filter(pk=attempt.pk).update(ref=ref)


def failed(attempt: PaymentAttempt, *, failure: str, now: datetime, ref: str = "") -> None:
    """Note that a try came to nothing, and the gateway's reference of it where it has one."""
    if ref:
        taken(attempt, ref=ref)
    _close(Q(pk=attempt.pk), State.FAILED, failure=failure, now=now)


def let_go(attempt: PaymentAttempt, *, due_at: datetime) -> None:
    """Give back a try whose outcome is unknown: a worker asks the gateway at ``due_at``."""
    PaymentAttempt.objects.filter(pk=attempt.pk, state__in=(State.OPEN, State.WAITING)).update(
        due_at=due_at, leased_until=None, leased_by=""
    )


def follow(customer: GatewayCustomer, ledger: Ledger, changed: Iterable[Key], *, now: datetime) -> None:
    """Close those of a customer's tries of which the ledger tells how they ended. No query where there can be none."""
    if not any(kind in ("payment", "invoice", "subscription", "link") for kind, _ in changed):
        return
    if Ability.BEGIN not in registry.gateway(customer.gateway_account.gateway).abilities:
        return
    tried = PaymentAttempt.objects.filter(customer=customer, state__in=PaymentAttempt.UNDER_WAY)
    for attempt in tried:
        state, failure = _outcome(attempt, ledger)
        if state is not None:
            _close(Q(pk=attempt.pk), state, failure=failure, now=now)
            if state == State.SUCCEEDED and attempt.kind == PaymentAttempt.Kind.BEGIN:
                # A new card that was typed on the gateway's page, or had to be approved there, was kept there.
                newest = attempt.state == State.WAITING and bool(attempt.page) and not attempt.method
                payload = {"customer": customer.pk, "newest": newest}
                jobs.add(CARD_SEEN, key=attempt.pk, due_at=now, now=now, payload=payload)


def due_next() -> datetime | None:
    """Return when a worker is next to see to a try."""
    first: datetime | None = PaymentAttempt.objects.open().aggregate(first=Min("due_at"))["first"]
    return first


def _outcome(attempt: PaymentAttempt, ledger: Ledger) -> tuple[State | None, str]:
    invoice = ledger.invoices.get(attempt.pays_for)
    if invoice is not None and invoice.settled_at is not None:
        return State.SUCCEEDED, ""
    failures = [payment for payment in _payments(attempt, ledger) if payment.status == "failed"]
    if failures:
        return State.FAILED, failures[0].failure
    begun = ledger.subscriptions.get(attempt.ref)
    if begun and invoice is None:  # a bill of a subscription that runs already says for itself whether it is paid
        paid = [each for each in ledger.invoices.values() if each.last and each.last.subscription == attempt.ref]
        if any(each.settled_at for each in paid):
            return State.SUCCEEDED, ""
        if begun[-1].status in ENDED:
            return State.FAILED, "abandoned"
    return None, ""


def _payments(attempt: PaymentAttempt, ledger: Ledger) -> list[PaymentSeen]:
    """The payments that this try made: the one it knows by reference, else those for the same thing that no other try made."""
    if attempt.ref in ledger.payments:
        return [ledger.payments[attempt.ref]]
    if attempt.ref and attempt.pays_for not in ledger.invoices:
        return []
    others = PaymentAttempt.objects.filter(customer=attempt.customer_id, pays_for=attempt.pays_for).exclude(
        pk=attempt.pk
    )
    known = set(others.values_list("ref", flat=True))
    return [
        payment
        for ref, payment in ledger.payments.items()
        if ref not in known and payment.at >= attempt.begun_at and ledger.invoice_of(ref) == attempt.pays_for
    ]


def _close(which: Q, state: State, *, failure: str, now: datetime) -> None:
    # Its lease is taken from whoever works on it right now: a failure that he books would open it again.
    PaymentAttempt.objects.filter(which, state__in=PaymentAttempt.UNDER_WAY).update(
        state=state,
        failure=failure[:100],
        ended_at=now,
        leased_until=None,
        leased_by="",
        lease_token=F("lease_token") + 1,
        attempts=0,
        last_error="",
        page="",
    )
