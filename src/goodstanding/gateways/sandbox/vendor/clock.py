"""The vendor's own clock: what it does by itself, each thing at its own moment, whenever it is told that time has passed.

Renewals are drawn up at the period's end, finalised and collected an hour later, tried again after 3, 5 and 7 days, and
given up with their subscription after that. Payments that wait for their payer too long are given up; those by the card
that is disputed are contested a day later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import models, transaction

from goodstanding.gateways.protocol import Account
from goodstanding.gateways.sandbox.models import Customer, Invoice, Payment, Subscription
from goodstanding.gateways.sandbox.vendor import disputes, invoices, payments, subscriptions
from goodstanding.gateways.sandbox.vendor.telling import Teller

STEPS = 1_000_000  # of one call, at most


@dataclass(frozen=True, slots=True)
class _Due:
    at: datetime
    order: int
    pk: str
    customer: str


def advance(account: Account, *, until: datetime, steps: int = STEPS) -> int:
    """Do what is due by ``until``, in order of time, each in a transaction of its own; return how many steps that took.

    No more than ``steps``: what is left is done by the next call.
    """
    for count in range(steps):
        due = _first(account.code, until)
        if due is None:
            return count
        _step(due)
    return steps


def next_step(account: Account) -> datetime | None:
    """Return when the vendor's clock next has something to do, if ever."""
    due = _first(account.code, None)
    return due.at if due else None


def _first(account: str, until: datetime | None) -> _Due | None:
    found = []
    for order, (model, _) in enumerate(_KINDS):
        rows = model._default_manager.filter(customer__account=account, next_at__isnull=False)
        if until is not None:
            rows = rows.filter(next_at__lte=until)
        first = rows.order_by("next_at", "pk").values_list("next_at", "pk", "customer_id").first()
        if first is not None:
            found.append(_Due(first[0], order, first[1], first[2]))
    return min(found, key=lambda due: (due.at, due.order, due.pk), default=None)


def _step(due: _Due) -> None:
    model, act = _KINDS[due.order]
    with transaction.atomic(durable=True):
        customer = Customer.objects.select_for_update().get(pk=due.customer)
        row = model._default_manager.filter(pk=due.pk, next_at=due.at).first()
        if row is None:
            return  # somebody was faster
        teller = Teller(customer, due.at)
        act(row, teller, due.at)
        teller.write()


def _renew(subscription: Subscription, teller: Teller, at: datetime) -> None:
    subscriptions.renew(subscription, teller, at=at)


def _collect(invoice: Invoice, teller: Teller, at: datetime) -> None:
    if invoice.status == Invoice.Status.DRAFT:
        invoices.finalise(invoice, teller, at=at)
    payments.collect(invoice, teller, at=at)


def _late(payment: Payment, teller: Teller, at: datetime) -> None:
    if payment.status == Payment.Status.WAITING:
        payments.give_up(payment, teller, "expired", at=at)
    else:
        disputes.open_dispute(payment, teller, at=at)


_KINDS: tuple[tuple[type[models.Model], Callable[..., None]], ...] = (
    (Invoice, _collect),
    (Payment, _late),
    (Subscription, _renew),
)
