"""When our own clock next has its turn: written anew whenever something was told of a subscription of ours."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Min

from goodstanding.billing.models import GatewayCustomer, Turn
from goodstanding.core import dunning
from goodstanding.core.dunning import Step, next_step
from goodstanding.core.facts import LineSeen
from goodstanding.core.fold import InvoiceState, Key
from goodstanding.core.ids import derived
from goodstanding.core.ledger import Ledger


def step_of(ledger: Ledger, subscription: str) -> Step | None:
    """Return what our clock does next for a subscription (by its reference)."""
    tellings, invoices = ledger.subscriptions[subscription], invoices_of(ledger, subscription)
    return next_step(tellings, invoices, changes=ledger.changes)


def invoices_of(ledger: Ledger, subscription: str) -> list[InvoiceState]:
    """Return the invoices of a subscription, each with all failures of its payments."""
    return [
        InvoiceState(state.last, state.settled_at, state.closed_at, ledger.failures_of(ref), state.given_up_at)
        for ref, state in ledger.invoices.items()
        if state.last is not None and state.last.bills(subscription)
    ]


def last_period(ledger: Ledger, subscription: str) -> LineSeen | None:
    """Return the line of the paid period of a subscription that was begun last."""
    return dunning.last_period(subscription, invoices_of(ledger, subscription))


def rows_for(ledger: Ledger, keys: Iterable[Key], customer: GatewayCustomer, *, now: datetime) -> list[Turn]:
    """Return the turns, unsaved, of those subscriptions of ours that ``keys`` name."""
    rows = []
    for kind, ref in sorted(keys):
        if kind == "subscription" and ledger.subscriptions[ref][-1].ours:
            step = step_of(ledger, ref)
            rows.append(
                Turn(
                    subscription_id=derived("sub", customer.gateway_account_id, ref),
                    due_at=step.at if step else now,
                    state=Turn.State.OPEN if step else Turn.State.IDLE,
                )
            )
    return rows


def write(rows: list[Turn]) -> None:
    """Write turns over what stood there; whoever works on one right now keeps his lease."""
    if rows:
        Turn.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["subscription"],
            update_fields=["due_at", "state", "attempts", "last_error"],
        )


def due_next() -> datetime | None:
    """Return when a turn is due next."""
    first: datetime | None = Turn.objects.open().aggregate(first=Min("due_at"))["first"]
    return first
