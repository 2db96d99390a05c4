"""What a subscription of ours holds when it is changed: its level, the period that runs, and what was paid for it.

Pure. Read from the customer's ledger alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from goodstanding.core import carrying, dunning, pausing
from goodstanding.core.change_terms import Piece, has_level, paid_of
from goodstanding.core.facts import ItemSeen, LineSeen, SubscriptionSeen
from goodstanding.core.fold import InvoiceState
from goodstanding.core.ledger import Ledger
from goodstanding.core.money import Money
from goodstanding.core.periods import Interval, Period, Unit
from goodstanding.core.proration import Held
from goodstanding.core.renewals import payments_before


@dataclass(frozen=True, slots=True)
class Holding:
    """What a subscription holds when it is changed, and how often it was billed: all of its ``bills``, and those settled.
    ``unbilled``: lines of changes before that wait for a bill.
    """

    last: SubscriptionSeen
    held: Held
    pieces: tuple[Piece, ...]
    bills: tuple[InvoiceState, ...]
    payments: int
    unbilled: tuple[LineSeen, ...] = ()


def holding(ledger: Ledger, subscription: str, *, at: datetime) -> Holding | None:
    """Return what a subscription of ours holds at ``at``; ``None`` where no period that was paid for runs.

    What was paid is that of the last bill (of the period, or of the last change in it), less all that was refunded since of
    any bill that reaches into what is left: so what is given back for the rest never exceeds what was paid for it (I8). Of a
    change that is not billed yet, it is what waits for the next bill.
    """
    last = ledger.subscriptions[subscription][-1]
    bills = [
        state
        for state in ledger.invoices.values()
        if state.settled_at is not None and state.last is not None and state.last.bills(subscription)
    ]
    paid = dunning.last_period(subscription, bills)
    runs = pausing.line_moved(paid, last.pauses) if paid is not None else None
    if runs is None or not runs.start <= at < runs.end:
        return None
    item, trial_ends = last.items[0], last.trial_ends_at
    charged = [state for state in bills if has_level(state, subscription)]
    unbilled = carrying.waiting(last, ledger.invoices.values())
    pieces = paid_of(ledger, charged, last, at=at, waiting=unbilled)
    found = Held(
        name=name_of(item),
        price=price_of(item, last.currency),
        interval=interval_of(item),
        period=Period(runs.start, runs.end),
        paid=tuple(piece.paid for piece in pieces),
        on_trial=trial_ends is not None and runs.start < trial_ends and at < trial_ends,
        whole=_whole(last, runs),
    )
    return Holding(last, found, pieces, tuple(bills), payments_before(last, bills, settled=True), unbilled)


def _whole(last: SubscriptionSeen, runs: LineSeen) -> Period | None:
    """The interval of which the running period is a part that cost its part; ``None`` where it is whole."""
    if not runs.said or last.anchor_at is None:
        return None
    return Period(*dunning.period(last, dunning.number_of(runs.end, last) - 1))


def price_of(item: ItemSeen, currency: str) -> Money:
    """Return what an item of ours costs each interval."""
    return Money((item.amount_minor or 0) * item.quantity, currency)


def interval_of(item: ItemSeen) -> Interval:
    """Return how often an item of ours is charged."""
    return Interval(Unit(item.interval), item.interval_count)


def name_of(item: ItemSeen) -> str:
    """Return what an item of ours is called on a bill."""
    return item.hints.labels[0] if item.hints.labels else item.hints.level
