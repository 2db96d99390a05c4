from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodstanding.core.facts import CreditSeen, InvoiceSeen, LineSeen, PaymentSeen
from goodstanding.core.fold import invoice_state
from goodstanding.core.journal import (
    Chart,
    Parts,
    Posting,
    of_credit,
    of_invoice,
    of_parts_back,
    of_payment,
    parts_back,
)
from goodstanding.core.money_back import GivenBack


def at(day: int) -> datetime:
    return datetime(2026, 3, day, tzinfo=UTC)


def line(kind: str, net: int, tax: int = 0, name: str = "") -> LineSeen:
    return LineSeen(name or kind, kind, net, at(1), at(31), tax_minor=tax)


def bill(*lines: LineSeen, status: str = "open", credit: int = 0, day: int = 1) -> InvoiceSeen:
    total = sum(each.amount_minor + each.tax_minor for each in lines)
    return InvoiceSeen(
        invoice="in",
        customer="cus",
        at=at(day),
        status=status,
        created_at=at(1),
        currency="EUR",
        total_minor=total,
        due_minor=max(total - credit, 0),
        paid_minor=0,
        credit_minor=credit if total >= 0 else total,
        settled_at=at(day) if status == "paid" else None,
        closed_at=at(day) if status in ("void", "uncollectible") else None,
        lines=lines,
    )


def balances(moves: Iterable[Posting]) -> dict[Chart, int]:
    """What stands on each account, debits less credits, where anything does."""
    found: Counter[Chart] = Counter()
    for move in moves:
        assert move.amount_minor > 0
        assert move.debit != move.credit
        found[move.debit] += move.amount_minor
        found[move.credit] -= move.amount_minor
    return {account: minor for account, minor in found.items() if minor}


def told(*facts: InvoiceSeen) -> list[Posting]:
    return list(of_invoice(invoice_state(facts)))


MIXED = (line("regular", 100_00, 20_00), line("gift", 50_00), line("other", 5_00, 1_00))


def test_a_bill_s_tax_and_gift_cards_are_no_revenue() -> None:
    assert balances(told(bill(*MIXED))) == {
        Chart.RECEIVABLE: 176_00,
        Chart.DEFERRED: -105_00,
        Chart.TAX: -21_00,
        Chart.GIFT_CARDS: -50_00,
    }


def test_a_credit_is_taxed_as_the_charge_was() -> None:
    """A downgrade's bill: the balance gets the credit with its tax."""
    credit = bill(line("proration", -50_00, -10_00), status="paid")
    assert balances(told(credit)) == {Chart.BALANCE: -60_00, Chart.DEFERRED: 50_00, Chart.TAX: 10_00}


@pytest.mark.parametrize("credit", [0, 30_00])
def test_a_void_bill_leaves_nothing_in_the_books(credit: int) -> None:
    opened = bill(*MIXED, credit=credit)
    assert balances(told(opened, replace(opened, status="void", at=at(9), closed_at=at(9)))) == {}


def test_a_void_bill_below_zero_leaves_nothing_either() -> None:
    assert balances(told(bill(line("proration", -50_00, -10_00), status="void", day=2))) == {}


def test_a_bill_that_is_given_up_leaves_nothing_to_earn_and_no_tax_to_owe() -> None:
    opened = bill(*MIXED)
    given_up = replace(opened, status="uncollectible", at=at(9), closed_at=at(9))
    assert balances(told(opened, given_up)) == {}


def test_of_a_bill_given_up_stays_what_credit_paid() -> None:
    opened = bill(line("regular", 100_00, 20_00), credit=30_00)
    given_up = replace(opened, status="uncollectible", at=at(9), closed_at=at(9))
    assert balances(told(opened, given_up)) == {Chart.BALANCE: 30_00, Chart.DEFERRED: -25_00, Chart.TAX: -5_00}


@pytest.mark.parametrize(("after_all", "left"), [("paid", 176_00), ("void", 0)])
def test_a_bill_given_up_may_be_paid_or_voided_after_all(after_all: str, left: int) -> None:
    opened = bill(*MIXED)
    given_up = replace(opened, status="uncollectible", at=at(9), closed_at=at(9))
    last = replace(opened, status=after_all, at=at(12), settled_at=at(12) if after_all == "paid" else None)
    found = balances(told(opened, given_up, last))
    assert found.get(Chart.RECEIVABLE, 0) == left
    assert found.get(Chart.WRITTEN_OFF, 0) == 0
    assert found.get(Chart.TAX, 0) == (-21_00 if left else 0)


