"""What the vendor answers to those who ask how things stand, or what they missed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from goodstanding.core.facts import Fact, InvoicePaymentFailed
from goodstanding.gateways.protocol import Account, GatewayRefused, Refusal
from goodstanding.gateways.sandbox.models import Customer, Invoice, Message, Payment, Subscription
from goodstanding.gateways.sandbox.vendor import keys, people, subscriptions, telling

INVOICES = 24  # of a subscription, the newest: older ones do not change any more
PAGE = 500

Body = dict[str, Any]


def look(ref: str, *, account: Account) -> Body:
    """Return the body of an event that tells how ``ref`` stands, with what belongs to it."""
    people.require_use(account)
    name = keys.ref_of(account.code, ref) or ref
    facts = tuple(_around(name, account.code))
    if not facts:
        raise GatewayRefused(Refusal.UNKNOWN_REF, "there is nothing of this name", retry=False)
    return telling.envelope("object.seen", facts, account=account.code, created_at=max(each.at for each in facts))[1]


def list_live(account: Account) -> Iterator[Body]:
    """Give the body of an event for each subscription that has not ended."""
    people.require_use(account)
    rows = Subscription.objects.filter(customer__account=account.code).exclude(status__in=subscriptions.ENDED)
    for ref in rows.order_by("created_at", "id").values_list("pk", flat=True).iterator(PAGE):
        yield look(ref, account=account)


def since(moment: datetime, *, account: Account) -> Iterator[Body]:
    """Give the bodies of all messages from ``moment`` on, in their order."""
    people.require_use(account)
    rows = Message.objects.filter(account=account.code, created_at__gte=moment).order_by("id")
    for body in rows.values_list("body", flat=True).iterator(PAGE):
        yield json.loads(body)


def _around(ref: str, account: str) -> Iterable[Fact]:
    kind = ref.partition("_")[0]
    match kind:
        case "sbcus":
            yield from (telling.of_customer(row) for row in Customer.objects.filter(pk=ref, account=account))
        case "sbsub":
            yield from _subscription(Subscription.objects.filter(pk=ref, customer__account=account).first())
        case "sbin":
            invoice = Invoice.objects.filter(pk=ref, customer__account=account).first()
            yield from _invoice(invoice) if invoice else ()
        case "sbpay" | "sbrf" | "sbdp":
            name = {"sbpay": "pk", "sbrf": "refunds", "sbdp": "dispute"}[kind]
            payment = Payment.objects.filter(**{name: ref}, customer__account=account).first()
            yield from _payment(payment) if payment else ()


def _subscription(subscription: Subscription | None) -> Iterable[Fact]:
    if subscription is None:
        return
    yield telling.of_customer(subscription.customer)
    yield telling.of_subscription(subscription)
    for invoice in reversed(subscription.invoices.order_by("-created_at", "-id")[:INVOICES]):
        yield from _invoice(invoice)


def _invoice(invoice: Invoice) -> Iterable[Fact]:
    yield telling.of_invoice(invoice)
    for payment in invoice.payments.order_by("created_at", "id"):
        yield from _payment(payment)
        if payment.status == Payment.Status.FAILED:
            yield InvoicePaymentFailed(invoice.pk, invoice.customer_id, payment.changed_at)


def _payment(payment: Payment) -> Iterable[Fact]:
    if payment.amount_minor:
        yield telling.of_payment(payment)
    for refund in payment.refunds.order_by("created_at", "id"):
        yield telling.of_refund(refund)
    if hasattr(payment, "dispute"):
        yield telling.of_dispute(payment.dispute)
