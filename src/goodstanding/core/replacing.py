"""Another level while the bill of the renewal is open: that bill is void, and one for the new level takes its place.

Pure. The new bill is for the same period, and stands where the old one stood: what failed before it counts for it too, so
that neither its ladder nor the grace begins anew. Paid, it renews at the new level; until then the old one is held.
What was paid of the old bill, or comes for it later, becomes balance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from goodstanding.core import carrying, dunning, ours, purchasing
from goodstanding.core.asking import Asked
from goodstanding.core.change_holding import interval_of, price_of
from goodstanding.core.change_terms import Billed, contract_after, convention_of, first_of, kept_items
from goodstanding.core.changes import Planned, untaxed
from goodstanding.core.dunning import Act, Step
from goodstanding.core.facts import CreditSeen, Fact, InvoiceSeen, ItemSeen, SubscriptionSeen
from goodstanding.core.ids import derived
from goodstanding.core.ledger import Ledger
from goodstanding.core.money import Money
from goodstanding.core.periods import Period
from goodstanding.core.pricing import PriceTerms
from goodstanding.core.proration import Change, Counted, Held, LineKind, Measure
from goodstanding.core.renewals import LevyAt, asked_of, payments_before, renewal_of

BILL = "grpl"  # what the references of these bills begin with


def open_renewal(ledger: Ledger, subscription: str, *, at: datetime) -> InvoiceSeen | None:
    """Return the open bill of the renewal of a subscription of ours, if that alone is open, its period runs at ``at``, and a
    card is to pay for it.
    """
    last = ledger.subscriptions[subscription][-1]
    bills = [state for state in ledger.invoices.values() if state.last is not None and state.last.bills(subscription)]
    waiting = [state.last for state in bills if state.settled_at is None and state.closed_at is None and state.last]
    paid = any(state.settled_at is not None for state in bills)
    if len(waiting) != 1 or not paid or not last.ours or last.pauses:
        return None
    (bill,) = waiting
    own = [line for line in bill.lines if line.kind == "regular" and not line.hints.extra]
    runs = len(own) == 1 and own[0].start <= at < own[0].end
    alone = bill.subscriptions == {subscription} and bill.due_at is None
    return bill if runs and alone and bill.invoice not in ledger.changes else None


def planned(
    ledger: Ledger, subscription: str, terms: PriceTerms, *, at: datetime, levy_at: LevyAt = untaxed
) -> Planned | None:
    """Return what renewing a subscription at ``terms`` comes to, in place of its open bill; ``None`` where none is open, or
    its period at the new price is over already, or the new price follows a calendar of other days.
    """
    old = open_renewal(ledger, subscription, at=at)
    if old is None:
        return None
    moment = at.replace(microsecond=0)
    without = ledger.knowing(_closed(ledger, old, at=at, by="-"))
    last = without.subscriptions[subscription][-1]
    if _needs_its_calendar(last, terms, old):
        return None
    told, period = _renewed(last, terms, old)
    if period.end is None or period.end <= at:
        return None
    payment = payments_before(told, without.invoices.values()) + 1
    asked = asked_of(told, payment=payment, at=period.start, levy_at=levy_at)
    nothing = Money.zero(old.currency)
    after = Held(terms.name, price_of(told.items[0], old.currency), terms.interval, period)
    made = Planned(
        terms,
        moment,
        moment,
        Change((), after, nothing, convention_of(told)),
        Money(without.credit_minor(old.currency), old.currency),
        period,
        new_period=False,
        told=told,
        then=nothing,
        lines=tuple(_line(item, line, period) for item, line in asked),
        waiting=carrying.to_bill(without, told),
        replaces=old.invoice,
    )
    more = told.contract.payments and payment >= told.contract.payments
    following = () if more else asked_of(told, payment=payment + 1, at=made.next_charge_at, levy_at=levy_at)
    return replace(made, then=sum((line.total for _, line in following), nothing))


def facts_of(
    made: Planned, ledger: Ledger, *, ref: str, at: datetime, number: str, levy_at: LevyAt = untaxed
) -> tuple[Fact, ...]:
    """Return the facts of a change as it was planned, accepted at ``at``: the old bill void, and the one in its place."""
    last = ledger.subscriptions[made.told.subscription][-1]
    old = ledger.invoices[made.replaces].last
    assert old is not None, made.replaces
    closed = _closed(ledger, old, at=at, by=ref)
    without = ledger.knowing(closed)
    drawn = renewal_of(
        made.told,
        period=made.period,
        at=at,
        number=number,
        payment=payments_before(made.told, without.invoices.values()) + 1,
        levy_at=levy_at,
        credit_minor=made.credit.amount_minor,
        carried=made.waiting,
    )
    own = len(drawn.bill.lines) - len(made.waiting)
    lines = tuple(
        replace(line, line=derived("gsln", ref, str(index))) if index < own else line
        for index, line in enumerate(drawn.bill.lines)
    )
    bill = replace(drawn.bill, invoice=ref, lines=lines, ladder=old.ladder)
    rests = tuple(
        replace(each, credit=derived("gcrd", ref, str(index)), about=ref, once_paid=ref)
        for index, each in enumerate(drawn.credits)
    )
    new = {name: getattr(made.told, name) for name in ours.CHANGED}
    return (*closed, ours.retold(last, at=at, rank=1, once_paid=ref, **new), bill, *rests)


def next_to_keep(ledger: Ledger, subscription: str) -> Step | None:
    """Return what our clock does about money that came for a bill which another one replaced: it becomes balance."""
    ref = next(to_keep(ledger, subscription), "")
    if not ref:
        return None
    came = [each.made_at for each in ledger.payments.values() if ledger.invoice_of(each.payment) == ref]
    return Step(Act.TO_BALANCE, max(came), invoice=ref)


def to_keep(ledger: Ledger, subscription: str) -> Iterator[str]:
    """Give the bills of a subscription that another one replaced and for which money came that is not on the balance yet."""
    for ref, state in ledger.invoices.items():
        replaced = state.last is not None and state.last.replaced_by and state.last.bills(subscription)
        if replaced and ledger.overpaid_minor(ref):
            yield ref


def kept(ledger: Ledger, invoice: str, *, at: datetime) -> tuple[CreditSeen, ...]:
    """Return the entry by which money that came for a bill which another one replaced becomes balance."""
    return tuple(_kept(ledger, invoice, ledger.overpaid_minor(invoice), at=at))


def _kept(ledger: Ledger, invoice: str, amount_minor: int, *, at: datetime) -> Iterator[CreditSeen]:
    state = ledger.invoices[invoice].last
    came = [each for each in ledger.payments.values() if ledger.invoice_of(each.payment) == invoice]
    paid = [each for each in came if each.status == "succeeded"]
    if state is None or not paid or not amount_minor:
        return
    last = max(paid, key=lambda each: (each.made_at, each.payment))
    before = sum(1 for each in ledger.credits if each.kind == "paid" and each.about == last.payment)
    yield CreditSeen(
        credit=derived("gcrd", last.payment, invoice, str(before)),
        customer=state.customer,
        at=at,
        amount_minor=amount_minor,
        currency=state.currency,
        kind="paid",
        about=last.payment,
        words=state.number,
    )


def _closed(ledger: Ledger, old: InvoiceSeen, *, at: datetime, by: str) -> tuple[Fact, ...]:
    """The old bill taken back, and what was paid of it on the balance."""
    void = replace(old, at=at, status="void", closed_at=at, paid_minor=0, replaced_by=by)
    return (void, *_kept(ledger, old.invoice, old.paid_minor, at=at))


def _needs_its_calendar(last: SubscriptionSeen, terms: PriceTerms, old: InvoiceSeen) -> bool:
    """Whether the period of the old bill is none of the new price's, which follows the calendar."""
    own = next(line for line in old.lines if line.kind == "regular" and not line.hints.extra)
    period = Period(own.start, own.end)
    held = Held("", price_of(last.items[0], last.currency), interval_of(last.items[0]), period)
    return first_of(terms, held, at=own.start, convention=convention_of(last)) is not None


def _renewed(last: SubscriptionSeen, terms: PriceTerms, old: InvoiceSeen) -> tuple[SubscriptionSeen, Period]:
    """The subscription as it is renewed with the period of the old bill, and that period at the new price."""
    start = next(line.start for line in old.lines if line.kind == "regular" and not line.hints.extra)
    item = purchasing.item_of(terms, last.items[0].item)
    anchor = last.anchor_at if terms.interval == interval_of(last.items[0]) else start
    items, contract = kept_items(last, item, terms), contract_after(last, terms)
    told = replace(last, items=items, contract=contract, anchor_at=anchor, next_items=(), next_contract=None)
    first, end = dunning.period(told, dunning.number_of(start, told))
    return told, Period(first, end)


def _line(item: ItemSeen, asked: Asked, period: Period) -> Billed:
    return Billed(
        LineKind.CHARGE,
        item.hints.labels[0] if item.hints.labels else item.hints.level,
        asked.net,
        asked.tax,
        period,
        asked.listed,
        Counted(1, 1, Measure.SECOND),
        asked.off,
        asked.code,
        asked.tax_name,
        asked.tax_rate,
    )