def test_the_fee_is_what_the_gateway_kept() -> None:
    """C10: net = total − fee; it may be told later than the payment, and once."""
    first = PaymentSeen("pay", at(1), "succeeded", 100_00, "EUR", at(1))
    later = replace(first, at=at(2), fee_minor=3_20)
    for tellings in ([first, later], [later], [first, later, replace(later, at=at(3), refunded_minor=5_00)]):
        assert balances(of_payment(tellings)) == {Chart.GATEWAY: 96_80, Chart.RECEIVABLE: -100_00, Chart.FEES: 3_20}
    assert Chart.FEES not in balances(of_payment([replace(later, status="failed")]))


@pytest.mark.parametrize(("total", "fee", "net"), [(77_00, 14, 76_86), (78_00, 29, 77_71), (7_800_90, 29, 7_800_61)])
def test_c28_what_is_left_of_a_payment_after_its_fee(total: int, fee: int, net: int) -> None:
    """C27, C28: 78.00 less 0.29 are 77.71; 7800.90 less 0.29 are 7800.61."""
    paid = PaymentSeen("pay", at(1), "succeeded", total, "EUR", at(1), fee_minor=fee)
    assert balances(of_payment([paid]))[Chart.GATEWAY] == net


@pytest.mark.parametrize(
    ("kind", "minor", "found"),
    [
        ("gift_card", 25_00, {Chart.GIFT_CARDS: 25_00, Chart.BALANCE: -25_00}),
        ("refund", 25_00, {Chart.REFUNDED: 25_00, Chart.BALANCE: -25_00}),
        ("adjustment", 25_00, {Chart.GIVEN: 25_00, Chart.BALANCE: -25_00}),
        ("adjustment", -25_00, {Chart.GIVEN: -25_00, Chart.BALANCE: 25_00}),
        ("code", 25_00, {Chart.GIVEN: 25_00, Chart.BALANCE: -25_00}),
    ],
)
def test_an_entry_of_the_balance_says_where_it_came_from(kind: str, minor: int, found: dict[Chart, int]) -> None:
    assert balances(of_credit(CreditSeen("cr", "cus", at(1), minor, "EUR", kind))) == found


def back(parts: Parts, given: list[GivenBack]) -> dict[Chart, int]:
    moves = parts_back(parts, given).items()
    return balances(posting for ref, each in moves for posting in of_parts_back(f"refund|{ref}", each, "EUR"))


def test_the_tax_in_a_refund_is_not_owed_any_more() -> None:
    parts = Parts(100_00, 20_00, 0)
    assert back(parts, [GivenBack("a", at(2), 60_00)]) == {Chart.TAX: 10_00, Chart.REFUNDED: -10_00}
    assert back(parts, [GivenBack("a", at(2), 60_00, failed_at=at(4))]) == {}


def test_three_thirds_given_back_owe_no_tax_at_all() -> None:
    """0.10 of tax on 1.00: a third has 0.03 of it, and the last third what is left."""
    thirds = [GivenBack("a", at(2), 33), GivenBack("b", at(3), 33), GivenBack("c", at(4), 34)]
    assert back(Parts(90, 10, 0), thirds) == {Chart.TAX: 10, Chart.REFUNDED: -10}
    assert back(Parts(90, 10, 0), thirds[:2]) == {Chart.TAX: 6, Chart.REFUNDED: -6}
    failed = [*thirds[:2], replace(thirds[2], failed_at=at(5))]
    assert back(Parts(90, 10, 0), failed) == {Chart.TAX: 6, Chart.REFUNDED: -6}


def test_a_gift_card_that_is_given_back_is_not_owed_any_more() -> None:
    assert back(Parts(0, 0, 25_00), [GivenBack("a", at(2), 25_00)]) == {Chart.GIFT_CARDS: 25_00, Chart.REFUNDED: -25_00}


LINES = st.builds(
    line,
    st.sampled_from(("regular", "proration", "prepaid", "gift", "other")),
    st.integers(-3_000, 9_000),
    st.integers(0, 900),
    st.sampled_from("abc"),
)


@given(
    st.lists(LINES, max_size=4),
    st.sampled_from(("open", "paid", "void", "uncollectible")),
    st.integers(0, 500),
    st.permutations(range(3)),
)
def test_a_bill_moves_the_same_in_any_order_of_telling(
    lines: list[LineSeen], status: str, credit: int, order: list[int]
) -> None:
    """I1, I5: what was posted on the way stays as it is."""
    opened = bill(*lines, credit=min(credit, max(sum(each.amount_minor for each in lines), 0)))
    given_up = replace(opened, status="uncollectible", at=at(5), closed_at=at(5))
    last = replace(opened, status=status, at=at(9), settled_at=at(9) if status == "paid" else None)
    facts = [opened, given_up, last]
    final = {move.key: move for move in told(*facts)}
    assert {move.key: move for move in told(*(facts[index] for index in order))} == final
    assert len(final) == len(told(*facts))
    before = {move.key: move for move in told(opened)}
    assert before.items() <= final.items()
    assert {move.key: move for move in told(opened, given_up)}.items() <= final.items() or status == "open"
