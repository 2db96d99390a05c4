"""When our own clock next has its turn: written anew whenever something was told of a subscription of ours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from django.db.models import Min

from goodstanding.billing.models import GatewayCustomer, Turn
from goodstanding.core import dunning, pausing, replacing
from goodstanding.core.dunning import Overdue, Step, next_step
from goodstanding.core.facts import LineSeen
from goodstanding.core.fold import InvoiceState, Key
from goodstanding.core.ids import derived
from goodstanding.core.ledger import Ledger
from goodstanding.gateways import services as gateways
from goodstanding.gateways.models import GatewayAccount
from goodstanding.jobs.writing import Writes

WRITTEN = ("due_at", "state", "attempts", "last_error")


def step_of(ledger: Ledger, subscription: str, *, ahead: timedelta = timedelta(0)) -> Step | None:
    """Return what our clock does next for a subscription (by its reference). ``ahead``: see :func:`ahead_of`."""

    def step() -> Step | None:
        late = replacing.next_to_keep(ledger, subscription)
        if late is not None:
            return late
        tellings, invoices = ledger.subscriptions[subscription], invoices_of(ledger, subscription)
        return next_step(tellings, invoices, changes=ledger.changes, overdue=overdue(ledger), ahead=ahead)

    return ledger.once(("step", subscription, ahead), step)


def ahead_of(account: GatewayAccount) -> timedelta:
    """Return how long before their periods an account's renewals are billed: nothing (and no query) where it charges."""
    return gateways.hand_terms(account).ahead if gateways.is_paid_later(account) else timedelta(0)


def invoices_of(ledger: Ledger, subscription: str) -> list[InvoiceState]:
    """Return the invoices of a subscription, each with all failures of its payments."""

    def bills() -> tuple[InvoiceState, ...]:
        told = ((ref, state.last) for ref, state in ledger.invoices.items())
        return tuple(bill_of(ledger, ref) for ref, last in told if last is not None and last.bills(subscription))

    return list(ledger.once(("bills", subscription), bills))


def bill_of(ledger: Ledger, invoice: str) -> InvoiceState:
    """Return an invoice with all failures of its payments, and what was said last of charging again."""
    state, failures = ledger.invoices[invoice], ledger.failures_of(invoice)
    if not failures:
        return state
    return replace(state, failed_at=failures, retry=ledger.retry_of(invoice))


def overdue(ledger: Ledger) -> Overdue:
    """Return what a customer owes of bills of ours that failed; nothing where no ladder asks for it."""
    found: Counter[str] = Counter()
    bills = [state.last for state in ledger.invoices.values() if state.settled_at is None and state.closed_at is None]
    if any(bill is not None and bill.ladder.least_minor for bill in bills):
        for bill in bills:
            if bill is not None and bill.ours and ledger.failures_of(bill.invoice):
                found[bill.currency] += bill.due_minor - bill.paid_minor
    return found


def concerned(ledger: Ledger, changed: Iterable[Key]) -> set[Key]:
    """Return the subscriptions that may be left alone or not since ``changed``: what is owed for one counts for the others."""
    if not any(state.last is not None and state.last.ladder.least_minor for state in ledger.invoices.values()):
        return set()
    moved = any(kind in ("invoice", "payment", "link") for kind, _ in changed)
    return {("subscription", ref) for ref, told in ledger.subscriptions.items() if told[-1].ours} if moved else set()


def is_kept(ledger: Ledger, subscription: str) -> bool:
    """Return whether a subscription of ours is kept as unpaid: its bill is open, and not tried any more by itself."""
    bills = [
        bill for bill in invoices_of(ledger, subscription) if bill.last and bill.last.invoice not in ledger.changes
    ]
    bill = dunning.open_bill(bills)
    return bill is not None and dunning.is_kept(bill, overdue(ledger))


def last_period(ledger: Ledger, subscription: str) -> LineSeen | None:
    """Return the line of the paid period of a subscription that was begun last, as pauses move it.

    ``None`` where there is none, and while it is paused without an end.
    """
    paid = dunning.last_period(subscription, invoices_of(ledger, subscription))
    return pausing.line_moved(paid, ledger.subscriptions[subscription][-1].pauses) if paid is not None else None


def rows_for(ledger: Ledger, keys: Iterable[Key], customer: GatewayCustomer, *, now: datetime) -> list[Turn]:
    """Return the turns, unsaved, of those subscriptions of ours that ``keys`` name."""
    rows = []
    named = [ref for kind, ref in sorted(keys) if kind == "subscription"]
    ours = [ref for ref in named if ledger.subscriptions[ref][-1].ours]
    ahead = ahead_of(customer.gateway_account) if ours else timedelta(0)
    for ref in ours:
        step = step_of(ledger, ref, ahead=ahead)
        rows.append(
            Turn(
                subscription_id=derived("sub", customer.gateway_account_id, ref),
                due_at=step.at if step else now,
                state=Turn.State.OPEN if step else Turn.State.IDLE,
            )
        )
    return rows


def write(rows: list[Turn], writes: Writes) -> None:
    """Have turns written over what stood there; whoever works on one right now keeps his lease."""
    writes.over(rows, WRITTEN)


def due_next() -> datetime | None:
    """Return when a turn is due next."""
    first: datetime | None = Turn.objects.open().aggregate(first=Min("due_at"))["first"]
    return first


def look_again(account: GatewayAccount, *, now: datetime) -> int:
    """Have a worker look anew at all that is to come for an account's subscriptions: its terms have changed. Return how many."""
    return Turn.objects.open().filter(subscription__gateway_account=account).update(due_at=now)
