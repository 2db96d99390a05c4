from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from goodstanding.billing.models import Invoice, Payment, Transfer
from goodstanding.core.journal import Chart
from goodstanding.memberships.rebuilding import rebuild_customers
from goodstanding.reports.books import Month, books
from tests.apps.reports.telling import Story, at, columns

GREENWICH = ZoneInfo("UTC")
UNTIL = date(2027, 12, 1)
pytestmark = pytest.mark.django_db


def report() -> list[Month]:
    """All months, which balance."""
    found = books(zone=GREENWICH, until=UNTIL)
    assert found.wrong == []
    return found.months


def standing_on(account: Chart) -> int:
    """What an account of the chart says, debits less credits."""
    rows = Transfer.objects.values_list("debit", "credit", "amount_minor")
    return sum(minor * ((debit == account) - (credit == account)) for debit, credit, minor in rows)


@pytest.mark.db_matters
def test_a_year_paid_in_march_is_received_at_once_and_earned_by_the_month(shop: None) -> None:
    alice = Story("alice")
    bill = alice.bill("inv-1", alice.line("prepaid", 365_00, at(3, 1, 0), at(3, 1, 0, 2027), tax=73_00), on=at(3, 1))
    alice.paid(bill, on=at(3, 1), fee=12_00)
    alice.tell(replace(bill, at=at(3, 1, 13), status="paid", paid_minor=bill.due_minor, settled_at=at(3, 1)))
    rows = report()
    assert columns(rows, "received") == {("2026-03", "EUR"): 438_00}
    assert columns(rows, "fees") == {("2026-03", "EUR"): 12_00}
    earned = columns(rows, "earned")
    assert (earned["2026-03", "EUR"], earned["2026-04", "EUR"], earned["2027-02", "EUR"]) == (31_00, 30_00, 28_00)
    assert sum(earned.values()) == 365_00
    owed = columns(rows, "owed")
    assert (owed["2026-03", "EUR"], owed["2027-01", "EUR"]) == (334_00, 28_00)
    assert ("2027-02", "EUR") not in owed
    assert columns(rows, "tax")["2027-02", "EUR"] == 73_00


def test_at_each_month_s_end_earned_and_owed_are_what_was_billed(shop: None) -> None:
    alice, bob = Story("alice"), Story("bob", currency="JPY")
    for who in (alice, bob):
        bill = who.bill("1", who.line("prepaid", 9_999, at(3, 10), at(8, 2)), on=at(3, 12), status="paid")
        who.paid(bill, on=at(3, 12))
        who.bill("2", who.line("other", 500, at(4, 10), at(4, 10)), on=at(4, 10), status="paid")
    so_far = {"EUR": 0, "JPY": 0}
    billed = dict(so_far)
    for row in report():
        so_far[row.currency] += row.earned_minor + row.unearned_minor
        billed[row.currency] += row.billed_minor
        assert so_far[row.currency] + row.owed_minor + row.unpaid_minor == billed[row.currency]
    assert billed == {"EUR": 10_499, "JPY": 10_499}
    assert -standing_on(Chart.DEFERRED) == 2 * 10_499


@pytest.mark.parametrize("status", ["open", "void", "uncollectible"])
def test_what_nobody_paid_is_neither_earned_nor_owed(shop: None, status: str) -> None:
    alice = Story("alice")
    bill = alice.bill("1", alice.line("prepaid", 100_00, at(3, 1), at(4, 1), tax=20_00), on=at(3, 1))
    if status != "open":
        alice.tell(replace(bill, at=at(3, 20), status=status, closed_at=at(3, 20)))
    rows = report()
    assert columns(rows, "earned") == columns(rows, "owed") == {}
    assert (rows[-1].unpaid_minor, rows[-1].tax_minor) == ((100_00, 20_00) if status == "open" else (0, 0))
    assert -standing_on(Chart.DEFERRED) == (100_00 if status == "open" else 0)


