"""More or fewer further seats in a subscription that we bill: said before it is made, and told as it was said (I13).

Pure. More of them are had at once: what is charged is the difference in number for the rest of the period that runs, and what
runs already is not touched. Fewer are had from the next period on: what is paid for stays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from goodstanding.core import asking, dunning, ours, pausing, purchasing, seats
from goodstanding.core.asking import Asked
from goodstanding.core.facts import Fact, ItemSeen, SubscriptionSeen
from goodstanding.core.ids import derived
from goodstanding.core.ledger import Ledger
from goodstanding.core.money import Money
from goodstanding.core.periods import Period
from goodstanding.core.proration import Convention, counted
from goodstanding.core.renewals import LevyAt, asked_of, payments_before


@dataclass(frozen=True, slots=True)
class Planned:
    """``item``: the further seats as they are to be, ``more`` of them than now. ``asked``: what is charged at once for
    ``rest`` of ``period``, of which it is ``share`` in words; ``None`` where there are fewer, from the period's end on.

    ``credit``: what the balance holds. ``next_asked``: what the whole subscription asks for the next time, before credit.
    """

    item: ItemSeen
    more: int
    at: datetime
    asked: Asked | None
    rest: Period
    period: Period
    share: str
    credit: Money
    next_asked: Money
    convention: str

    @property
    def is_now(self) -> bool:
        """Whether it is made at once."""
        return self.asked is not None

    @property
    def total(self) -> Money:
        """What is billed now, with tax."""
        return self.asked.total if self.asked is not None else self.next_asked - self.next_asked

    @property
    def from_balance(self) -> Money:
        """What of it the balance pays."""
        return min(self.total, self.credit)

    @property
    def due_now(self) -> Money:
        """What is to be paid at once."""
        return self.total - self.from_balance

    @property
    def effect_at(self) -> datetime:
        """From when on it counts: at once, where it is paid, or at the period's end."""
        return self.at if self.is_now else self.next_charge_at

    @property
    def next_charge_at(self) -> datetime:
        """When the subscription is charged the next time."""
        assert self.period.end is not None, self
        return self.period.end


def planned(
    ledger: Ledger, subscription: str, *, each: Money, name: str, wanted: int, at: datetime, levy_at: LevyAt
) -> Planned | None:
    """Return what having ``wanted`` further seats in all comes to at ``at``; ``None`` where nothing paid runs then.

    ``each``: what one costs each interval, for who has bought none yet; else it is what those cost that there are. ``name``:
    what the line is called. The number must be another one than there is now.
    """
    last, moment = ledger.subscriptions[subscription][-1], at.replace(microsecond=0)
    bills = [state for state in ledger.invoices.values() if state.last is not None and state.last.bills(subscription)]
    paid = dunning.last_period(subscription, bills)
    runs = pausing.line_moved(paid, last.pauses) if paid is not None else None
    if runs is None or not runs.start <= at < runs.end:
        return None
    item = replace(_item(last, each, name), quantity=wanted)
    more = wanted - seats.bought(last.items)
    assert more, "another number"
    convention = Convention.read(last.contract.convention) if last.contract.convention else _plain(last)
    period, rest = Period(runs.start, runs.end), Period(max(moment, runs.start), runs.end)
    charged, share = None, ""
    if more > 0:
        one = Money(item.amount_minor or 0, last.currency)
        price = seats.charge(one, more, rest=rest, of=period, convention=convention)
        charged = asking.plainly(price, levy=levy_at(last.contract, moment))
        parts = counted(rest, of=period, convention=convention)
        share = parts.said(one * more)
    coming = replace(last, items=seats.with_seats(last.items, item))
    then = asked_of(coming, payment=payments_before(last, bills) + 1, at=runs.end, levy_at=levy_at)
    return Planned(
        item=item,
        more=more,
        at=moment,
        asked=charged,
        rest=rest,
        period=period,
        share=share,
        credit=Money(ledger.credit_minor(last.currency), last.currency),
        next_asked=asking.total_of([line for _, line in then], last.currency),
        convention=convention.name,
    )


def facts_of(
    made: Planned, last: SubscriptionSeen, *, ref: str, at: datetime, number: str
) -> tuple[SubscriptionSeen, *tuple[Fact, ...]]:
    """Return the facts of a change as it was planned, accepted at ``at``; ``ref`` names its invoice.

    More: the invoice, and what the subscription is once that is settled. Fewer: what it is renewed with from then on.
    """
    items = seats.with_seats(last.items, made.item)
    if made.asked is None:
        return (ours.retold(last, at=at, rank=1, next_items=items, next_contract=None),)
    told = ours.retold(last, at=at, rank=1, items=items, next_items=(), next_contract=None, once_paid=ref)
    assert made.rest.end is not None, made
    line = purchasing.line_of(
        derived("gsln", ref),
        "proration",
        made.asked,
        start=made.rest.start,
        end=made.rest.end,
        subscription=last.subscription,
        item=replace(made.item, quantity=made.more),
    )
    invoice = purchasing.open_invoice(
        ref,
        replace(line, said=made.share),
        customer=last.customer,
        at=at,
        number=number,
        currency=last.currency,
        credit_minor=made.credit.amount_minor,
        convention=made.convention,
    )
    return (told, invoice)


def _item(last: SubscriptionSeen, each: Money, name: str) -> ItemSeen:
    for item in last.items:
        if seats.is_seat(item.hints.price):
            return item
    level = last.items[0]
    return ItemSeen(
        item=f"{level.item}{seats.MARK}",
        hints=seats.hints(level.hints.price, name),
        amount_minor=each.amount_minor,
        interval=level.interval,
        interval_count=level.interval_count,
    )


def _plain(last: SubscriptionSeen) -> Convention:
    return Convention(time_zone=last.time_zone or "UTC")
