"""Changes of level from the ledger's facts alone: I7 and I8 over any changes and refunds, and I1 whatever is told when."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodstanding.core import changes, dunning, ours, pricing, purchasing, renewals
from goodstanding.core.changes import Manner, Reckoning, When
from goodstanding.core.facts import (
    Fact,
    InvoiceSeen,
    ItemSeen,
    PaymentSeen,
    PriceHints,
    RefundSeen,
    SubscriptionSeen,
)
from goodstanding.core.ledger import Ledger, grouped
from goodstanding.core.money import Money
from goodstanding.core.periods import Interval, Period, Unit
from goodstanding.core.pricing import PriceTerms

JUNE, JULY = datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)
SECONDS = int((JULY - JUNE).total_seconds())
DAY = timedelta(days=1)


def terms(amount: int, name: str = "", unit: Unit = Unit.MONTH) -> PriceTerms:
    name = name or f"at{amount}"
    return PriceTerms(f"prc_{name}{unit}", name, name.title(), Money(amount, "EUR"), Interval(unit))


class Life:
    """Somebody who joined on the first of June, and pays at once whatever is billed."""

    def __init__(self, first: PriceTerms) -> None:
        quote = pricing.quote([pricing.Choice(first, JUNE)], at=JUNE, time_zone="UTC")
        purchase = purchasing.purchase_of("chk_1", quote)
        self.name = purchase.parts[0][0]
        self.facts: list[Fact] = []
        self.bills = 0
        self.tell(purchasing.facts_of(quote, purchase, customer="cus", at=JUNE, number="INV-00000"), at=JUNE)

    @property
    def ledger(self) -> Ledger:
        return Ledger(grouped(self.facts))

    @property
    def last(self) -> SubscriptionSeen:
        return self.ledger.subscriptions[self.name][-1]

    def tell(self, facts: tuple[Fact, ...], *, at: datetime, pays: bool = True) -> None:
        self.facts += facts
        for fact in facts:
            if isinstance(fact, InvoiceSeen) and fact.due_minor and pays:
                self.pay(fact, at=at)

    def pay(self, bill: InvoiceSeen, *, at: datetime) -> None:
        name = f"pay_{bill.invoice}"
        self.facts.append(PaymentSeen(name, at, "succeeded", bill.due_minor, "EUR", at, "cus", invoice=bill.invoice))

    def change(
        self, wanted: PriceTerms, *, at: datetime, pays: bool = True, manner: Manner = changes.BY_ITSELF
    ) -> changes.Planned:
        made = changes.planned(self.ledger, self.name, wanted, at=at, manner=manner)
        assert made is not None
        self.bills += 1
        facts = changes.facts_of(made, self.last, ref=f"gchg_{self.bills}", at=at, number=f"INV-{self.bills:05d}")
        self.tell(facts, at=at, pays=pays)
        return made

    def refund(self, payment: PaymentSeen, amount: int, *, at: datetime) -> None:
        name = f"rfd_{len(self.facts)}"
        self.facts.append(RefundSeen(name, at, "succeeded", amount, "EUR", at, payment=payment.payment))

    @property
    def paid(self) -> int:
        return sum(each.amount_minor for each in self.ledger.payments.values())

    @property
    def refunded(self) -> int:
        return sum(each.last.amount_minor for each in self.ledger.refunds.values())


MOMENTS = st.lists(st.integers(0, SECONDS - 1), max_size=6).map(sorted)


@given(MOMENTS, st.data())
def test_what_is_paid_is_price_times_time_held(moments: list[int], data: st.DataObject) -> None:
    """I7, for changes upwards and sideways, as many as one likes, also several in one second."""
    amounts = sorted(data.draw(st.lists(st.integers(0, 100_000), min_size=len(moments) + 1, max_size=len(moments) + 1)))
    life = Life(terms(amounts[0], "first"))
    for index, (moment, amount) in enumerate(zip(moments, amounts[1:], strict=True)):
        life.change(terms(amount, f"l{index}"), at=JUNE + timedelta(seconds=moment))
    edges = [0, *moments, SECONDS]
    worth = sum(amount * (edges[index + 1] - edges[index]) / SECONDS for index, amount in enumerate(amounts))
    net = life.paid - life.ledger.credit_minor("EUR")
    lines = 2 * len(moments)  # one that rounds to nothing is left out, and was rounded all the same
    assert abs(net - worth) <= 0.5 * lines + 1e-6


@given(MOMENTS, st.data())
def test_a_give_back_never_exceeds_what_was_paid(moments: list[int], data: st.DataObject) -> None:
    """I8: whatever was refunded before, of whichever payment."""
    life, amount = Life(terms(5000, "first")), 5000
    for index, moment in enumerate(moments):
        at = JUNE + timedelta(seconds=moment)
        payments = list(life.ledger.payments.values())
        for payment in payments if data.draw(st.booleans()) else ():
            back = sum(e.last.amount_minor for e in life.ledger.refunds.values() if e.last.payment == payment.payment)
            if payment.amount_minor > back:
                life.refund(payment, data.draw(st.integers(1, payment.amount_minor - back)), at=at)
        before = life.paid - life.refunded
        amount += data.draw(st.integers(0, 20_000))
        made = life.change(terms(amount, f"l{index}"), at=at)
        given_back = -sum(line.amount.amount_minor for line in made.lines if line.amount.amount_minor < 0)
        assert given_back <= before
        assert life.paid - life.refunded - life.ledger.credit_minor("EUR") >= 0


def test_a_refund_counts_once_also_over_two_changes() -> None:
    """What was refunded before a change is in its credit already; what is refunded after it comes off the next one."""
    life = Life(terms(10000))
    (first,) = life.ledger.payments.values()
    life.refund(first, 4000, at=JUNE + 5 * DAY)
    made = life.change(terms(30000), at=JUNE + 15 * DAY)
    assert [line.amount.amount_minor for line in made.lines] == [-3000, 15000]
    again = changes.planned(life.ledger, life.name, terms(40000), at=JUNE + 15 * DAY)
    assert again is not None
    assert again.lines[0].amount == Money(-15000, "EUR")
    life.refund(first, 1000, at=JUNE + 16 * DAY)
    later = changes.planned(life.ledger, life.name, terms(40000), at=JUNE + 22 * DAY + DAY / 2)
    assert later is not None
    assert later.lines[0].amount == Money(-7000, "EUR")


def test_what_is_refunded_of_last_month_takes_nothing_from_this_one() -> None:
    life = Life(terms(10000))
    end = JULY + 31 * DAY
    period, number = Period(JULY, end), "INV-00001"
    bill = renewals.renewal_of(
        life.last, period=period, at=JULY, number=number, payment=2, levy_at=lambda *_: None
    ).bill
    (first,) = life.ledger.payments.values()
    life.tell((bill,), at=JULY)
    life.refund(first, 10000, at=JULY + DAY)
    made = changes.planned(life.ledger, life.name, terms(20000), at=JULY + 15 * DAY + DAY / 2)
    assert made is not None
    assert [line.amount.amount_minor for line in made.lines] == [-5000, 10000]


def whole_life() -> Life:
    """Up, unpaid and dropped; up; stopped while it was paid; kept; a year to months; months set to less; renewed."""
    life = Life(terms(10000, "basic"))
    life.change(terms(20000, "more"), at=JUNE + DAY, pays=False)
    dropped = life.ledger.invoices["gchg_1"].last
    assert dropped is not None
    life.facts.append(replace(dropped, at=JUNE + 2 * DAY, status="void", closed_at=JUNE + 2 * DAY))
    life.change(terms(20000, "more"), at=JUNE + 3 * DAY, pays=False)
    waiting = life.ledger.invoices["gchg_2"].last
    assert waiting is not None
    life.facts.append(ours.retold(life.last, at=JUNE + 3 * DAY + timedelta(hours=1), rank=1, ends_at=JULY))
    life.pay(waiting, at=JUNE + 3 * DAY + timedelta(minutes=30))
    life.facts.append(ours.retold(life.last, at=JUNE + 4 * DAY, rank=1, ends_at=None))
    life.change(terms(240000, "more", Unit.YEAR), at=JUNE + 5 * DAY)
    life.change(terms(30000, "most"), at=JUNE + 20 * DAY)
    life.change(terms(10000, "basic"), at=JUNE + 21 * DAY)
    start = JUNE + 50 * DAY
    life.facts.append(changes.renewed(life.last, start=start, at=start))
    return life


def test_a_change_that_is_paid_counts_also_where_a_stop_was_told_in_between() -> None:
    life = whole_life()
    tellings = life.ledger.subscriptions[life.name]
    assert [(told.items[0].hints.level, told.ends_at) for told in tellings] == [
        ("basic", None),
        ("more", None),
        ("more", JULY),
        ("more", None),
        ("more", None),
        ("most", None),
        ("most", None),
        ("basic", None),
    ]
    assert [told.anchor_at for told in tellings[-4:]] == [JUNE + 5 * DAY, *[JUNE + 20 * DAY] * 3]
    assert tellings[-2].next_items[0].hints.level == "basic"
    assert tellings[-1].next_items == ()
    assert life.ledger.changes == {f"gchg_{number}" for number in range(1, 5)}


@pytest.mark.parametrize("seed", range(40))
def test_the_order_and_repetition_of_facts_change_nothing(seed: int) -> None:
    life, lot = whole_life(), random.Random(seed)
    wanted = life.ledger
    told = [*life.facts, *lot.sample(life.facts, 4)]
    lot.shuffle(told)
    found = Ledger(grouped(told))
    assert found.subscriptions == wanted.subscriptions
    assert found.credit_minor("EUR") == wanted.credit_minor("EUR")


def test_what_is_set_for_later_asks_for_nothing_now() -> None:
    life = Life(terms(10000))
    made = life.change(terms(4000), at=JUNE + DAY)
    assert (made.is_now, made.effect_at, made.lines) == (False, JULY, ())
    assert (made.due_now, made.next_due) == (Money(0, "EUR"), Money(4000, "EUR"))
    assert life.paid == 10000
    assert life.last.items[0].amount_minor == 10000


def test_the_balance_pays_what_it_can_and_no_more() -> None:
    life = Life(terms(36500, "year", Unit.YEAR))
    made = life.change(terms(5000, "month"), at=JUNE + 73 * DAY)  # four fifths are left: 29200
    assert (made.to_balance, made.due_now, made.next_due) == (Money(24200, "EUR"), Money(0, "EUR"), Money(0, "EUR"))
    assert life.ledger.credit_minor("EUR") == 24200
    assert life.ledger.credit_minor("USD") == 0
    up = life.change(terms(60000, "rich"), at=JUNE + 73 * DAY + timedelta(seconds=1))
    assert up.from_balance == Money(24200, "EUR")
    assert up.due_now.amount_minor + 24200 == up.total.amount_minor
    assert life.ledger.credit_minor("EUR") == 0


def test_a_void_bill_leaves_the_balance_as_it_was() -> None:
    life = Life(terms(36500, "year", Unit.YEAR))
    life.change(terms(5000, "month"), at=JUNE + 73 * DAY)
    life.change(terms(60000, "rich"), at=JUNE + 74 * DAY, pays=False)
    assert life.ledger.credit_minor("EUR") == 0
    bill = life.ledger.invoices["gchg_2"].last
    assert bill is not None
    life.facts.append(replace(bill, at=JUNE + 75 * DAY, status="void", closed_at=JUNE + 75 * DAY))
    assert life.ledger.credit_minor("EUR") == 24200


def test_nothing_is_planned_where_no_paid_period_runs() -> None:
    life = Life(terms(10000))
    assert changes.planned(life.ledger, life.name, terms(20000), at=JULY) is None
    assert changes.planned(life.ledger, life.name, terms(20000), at=JULY - timedelta(seconds=1)) is not None


def test_the_clock_drops_a_change_that_nobody_pays_and_charges_nobody_for_it() -> None:
    life = Life(terms(10000))
    life.change(terms(20000), at=JUNE + DAY, pays=False)
    assert _next(life) == ("drop", JUNE + 2 * DAY)
    late = Life(terms(10000))
    late.change(terms(20000), at=JULY - timedelta(hours=1), pays=False)
    assert _next(late) == ("drop", JULY), "before the renewal of the same moment"
    late.facts.append(ours.retold(late.last, at=JULY - timedelta(minutes=1), rank=1, ends_at=JULY))
    assert _next(late) == ("drop", JULY), "and before the end"


def _next(life: Life) -> tuple[str, datetime]:
    ledger = life.ledger
    step = dunning.next_step(ledger.subscriptions[life.name], list(ledger.invoices.values()), changes=ledger.changes)
    assert step is not None
    return str(step.act), step.at


def test_only_a_changed_interval_moves_the_anchor() -> None:
    item = ItemSeen("i", PriceHints("p"), amount_minor=1, interval="month")
    year = replace(item, interval="year")
    told = replace(Life(terms(10000)).last, next_items=(item,))
    assert changes.renewed(told, start=JULY, at=JULY).anchor_at == JUNE
    assert changes.renewed(replace(told, next_items=(year,)), start=JULY, at=JULY).anchor_at == JULY


def test_what_was_before_a_paid_change_may_be_set_again_for_nothing() -> None:
    """A to B, paid; then staff set A again for nothing: that is no echo of what was told before B."""
    life = Life(terms(1000, "small"))
    life.change(terms(3000, "big"), at=JUNE + DAY)
    life.change(terms(1000, "small"), at=JUNE + 2 * DAY, manner=Manner(When.NOW, Reckoning.NOTHING))
    assert life.last.items[0].hints.level == "small"


def test_what_was_meant_for_the_end_before_a_paid_change_may_be_meant_again() -> None:
    life = Life(terms(2000, "middle"))
    life.change(terms(1000, "small"), at=JUNE + DAY)
    life.change(terms(3000, "big"), at=JUNE + 2 * DAY)
    assert life.last.next_items == ()
    life.change(terms(1000, "small"), at=JUNE + 3 * DAY)
    assert [each.hints.level for each in (*life.last.items, *life.last.next_items)] == ["big", "small"]