def test_gift_cards_and_balances_are_owed_until_they_are_used(shop: None) -> None:
    """B67: 25.00 from a card on 39.96 + 10.00: 24.96 to be paid."""
    alice = Story("alice")
    bought = alice.bill("1", alice.line("gift", 25_00, at(1, 5), at(1, 5)), on=at(1, 5), status="paid")
    alice.paid(bought, on=at(1, 5))
    bill = alice.line("prepaid", 39_96, at(3, 1, 0), at(4, 1, 0)), alice.line("other", 10_00, at(3, 1), at(3, 1))
    alice.credit("gift_card", 25_00, on=at(2, 10))
    paid = alice.bill("2", *bill, on=at(3, 1), status="paid", credit=25_00)
    assert paid.due_minor == 24_96
    alice.paid(paid, on=at(3, 1))
    rows = report()
    assert columns(rows, "gifts") == {("2026-01", "EUR"): 25_00}
    assert columns(rows, "balances") == {("2026-02", "EUR"): 25_00}
    assert columns(rows, "earned") == {("2026-03", "EUR"): 49_96}


def test_p51_a_level_that_is_given_is_owed_until_it_is_redeemed_and_then_earned_over_its_term(shop: None) -> None:
    """P51, B70: 60.00 for two months, sold in January, redeemed in March by a bill of nothing: 31 of 61 days in March."""
    alice, bob = Story("alice"), Story("bob")
    alice.credit("adjustment", 1, on=at(1, 1))  # a customer of ours
    bought = alice.bill("1", alice.line("gift", 60_00, at(1, 5), at(1, 5)), on=at(1, 5), status="paid")
    alice.paid(bought, on=at(1, 5))
    term, gift = bob.line("prepaid", 60_00, at(3, 1, 0), at(5, 1, 0)), bob.line("gift", -60_00, at(3, 1), at(3, 1))
    assert bob.bill("2", term, gift, on=at(3, 1, 0), status="paid").due_minor == 0
    rows = report()
    assert columns(rows, "gifts") == {("2026-01", "EUR"): 60_00, ("2026-02", "EUR"): 60_00}
    assert sum(columns(rows, "earned").values()) == 60_00
    assert columns(rows, "earned")["2026-03", "EUR"] == 30_49  # 31 of 61 days, by the largest remainder
    assert -standing_on(Chart.GIFT_CARDS) == standing_on(Chart.RECEIVABLE) == 0


def test_a_gift_card_that_nobody_paid_is_none(shop: None) -> None:
    alice = Story("alice")
    alice.bill("0", alice.line("prepaid", 1_00, at(1, 1), at(2, 1)), on=at(1, 1), status="paid")
    alice.bill("1", alice.line("gift", 25_00, at(1, 5), at(1, 5)), on=at(1, 5))
    assert columns(report(), "gifts") == {}


def test_money_given_back_is_taken_from_what_is_still_to_be_earned(shop: None) -> None:
    """P45: of 25, 5 are given back; the ledger shows 20 net. Half of its time is over then."""
    alice = Story("alice")
    bill = alice.bill("1", alice.line("prepaid", 25_00, at(4, 1, 0), at(6, 1, 0)), on=at(4, 1, 0), status="paid")
    payment = alice.paid(bill, on=at(4, 1))
    alice.refund(payment, 5_00, on=at(5, 1, 0))
    rows = report()
    assert columns(rows, "given_back") == {("2026-05", "EUR"): 5_00}
    assert columns(rows, "earned") == {("2026-04", "EUR"): 12_30, ("2026-05", "EUR"): 7_70}
    assert columns(rows, "unearned") == {("2026-05", "EUR"): 5_00}
    assert -standing_on(Chart.GATEWAY) == -20_00


