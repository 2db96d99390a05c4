"""Errands at gateways, written down in the transaction that decides them (the room above carries them out)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db.models import F, Min, Sum

from goodstanding.billing.models import Errand, GatewayCustomer
from goodstanding.core.ids import derived
from goodstanding.core.money import Money

State = Errand.State
OPPOSITE = {
    Errand.Kind.END: Errand.Kind.RESUME,
    Errand.Kind.RESUME: Errand.Kind.END,
}


def ask(
    customer: GatewayCustomer,
    kind: Errand.Kind,
    target: str,
    *,
    now: datetime,
    amount: Money | None = None,
    wish: Mapping[str, str] | None = None,
) -> Errand:
    """Write down an errand about ``target``; the one that is on its way already is returned instead.

    One that wants the opposite and is still on its way is called off. In the caller's transaction, under the customer's lock.
    """
    rows = Errand.objects.filter(customer=customer, target=target)
    there = rows.filter(kind=kind, state__in=(State.OPEN, State.PARKED)).first()
    if there is not None and kind != Errand.Kind.REFUND:
        return there
    if kind in OPPOSITE:
        rows.filter(kind=OPPOSITE[kind], state__in=(State.OPEN, State.PARKED)).update(
            state=State.REFUSED, failure="called_off", ended_at=now, lease_token=F("lease_token") + 1
        )
    key = derived("key", customer.pk, kind, target, str(rows.count()))
    return Errand.objects.create(
        id=derived("err", key),
        key=key,
        customer=customer,
        kind=kind,
        target=target,
        amount_minor=amount.amount_minor if amount else 0,
        currency=amount.currency if amount else "",
        wish=dict(wish or {}),
        asked_at=now,
        due_at=now,
    )


def on_its_way(customer: GatewayCustomer, target: str) -> list[Errand]:
    """Return the errands about ``target`` that are not confirmed yet."""
    return list(Errand.objects.filter(customer=customer, target=target, state__in=(State.OPEN, State.PARKED)))


def promised_back(customer: GatewayCustomer, payment: str) -> int:
    """Return how much of a payment is on its way back and not confirmed yet, in minor units."""
    rows = Errand.objects.filter(
        customer=customer, target=payment, kind=Errand.Kind.REFUND, state__in=(State.OPEN, State.PARKED)
    )
    return rows.aggregate(total=Sum("amount_minor"))["total"] or 0


def due_next() -> datetime | None:
    """Return when a worker is next to carry out an errand."""
    first: datetime | None = Errand.objects.open().aggregate(first=Min("due_at"))["first"]
    return first
