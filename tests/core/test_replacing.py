"""Another level while the renewal's bill is open: one bill in place of the other, no free days, no second charge."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from goodstanding.core import carrying, dunning, replacing
from goodstanding.core.alarms import overpaid
from goodstanding.core.asking import Levy
from goodstanding.core.changes import Manner, Reckoning
from goodstanding.core.dunning import Act
from goodstanding.core.facts import Fact, InvoiceSeen, Ladder, PaymentSeen
from goodstanding.core.fold import InvoiceState
from goodstanding.core.periods import Period, Unit
from goodstanding.core.pricing import PriceTerms
from goodstanding.core.renewals import renewal_of
from tests.core.test_changes_billed import DAY, JULY, QUARTER, SIXTEENTH, TAXED, Payer, shape, terms

AUGUST = datetime(2026, 8, 1, tzinfo=UTC)
SECOND = JULY + DAY


class Debtor(Payer):
    """Somebody whose card failed at the renewal of July, and who was tried again on the 4th."""

    def owe(self, *failed: datetime) -> InvoiceSeen:
        made = renewal_of(
            self.last, period=Period(JULY, AUGUST), at=JULY, number="INV-7", payment=2, levy_at=self.levy_at,
            carried=carrying.to_bill(self.ledger, self.last),
        )  # fmt: skip
        self.facts.append(made.bill)
        for number, at in enumerate(failed):
            self.pay(made.bill, f"no_{number}", at=at, status="failed")
        return made.bill

    def pay(self, bill: InvoiceSeen, name: str, *, at: datetime, minor: int = 0, status: str = "succeeded") -> None:
        owed = minor or bill.due_minor
        self.facts.append(
            PaymentSeen(name, at, status, owed, "EUR", at, "cus", invoice=bill.invoice, retry="later" if status == "failed" else "")
        )  # fmt: skip

    def replaced(self, wanted: PriceTerms, *, at: datetime, ref: str = "grpl_1") -> InvoiceSeen:
        made = replacing.planned(self.ledger, self.name, wanted, at=at, levy_at=self.levy_at)
        assert made is not None
        facts: tuple[Fact, ...] = replacing.facts_of(
            made, self.ledger, ref=ref, at=at, number="INV-8", levy_at=self.levy_at
        )
        self.facts += facts
        bill = self.ledger.invoices[ref].last
        assert bill is not None
        assert (bill.total_minor, bill.due_minor) == (made.total.amount_minor, made.due_now.amount_minor), "I13"
        assert [(line.net.amount_minor, line.tax.amount_minor) for line in made.lines] == [
            (line.amount_minor, line.tax_minor) for line in bill.lines[: len(made.lines)]
        ]
        return bill

    def states(self) -> list[InvoiceState]:
        ledger = self.ledger
        return [
            replace(each, failed_at=ledger.failures_of(ref), retry=ledger.retry_of(ref))
            for ref, each in ledger.invoices.items()
        ]

    def step(self) -> tuple[str, datetime, str] | None:
        ledger = self.ledger
        late = replacing.next_to_keep(ledger, self.name)
        step = late or dunning.next_step(ledger.subscriptions[self.name], self.states(), changes=ledger.changes)
        return (str(step.act), step.at, step.invoice) if step else None


@pytest.mark.parametrize(("amount", "level"), [(30000, "plus"), (4000, "small")], ids=["dearer", "cheaper"])
def test_paid_it_renews_at_the_new_level_for_the_same_period(amount: int, level: str) -> None:
    """I9, I12: one period, one charge; the next one begins where it ends."""
    dana = Debtor(terms(10000, "basic"))
    old = dana.owe(JULY)
    bill = dana.replaced(terms(amount, level), at=SECOND)
    assert [(line.start, line.end, line.amount_minor, line.kind) for line in bill.lines] == [(JULY, AUGUST, amount, "regular")]  # fmt: skip
    assert dana.last.items[0].hints.level == "basic", "until it is paid"
    dana.pay(bill, "yes", at=SECOND + DAY)
    assert dana.last.items[0].hints.level == level
    assert dana.ledger.invoices[old.invoice].settled_at is None
    assert dana.step() == (Act.RENEW, AUGUST, "")
    assert not dunning.is_double(bill, list(dana.ledger.invoices.values()))


def test_nobody_gains_a_day_by_choosing_anew() -> None:
    """The ladder goes on where it stood: tried on the 4th, the 6th and the 8th of July, and then given up, as before."""
    dana = Debtor(terms(10000, "basic"))
    dana.owe(JULY)
    before = dana.step()
    assert before is not None
    assert before[:2] == (Act.COLLECT, JULY + 3 * DAY)
    dana.replaced(terms(30000, "plus"), at=SECOND)
    dana.replaced(terms(4000, "small"), at=SECOND + DAY / 2, ref="grpl_2")
    assert dana.step() == (before[0], before[1], "grpl_2")
    bill = dana.ledger.invoices["grpl_2"].last
    assert bill is not None
    for number in (3, 5, 7):
        dana.pay(bill, f"no_again_{number}", at=JULY + number * DAY, status="failed")
    assert dana.step() == (Act.GIVE_UP, JULY + 7 * DAY, "grpl_2")
    assert dana.ledger.failures_of("grpl_2") == (JULY, *(JULY + number * DAY for number in (3, 5, 7)))


def test_going_back_to_what_is_held_is_one_more_bill_in_its_place() -> None:
    dana = Debtor(terms(10000, "basic"))
    dana.owe(JULY)
    dana.replaced(terms(30000, "plus"), at=SECOND)
    bill = dana.replaced(terms(10000, "basic"), at=SECOND + DAY / 4, ref="grpl_2")
    dana.pay(bill, "yes", at=SECOND + DAY)
    assert dana.last.items[0].hints.level == "basic"
    assert sum(each.amount_minor for each in dana.ledger.payments.values() if each.status == "succeeded") == 20000, (
        "I12"
    )
    assert dana.step() == (Act.RENEW, AUGUST, "")


def test_parts_that_were_paid_pay_the_new_bill() -> None:
    dana = Debtor(terms(10000, "basic"))
    old = dana.owe(JULY)
    dana.pay(old, "part", at=JULY + DAY / 2, minor=2500)
    bill = dana.replaced(terms(4000, "small"), at=SECOND)
    assert (bill.total_minor, bill.credit_minor, bill.due_minor) == (4000, 2500, 1500)
    assert dana.ledger.credit_minor("EUR") == 0
    assert dana.ledger.overpaid_minor(old.invoice) == 0
    assert list(overpaid(dana.ledger)) == []
    less = Debtor(terms(10000, "basic"))
    old = less.owe(JULY)
    less.pay(old, "part", at=JULY + DAY / 2, minor=9000)
    bill = less.replaced(terms(4000, "small"), at=SECOND)
    assert (bill.due_minor, less.ledger.credit_minor("EUR")) == (0, 5000), "the rest is balance"
    assert less.ledger.invoices["grpl_1"].settled_at == SECOND
    assert less.last.items[0].hints.level == "small"


def test_money_for_the_old_bill_that_comes_late_is_balance_and_staff_know() -> None:
    """I9: it does not cover the period a second time; it is not lost either."""
    dana = Debtor(terms(10000, "basic"))
    old = dana.owe(JULY)
    bill = dana.replaced(terms(30000, "plus"), at=SECOND)
    dana.pay(old, "late", at=SECOND + DAY)
    assert dana.ledger.invoices[old.invoice].settled_at is None
    assert dana.ledger.invoices[bill.invoice].settled_at is None
    assert dana.step() == (Act.TO_BALANCE, SECOND + DAY, old.invoice)
    entries = replacing.kept(dana.ledger, old.invoice, at=SECOND + DAY)
    dana.facts += entries
    assert dana.ledger.credit_minor("EUR") == 10000
    assert [each.code for each in overpaid(dana.ledger)] == ["replaced_paid"]
    assert replacing.kept(dana.ledger, old.invoice, at=SECOND + DAY) == ()
    assert dana.step() == (Act.COLLECT, JULY + 3 * DAY, bill.invoice)


def test_another_interval_begins_where_the_paid_time_ended() -> None:
    dana = Debtor(terms(10000, "basic"))
    dana.owe(JULY)
    bill = dana.replaced(terms(100000, "basic", unit=Unit.YEAR), at=SECOND)
    (line,) = bill.lines
    assert (line.start, line.end) == (JULY, datetime(2027, 7, 1, tzinfo=UTC)), "I9: no hole, no free day"
    dana.pay(bill, "yes", at=SECOND + DAY)
    assert dana.step() == (Act.RENEW, datetime(2027, 7, 1, tzinfo=UTC), "")


def test_what_waits_is_in_the_new_bill_and_so_is_tax() -> None:
    dana = Debtor(terms(10000, "basic", contract=TAXED), levy=Levy(QUARTER, "VAT", inclusive=False))
    dana.change(terms(30000, "plus", contract=TAXED), at=SIXTEENTH, manner=Manner(reckoning=Reckoning.NEXT_BILL))
    old = dana.owe(JULY)
    assert old.total_minor == 50000
    bill = dana.replaced(terms(4000, "small", contract=TAXED), at=SECOND)
    assert shape(bill.lines)[0] == (4000, 1000, "")
    assert bill.total_minor == 5000 + 12500
    assert bill.lines[1:] == old.lines[1:]


@pytest.mark.parametrize(
    ("at", "why"),
    [(JULY - timedelta(seconds=1), "not begun"), (AUGUST, "over")],
)
def test_only_while_its_period_runs(at: datetime, why: str) -> None:
    dana = Debtor(terms(10000, "basic"))
    dana.owe(JULY)
    assert replacing.planned(dana.ledger, dana.name, terms(30000, "plus"), at=at) is None, why


def test_nothing_is_replaced_where_nothing_is_open_or_it_is_paid_by_hand() -> None:
    dana = Debtor(terms(10000, "basic"))
    assert replacing.planned(dana.ledger, dana.name, terms(30000, "plus"), at=SIXTEENTH) is None
    old = dana.owe()
    dana.facts.remove(old)
    dana.facts.append(replace(old, due_at=JULY + 14 * DAY))
    assert replacing.planned(dana.ledger, dana.name, terms(30000, "plus"), at=SECOND) is None


def test_what_the_old_bill_said_of_trying_again_holds_for_the_new_one() -> None:
    """A card that was refused for good is not charged again by itself; the days are those of the old bill's own ladder."""
    dana = Debtor(terms(10000, "basic"))
    old = dana.owe()
    dana.facts.remove(old)
    old = replace(old, ladder=Ladder((2, 4)))
    dana.facts += [
        old,
        PaymentSeen("no", JULY, "failed", 10000, "EUR", JULY, "cus", invoice=old.invoice, retry="never"),
    ]
    dana.replaced(terms(30000, "plus"), at=SECOND)
    assert dana.step() == (Act.GIVE_UP, JULY + 4 * DAY, "grpl_1")


def test_a_period_that_is_over_at_the_new_price_is_not_sold() -> None:
    dana = Debtor(terms(10000, "basic"))
    dana.owe(JULY)
    week = terms(3000, "basic", unit=Unit.WEEK)
    assert replacing.planned(dana.ledger, dana.name, week, at=JULY + 6 * DAY) is not None
    assert replacing.planned(dana.ledger, dana.name, week, at=JULY + 7 * DAY) is None
