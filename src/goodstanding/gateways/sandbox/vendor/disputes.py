"""Payments that their payers contest."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from goodstanding.core.ids import derived
from goodstanding.gateways.sandbox.models import Customer, Dispute, Payment
from goodstanding.gateways.sandbox.vendor import telling
from goodstanding.gateways.sandbox.vendor.telling import Teller


def open_dispute(payment: Payment, teller: Teller, *, at: datetime) -> None:
    """Have what is left of a payment contested; nothing where nothing is left, or where it is contested already."""
    payment.next_at = None
    payment.save(update_fields=["next_at"])
    left = payment.taken_minor - payment.refunded_minor
    if left <= 0 or Dispute.objects.filter(payment=payment).exists():
        return
    dispute = Dispute.objects.create(
        id=derived("sbdp", payment.pk), payment=payment, amount_minor=left, opened_at=at, changed_at=at
    )
    teller.tell("dispute.opened", telling.of_dispute(dispute))


def contest(payment: str, *, now: datetime) -> None:
    """Have a payment contested at once: the button on the staff's page."""
    with transaction.atomic(durable=True):
        customer = Customer.objects.select_for_update().get(payments=payment)
        teller = Teller(customer, now)
        open_dispute(Payment.objects.select_related("customer").get(pk=payment), teller, at=now)
        teller.write()


def close(dispute: str, *, won: bool, now: datetime) -> bool:
    """Decide an open dispute; return whether it was open."""
    with transaction.atomic(durable=True):
        customer = Customer.objects.select_for_update().get(payments__dispute=dispute)
        row = Dispute.objects.select_related("payment").get(pk=dispute)
        if row.status != Dispute.Status.OPEN:
            return False
        row.status, row.changed_at = (Dispute.Status.WON if won else Dispute.Status.LOST), now
        row.save()
        teller = Teller(customer, now)
        teller.tell("dispute.closed", telling.of_dispute(row))
        teller.write()
    return True
