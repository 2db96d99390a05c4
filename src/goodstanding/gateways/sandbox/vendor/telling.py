"""What the vendor tells: its rows as facts, and messages (webhooks) that carry them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from goodstanding.core import codec
from goodstanding.core.facts import (
    Contract,
    CustomerSeen,
    DisputeSeen,
    Fact,
    InvoiceSeen,
    ItemSeen,
    LineSeen,
    PaymentSeen,
    RefundSeen,
    SubscriptionSeen,
)
from goodstanding.core.ids import derived
from goodstanding.gateways.sandbox.models import Customer, Dispute, Invoice, Message, Payment, Refund, Subscription
from goodstanding.gateways.sandbox.vendor import cards, faults, plans
from goodstanding.jobs import inserting

OBJECT = "sandbox.event"
_PAYMENT_STATUS = {
    Payment.Status.WAITING: "pending",
    Payment.Status.HELD: "pending",
    Payment.Status.SUCCEEDED: "succeeded",
    Payment.Status.FAILED: "failed",
}
_TICK = timedelta(microseconds=1)


class Teller:
    """What one act of the vendor tells of one customer, at ``now``: facts to answer with, and messages to send.

    Nothing is written before :meth:`write`, which belongs into the transaction of the act.
    """

    def __init__(self, customer: Customer, now: datetime) -> None:
        self.customer, self.account, self.now = customer, customer.account_id, now
        self.facts: list[Fact] = []
        self._messages: list[Message] = []

    def tell(self, kind: str, *facts: Fact) -> None:
        """Tell ``facts`` as a message of type ``kind``."""
        self.facts += facts
        external_id, body = envelope(kind, facts, account=self.account, created_at=self.now)
        self._messages.append(
            Message(
                account_id=self.account,
                customer=self.customer,
                external_id=external_id,
                type=kind,
                created_at=self.now,
                body=json.dumps(body, separators=(",", ":")),
                due_at=self.now,
            )
        )

    def write(self) -> None:
        """File the messages, as the faults that are on demand leave them."""
        faults.spoil(self._messages, account=self.account)
        inserting.insert(Message, self._messages, conflict=inserting.Conflict.KEEP)
        self._messages = []


def envelope(kind: str, facts: tuple[Fact, ...], *, account: str, created_at: datetime) -> tuple[str, dict[str, Any]]:
    """Return a message's id and its whole body. The same facts told as the same type have the same id."""
    told = [codec.encode(fact) for fact in facts]
    external_id = derived("sbev", account, kind, json.dumps(told, sort_keys=True))
    body = {
        "object": OBJECT,
        "id": external_id,
        "account": account,
        "type": kind,
        "created": created_at.astimezone(UTC).isoformat(),
        "livemode": False,
        "facts": told,
    }
    return external_id, body


def of_customer(customer: Customer) -> CustomerSeen:
    """Return a customer as it stands."""
    return CustomerSeen(
        customer=customer.pk,
        at=customer.changed_at,
        email=customer.email,
        name=customer.name,
        deleted=customer.deleted,
        rank=2 if customer.deleted else 0,
    )


def moved_on(subscription: Subscription, *, at: datetime, rank: int) -> None:
    """Note that the subscription is told of at ``at`` anew; of several tellings in one moment each is a tick later."""
    if at < subscription.changed_at or (at == subscription.changed_at and rank <= subscription.rank):
        at = subscription.changed_at + _TICK
    subscription.changed_at, subscription.rank = at, rank


def item_of(subscription: str) -> str:
    """Return the name of the one item of a subscription."""
    return derived("sbit", subscription)


def of_subscription(subscription: Subscription) -> SubscriptionSeen:
    """Return a subscription as it stands."""
    plan = plans.unpacked(subscription.plan)
    item = ItemSeen(
        item=item_of(subscription.pk),
        hints=plans.hints(plan, account=subscription.customer.account_id),
        quantity=plan.quantity,
        amount_minor=plan.amount.amount_minor,
        interval=str(plan.interval.unit),
        interval_count=plan.interval.count,
    )
    return SubscriptionSeen(
        subscription=subscription.pk,
        customer=subscription.customer_id,
        at=subscription.changed_at,
        status=str(subscription.status),
        created_at=subscription.created_at,
        currency=plan.amount.currency,
        items=(item,),
        anchor_at=subscription.anchor_at,
        ends_at=subscription.ends_at,
        ended_at=subscription.ended_at,
        rank=subscription.rank,
        contract=Contract(payments=plan.payments),
    )


def of_invoice(invoice: Invoice) -> InvoiceSeen:
    """Return an invoice as it stands."""
    return InvoiceSeen(
        invoice=invoice.pk,
        customer=invoice.customer_id,
        at=invoice.changed_at,
        status=str(invoice.status),
        created_at=invoice.created_at,
        currency=invoice.currency,
        total_minor=invoice.total_minor,
        due_minor=invoice.due_minor,
        paid_minor=invoice.paid_minor,
        credit_minor=invoice.credit_minor,
        subscription=invoice.subscription_id,
        number=invoice.number,
        finalised_at=invoice.finalised_at,
        settled_at=invoice.settled_at,
        closed_at=invoice.closed_at,
        lines=tuple(_line(invoice, number, told) for number, told in enumerate(invoice.lines)),
    )


def _line(invoice: Invoice, number: int, told: dict[str, Any]) -> LineSeen:
    plan = plans.unpacked(told["plan"])
    return LineSeen(
        line=derived("sbil", invoice.pk, str(number)),
        kind=told["kind"],
        amount_minor=told["amount_minor"],
        start=datetime.fromisoformat(told["start"]),
        end=datetime.fromisoformat(told["end"]),
        subscription=invoice.subscription_id,
        item=item_of(invoice.subscription_id),
        hints=plans.hints(plan, account=invoice.customer.account_id),
        description=told["description"],
        quantity=plan.quantity,
    )


def of_payment(payment: Payment) -> PaymentSeen:
    """Return a payment as it stands."""
    succeeded = payment.status == Payment.Status.SUCCEEDED
    away = not payment.return_url  # its owner was not there to be led anywhere
    return PaymentSeen(
        payment=payment.pk,
        at=payment.changed_at,
        status=_PAYMENT_STATUS[Payment.Status(payment.status)],
        amount_minor=payment.taken_minor if succeeded else payment.amount_minor,
        currency=payment.currency,
        made_at=payment.made_at or payment.created_at,
        customer=payment.customer_id,
        invoice=payment.invoice_id or payment.reference,
        refunded_minor=payment.refunded_minor,
        failure=payment.failure,
        fee_minor=payment.fee_minor,
        retry=cards.retry_after(payment.failure) if away and payment.failure else "",
    )


def of_refund(refund: Refund) -> RefundSeen:
    """Return a refund; the sandbox's succeed at once."""
    payment = refund.payment
    return RefundSeen(
        refund=refund.pk,
        at=refund.created_at,
        status="succeeded",
        amount_minor=refund.amount_minor,
        currency=payment.currency,
        made_at=refund.created_at,
        payment=payment.pk,
        customer=payment.customer_id,
    )


def of_dispute(dispute: Dispute) -> DisputeSeen:
    """Return a dispute as it stands."""
    payment = dispute.payment
    return DisputeSeen(
        dispute=dispute.pk,
        at=dispute.changed_at,
        status=str(dispute.status),
        amount_minor=dispute.amount_minor,
        currency=payment.currency,
        opened_at=dispute.opened_at,
        payment=payment.pk,
        customer=payment.customer_id,
    )
