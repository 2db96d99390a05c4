"""A change of level of a subscription that we bill, said before it is made and told as it was said (DESIGN section 4).

Pure. What was paid for the running period is read from the customer's ledger, what it comes to is planned by
:mod:`goodstanding.core.proration`, and the facts are made of that plan alone, so a preview equals the bill (I13).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from goodstanding.core import dunning, ours, purchasing
from goodstanding.core.facts import Fact, ItemSeen, LineSeen, SubscriptionSeen
from goodstanding.core.fold import InvoiceState
from goodstanding.core.ids import derived
from goodstanding.core.ledger import Ledger
from goodstanding.core.money import Money
from goodstanding.core.periods import Interval, Period, Unit
from goodstanding.core.pricing import PriceTerms
from goodstanding.core.proration import Change, ChangeLine, Convention, Held, LineKind, Paid, Wanted, plan, takes_effect

CHARGING = ("regular", "proration")


@dataclass(frozen=True, slots=True)
class Planned:
    """A change to ``terms``, asked for at ``at`` and made at ``effect_at``; ``change`` where that is at once.

    ``credit``: what the balance held before. ``period``: the one that runs after it, at whose end the next charge comes.
    """

    terms: PriceTerms
    at: datetime
    effect_at: datetime
    change: Change | None
    credit: Money
    period: Period
    new_period: bool

    @property
    def is_now(self) -> bool:
        """Whether it is made at once."""
        return self.change is not None

    @property
    def lines(self) -> Sequence[ChangeLine]:
        """What is billed and given back now."""
        return self.change.lines if self.change is not None else ()

    @property
    def total(self) -> Money:
        """The sum of the lines; below zero where more is given back than charged."""
        return self.change.total if self.change is not None else self.terms.amount - self.terms.amount

    @property
    def from_balance(self) -> Money:
        """What of it the balance pays."""
        return max(min(self.total, self.credit), self.total - self.total)

    @property
    def due_now(self) -> Money:
        """What is to be paid at once."""
        return max(self.total, self.total - self.total) - self.from_balance

    @property
    def to_balance(self) -> Money:
        """What is left of what is given back: it becomes the member's balance."""
        return max(-self.total, self.total - self.total)

    @property
    def next_charge_at(self) -> datetime:
        """When the new price is asked for the next time."""
        assert self.period.end is not None, self
        return self.period.end

    @property
    def next_due(self) -> Money:
        """What is to be paid then, after what the balance holds by that time."""
        balance = self.credit - self.from_balance + self.to_balance
        return self.terms.amount - min(self.terms.amount, balance)


def held(ledger: Ledger, subscription: str, *, at: datetime) -> Held | None:
    """Return the level that a subscription of ours holds at ``at``, and what was paid for the period that runs then.

    ``None`` where no period that was paid for runs. What was paid is that of the last bill (of the period, or of the last
    change in it), less all that was refunded since of any bill that reaches into what is left: so what is given back for
    the rest never exceeds what was paid for it (I8).
    """
    last = ledger.subscriptions[subscription][-1]
    bills = [
        state
        for state in ledger.invoices.values()
        if state.settled_at is not None and state.last is not None and state.last.bills(subscription)
    ]
    runs = dunning.last_period(subscription, bills)
    if runs is None or not runs.start <= at < runs.end:
        return None
    item = last.items[0]
    return Held(
        name=_name(item),
        price=price_of(item, last.currency),
        interval=interval_of(item),
        period=Period(runs.start, runs.end),
        paid=_paid(ledger, bills, currency=last.currency, at=at),
    )


def planned(ledger: Ledger, subscription: str, terms: PriceTerms, *, at: datetime) -> Planned | None:
    """Return what changing a subscription of ours to ``terms`` at ``at`` comes to; ``None`` where nothing paid runs then.

    Raises ``proration.ProrationRefused``.
    """
    last, moment = ledger.subscriptions[subscription][-1], at.replace(microsecond=0)
    has = held(ledger, subscription, at=at)
    if has is None:
        return None
    wanted = Wanted(terms.name, terms.amount, terms.interval)
    effect_at = takes_effect(has, wanted, at=at)
    credit = Money(ledger.credit_minor(last.currency), last.currency)
    resets = terms.interval != has.interval
    if effect_at > at:
        return Planned(terms, moment, effect_at, None, credit, has.period, resets)
    change = plan(has, wanted, at=at, convention=Convention(time_zone=last.time_zone or "UTC"))
    return Planned(terms, moment, effect_at, change, credit, change.after.period, resets)


