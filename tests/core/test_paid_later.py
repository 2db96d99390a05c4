"""Bills that are paid by hand, counted out: in parts, by a day, given up, and what went back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from goodstanding.core import dunning, journal, ours
from goodstanding.core.facts import (
    DisputeSeen,
    Fact,
    InvoiceSeen,
    ItemSeen,
    Ladder,
    LineSeen,
    PaymentSeen,
    PriceHints,
    RefundSeen,
    SubscriptionSeen,
)
from goodstanding.core.fold import InvoiceState
from goodstanding.core.journal import Chart
from goodstanding.core.ledger import Ledger, grouped

BEGUN = datetime(2026, 3, 2, 10, tzinfo=UTC)
DAY, HOUR = timedelta(hours=24), timedelta(hours=1)
DUE = datetime(2026, 3, 17, tzinfo=UTC)
APRIL = datetime(2026, 4, 2, 10, tzinfo=UTC)
MAY = datetime(2026, 5, 2, 10, tzinfo=UTC)
LADDER = Ladder(again_after=(), end_after=21)


def bill(due: int = 5000, **values: object) -> InvoiceSeen:
    period: Any = values.pop("period", (BEGUN, APRIL))
    start, end = period
    line = LineSeen("line", "regular", due, start=start, end=end, subscription="sub", item="item")
    told = {
        "invoice": "bill",
        "customer": "alice",
        "at": BEGUN,
        "status": "open",
        "created_at": BEGUN,
        "currency": "EUR",
    }
    figures = {"total_minor": due, "due_minor": due, "paid_minor": 0, "subscription": "sub", "lines": (line,)}
    return InvoiceSeen(**(told | figures | {"ours": True, "due_at": DUE, "ladder": LADDER} | values))  # type: ignore[arg-type]


def paid(amount: int, hours: int, name: str = "pay", status: str = "succeeded", told: int | None = None) -> PaymentSeen:
    at, made = BEGUN + (hours if told is None else told) * HOUR, BEGUN + hours * HOUR
    return PaymentSeen(name, at, status, amount, "EUR", made, "alice", invoice="bill", elsewhere="transfer")


def back(amount: int, hours: int, name: str = "back") -> RefundSeen:
    at = BEGUN + hours * HOUR
    return RefundSeen(name, at, "succeeded", amount, "EUR", at, payment="pay", customer="alice", elsewhere="transfer")


def dispute(hours: int, status: str = "open", amount: int = 1000) -> DisputeSeen:
    opened, at = BEGUN + 10 * HOUR, BEGUN + hours * HOUR
    return DisputeSeen("dsp", at, status, amount, "EUR", opened, payment="pay", customer="alice", elsewhere="cheque")


def stands(*facts: Fact) -> tuple[str, int, int | None]:
    """How the bill stands, as its facts in any order leave it: status, still owed, and after how many hours it was settled."""
    found = set()
    for order in (facts, facts[::-1]):
        state = Ledger(grouped(order)).invoices["bill"]
        assert state.last is not None
        settled = None if state.settled_at is None else int((state.settled_at - BEGUN) / HOUR)
        found.add((state.last.status, state.last.due_minor - state.last.paid_minor, settled))
    assert len(found) == 1, found
    return found.pop()


# Each row: what, the facts, and how the bill stands: status, left to be paid, settled after so many hours.
TABLE = [
    ("C25: half of it", [bill(), paid(2500, 1)], ("open", 2500, None)),
    ("C25: and the rest", [bill(), paid(2500, 1), paid(2500, 9, "rest")], ("paid", 0, 9)),
    ("B62: ten of it", [bill(24995), paid(1000, 1)], ("open", 23995, None)),
    ("B62: the bank takes them back", [bill(24995), paid(1000, 1), dispute(10)], ("open", 24995, None)),
    ("B62: they come after all", [bill(24995), paid(1000, 1), dispute(10), dispute(12, "won")], ("open", 23995, None)),
    ("and are lost", [bill(24995), paid(1000, 1), dispute(10), dispute(12, "lost")], ("open", 24995, None)),
    ("a part that was given back is owed again", [bill(), paid(2500, 1), back(2500, 2)], ("open", 5000, None)),
    ("and the rest is not enough then", [bill(), paid(2500, 1), back(2500, 2), paid(2500, 3, "rest")], ("open", 2500, None)),
    ("given back after it was settled: it stays settled", [bill(), paid(5000, 1), back(5000, 2)], ("paid", 0, 1)),
    ("taken back after it was settled: it stays settled", [bill(), paid(5000, 1), dispute(10, amount=5000)], ("paid", 0, 1)),
    ("a mistake never was", [bill(), paid(5000, 1), paid(5000, 1, status="undone", told=30)], ("open", 5000, None)),
    ("whatever is told after it", [bill(), paid(5000, 1), paid(5000, 1, status="undone", told=2), paid(5000, 1, told=3)], ("open", 5000, None)),
    ("and the right one counts from its own moment", [bill(), paid(5000, 1), paid(5000, 1, status="undone", told=30), paid(5000, 5, "right", told=31)], ("paid", 0, 5)),
]  # fmt: skip


@pytest.mark.parametrize(("facts", "wanted"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_a_bill_is_as_what_came_and_went_leaves_it(facts: list[Fact], wanted: tuple[str, int, int | None]) -> None:
    assert stands(*facts) == wanted


@pytest.mark.parametrize(
    ("facts", "over"),
    [
        ([bill(), paid(5000, 1)], 0),
        ([bill(), paid(5000, 1), paid(5000, 2, "card")], 5000),
        ([bill(), paid(5000, 1), paid(5000, 2, "card"), back(5000, 3)], 0),
        ([bill(), paid(2500, 1)], 0),
        ([bill(ours=False), paid(5000, 1), paid(5000, 2, "card")], 0),
    ],
)
def test_what_was_paid_twice_is_known(facts: list[Fact], over: int) -> None:
    assert Ledger(grouped(facts)).overpaid_minor("bill") == over


def state(seen: InvoiceSeen, *, settled: datetime | None = None, paid_minor: int = 0) -> InvoiceState:
    from dataclasses import replace

    return InvoiceState(replace(seen, paid_minor=paid_minor), settled, None, ())


def sub(**values: object) -> SubscriptionSeen:
    item = ItemSeen(item="item", hints=PriceHints("prc"), amount_minor=5000, interval="month")
    told = {"subscription": "sub", "customer": "alice", "at": BEGUN, "status": "active", "created_at": BEGUN}
    more = {"currency": "EUR", "items": (item,), "anchor_at": BEGUN, "ours": True, "time_zone": "UTC"}
    return SubscriptionSeen(**(told | more | values))  # type: ignore[arg-type]


FIRST = state(bill(), settled=BEGUN)
SECOND = bill(invoice="second", created_at=APRIL - 14 * DAY, due_at=APRIL + 14 * HOUR, period=(APRIL, MAY))
OTHER = (ItemSeen(item="item", hints=PriceHints("other"), amount_minor=9000, interval="month"),)

# Each row: what, the subscription, its bills, and what our clock does next.
STEPS = [
    ("a first bill waits for its day and as long again", sub(status="incomplete"), [state(bill())], ("expire", DUE + 21 * DAY)),
    ("kept for ever by its own terms", sub(status="incomplete"), [state(bill(ladder=Ladder((), "keep")))], None),
    ("of which a part came: nothing by itself", sub(status="incomplete"), [state(bill(), paid_minor=1)], None),
    ("paid: the next one is billed ahead", sub(), [FIRST], ("renew", APRIL - 14 * DAY)),
    ("billed ahead and unpaid: no card is tried", sub(), [FIRST, state(SECOND)], ("give_up", APRIL + 14 * HOUR + 21 * DAY)),
    ("a renewal of which a part came", sub(), [FIRST, state(SECOND, paid_minor=1)], None),
    ("paid ahead: the one after it", sub(), [FIRST, state(SECOND, settled=APRIL - 5 * DAY)], ("renew", MAY - 14 * DAY)),
    ("one that ends is not billed ahead", sub(ends_at=APRIL), [FIRST], ("end", APRIL)),
    ("one that ends later is", sub(ends_at=MAY), [FIRST], ("renew", APRIL - 14 * DAY)),
    ("a change that is set begins with its period", sub(next_items=OTHER), [FIRST], ("renew", APRIL)),
    ("a set end comes before it is given up", sub(ends_at=APRIL), [FIRST, state(SECOND)], ("end", APRIL)),
]  # fmt: skip


@pytest.mark.parametrize(("told", "bills", "wanted"), [row[1:] for row in STEPS], ids=[row[0] for row in STEPS])
def test_what_our_clock_does_with_what_is_paid_by_hand(
    told: SubscriptionSeen, bills: list[InvoiceState], wanted: tuple[str, datetime] | None
) -> None:
    step = dunning.next_step([told], bills, ahead=14 * DAY)
    assert (step and (str(step.act), step.at)) == wanted


def test_a_short_period_is_billed_from_its_middle_on() -> None:
    week = ItemSeen(item="item", hints=PriceHints("prc"), amount_minor=5000, interval="week")
    first = state(bill(period=(BEGUN, BEGUN + 7 * DAY)), settled=BEGUN)
    step = dunning.next_step([sub(items=(week,))], [first], ahead=14 * DAY)
    assert step is not None
    assert step.at == BEGUN + 3.5 * DAY


def moves(*tellings: PaymentSeen) -> list[tuple[str, str, int, datetime]]:
    return [(each.debit, each.credit, each.amount_minor, each.at) for each in journal.of_payment(tellings)]


def test_c14_a_mistake_and_a_refund_are_moves_of_their_own_day() -> None:
    """C14: what was received stays booked on its day; what went back is booked on the day on which it went."""
    came = (Chart.ELSEWHERE, Chart.RECEIVABLE, 5000, BEGUN + HOUR)
    undone = paid(5000, 1, status="undone", told=30)
    assert moves(paid(5000, 1)) == [came]
    assert moves(paid(5000, 1), undone) == [came, (Chart.RECEIVABLE, Chart.ELSEWHERE, 5000, BEGUN + 30 * HOUR)]
    (given,) = journal.of_refund(Ledger(grouped([back(5000, 9)])).refunds["back"])
    assert (given.debit, given.credit, given.at) == (Chart.REFUNDED, Chart.ELSEWHERE, BEGUN + 9 * HOUR)


def test_what_the_bank_takes_back_goes_where_it_had_come_in() -> None:
    lost = Ledger(grouped([dispute(10), dispute(12, "lost")])).disputes["dsp"]
    assert [(each.debit, each.credit) for each in journal.of_dispute(lost)] == [
        (Chart.DISPUTED, Chart.ELSEWHERE),
        (Chart.DISPUTES_LOST, Chart.DISPUTED),
    ]


def test_what_came_of_another_currency_settles_nothing() -> None:
    dollars = PaymentSeen("pay", BEGUN, "succeeded", 5000, "USD", BEGUN, "alice", invoice="bill")
    found = ours.settled(state(bill()), [dollars])
    assert found.settled_at is None
