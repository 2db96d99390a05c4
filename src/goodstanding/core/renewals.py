"""The bill of a period of a subscription of ours: one line for each item, by the contract as it stands then (R15).

Pure. Which payment it is follows from the bills before it; the same function said at the checkout what comes next
(:mod:`goodstanding.core.asking`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from goodstanding.core import asking
from goodstanding.core.asking import Asked, Levy
from goodstanding.core.facts import Contract, CreditSeen, InvoiceSeen, ItemSeen, LineSeen, SubscriptionSeen
from goodstanding.core.fold import InvoiceState, SubscriptionStatus
from goodstanding.core.ids import derived
from goodstanding.core.money import Money
from goodstanding.core.ours import retold
from goodstanding.core.periods import Interval, Period, Unit, nth
from goodstanding.core.purchasing import line_of, open_invoice, rests
from goodstanding.core.records import FOR_LIFE

NOT_ASKED_FOR = frozenset({"draft", "void", "deleted"})
LevyAt = Callable[[Contract, datetime], Levy | None]  # which tax holds for a contract at a moment


@dataclass(frozen=True, slots=True)
class Drawn:
    """A bill that was drawn up, and the entries of the balance that it leaves once it is settled."""

    bill: InvoiceSeen
    credits: tuple[CreditSeen, ...] = ()


def asked_of(
    subscription: SubscriptionSeen, *, payment: int, at: datetime, levy_at: LevyAt
) -> tuple[tuple[ItemSeen, Asked], ...]:
    """Return what the ``payment``-th bill of a subscription asks for each item: the level's by the contract, others plainly."""
    contract, levy = subscription.contract, levy_at(subscription.contract, at)
    found = []
    for index, item in enumerate(subscription.items):
        price = Money((item.amount_minor or 0) * item.quantity, subscription.currency)
        is_donation = item.hints.price.endswith("#donation")
        line = (
            asking.plainly(price, levy=None if is_donation else levy)
            if index
            else asking.asked(contract, price, payment=payment, levy=levy)
        )
        found.append((item, line))
    return tuple(found)


def renewal_of(
    subscription: SubscriptionSeen,
    *,
    period: Period,
    at: datetime,
    number: str,
    payment: int,
    levy_at: LevyAt,
    credit_minor: int = 0,
    carried: Sequence[LineSeen] = (),
) -> Drawn:
    """Return the open invoice of a period (with an end) of a subscription of ours, drawn up at ``at``.

    ``payment``: the number of this bill among those that ask for money. ``credit_minor``: what the customer's balance holds,
    which pays as much of it as it can. The tax is that of the day on which the period begins. ``carried``: what it takes along
    of changes before it (:func:`goodstanding.core.carrying.to_bill`).
    """
    start, end = period.start, period.end
    assert end is not None, period
    name = renewal_ref(subscription.subscription, start)
    asked = asked_of(subscription, payment=payment, at=start, levy_at=levy_at)
    lines = [
        line_of(
            derived("gsln", name, str(index)) if index else derived("gsln", name),
            "regular",
            line,
            start=start,
            end=end,
            subscription=subscription.subscription,
            item=item,
        )
        for index, (item, line) in enumerate(asked)
    ]
    bill = open_invoice(
        name,
        *lines,
        *carried,
        customer=subscription.customer,
        at=at,
        number=number,
        currency=subscription.currency,
        credit_minor=credit_minor,
        convention=subscription.contract.convention if carried else "",
    )
    kept = rests(tuple(line for _, line in asked), name, customer=subscription.customer, at=at)
    return Drawn(bill, tuple(kept))


def renewal_ref(subscription: str, start: datetime) -> str:
    """Return the reference of the invoice of a subscription's period from ``start``: it can be drawn up once only."""
    return derived("ginv", subscription, start.astimezone(UTC).isoformat())


def payments_before(subscription: SubscriptionSeen, invoices: Iterable[InvoiceState], *, settled: bool = False) -> int:
    """Return how many bills of a subscription asked for money: its trial, what costs nothing and what was taken back aside.

    ``settled``: only those on which nothing is due any more.
    """
    return sum(
        1
        for state in invoices
        if state.last is not None
        and state.last.status not in NOT_ASKED_FOR
        and (state.settled_at is not None or not settled)
        and any(_counts(line, subscription) for line in state.last.lines)
    )


def is_completed(subscription: SubscriptionSeen, invoices: Iterable[InvoiceState]) -> bool:
    """Return whether a subscription ended because its last instalment was paid, also where a gateway only says that it was
    cancelled (R12): then all of its payments have been made.
    """
    if subscription.status != SubscriptionStatus.CANCELLED or not subscription.contract.payments:
        return subscription.status == SubscriptionStatus.COMPLETED
    return payments_before(subscription, invoices, settled=True) >= subscription.contract.payments


def _counts(line: LineSeen, subscription: SubscriptionSeen) -> bool:
    in_trial = subscription.trial_ends_at is not None and line.start < subscription.trial_ends_at
    return (
        line.kind == "regular"
        and line.subscription == subscription.subscription
        and not line.hints.extra
        and line.amount_minor + line.tax_minor + line.off_minor > 0
        and not in_trial
    )


def completed(
    subscription: SubscriptionSeen, invoices: Iterable[InvoiceState], *, paid_until: datetime, at: datetime, number: str
) -> tuple[SubscriptionSeen, *tuple[InvoiceSeen, ...]]:
    """Return the facts of the end of instalments that are all paid: completed, not cancelled (R12).

    Where the level is then held for its whole term, or for life, a bill of nothing says so from ``paid_until`` on.
    """
    told = retold(subscription, at=at, rank=2, status=SubscriptionStatus.COMPLETED, ended_at=at)
    end = _kept_until(subscription, invoices)
    if end is None or end <= paid_until:
        return (told,)
    item = subscription.items[0]
    name = derived("ginv", subscription.subscription, "kept")
    nothing = asking.plainly(Money.zero(subscription.currency))
    line = line_of(
        derived("gsln", name),
        "regular",
        nothing,
        start=paid_until,
        end=end,
        subscription=subscription.subscription,
        item=item,
    )
    bill = open_invoice(
        name, line, customer=subscription.customer, at=at, number=number, currency=subscription.currency
    )
    return told, bill


def _kept_until(subscription: SubscriptionSeen, invoices: Iterable[InvoiceState]) -> datetime | None:
    """Until when what was paid in instalments is held: its whole term, from the first period on, or for life."""
    keeps = subscription.contract.keeps
    if not keeps:
        return None
    if keeps == "life":
        return FOR_LIFE
    count, _, unit = keeps.partition(" ")
    begun = [
        line.start
        for state in invoices
        if state.settled_at is not None and state.last is not None
        for line in state.last.lines
        if line.kind == "regular" and line.subscription == subscription.subscription
    ]
    zone = ZoneInfo(subscription.time_zone or "UTC")
    return nth(min(begun), Interval(Unit(unit), int(count)), n=1, tz=zone) if begun else None
