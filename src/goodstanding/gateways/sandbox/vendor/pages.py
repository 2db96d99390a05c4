"""The vendor's pages: where a payer chooses a card, and where he approves a payment as his bank wants it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.urls import reverse

from goodstanding.core.ids import derived
from goodstanding.core.money import Money
from goodstanding.gateways.protocol import Account, Refusal
from goodstanding.gateways.sandbox.models import Customer, Invoice, Payment
from goodstanding.gateways.sandbox.vendor import payments
from goodstanding.gateways.sandbox.vendor.cards import CARDS, Occasion
from goodstanding.gateways.sandbox.vendor.keys import Answer
from goodstanding.gateways.sandbox.vendor.telling import Teller, of_payment

Status = Payment.Status


class NoSuchPage(Exception):
    """No payment has a page of this address."""


@dataclass(frozen=True, slots=True)
class Page:
    """What a page shows. ``asks``: ``card``, ``approval``, or ``""`` where nothing is asked any more."""

    asks: str
    amount: Money
    description: str
    return_url: str


def sent_to(payment: Payment, teller: Teller, *, account: Account) -> Answer:
    """Have the payer sent to a page, and answer where that is."""
    secret = next(iter(account.webhook_secrets()), "")
    payment.page = derived("sbpage", secret, payment.pk)
    payment.save(update_fields=["page"])
    if payment.amount_minor:
        teller.tell("payment.waiting", of_payment(payment))
    name = "gs_sandbox:challenge" if payment.token else "gs_sandbox:pay"
    ref = payment.invoice.subscription_id if payment.invoice else payment.pk
    return Answer(ref=ref, url=reverse(name, args=[payment.page]))


def shown(page: str) -> Page:
    """Return what the page of this address shows. Raises :class:`NoSuchPage`."""
    payment = Payment.objects.filter(page=page, customer__account__is_active=True).first() if page else None
    if payment is None:
        raise NoSuchPage
    asks = "" if payment.status != Status.WAITING else "approval" if payment.token else "card"
    return Page(asks, Money(payment.amount_minor, payment.currency), payment.description, payment.return_url)


def choose(page: str, token: str, *, now: datetime) -> str:
    """Pay by the card of ``token``; return the code of a refusal, after which another may be chosen, or ``""``."""

    def act(payment: Payment, teller: Teller) -> str:
        outcome = CARDS[token].outcome(Occasion.FIRST) if token in CARDS else str(Refusal.UNKNOWN_CARD)
        if outcome and not payments.needs_owner(outcome):
            return outcome
        payment.token = token
        payment.save(update_fields=["token"])
        if not outcome:
            payments.succeed(payment, teller, at=now)
        return ""

    return _waiting(page, act, asks="card", now=now)


def decide(page: str, *, approved: bool, now: datetime) -> None:
    """Approve the payment, or refuse it."""

    def act(payment: Payment, teller: Teller) -> str:
        if approved:
            payments.succeed(payment, teller, at=now)
        else:
            payments.give_up(payment, teller, str(Refusal.CHALLENGE_FAILED), at=now)
        return ""

    _waiting(page, act, asks="approval", now=now)


def leave(page: str, *, now: datetime) -> None:
    """Give up without a card."""

    def act(payment: Payment, teller: Teller) -> str:
        payments.give_up(payment, teller, "abandoned", at=now)
        return ""

    _waiting(page, act, asks="card", now=now)


def _waiting(page: str, act: Callable[[Payment, Teller], str], *, asks: str, now: datetime) -> str:
    """Act on the payment if it still waits for this; where another payment was faster, it is given up."""
    if shown(page).asks != asks:
        return ""
    with transaction.atomic(durable=True):
        owner = Payment.objects.filter(page=page).values_list("customer", flat=True)
        customer = Customer.objects.select_for_update().get(pk__in=owner)
        payment = Payment.objects.select_related("customer", "invoice__subscription", "method").get(page=page)
        if payment.status != Status.WAITING:
            return ""
        teller = Teller(customer, now)
        if payment.invoice is not None and payment.invoice.status != Invoice.Status.OPEN:
            payments.give_up(payment, teller, str(Refusal.NOT_OPEN), at=now)
            code = ""
        else:
            code = act(payment, teller)
        teller.write()
    return code
