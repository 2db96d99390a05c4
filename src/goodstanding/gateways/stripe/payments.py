"""Stripe's charges, refunds and disputes as facts."""

from __future__ import annotations

from collections.abc import Iterator

from goodstanding.core.facts import DisputeSeen, Fact, InvoicePaymentFailed, PaymentLinked, PaymentSeen, RefundSeen
from goodstanding.gateways.protocol import BadEvent, Event
from goodstanding.gateways.stripe.fields import (
    Obj,
    amount,
    currency,
    maybe_amount,
    maybe_obj,
    moment,
    needed,
    ref,
    rows,
    text,
)

_REFUND = {
    "pending": "pending",
    "requires_action": "pending",
    "succeeded": "succeeded",
    "failed": "failed",
    "canceled": "cancelled",
}
# An inquiry that closes and a dispute prevented or refunded in time took nothing: they end as won ones do.
_DISPUTE_CLOSED = {"won": "won", "lost": "lost", "warning_closed": "won", "charge_refunded": "won", "prevented": "won"}


def read_charge(event: Event, told: Obj) -> Iterator[Fact]:
    """Give the charge as ``event`` tells it, what it belongs to, and (in old payloads) the refunds it carries."""
    code = currency(told)
    status = text(told, "status") or ("succeeded" if told.get("paid") else "failed")
    if status not in ("succeeded", "pending", "failed"):
        raise BadEvent("unknown_status", "the charge's status is none that we know")
    captured = told.get("captured", True)
    part = told.get("amount_captured")
    payment = PaymentSeen(
        payment=needed(told, "id"),
        at=event.created_at,
        status="pending" if status == "succeeded" and not captured else status,
        amount_minor=amount(told, "amount_captured" if captured and part not in (None, 0) else "amount", code),
        currency=code,
        made_at=moment(told, "created"),
        customer=ref(told, "customer"),
        intent=ref(told, "payment_intent"),
        invoice=ref(told, "invoice"),
        refunded_minor=maybe_amount(told, "amount_refunded", code),
        failure=text(told, "failure_code"),
        fee_minor=_fee(told, code),
    )
    yield payment
    if event.type == "charge.failed" and payment.invoice:
        yield InvoicePaymentFailed(payment.invoice, payment.customer, event.created_at)
    for row in rows(told, "refunds"):
        yield _refund(event, row, payment.customer, payment.payment)


def _fee(told: Obj, code: str) -> int:
    """What Stripe kept of it, where the charge's balance transaction was asked for along with it (expanded).

    0 where it is told in another currency: Stripe converted, and we do not guess at what rate.
    """
    booked = maybe_obj(told, "balance_transaction")
    return maybe_amount(booked, "fee", code) if booked and currency(booked) == code else 0


def read_refund(event: Event, told: Obj) -> RefundSeen:
    """Return the refund as ``event`` tells it."""
    return _refund(event, told, "", "")


def _refund(event: Event, told: Obj, customer: str, payment: str) -> RefundSeen:
    code = currency(told)
    status = _REFUND.get(text(told, "status") or "succeeded")
    if status is None:
        raise BadEvent("unknown_status", "the refund's status is none that we know")
    return RefundSeen(
        refund=needed(told, "id"),
        at=event.created_at,
        status="failed" if event.type == "refund.failed" else status,
        amount_minor=amount(told, "amount", code),
        currency=code,
        made_at=moment(told, "created"),
        payment=ref(told, "charge") or payment,
        intent=ref(told, "payment_intent"),
        customer=customer,
    )


def read_dispute(event: Event, told: Obj) -> DisputeSeen:
    """Return the dispute as ``event`` tells it. An inquiry counts as open until it closes."""
    code = currency(told)
    return DisputeSeen(
        dispute=needed(told, "id"),
        at=event.created_at,
        status=_DISPUTE_CLOSED.get(needed(told, "status"), "open"),
        withdrawn=not text(told, "status").startswith("warning_"),
        amount_minor=amount(told, "amount", code),
        currency=code,
        opened_at=moment(told, "created"),
        payment=ref(told, "charge"),
        intent=ref(told, "payment_intent"),
    )


def read_intent(event: Event, told: Obj) -> Iterator[Fact]:
    """Give what an intent belongs to, where its payload (before Basil) says so. Its money is told by its charge."""
    if invoice := ref(told, "invoice"):
        yield PaymentLinked(invoice, needed(told, "id"), event.created_at, ref(told, "customer"))
