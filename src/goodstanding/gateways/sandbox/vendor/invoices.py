"""The vendor's invoices: drawn up, finalised, collected, tried again, settled, given up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from goodstanding.core.facts import InvoicePaymentFailed
from goodstanding.core.ids import derived
from goodstanding.core.money import Money
from goodstanding.gateways.requests import Recurring
from goodstanding.gateways.sandbox.models import Invoice, Subscription
from goodstanding.gateways.sandbox.vendor import plans, telling
from goodstanding.gateways.sandbox.vendor.telling import Teller

DRAFT_FOR = timedelta(hours=1)  # how long a renewal's invoice stays a draft
RETRIES = (timedelta(days=3), timedelta(days=5), timedelta(days=7))  # after the first failure

PREFIX = "sbin"  # of their names

Status = Invoice.Status


@dataclass(frozen=True, slots=True)
class Line:
    """A line to be: ``kind`` is regular or proration, the period ``[start, end)``."""

    kind: str
    amount: Money
    start: datetime
    end: datetime
    plan: Recurring
    description: str

    def packed(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "kind": self.kind,
            "amount_minor": self.amount.amount_minor,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "plan": plans.packed(self.plan),
            "description": self.description[:300],
        }


def is_named(ref: str) -> bool:
    """Return whether a reference may be that of an invoice of the vendor's."""
    return ref.startswith(f"{PREFIX}_")


def draw_up(subscription: Subscription, teller: Teller, lines: Sequence[Line], *, at: datetime) -> Invoice:
    """Make a draft of these lines."""
    number = subscription.invoices.count() + 1
    total = sum((line.amount for line in lines), Money.zero(lines[0].amount.currency))
    invoice = Invoice.objects.create(
        id=derived(PREFIX, subscription.pk, str(number)),
        customer=subscription.customer,
        subscription=subscription,
        number=f"{subscription.pk[-6:].upper()}-{number:04}",
        currency=total.currency,
        lines=[line.packed() for line in lines],
        total_minor=total.amount_minor,
        due_minor=max(total.amount_minor, 0),
        created_at=at,
        changed_at=at,
        next_at=at + DRAFT_FOR,
    )
    teller.tell("invoice.created", telling.of_invoice(invoice))
    return invoice


def finalise(invoice: Invoice, teller: Teller, *, at: datetime, with_credit: bool = True) -> None:
    """Make a draft a bill. The customer's credit is used; what comes to less than nothing becomes credit."""
    customer = teller.customer
    used = min(customer.credit_minor, invoice.total_minor) if with_credit or invoice.total_minor < 0 else 0
    if used:
        customer.credit_minor -= used
        customer.save(update_fields=["credit_minor"])
    invoice.credit_minor, invoice.due_minor = used, invoice.total_minor - used
    invoice.status, invoice.finalised_at, invoice.changed_at, invoice.next_at = Status.OPEN, at, at, None
    invoice.save()
    teller.tell("invoice.finalised", telling.of_invoice(invoice))


def settle(invoice: Invoice, teller: Teller, *, at: datetime) -> None:
    """Nothing is due any more."""
    invoice.status, invoice.settled_at, invoice.changed_at, invoice.next_at = Status.PAID, at, at, None
    invoice.paid_minor = invoice.due_minor
    invoice.save()
    teller.tell("invoice.paid", telling.of_invoice(invoice))


def failed(invoice: Invoice, teller: Teller, *, at: datetime) -> bool:
    """Note that a try to collect failed; return whether another one follows."""
    invoice.tries += 1
    invoice.first_failed_at = invoice.first_failed_at or at
    again = invoice.tries <= len(RETRIES)
    invoice.next_at = invoice.first_failed_at + RETRIES[invoice.tries - 1] if again else None
    invoice.changed_at = at
    invoice.save()
    failure = InvoicePaymentFailed(invoice.pk, invoice.customer_id, at)
    teller.tell("invoice.payment_failed", telling.of_invoice(invoice), failure)
    return again


def close(invoice: Invoice, teller: Teller, status: Invoice.Status, *, at: datetime) -> None:
    """Void an invoice, give it up, or (a draft) delete it."""
    if invoice.status == Status.DRAFT:
        status = Status.DELETED
    invoice.status, invoice.closed_at, invoice.changed_at, invoice.next_at = status, at, at, None
    invoice.save()
    teller.tell(f"invoice.{status}", telling.of_invoice(invoice))


def unpaid(subscription: Subscription) -> list[Invoice]:
    """Return what is still to be paid, the oldest first."""
    return list(subscription.invoices.filter(status__in=[Status.DRAFT, Status.OPEN]).order_by("created_at", "id"))