def facts_of(
    made: Planned, last: SubscriptionSeen, *, ref: str, at: datetime, number: str
) -> tuple[SubscriptionSeen, *tuple[Fact, ...]]:
    """Return the facts of a change as it was planned, accepted at ``at``; ``ref`` names its invoice.

    At once: the invoice, and what the subscription is once that is settled. Later: what it is renewed with then.
    """
    item = purchasing.item_of(made.terms, last.items[0].item)
    if made.change is None:
        return (ours.retold(last, at=at, rank=1, next_items=(item,)),)
    anchor = made.period.start if made.new_period else last.anchor_at
    lines = _lines(made, last, item, ref=ref)
    once_paid = ref if lines else ""
    told = ours.retold(last, at=at, rank=1, items=(item,), next_items=(), anchor_at=anchor, once_paid=once_paid)
    if not lines:
        return (told,)
    invoice = purchasing.open_invoice(
        ref,
        *lines,
        customer=last.customer,
        at=at,
        number=number,
        currency=last.currency,
        credit_minor=made.credit.amount_minor,
    )
    return (told, invoice)


def renewed(last: SubscriptionSeen, *, start: datetime, at: datetime) -> SubscriptionSeen:
    """Return a subscription of ours as the change that was set for the period from ``start`` makes it. Told at ``at``."""
    (item,) = last.next_items
    anchor = last.anchor_at if interval_of(item) == interval_of(last.items[0]) else start
    return ours.retold(last, at=at, rank=1, items=(item,), next_items=(), anchor_at=anchor)


def price_of(item: ItemSeen, currency: str) -> Money:
    """Return what an item of ours costs each interval."""
    return Money((item.amount_minor or 0) * item.quantity, currency)


def interval_of(item: ItemSeen) -> Interval:
    """Return how often an item of ours is charged."""
    return Interval(Unit(item.interval), item.interval_count)


def _name(item: ItemSeen) -> str:
    return item.hints.labels[0] if item.hints.labels else item.hints.level


def _paid(ledger: Ledger, bills: Sequence[InvoiceState], *, currency: str, at: datetime) -> tuple[Paid, ...]:
    latest = max(bills, key=_issued)
    assert latest.last is not None
    back = Money(_refunded(ledger, bills, since=latest.last.created_at, at=at), currency)
    charges = [line for line in latest.last.lines if line.kind in CHARGING and line.amount_minor > 0]
    amounts = [Money(line.amount_minor, currency) for line in charges]  # one, or none where it costs nothing
    return tuple(
        Paid(amount - min(back, amount), Period(line.start, line.end))
        for line, amount in zip(charges, amounts, strict=True)
    )


def _issued(state: InvoiceState) -> tuple[datetime, datetime, int, str]:
    """In which order bills were settled; within one moment by their numbers, which are given one after the other."""
    assert state.last is not None, state
    assert state.settled_at is not None, state.last.invoice
    return state.settled_at, state.last.created_at, len(state.last.number), state.last.number


def _refunded(ledger: Ledger, bills: Sequence[InvoiceState], *, since: datetime, at: datetime) -> int:
    """What was given back since ``since`` of those bills that reach beyond ``at``, or is on its way."""
    total = 0
    for state in bills:
        assert state.last is not None
        if any(line.end > at for line in state.last.lines):
            ref = state.last.invoice
            refunds = [each for each in ledger.refunds_of(ref) if each.failed_at is None and each.last.made_at >= since]
            total += sum(each.last.amount_minor for each in refunds)
            total += sum(each.refunded_minor for each in ledger.taken_of(ref) if each.at >= since)
    return total


def _lines(made: Planned, last: SubscriptionSeen, item: ItemSeen, *, ref: str) -> list[LineSeen]:
    """The lines as they were planned. A new period is a regular line, which covers; also where it costs nothing."""
    found: list[LineSeen] = []

    def add(kind: str, amount: Money, period: Period, of: ItemSeen) -> None:
        assert period.end is not None, period
        line = LineSeen(
            line=derived("gsln", ref, str(len(found))),
            kind=kind,
            amount_minor=amount.amount_minor,
            start=period.start,
            end=period.end,
            subscription=last.subscription,
            item=of.item,
            hints=of.hints,
            description=_name(of),
        )
        found.append(line)

    charges = [line for line in made.lines if line.kind is LineKind.CHARGE]
    for line in made.lines:
        if line.kind is LineKind.CREDIT:
            add("proration", line.amount, line.period, last.items[0])
    for line in charges:
        add("regular" if made.new_period else "proration", line.amount, line.period, item)
    if made.new_period and not charges:
        add("regular", Money.zero(last.currency), made.period, item)
    return found