def test_the_example_of_the_documentation(shop: None) -> None:
    """docs/explanation/books.md, "An example"."""
    alice = Story("alice")
    line = alice.line("prepaid", 365_00, at(3, 1, 0), at(3, 1, 0, 2027), tax=73_00)
    bill = alice.bill("1", line, on=at(3, 1, 0), status="paid")
    alice.refund(alice.paid(bill, on=at(3, 1, 0), fee=12_00), 90_00, on=at(6, 1, 0))
    rows = report()
    earned = [columns(rows, "earned")[f"2026-{month:02}", "EUR"] for month in (3, 4, 5, 6)]
    assert earned == [31_00, 30_00, 31_00, 21_76]
    assert columns(rows, "unearned") == {("2026-06", "EUR"): 75_00}
    assert columns(rows, "owed")["2026-06", "EUR"] == 176_24
    assert standing_on(Chart.REFUNDED) == 75_00  # which the end of June sets against what is not earned any more
    assert standing_on(Chart.TAX) == -58_00


@pytest.mark.parametrize("as_balance", [False, True])
def test_all_given_back_leaves_nothing_to_be_earned_and_no_tax(shop: None, as_balance: bool) -> None:
    alice = Story("alice")
    bill = alice.bill("1", alice.line("prepaid", 30_00, at(4, 1, 0), at(5, 1, 0), tax=6_00), on=at(4, 1), status="paid")
    payment = alice.paid(bill, on=at(4, 1))
    if as_balance:
        alice.credit("refund", 36_00, on=at(4, 11, 0), about=bill.invoice)
    else:
        alice.refund(payment, 36_00, on=at(4, 11, 0))
    rows = report()
    assert columns(rows, "earned") == {("2026-04", "EUR"): 10_00}
    assert columns(rows, "unearned") == {("2026-04", "EUR"): 20_00}
    assert columns(rows, "owed") == columns(rows, "tax") == {}
    assert rows[-1].balances_minor == (36_00 if as_balance else 0)


def test_a_lost_dispute_leaves_nothing_to_be_earned_and_a_won_one_changes_nothing(shop: None) -> None:
    for name, status in (("alice", "lost"), ("bob", "won")):
        story = Story(name)
        bill = story.bill("1", story.line("prepaid", 30_00, at(4, 1, 0), at(5, 1, 0)), on=at(4, 1, 0), status="paid")
        story.dispute(story.paid(bill, on=at(4, 1)), 30_00, on=at(4, 11, 0), status=status)
    assert columns(report(), "earned") == {("2026-04", "EUR"): 40_00}
    assert (standing_on(Chart.DISPUTED), standing_on(Chart.DISPUTES_LOST)) == (0, 30_00)


def test_fee_and_net_of_a_payment(shop: None) -> None:
    """C10: net = total − fee."""
    alice = Story("alice")
    bill = alice.bill("1", alice.line("prepaid", 25_00, at(4, 1), at(5, 1)), on=at(4, 1), status="paid")
    alice.paid(bill, on=at(4, 1), fee=1_03)
    row = Payment.objects.get()
    assert (row.amount_minor, row.fee_minor, row.net_minor) == (25_00, 1_03, 23_97)
    assert (standing_on(Chart.GATEWAY), standing_on(Chart.FEES)) == (23_97, 1_03)


ACT = st.tuples(
    st.sampled_from(("term", "gift", "donation", "downgrade", "use", "open", "void", "given up", "paid after all",
                     "refund", "refund failed", "to balance", "lost", "card", "adjustment")),
    st.integers(1, 300),
    st.integers(1, 12_345),
)  # fmt: skip


