"""The vendor's payments: booked, succeeded, failed; and an invoice collected while its payer is away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from goodstanding.core.ids import derived
from goodstanding.core.money import Money
from goodstanding.gateways.protocol import Refusal
from goodstanding.gateways.sandbox.models import Customer, Invoice, Method, Payment, Subscription
from goodstanding.gateways.sandbox.vendor import invoices, people, subscriptions, telling
from goodstanding.gateways.sandbox.vendor.cards import CARDS, CHALLENGE, RETRIED, Occasion
from goodstanding.gateways.sandbox.vendor.keys import Answer
from goodstanding.gateways.sandbox.vendor.telling import Teller

DISPUTED_AFTER = timedelta(days=1)
WAITS_FOR = timedelta(hours=23)  # for its payer

PART_KEPT, UNITS_KEPT = Fraction(29, 1000), 30

Status = Payment.Status


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be paid, and by which card: the ``token`` of one given now, or a stored ``method``, or none yet."""

    key: str
    amount: Money
    token: str = ""
    method: Method | None = None
    invoice: Invoice | None = None
    reference: str = ""
    description: str = ""
    return_url: str = ""
    keep: bool = False
    capture: bool = True

    @property
    def card(self) -> str:
        """The token of the card, or ``""``."""
        return self.method.token if self.method else self.token


def book(customer: Customer, wish: Wish, *, at: datetime) -> Payment:
    """Note a payment that is to be made; nothing is told of it yet."""
    payment = begun(customer, wish, at=at)
    payment.save(force_insert=True)
    return payment


def begun(customer: Customer, wish: Wish, *, at: datetime) -> Payment:
    """The same, unsaved: for one that succeeds or fails at once, and is saved with that."""
    return Payment(
        id=derived("sbpay", customer.account_id, wish.key),
        customer=customer,
        method=wish.method,
        invoice=wish.invoice,
        reference=wish.reference[:255],
        description=wish.description[:300],
        status=Status.WAITING,
        amount_minor=wish.amount.amount_minor,
        currency=wish.amount.currency,
        capture=wish.capture,
        keep=wish.keep,
        token=wish.card,
        return_url=wish.return_url,
        created_at=at,
        changed_at=at,
        next_at=at + WAITS_FOR,
    )


def succeed(payment: Payment, teller: Teller, *, at: datetime) -> None:
    """The card is good: keep it where that was wished, take the money or set it aside, and settle what it pays."""
    card = CARDS[payment.token]
    if payment.method is None and payment.keep:
        payment.method = people.keep(payment.customer, payment.token, name=payment.pk, now=at)
    payment.made_at = payment.changed_at = at
    payment.next_at = at + DISPUTED_AFTER if card.disputed and payment.amount_minor else None
    if payment.capture:
        take(payment, payment.amount_minor)
    else:
        payment.status = Status.HELD
    payment.put()
    if payment.amount_minor:
        kind = "payment.succeeded" if payment.capture else "payment.held"
        teller.tell(kind, telling.of_payment(payment))
    if payment.invoice is not None:
        invoices.settle(payment.invoice, teller, at=at)
        method = payment.method if payment.keep else None
        subscriptions.paid_for(payment.invoice.subscription, teller, method=method, at=at)


def take(payment: Payment, amount_minor: int) -> None:
    """Note that money was taken, and keep the fee: 2.9 % of it and 30 of its smallest units, never more than all."""
    fee = Money(amount_minor, payment.currency).share(PART_KEPT).amount_minor + UNITS_KEPT
    payment.status, payment.taken_minor, payment.fee_minor = Status.SUCCEEDED, amount_minor, min(fee, amount_minor)


def give_up(payment: Payment, teller: Teller, failure: str, *, at: datetime) -> None:
    """Note that a payment came to nothing, and with it a subscription that it was to begin."""
    subscriptions.fail(payment, teller, failure, at=at)
    begun = payment.invoice.subscription if payment.invoice else None
    if begun is not None and begun.status == Subscription.Status.INCOMPLETE:
        subscriptions.cancel(begun, teller, at=at)


def refused(payment: Payment, teller: Teller, code: str, *, at: datetime) -> Answer:
    """The card is not good: note the payment as failed, and return the refusal."""
    subscriptions.fail(payment, teller, code, at=at)
    return refusal(code, payment.pk, teller)


def refusal(code: str, ref: str, teller: Teller) -> Answer:
    """Return the refusal of a card as an answer."""
    return Answer(
        ref=ref, facts=tuple(teller.facts), refused=code, detail="the card was refused", retry=code in RETRIED
    )


def collect(invoice: Invoice, teller: Teller, *, at: datetime) -> bool:
    """Pay an open invoice by its subscription's stored card; return whether it is settled.

    A failure is tried again by the ladder; after the last one the subscription is ended and its bills are given up.
    """
    subscription = invoice.subscription
    if not invoice.due_minor:
        invoices.settle(invoice, teller, at=at)
        subscriptions.paid_for(subscription, teller, method=None, at=at)
        return True
    method = subscription.method
    if method is not None:
        amount = Money(invoice.due_minor, invoice.currency)
        key = f"{invoice.pk}-{invoice.tries + 1}"
        payment = book(invoice.customer, Wish(key, amount, method=method, invoice=invoice), at=at)
        outcome = away(method, at=at)
        if not outcome:
            succeed(payment, teller, at=at)
            return True
        subscriptions.fail(payment, teller, outcome, at=at)
    if not invoices.failed(invoice, teller, at=at):
        subscriptions.cancel(subscription, teller, at=at, unpaid=Invoice.Status.UNCOLLECTIBLE)
    elif subscription.status == Subscription.Status.ACTIVE:
        subscription.status = Subscription.Status.PAST_DUE
        subscriptions.tell(subscription, teller, at=at)
    return False


def outcome_of(wish: Wish, *, at: datetime) -> str:
    """Return how the card of ``wish`` ends while its owner is there."""
    card = CARDS[wish.card]
    if wish.method is None:
        return card.outcome(Occasion.FIRST)
    return card.outcome_at(Occasion.AGAIN, kept_at=wish.method.created_at, at=at)


def away(method: Method, *, at: datetime) -> str:
    """Return how charging a stored card ends while its owner is away."""
    return CARDS[method.token].outcome_at(Occasion.AWAY, kept_at=method.created_at, at=at)


def needs_owner(code: str) -> bool:
    """Tell whether an outcome is one that the card's owner can turn into a good one."""
    return code in (CHALLENGE, Refusal.NEEDS_CHALLENGE)
