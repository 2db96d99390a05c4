"""Changes of level as they are billed: taxes, codes, trials, conventions, what is beside the level, and other currencies."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodstanding.core import carrying, changes, pricing, purchasing
from goodstanding.core.asking import Levy
from goodstanding.core.changes import Manner, Planned, Reckoning, When
from goodstanding.core.facts import (
    CodeHeld,
    Contract,
    Fact,
    InvoiceSeen,
    LineSeen,
    PaymentSeen,
    SubscriptionSeen,
)
from goodstanding.core.ledger import Ledger, grouped
from goodstanding.core.money import Money
from goodstanding.core.periods import Interval, Period, Unit
from goodstanding.core.pricing import Choice, PriceTerms
from goodstanding.core.renewals import payments_before, renewal_of
from goodstanding.core.tax import Rate

JUNE, JULY = datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)
SIXTEENTH = datetime(2026, 6, 16, tzinfo=UTC)
DAY = timedelta(days=1)
QUARTER = Rate("", date(2020, 1, 1), 2500)
HALF_OFF = CodeHeld("HALF", "percentage", basis_points=5000, payments=0)
TAXED = Contract(taxed=True)


def terms(amount: int, name: str, currency: str = "EUR", unit: Unit = Unit.MONTH, **more: Any) -> PriceTerms:
    return PriceTerms(f"prc_{name}", name, name.title(), Money(amount, currency), Interval(unit), **more)


class Payer:
    """Somebody who joined, and pays at once whatever is billed."""

    def __init__(self, first: PriceTerms, *, at: datetime = JUNE, levy: Levy | None = None, **choice: Any) -> None:
        self.levy, self.facts, self.count = levy, list[Fact](), 0
        donation = choice.pop("donation", None)
        chosen = [Choice(first, at, levy=levy, **choice)]
        quote = pricing.quote(chosen, at=at, time_zone="UTC", donation=donation, donation_recurs=True)
        purchase = purchasing.purchase_of("chk", quote)
        self.name = purchase.parts[0][0]
        self.tell(purchasing.facts_of(quote, purchase, customer="cus", at=at, number="INV-0"), at=at)

    @property
    def ledger(self) -> Ledger:
        return Ledger(grouped(self.facts))

    @property
    def last(self) -> SubscriptionSeen:
        return self.ledger.subscriptions[self.name][-1]

    def levy_at(self, contract: Contract, _at: datetime) -> Levy | None:
        return self.levy and replace(self.levy, inclusive=contract.tax_inclusive)

    def tell(self, facts: tuple[Fact, ...], *, at: datetime) -> None:
        self.facts += facts
        for fact in facts:
            if isinstance(fact, InvoiceSeen) and fact.due_minor:
                paid, name = fact.due_minor, f"pay_{fact.invoice}"
                self.facts.append(
                    PaymentSeen(name, at, "succeeded", paid, fact.currency, at, "cus", invoice=fact.invoice)
                )

    def preview(self, wanted: PriceTerms, *, at: datetime, manner: Manner = changes.BY_ITSELF) -> Planned:
        made = changes.planned(self.ledger, self.name, wanted, at=at, levy_at=self.levy_at, manner=manner)
        assert made is not None
        return made

    def change(self, wanted: PriceTerms, *, at: datetime, manner: Manner = changes.BY_ITSELF) -> tuple[LineSeen, ...]:
        """Make a change; return the lines of its bill, which come to what was shown."""
        made = self.preview(wanted, at=at, manner=manner)
        self.count += 1
        facts = changes.facts_of(made, self.last, ref=f"gchg_{self.count}", at=at, number=f"INV-{self.count}")
        self.tell(facts, at=at)
        bills = [fact for fact in facts if isinstance(fact, InvoiceSeen)]
        assert sum(bill.total_minor for bill in bills) == made.total.amount_minor, "I13"
        return bills[0].lines if bills else ()

    def renew(self, *, start: datetime, end: datetime) -> InvoiceSeen:
        """Bill the next period."""
        if self.last.next_items:
            self.facts.append(changes.renewed(self.last, start=start, at=start))
        payment = 1 + sum(1 for state in self.ledger.invoices.values() if state.last and state.last.total_minor > 0)
        made = renewal_of(
            self.last,
            period=Period(start, end),
            at=start,
            number="INV-9",
            payment=payment,
            levy_at=self.levy_at,
            credit_minor=self.ledger.credit_minor(self.last.currency),
            carried=carrying.to_bill(self.ledger, self.last),
        )
        self.tell((made.bill,), at=start)
        return made.bill

    @property
    def paid(self) -> int:
        return sum(each.amount_minor for each in self.ledger.payments.values())


def shape(lines: tuple[LineSeen, ...]) -> list[tuple[int, int, str]]:
    return [(line.amount_minor, line.tax_minor, line.said) for line in lines]


@pytest.mark.parametrize(
    ("day", "credit", "charge", "days"),
    [(16, -5000, 15000, "15 of 30"), (11, -6667, 20000, "20 of 30")],
    ids=["B01", "B02"],
)
def test_the_lines_say_how_they_were_reckoned(day: int, credit: int, charge: int, days: str) -> None:
    dana = Payer(terms(10000, "basic"))
    lines = dana.change(terms(30000, "plus"), at=datetime(2026, 6, day, tzinfo=UTC))
    assert shape(lines) == [(credit, 0, f"{days} days of 100.00 EUR"), (charge, 0, f"{days} days of 300.00 EUR")]
    bill = dana.ledger.invoices["gchg_1"].last
    assert bill is not None
    assert bill.convention == "second-exact, half-up, UTC"


def test_p31_a_third_of_the_month_is_used() -> None:
    made = Payer(terms(1000, "basic", "USD")).preview(terms(2000, "plus", "USD"), at=JUNE + 10 * DAY)
    assert [line.amount.amount_minor for line in made.lines] == [-667, 1333]
    assert (made.due_now, made.next_due, made.next_charge_at) == (Money(666, "USD"), Money(2000, "USD"), JULY)


def test_p32_from_months_to_a_year_he_pays_the_difference_and_the_year_begins_today() -> None:
    dana = Payer(terms(1000, "basic", "USD"))
    assert dana.preview(terms(10000, "y", "USD", Unit.YEAR), at=SIXTEENTH).pays_ahead, (
        "cheaper in a year, so he may choose"
    )
    made = dana.preview(terms(10000, "y", "USD", Unit.YEAR), at=SIXTEENTH, manner=Manner(When.NOW))
    assert (made.due_now, made.next_charge_at) == (Money(9500, "USD"), datetime(2027, 6, 16, tzinfo=UTC))


def test_b24_the_rest_of_the_year_pays_the_months() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    dana = Payer(terms(239995, "year", unit=Unit.YEAR), at=start)
    dana.change(terms(24995, "month"), at=start)
    assert dana.ledger.credit_minor("EUR") == 215000
    february, march = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
    bill = dana.renew(start=february, end=march)
    assert (bill.due_minor, bill.credit_minor) == (0, 24995)
    assert dana.ledger.invoices[bill.invoice].settled_at == february, "and it renews"


@pytest.mark.parametrize("inclusive", [False, True])
def test_b16_fees_and_credits_within_an_hour_by_days_with_tax(inclusive: bool) -> None:
    """10.00 to 15.00 to 19.00 on 12 March: 25 % tax; what was held for an hour is given back whole."""
    start, end = datetime(2024, 3, 1, tzinfo=UTC), datetime(2024, 4, 1, tzinfo=UTC)
    contract = Contract(taxed=True, tax_inclusive=inclusive, convention="day-based, half-up, UTC")
    levy = Levy(QUARTER, "VAT 25 %", inclusive)
    dana = Payer(terms(1000, "a", contract=contract), at=start, levy=levy)
    dana.facts = [
        replace(fact, contract=contract) if isinstance(fact, SubscriptionSeen) else fact for fact in dana.facts
    ]
    first = dana.change(terms(1500, "b", contract=contract), at=datetime(2024, 3, 12, 9, tzinfo=UTC))
    second = dana.change(terms(1900, "c", contract=contract), at=datetime(2024, 3, 12, 9, 40, tzinfo=UTC))
    whole = [line.amount_minor + line.tax_minor for line in (*first, *second)]
    if inclusive:
        assert whole == [-645, 968, -968, 1226]
    else:
        assert [line.amount_minor for line in (*first, *second)] == [-645, 968, -968, 1226]
        assert whole == [-806, 1210, -1210, 1533], "8.06 and 12.10, as the source has it"
    assert second[0].said == "", "all of it"
    assert dana.last.anchor_at == start
    assert end == JUNE.replace(year=2024, month=4)


def test_a_credit_is_taxed_at_the_rate_of_its_charge_and_a_charge_at_today_s() -> None:
    dana = Payer(terms(10000, "basic", contract=TAXED), levy=Levy(QUARTER, "VAT 25 %"))
    dana.levy = Levy(Rate("", date(2026, 6, 10), 1000), "VAT 10 %")
    lines = dana.change(terms(30000, "plus", contract=TAXED), at=SIXTEENTH)
    assert [(line.amount_minor, line.tax_minor, line.tax) for line in lines] == [
        (-5000, -1250, "VAT 25 %"),
        (15000, 1500, "VAT 10 %"),
    ]


def test_b09_a_retired_price_is_credited_at_what_was_paid() -> None:
    """The old price was 50.00 then; what it would cost today is of no importance."""
    lines = Payer(terms(5000, "basic")).change(terms(30000, "plus"), at=SIXTEENTH)
    assert [line.amount_minor for line in lines] == [-2500, 15000]


def test_b10_a_code_that_is_held_follows() -> None:
    dana = Payer(terms(10000, "basic"), codes=(HALF_OFF,))
    lines = dana.change(terms(30000, "plus"), at=SIXTEENTH)
    assert [(line.amount_minor, line.off_minor, line.code) for line in lines] == [(-2500, 0, ""), (7500, 7500, "HALF")]
    assert dana.last.contract.codes == (HALF_OFF,)
    assert dana.preview(terms(40000, "more"), at=SIXTEENTH).next_due.amount_minor == 20000


def test_a_code_for_the_first_payment_holds_for_the_rest_of_it_and_no_longer() -> None:
    once = replace(HALF_OFF, payments=1)
    dana = Payer(terms(10000, "basic"), codes=(once,))
    made = dana.preview(terms(30000, "plus"), at=SIXTEENTH)
    assert [line.amount.amount_minor for line in made.lines] == [-2500, 7500]
    assert made.next_due.amount_minor == 30000
    year = dana.preview(terms(120000, "year", unit=Unit.YEAR), at=SIXTEENTH)
    assert [line.amount.amount_minor for line in year.lines] == [-2500, 120000], "a new period is the second payment"


def test_a_price_that_a_code_gave_a_level_stays_with_that_level() -> None:
    special = CodeHeld("SPECIAL", "alternative", amount_minor=100, payments=0)
    dana = Payer(terms(10000, "basic"), codes=(special,))
    lines = dana.change(terms(30000, "plus"), at=SIXTEENTH)
    assert [line.amount_minor for line in lines] == [-50, 15000]
    assert dana.last.contract.codes == ()


def test_b15_in_a_trial_to_a_price_with_one_nothing_is_due_and_it_runs_on() -> None:
    trial: dict[str, Any] = {"trial": Interval(Unit.DAY, 14), "trial_amount": Money(0, "EUR")}
    dana = Payer(terms(10000, "basic", **trial))
    assert dana.change(terms(30000, "plus", **trial), at=JUNE + 4 * DAY) == ()
    last = dana.last
    assert (last.items[0].hints.level, last.anchor_at, last.trial_ends_at) == ("plus", *[JUNE + 14 * DAY] * 2)


def test_b15_in_a_trial_to_a_price_without_one_it_is_over_and_costs_the_full_price() -> None:
    dana = Payer(terms(10000, "basic", trial=Interval(Unit.DAY, 14), trial_amount=Money(0, "EUR")))
    made = dana.preview(terms(30000, "plus"), at=JUNE + 4 * DAY)
    assert (made.due_now.amount_minor, made.next_due.amount_minor) == (30000, 30000)
    (line,) = dana.change(terms(30000, "plus"), at=JUNE + 4 * DAY)
    assert (line.kind, line.start, line.end) == ("regular", JUNE + 4 * DAY, datetime(2026, 7, 5, tzinfo=UTC))
    assert (dana.last.anchor_at, dana.last.trial_ends_at) == (JUNE + 4 * DAY, JUNE + 4 * DAY)


def test_a_first_payment_that_a_code_takes_off_whole_in_a_change_is_the_first_payment() -> None:
    """A trial, and a code of all off the first payment; the change ends the trial, is free, and the code is used by it."""
    free = CodeHeld("FREE", "percentage", basis_points=10_000, payments=1)
    payer = Payer(terms(1000, "basic", trial=Interval(Unit.DAY, 10)), codes=(free,))
    at = JUNE + 3 * DAY
    shown = payer.preview(terms(2500, "plus", unit=Unit.WEEK), at=at)
    (line,) = payer.change(terms(2500, "plus", unit=Unit.WEEK), at=at)
    assert (line.kind, line.amount_minor, line.off_minor, line.code) == ("regular", 0, 2500, "FREE")
    assert shown.then == Money(2500, "EUR")
    assert payer.ledger.subscriptions[payer.name][-1].contract.codes == (free,)
    bills = [state for state in payer.ledger.invoices.values() if state.last and state.last.bills(payer.name)]
    assert payments_before(payer.last, bills) == 1  # so that the next bill is the second payment, without the code


def test_b08_to_and_from_what_is_free_is_one_line_and_never_one_of_nothing() -> None:
    dana = Payer(terms(10000, "basic"))
    now = Manner(When.NOW)
    assert [line.amount_minor for line in dana.change(terms(0, "free"), at=SIXTEENTH, manner=now)] == [-5000]
    assert dana.ledger.credit_minor("EUR") == 5000
    assert [line.amount_minor for line in dana.change(terms(10000, "basic"), at=SIXTEENTH)] == [5000]
    assert dana.paid == 10000


def test_b12_a_reset_gives_nothing_back_costs_the_whole_price_and_moves_the_anchor() -> None:
    dana = Payer(terms(10000, "basic"))
    (line,) = dana.change(terms(30000, "plus"), at=SIXTEENTH, manner=Manner(When.NOW, Reckoning.WHOLE))
    assert (line.amount_minor, line.kind, line.start) == (30000, "regular", SIXTEENTH)
    assert dana.last.anchor_at == SIXTEENTH


@pytest.mark.parametrize(("unit", "anchor"), [(Unit.MONTH, JUNE), (Unit.YEAR, JULY)])
def test_without_proration_the_level_changes_and_the_dates_do_not(unit: Unit, anchor: datetime) -> None:
    dana = Payer(terms(10000, "basic"))
    manner = Manner(When.NOW, Reckoning.NOTHING)
    made = dana.preview(terms(30000, "plus", unit=unit), at=SIXTEENTH, manner=manner)
    assert (made.due_now.amount_minor, made.next_due.amount_minor, made.next_charge_at) == (0, 30000, JULY)
    assert dana.change(terms(30000, "plus", unit=unit), at=SIXTEENTH, manner=manner) == ()
    assert (dana.last.items[0].hints.level, dana.last.anchor_at) == ("plus", anchor)


def test_b18_down_waits_also_where_staff_could_have_it_now_and_up_waits_where_they_say_so() -> None:
    dana = Payer(terms(30000, "plus"))
    assert dana.preview(terms(10000, "basic"), at=SIXTEENTH).effect_at == JULY
    assert dana.preview(terms(40000, "more"), at=SIXTEENTH, manner=Manner(When.AT_END)).effect_at == JULY
    now = dana.preview(terms(10000, "basic"), at=SIXTEENTH, manner=Manner(When.NOW))
    assert (now.is_now, now.to_balance.amount_minor) == (True, 10000)


def test_what_is_renewed_beside_the_level_stays_and_is_billed_with_the_next_price() -> None:
    dana = Payer(terms(10000, "basic", contract=TAXED), levy=Levy(QUARTER, "VAT"), donation=Money(500, "EUR"))
    made = dana.preview(terms(30000, "plus", contract=TAXED), at=SIXTEENTH)
    assert [line.net.amount_minor for line in made.lines] == [-5000, 15000], "the donation is not given back"
    assert made.next_due.amount_minor == 37500 + 500
    dana.change(terms(30000, "plus", contract=TAXED), at=SIXTEENTH)
    bill = dana.renew(start=JULY, end=JULY + 31 * DAY)
    assert bill.total_minor == made.next_due.amount_minor, "I13"


def test_the_contract_goes_on_with_a_change_that_is_set_for_later() -> None:
    taxed = replace(TAXED, tax_inclusive=True)
    dana = Payer(terms(30000, "plus"), levy=Levy(QUARTER, "VAT"), codes=(HALF_OFF,))
    made = dana.preview(terms(10000, "basic", contract=taxed), at=SIXTEENTH)
    dana.change(terms(10000, "basic", contract=taxed), at=SIXTEENTH)
    assert dana.last.contract.taxed is False, "until then all is as it was"
    bill = dana.renew(start=JULY, end=JULY + 31 * DAY)
    assert (bill.total_minor, bill.lines[0].tax_minor) == (5000, 1000)
    assert bill.total_minor == made.next_due.amount_minor
    assert (dana.last.contract.taxed, dana.last.contract.codes, dana.last.next_contract) == (True, (HALF_OFF,), None)


def test_instalments_go_on_where_they_were() -> None:
    dana = Payer(terms(10000, "basic", contract=Contract(payments=3, keeps="life")))
    dana.change(terms(20000, "plus"), at=SIXTEENTH)
    assert (dana.last.contract.payments, dana.last.contract.keeps) == (3, "life")
    dana.renew(start=JULY, end=JULY + 31 * DAY)
    last = dana.preview(terms(30000, "more"), at=JULY + DAY)
    assert last.next_due.amount_minor == 30000, "the third of three"


@pytest.mark.parametrize(
    ("currency", "old", "new", "credit", "charge"),
    [("JPY", 1000, 3001, -500, 1501), ("KWD", 10001, 30000, -5001, 15000)],
)
def test_in_currencies_of_no_and_of_three_decimals(currency: str, old: int, new: int, credit: int, charge: int) -> None:
    lines = Payer(terms(old, "basic", currency)).change(terms(new, "plus", currency), at=SIXTEENTH)
    assert [line.amount_minor for line in lines] == [credit, charge]


def test_half_even_is_named_and_rounds_to_even() -> None:
    convention = "second-exact, half-even, UTC"
    dana = Payer(terms(1001, "basic"))
    dana.facts = [
        replace(fact, contract=Contract(convention=convention)) if isinstance(fact, SubscriptionSeen) else fact
        for fact in dana.facts
    ]
    lines = dana.change(terms(2003, "plus"), at=SIXTEENTH)
    assert [line.amount_minor for line in lines] == [-500, 1002]
    bill = dana.ledger.invoices["gchg_1"].last
    assert bill is not None
    assert bill.convention == convention


def test_the_first_part_of_a_calendar_s_period_is_charged_by_the_whole() -> None:
    """39.45 for 120 of 365 days: another 365-day price costs its 120 days, not all of it."""
    fixed: dict[str, Any] = {"unit": Unit.YEAR, "fixed_start": "1001", "fixed_prorated": "days"}
    start = datetime(2023, 6, 3, tzinfo=UTC)
    dana = Payer(terms(12000, "basic", **fixed), at=start)
    assert dana.paid == 3945
    lines = dana.change(terms(24000, "plus", **fixed), at=start)
    assert [(line.amount_minor, line.end) for line in lines] == [
        (-3945, datetime(2023, 10, 1, tzinfo=UTC)),
        (7890, datetime(2023, 10, 1, tzinfo=UTC)),
    ]


STEPS = st.lists(st.tuples(st.integers(0, 30 * 86400 - 1), st.integers(0, 90000)), min_size=1, max_size=5).map(
    lambda steps: sorted(steps, key=lambda step: step[0])
)


@given(
    st.integers(0, 90000), STEPS, st.sampled_from([0, 1995, 2500]), st.booleans(), st.sampled_from([(), (HALF_OFF,)])
)
def test_i7_and_i8_with_tax_and_codes(
    first: int, steps: list[tuple[int, int]], rate: int, inclusive: bool, codes: tuple[CodeHeld, ...]
) -> None:
    """Charges less credits are price times time held, each line within half a unit for its net and its tax; and no credit
    exceeds what was paid.
    """
    contract = Contract(taxed=bool(rate), tax_inclusive=inclusive)
    levy = Levy(Rate("", date(2020, 1, 1), rate), "VAT", inclusive) if rate else None
    dana = Payer(terms(first, "first", contract=contract), levy=levy, codes=codes)
    lines = 1
    for index, (seconds, amount) in enumerate(steps):
        before = dana.paid - dana.ledger.credit_minor("EUR")
        wanted = terms(amount, f"l{index}", contract=contract)
        made = dana.change(wanted, at=JUNE + timedelta(seconds=seconds), manner=Manner(When.NOW))
        credit = -sum(line.amount_minor + line.tax_minor for line in made if line.amount_minor < 0)
        assert credit <= before
        lines += 2
    edges = [0, *(seconds for seconds, _ in steps), 30 * 86400]
    prices = [first, *(amount for _, amount in steps)]
    factor = (0.5 if codes else 1) * (1 if inclusive else 1 + rate / 10000)
    worth = sum(price * factor * (edges[index + 1] - edges[index]) / edges[-1] for index, price in enumerate(prices))
    net = dana.paid - dana.ledger.credit_minor("EUR")
    assert abs(net - worth) <= 0.5 * 3 * lines + 1e-6


@given(st.integers(0, 90000), st.integers(0, 90000), st.integers(0, 30 * 86400 - 1), st.booleans())
def test_there_and_back_at_one_instant_nets_to_zero_with_tax(
    one: int, other: int, seconds: int, inclusive: bool
) -> None:
    contract, at = Contract(taxed=True, tax_inclusive=inclusive), JUNE + timedelta(seconds=seconds)
    dana = Payer(terms(one, "one", contract=contract), levy=Levy(QUARTER, "VAT", inclusive))
    now = Manner(When.NOW)
    dana.change(terms(other, "other", contract=contract), at=at, manner=now)
    first = dana.preview(terms(one, "one", contract=contract), at=at, manner=now)
    if first.lines:
        dana.change(terms(one, "one", contract=contract), at=at, manner=now)
    bills = [state.last for ref, state in dana.ledger.invoices.items() if ref.startswith("gchg") and state.last]
    assert sum(bill.total_minor for bill in bills) == 0
