"""Stripe's invoices and their lines as facts, in the shape of today and of before Basil (2025-03-31)."""

from __future__ import annotations

from collections.abc import Iterator

from goodstanding.core.facts import Fact, InvoicePaymentFailed, InvoiceSeen, LineSeen, PaymentLinked
from goodstanding.gateways.protocol import BadEvent, Event
from goodstanding.gateways.stripe.fields import (
    Obj,
    amount,
    count,
    currency,
    maybe_amount,
    maybe_moment,
    maybe_obj,
    moment,
    needed,
    obj,
    ref,
    rows,
    text,
)
from goodstanding.gateways.stripe.prices import hints

STATUSES = frozenset({"draft", "open", "paid", "void", "uncollectible", "deleted"})


def read_invoice(event: Event, told: Obj) -> Iterator[Fact]:
    """Give the invoice as ``event`` tells it, the failure it tells of, and which payments belong to it."""
    invoice = _invoice(event, told)
    yield invoice
    if event.type == "invoice.payment_failed":
        yield InvoicePaymentFailed(invoice.invoice, invoice.customer, event.created_at)
    for payment in dict.fromkeys(_payments(told)):
        yield PaymentLinked(invoice.invoice, payment, event.created_at, invoice.customer)


def read_invoice_payment(event: Event, told: Obj) -> Iterator[Fact]:
    """Give which invoice and which payment belong together."""
    for payment in _payment_refs(maybe_obj(told, "payment")):
        yield PaymentLinked(ref(told, "invoice"), payment, event.created_at)


def _invoice(event: Event, told: Obj) -> InvoiceSeen:
    code = currency(told)
    status = _status(event, told)
    moved = maybe_obj(told, "status_transitions")
    starting, ending = told.get("starting_balance"), told.get("ending_balance")
    applied = starting is not None and ending is not None
    closing = {"void": "voided_at", "uncollectible": "marked_uncollectible_at"}.get(status, "")
    return InvoiceSeen(
        invoice=needed(told, "id"),
        customer=ref(told, "customer"),
        at=event.created_at,
        status=status,
        created_at=moment(told, "created" if "created" in told else "date"),
        currency=code,
        total_minor=amount(told, "total", code),
        due_minor=amount(told, "amount_due", code),
        paid_minor=maybe_amount(told, "amount_paid", code),
        # A negative balance is credit: what it moved by at finalisation went into this invoice, or came out of it.
        credit_minor=amount(told, "ending_balance", code) - amount(told, "starting_balance", code) if applied else 0,
        subscription=subscription_of(told),
        number=text(told, "number")[:100],
        finalised_at=maybe_moment(moved, "finalized_at"),
        settled_at=maybe_moment(moved, "paid_at") if status == "paid" else None,
        closed_at=maybe_moment(moved, closing) if closing else None,
        lines=tuple(_line(row, code) for row in rows(told, "lines")),
        elsewhere_minor=_elsewhere(told, code),
    )


def _elsewhere(told: Obj, code: str) -> int:
    """What was paid of it without Stripe; before Basil there was only a flag."""
    if told.get("paid_out_of_band") is True:
        return amount(told, "amount_due", code)
    return maybe_amount(told, "amount_paid_off_stripe", code)


def _status(event: Event, told: Obj) -> str:
    if event.type == "invoice.deleted":
        return "deleted"
    status = text(told, "status")
    if not status:  # before 2018 there were flags instead
        status = "paid" if told.get("paid") else "void" if told.get("closed") or told.get("forgiven") else "open"
    if status not in STATUSES:
        raise BadEvent("unknown_status", "the invoice's status is none that we know")
    return status


def subscription_of(told: Obj) -> str:
    """Return the subscription that an invoice belongs to, or ``""``."""
    return ref(told, "subscription") or ref(
        maybe_obj(maybe_obj(told, "parent"), "subscription_details"), "subscription"
    )


def _line(row: Obj, code: str) -> LineSeen:
    if row.get("currency"):
        currency(row, expected=code)
    period = obj(row, "period")
    kind, subscription, item = _parent(row)
    off = sum(amount(each, "amount", code) for each in rows(row, "discount_amounts"))
    taxes = [
        (amount(each, "amount", code), _is_within(each)) for each in (*rows(row, "taxes"), *rows(row, "tax_amounts"))
    ]
    return LineSeen(
        line=ref(row, "id"),
        kind=kind,
        amount_minor=amount(row, "amount", code) - off - sum(tax for tax, within in taxes if within),
        start=moment(period, "start"),
        end=moment(period, "end"),
        subscription=subscription,
        item=item,
        hints=hints(row),
        description=text(row, "description")[:300],
        quantity=count(row, "quantity"),
        tax_minor=sum(tax for tax, _ in taxes),
        off_minor=off,
    )


def _is_within(tax: Obj) -> bool:
    """Whether a tax is within its line's amount: so by the shape of today, and by that of before Basil."""
    return text(tax, "tax_behavior") == "inclusive" or tax.get("inclusive") is True


def _parent(row: Obj) -> tuple[str, str, str]:
    """Return (kind, subscription, item) of a line: a subscription item's own period, a change's money, or one-off."""
    parent = maybe_obj(row, "parent")
    if parent:
        own = maybe_obj(parent, "subscription_item_details")
        details = own or maybe_obj(parent, "invoice_item_details")
        regular = bool(own) and not details.get("proration")
        proration = bool(details.get("proration"))
        subscription, item = ref(details, "subscription"), ref(details, "subscription_item")
    else:
        regular = row.get("type") == "subscription" and not row.get("proration")
        proration = bool(row.get("proration"))
        subscription, item = ref(row, "subscription"), ref(row, "subscription_item")
        if regular and not subscription and text(row, "id").startswith("sub_"):
            subscription = text(row, "id")  # the oldest lines are named after their subscription
    return ("regular" if regular else "proration" if proration else "other"), subscription, item


def _payments(told: Obj) -> Iterator[str]:
    for row in rows(told, "payments"):
        yield from _payment_refs(maybe_obj(row, "payment"))
    for name in ("payment_intent", "charge"):
        if found := ref(told, name):
            yield found


def _payment_refs(payment: Obj) -> Iterator[str]:
    for name in ("payment_intent", "charge"):
        if found := ref(payment, name):
            yield found
