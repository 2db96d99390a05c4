"""From what a change is reckoned: refunds of bills for several things, and the calendar's own periods."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from goodstanding.core import changes, pricing, purchasing
from goodstanding.core.changes import Manner, When
from goodstanding.core.facts import CreditSeen, RefundSeen
from goodstanding.core.money import Money
from goodstanding.core.periods import Unit
from goodstanding.core.pricing import Choice
from tests.core.test_changes_billed import DAY, JUNE, SIXTEENTH, Payer, terms

NOW = Manner(When.NOW)


class Couple(Payer):
    """Somebody who bought two levels at once, by one bill."""

    def __init__(self, first: int, second: int) -> None:
        super().__init__(terms(1, "other"))
        self.facts.clear()
        wanted = [Choice(terms(first, "basic"), JUNE), Choice(terms(second, "locker"), JUNE)]
        quote = pricing.quote(wanted, at=JUNE, time_zone="UTC")
        purchase = purchasing.purchase_of("chk", quote)
        self.name = purchase.parts[0][0]
        self.tell(purchasing.facts_of(quote, purchase, customer="cus", at=JUNE, number="INV-0"), at=JUNE)

    def give_back(self, minor: int, *, as_balance: bool = False) -> None:
        at, (payment,) = JUNE + DAY, self.ledger.payments.values()
        if as_balance:
            self.facts.append(CreditSeen("bref", "cus", at, minor, "EUR", "refund", about=payment.invoice))
        else:
            self.facts.append(
                RefundSeen("re", at, "succeeded", minor, "EUR", at, payment=payment.payment, customer="cus")
            )


@pytest.mark.parametrize("as_balance", [False, True], ids=["in money", "as balance"])
@pytest.mark.parametrize(
    ("back", "credit"), [(0, -5000), (4000, -3500), (13000, -125), (13334, 0)], ids=["none", "a part", "nearly", "all"]
)
def test_what_is_given_back_of_a_bill_for_two_levels_is_shared_by_what_they_cost(
    back: int, credit: int, as_balance: bool
) -> None:
    """I8: of 133.34 for both, 100.00 were for this level: so much of each refund is its own."""
    couple = Couple(10000, 3334)
    if back:
        couple.give_back(back, as_balance=as_balance)
    made = couple.preview(terms(1, "small"), at=SIXTEENTH, manner=NOW)
    given = [line.amount.amount_minor for line in made.lines if line.amount.amount_minor < 0]
    assert sum(given) == credit


@pytest.mark.parametrize(
    ("rule", "net", "end", "said"),
    [
        ({"fixed_start": "0101", "fixed_prorated": "months"}, 7000, (2027, 1, 1), "7 of 12 months of 120.00 EUR"),
        ({"fixed_start": "0101", "fixed_prorated": "days"}, 6542, (2027, 1, 1), "199 of 365 days of 120.00 EUR"),
        ({"fixed_start": "0101"}, 12000, (2027, 1, 1), ""),
        ({"fixed_start": "0701"}, 12000, (2026, 7, 1), ""),
        ({"fixed_start": "0701", "fixed_rollover": "0615"}, 12000, (2027, 7, 1), ""),
    ],
)
def test_a_price_that_follows_the_calendar_begins_with_the_calendars_period(
    rule: dict[str, Any], net: int, end: tuple[int, int, int], said: str
) -> None:
    dana = Payer(terms(5000, "basic"))
    made = dana.preview(terms(12000, "club", unit=Unit.YEAR, **rule), at=SIXTEENTH)
    credit, charge = made.lines
    assert (credit.amount.amount_minor, charge.net.amount_minor, charge.said) == (-2500, net, said)
    assert (made.period.start, made.period.end) == (SIXTEENTH, datetime(*end, tzinfo=UTC))
    dana.change(terms(12000, "club", unit=Unit.YEAR, **rule), at=SIXTEENTH)
    assert changes.planned(dana.ledger, dana.name, terms(24000, "more", unit=Unit.YEAR, **rule), at=SIXTEENTH + DAY)


def test_where_the_paid_time_ends_on_the_calendars_day_it_stays() -> None:
    dana = Payer(terms(5000, "basic"))
    made = dana.preview(terms(12000, "club", fixed_start="01", fixed_prorated="days"), at=SIXTEENTH)
    assert (made.new_period, made.due_now) == (False, Money(3500, "EUR"))
    other = dana.preview(terms(12000, "club", fixed_start="20", fixed_prorated="days"), at=SIXTEENTH)
    assert (other.new_period, other.period.end) == (True, datetime(2026, 6, 20, tzinfo=UTC))


def test_further_parts_of_the_calendars_period_are_parts_of_the_whole_one() -> None:
    """Changed again in a first period that was short: by the same interval, its part of the whole year."""
    dana, rule = Payer(terms(5000, "basic")), {"fixed_start": "0101", "fixed_prorated": "months"}
    dana.change(terms(12000, "club", unit=Unit.YEAR, **rule), at=SIXTEENTH)
    made = dana.preview(terms(36500, "more", unit=Unit.YEAR, **rule), at=datetime(2026, 12, 2, tzinfo=UTC))
    assert [line.said for line in made.lines] == ["30 of 199 days of 70.00 EUR", "30 of 365 days of 365.00 EUR"]
    assert made.lines[1].amount == Money(3000, "EUR")