class Life:
    """A story in which anything may happen next."""

    def __init__(self, name: str, currency: str) -> None:
        self.story, self.on = Story(name, currency=currency), at(1, 2)
        self.payments: list[tuple[str, Any]] = []

    def live(self, number: int, act: str, days: int, minor: int) -> None:
        story, on = self.story, self.on
        self.on = on + timedelta(days=days % 40, hours=number)
        kinds = {
            "gift": ("gift", minor, 0),
            "donation": ("other", minor, minor // 7),
            "downgrade": ("proration", -minor, -minor // 5),
        }
        if act in ("refund", "refund failed", "to balance", "lost"):
            if self.payments:
                self._back(act, *self.payments.pop(), minor=minor)
        elif act in ("card", "adjustment"):
            story.credit("gift_card" if act == "card" else act, minor, on=self.on)
        else:
            kind, net, tax = kinds.get(act, ("prepaid", minor, minor // 5))
            lines = [story.line(kind, net, on, on + timedelta(days=days), tax=tax)]
            if act == "use":
                lines.append(story.line("gift", 300, on, on))
            bill = story.bill(str(number), *lines, on=on, credit=minor // 3 if act == "use" else 0)
            self._end(bill, act, days)

    def _end(self, bill: Any, act: str, days: int) -> None:
        later = self.on + timedelta(days=days % 9)
        if act in ("given up", "paid after all"):
            self.story.tell(replace(bill, at=later, status="uncollectible", closed_at=later))
            later += timedelta(days=3)
        if act == "void":
            self.story.tell(replace(bill, at=later, status="void", closed_at=later))
        elif act not in ("open", "given up"):
            if bill.due_minor:
                self.payments.append((self.story.paid(bill, on=later, fee=bill.due_minor // 30), bill))
            self.story.tell(replace(bill, at=later, status="paid", paid_minor=bill.due_minor, settled_at=later))
        self.on = later

    def _back(self, act: str, payment: str, bill: Any, *, minor: int) -> None:
        amount = min(minor, bill.due_minor)
        if act == "to balance":
            self.story.credit("refund", amount, on=self.on, about=bill.invoice)
        elif act == "lost":
            self.story.dispute(payment, amount, on=self.on, status="lost")
        else:
            self.story.refund(payment, amount, on=self.on)
            if act == "refund failed":
                last: Any = self.story.told[-1]
                self.story.tell(replace(last, at=self.on + timedelta(days=5), status="failed"))


@pytest.mark.db_matters
@settings(max_examples=10, deadline=None, phases=(Phase.generate,), suppress_health_check=list(HealthCheck))
@given(st.lists(ACT, min_size=3, max_size=9), st.sampled_from(("EUR", "JPY", "KWD")), st.integers(0, 9))
def test_whatever_happens_the_books_balance_with_the_bills(
    shop: None, acts: list[tuple[str, int, int]], currency: str, seed: int
) -> None:
    """I4, I5 and the minor unit: bills, journal and report agree, and the same facts in any order give the same moves."""
    with transaction.atomic():
        life = Life("alice", currency)
        for number, act in enumerate([("term", 30, 3_333), *acts]):
            life.live(number, *act)
        rows = report()
        released = sum(row.earned_minor + row.unearned_minor for row in rows)
        assert released + rows[-1].owed_minor + rows[-1].unpaid_minor == sum(row.billed_minor for row in rows)
        assert -standing_on(Chart.DEFERRED) == sum(row.billed_minor for row in rows)
        assert rows[-1].owed_minor == 0  # all is over by then
        open_net = sum(
            bill.total_minor
            - bill.tax_minor
            - sum(line.amount_minor for line in bill.lines.all() if line.kind == "gift")
            for bill in Invoice.objects.filter(status="open").prefetch_related("lines")
        )
        assert rows[-1].unpaid_minor == open_net
        assert rebuild_customers()[2] == []
        moves = set(Transfer.objects.values_list("key", "debit", "credit", "amount_minor", "happened_at"))
        told = [*life.story.told]
        random.Random(seed).shuffle(told)
        transaction.set_rollback(True)
    with transaction.atomic():
        again = Story("alice", currency=currency, begin=False)
        for fact in told:
            again.tell(fact)
        assert set(Transfer.objects.values_list("key", "debit", "credit", "amount_minor", "happened_at")) == moves
        assert rebuild_customers()[2] == []
        transaction.set_rollback(True)
