"""Changes of level that are not billed at once: their lines wait for the next bill, and nobody has them for nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from goodstanding.core import carrying, changes
from goodstanding.core.asking import Levy
from goodstanding.core.changes import Manner, Reckoning, When
from goodstanding.core.facts import InvoiceSeen, RefundSeen
from goodstanding.core.money import Money
from goodstanding.core.periods import Unit
from tests.core.test_changes_billed import DAY, JULY, JUNE, QUARTER, SIXTEENTH, TAXED, Payer, shape, terms

NEXT = Manner(reckoning=Reckoning.NEXT_BILL)


def test_g12_what_waits_is_billed_with_the_renewal_and_two_changes_add_up() -> None:
    """Invoiced on the next bill: the level moves at once, nothing is paid now, and one bill is expected: all of it."""
    dana = Payer(terms(10000, "basic"))
    made = dana.preview(terms(30000, "plus"), at=SIXTEENTH, manner=NEXT)
    assert (made.total, made.due_now, made.later, made.next_due) == (Money(0, "EUR"), Money(0, "EUR"), Money(10000, "EUR"), Money(40000, "EUR"))  # fmt: skip
    assert dana.change(terms(30000, "plus"), at=SIXTEENTH, manner=NEXT) == ()
    assert dana.last.items[0].hints.level == "plus"
    again = dana.preview(terms(60000, "gold"), at=JUNE + 20 * DAY, manner=NEXT)
    assert [line.amount.amount_minor for line in again.lines] == [-10000, 20000]
    assert again.next_due == Money(80000, "EUR")
    dana.change(terms(60000, "gold"), at=JUNE + 20 * DAY, manner=NEXT)
    bill = dana.renew(start=JULY, end=datetime(2026, 8, 1, tzinfo=UTC))
    assert shape(bill.lines) == [
        (60000, 0, ""),
        (-5000, 0, "15 of 30 days of 100.00 EUR"),
        (15000, 0, "15 of 30 days of 300.00 EUR"),
        (-10000, 0, "10 of 15 days of 150.00 EUR"),
        (20000, 0, "10 of 30 days of 600.00 EUR"),
    ]
    assert (bill.total_minor, bill.convention) == (80000, "second-exact, half-up, UTC"), "I13"
    assert carrying.waiting(dana.last, dana.ledger.invoices.values()) == ()
    back = dana.preview(terms(10000, "basic"), at=JULY + 15 * DAY + DAY / 2, manner=Manner(When.NOW))
    assert [line.amount.amount_minor for line in back.lines] == [-30000, 5000], "of July alone, by what July cost"


def test_there_and_back_before_the_next_bill_costs_nothing_i7() -> None:
    dana = Payer(terms(10000, "basic"))
    for level, amount in (("plus", 30000), ("free", 0), ("basic", 10000)):
        manner = Manner(When.NOW, Reckoning.NEXT_BILL)
        dana.change(terms(amount, level), at=JUNE + 11 * DAY + timedelta(seconds=7), manner=manner)
    lines = carrying.to_bill(dana.ledger, dana.last)
    assert len(lines) == 4, "B08: to and from what is free it is one line, never a zero line"
    assert carrying.total_of(lines, "EUR") == Money(0, "EUR")


def test_a_change_that_is_billed_at_once_takes_along_what_waits() -> None:
    dana = Payer(terms(10000, "basic"))
    dana.change(terms(30000, "plus"), at=SIXTEENTH, manner=NEXT)
    lines = dana.change(terms(500000, "plus", unit=Unit.YEAR), at=JUNE + 20 * DAY)
    assert [line.amount_minor for line in lines] == [-5000, 15000, -10000, 500000]
    assert dana.last.anchor_at == JUNE + 20 * DAY, "B05: another interval begins now, and is billed now"
    assert carrying.waiting(dana.last, dana.ledger.invoices.values()) == ()
    again = dana.preview(terms(1000000, "gold", unit=Unit.YEAR), at=JUNE + 20 * DAY + 73 * DAY)
    assert [line.amount.amount_minor for line in again.lines] == [-400000, 800000], "I8: nothing is given back twice"


def test_a_change_that_nobody_pays_for_leaves_what_waited_waiting() -> None:
    dana = Payer(terms(10000, "basic"))
    dana.change(terms(30000, "plus"), at=SIXTEENTH, manner=NEXT)
    made = dana.preview(terms(60000, "gold"), at=JUNE + 20 * DAY)
    assert made.due_now == Money(20000, "EUR")
    facts = changes.facts_of(made, dana.last, ref="gchg_x", at=JUNE + 20 * DAY, number="INV-X")
    (bill,) = [fact for fact in facts if isinstance(fact, InvoiceSeen)]
    dana.facts += [*facts, replace(bill, at=JUNE + 21 * DAY, status="void", closed_at=JUNE + 21 * DAY)]
    assert [line.amount_minor for line in carrying.to_bill(dana.ledger, dana.last)] == [-5000, 15000]
    assert dana.last.items[0].hints.level == "plus"


@pytest.mark.parametrize(
    ("given_back", "waits"), [(0, [-5000, 15000]), (3000, [-5000, 15000]), (7000, [-3000, 15000]), (10000, [15000])]
)
def test_i8_what_is_given_back_before_the_bill_is_not_given_back_by_it(given_back: int, waits: list[int]) -> None:
    dana = Payer(terms(10000, "basic"))
    dana.change(terms(30000, "plus"), at=SIXTEENTH, manner=NEXT)
    if given_back:
        (payment,) = dana.ledger.payments
        at = JUNE + 20 * DAY
        dana.facts.append(RefundSeen("re_1", at, "succeeded", given_back, "EUR", at, payment=payment, customer="cus"))
    assert [line.amount_minor for line in carrying.to_bill(dana.ledger, dana.last)] == waits


def test_with_tax_what_waits_is_taxed_line_by_line() -> None:
    dana = Payer(terms(10000, "basic", contract=TAXED), levy=Levy(QUARTER, "VAT", inclusive=False))
    dana.change(terms(30000, "plus", contract=TAXED), at=SIXTEENTH, manner=NEXT)
    made = dana.preview(terms(30000, "plus", contract=TAXED), at=SIXTEENTH, manner=NEXT)
    bill = dana.renew(start=JULY, end=datetime(2026, 8, 1, tzinfo=UTC))
    assert [(line.amount_minor, line.tax_minor) for line in bill.lines] == [
        (30000, 7500),
        (-5000, -1250),
        (15000, 3750),
    ]
    assert made.then.amount_minor == bill.total_minor == 50000


def test_who_leaves_is_billed_what_waited() -> None:
    """Nobody gets the higher level for nothing: who stops the renewal pays what waited by a bill of its own."""
    dana = Payer(terms(10000, "basic"))
    dana.change(terms(30000, "plus"), at=SIXTEENTH, manner=NEXT)
    bill = carrying.last_bill(dana.ledger, dana.last, at=JUNE + 20 * DAY, number="INV-9")
    assert (bill.total_minor, bill.due_minor, bill.status) == (10000, 10000, "open")
    dana.tell((bill,), at=JUNE + 20 * DAY)
    assert carrying.waiting(dana.last, dana.ledger.invoices.values()) == ()
    again = dana.preview(terms(60000, "gold"), at=JUNE + 24 * DAY)
    assert [line.amount.amount_minor for line in again.lines] == [-6000, 12000], "he stayed after all, and goes on up"


def test_another_interval_is_billed_now_although_changes_wait_for_the_next_bill() -> None:
    dana = Payer(terms(10000, "basic"))
    lines = dana.change(terms(500000, "plus", unit=Unit.YEAR), at=SIXTEENTH, manner=NEXT)
    assert [line.amount_minor for line in lines] == [-5000, 500000]


def test_what_was_given_back_is_not_taken_off_a_charge_that_is_not_paid_yet() -> None:
    dana = Payer(terms(10000, "basic"))
    dana.change(terms(30000, "plus"), at=SIXTEENTH, manner=NEXT)
    (payment,) = dana.ledger.payments
    at = JUNE + 18 * DAY
    dana.facts.append(RefundSeen("re_1", at, "succeeded", 3000, "EUR", at, payment=payment, customer="cus"))
    made = dana.preview(terms(60000, "gold"), at=JUNE + 20 * DAY, manner=NEXT)
    assert [line.amount.amount_minor for line in made.lines] == [-10000, 20000]
