"""Tax: the rate of a place and a day, and what of an amount is tax, line by line."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goodstanding.core.discounts import Applied, Percentage, over_lines
from goodstanding.core.money import CurrencyMismatch, Money
from goodstanding.core.periods import Interval, Unit
from goodstanding.core.tax import NoSuchRate, Rate, Taxed, TwoRates, exclusive, inclusive, rate_at, total

thorough = settings(max_examples=500, deadline=None)

TABLE = [
    Rate("DE", date(2007, 1, 1), 1900),
    Rate("DE", date(2020, 7, 1), 1600),
    Rate("DE", date(2021, 1, 1), 1900),
    Rate("CA", date(2008, 1, 1), 500),
    Rate("CA-QC", date(2013, 1, 1), Fraction(2995, 2)),
    Rate("CH", date(2024, 1, 1), 810),
    Rate("", date(2025, 1, 1), 0),
]


@pytest.mark.parametrize(
    ("place", "on", "points"),
    [
        ("DE", date(2020, 6, 30), 1900),
        ("DE", date(2020, 7, 1), 1600),
        ("DE", date(2020, 12, 31), 1600),
        ("DE", date(2021, 1, 1), 1900),
        ("de", date(2021, 1, 1), 1900),
        ("DE-BY", date(2021, 1, 1), 1900),
        ("CA-QC", date(2012, 12, 31), 500),
        ("CA-QC", date(2013, 1, 1), Fraction(2995, 2)),
        ("CA-AB", date(2013, 1, 1), 500),
        ("US", date(2025, 1, 1), 0),
        ("US", date(2024, 12, 31), None),
        ("CH", date(2023, 12, 31), None),
        ("", date(2025, 1, 1), 0),
    ],
)
def test_the_rate_is_the_latest_begun_of_the_nearest_place(place: str, on: date, points: int | Fraction | None) -> None:
    rate = rate_at(TABLE, place, on)

    assert (rate.basis_points if rate else None) == points


def test_the_order_of_the_table_is_of_no_importance() -> None:
    assert {rate_at(table, "DE", date(2020, 8, 1)) for table in permutations(TABLE[:4])} == {TABLE[1]}


def test_two_rates_from_one_day_are_refused_and_one_said_twice_is_not() -> None:
    twice = [*TABLE, Rate("DE", date(2007, 1, 1), 1900)]
    assert rate_at(twice, "DE", date(2010, 1, 1)) == TABLE[0]

    with pytest.raises(TwoRates):
        rate_at([*TABLE, Rate("de", date(2007, 1, 1), 700)], "DE", date(2010, 1, 1))


@pytest.mark.parametrize("points", [-1, True, 19.0, Fraction(-1, 2)])
def test_what_is_no_rate_is_refused(points: int) -> None:
    with pytest.raises(NoSuchRate):
        Rate("DE", date(2007, 1, 1), points)
    with pytest.raises(NoSuchRate):
        exclusive(Money(100, "EUR"), points)
    with pytest.raises(NoSuchRate):
        inclusive(Money(100, "EUR"), points)


@pytest.mark.parametrize(
    ("net", "currency", "points", "tax"),
    [
        (1000, "EUR", 2000, 200),
        (-1000, "EUR", 2000, -200),
        (5, "EUR", 1000, 1),  # half a cent goes up
        (-5, "EUR", 1000, -1),
        (4, "EUR", 1000, 0),
        (7143, "EUR", 2000, 1429),
        (15467, "EUR", 2500, 3867),
        (1005, "JPY", 1000, 101),
        (1000, "KWD", 10, 1),  # 0.001 of 1.000
        (10000, "CAD", Fraction(2995, 2), 1498),
        (1000, "EUR", 0, 0),
    ],
)
def test_tax_on_top(net: int, currency: str, points: int | Fraction, tax: int) -> None:
    line = exclusive(Money(net, currency), points)

    assert (line.net, line.tax, line.gross) == tuple(Money(each, currency) for each in (net, tax, net + tax))


@pytest.mark.parametrize(
    ("gross", "currency", "points", "tax"),
    [
        (1200, "EUR", 2000, 200),
        (1000, "EUR", 2000, 167),
        (-1000, "EUR", 2000, -167),
        (3, "EUR", 2000, 1),  # half a cent goes up
        (1100, "JPY", 1000, 100),
        (1000, "EUR", 0, 0),
    ],
)
def test_tax_within(gross: int, currency: str, points: int, tax: int) -> None:
    line = inclusive(Money(gross, currency), points)

    assert (line.net, line.tax, line.gross) == tuple(Money(each, currency) for each in (gross - tax, tax, gross))


def test_b74_a_gateways_figures_are_taken_as_they_are() -> None:
    told = Taxed(Money(800, "EUR"), Money(200, "EUR"))

    assert told.gross == Money(1000, "EUR")
    assert exclusive(Money(1000, "EUR"), 2000).gross == Money(1200, "EUR")


def test_a_total_is_the_sum_of_its_lines_each_rounded() -> None:
    lines = [exclusive(Money(3, "EUR"), 2000)] * 3  # 0.6 of a cent each: 1 + 1 + 1, not 1.8

    assert total(lines, currency="EUR") == Taxed(Money(9, "EUR"), Money(3, "EUR"))
    assert total([], currency="EUR") == Taxed(Money(0, "EUR"), Money(0, "EUR"))


def test_a_total_of_two_currencies_is_refused() -> None:
    with pytest.raises(CurrencyMismatch):
        total([exclusive(Money(3, "JPY"), 2000)], currency="EUR")


def test_a_discount_comes_off_before_the_tax() -> None:
    quarter = Applied("QUARTER", Percentage(2500), None, Interval(Unit.MONTH))
    asked = quarter.off(Money(10000, "EUR")).asked

    assert exclusive(asked, 2000) == Taxed(Money(7500, "EUR"), Money(1500, "EUR"))
    assert inclusive(asked, 2000) == Taxed(Money(6250, "EUR"), Money(1250, "EUR"))


def test_b45_three_codes_over_lines_of_two_rates() -> None:
    # The scenario gives the sums and not the lines: these come to them.
    lines: tuple[Money, ...] = (Money(17103, "EUR"), Money(2897, "EUR"))
    for off in (2000, 1000, 500):
        lines = over_lines(Money(off, "EUR"), lines)

    bill = total([exclusive(line, rate) for line, rate in zip(lines, (1000, 2000), strict=True)], currency="EUR")

    assert (bill.net, bill.tax, bill.gross) == (Money(16500, "EUR"), Money(1889, "EUR"), Money(18389, "EUR"))


amounts = st.builds(Money, st.integers(-(10**12), 10**12), st.sampled_from(["EUR", "JPY", "KWD"]))
rates = st.one_of(st.integers(0, 5000), st.fractions(0, 5000, max_denominator=100))


@thorough
@given(amounts, rates)
def test_tax_is_within_half_a_unit_of_the_exact_share(amount: Money, points: Fraction) -> None:
    on_top, within = exclusive(amount, points), inclusive(amount, points)

    assert abs(on_top.tax.amount_minor - amount.amount_minor * Fraction(points) / 10_000) <= Fraction(1, 2)
    exact = amount.amount_minor * Fraction(points) / (10_000 + Fraction(points))
    assert abs(within.tax.amount_minor - exact) <= Fraction(1, 2)
    assert within.gross == amount


@thorough
@given(amounts, rates)
def test_a_credit_is_taxed_as_the_charge_of_its_size(amount: Money, points: Fraction) -> None:
    for taxed in (exclusive, inclusive):
        charge, credit = taxed(amount, points), taxed(-amount, points)
        assert (credit.net, credit.tax) == (-charge.net, -charge.tax)


@thorough
@given(amounts, rates)
def test_what_was_put_on_top_is_found_within(amount: Money, points: Fraction) -> None:
    line = exclusive(amount, points)

    assert abs(inclusive(line.gross, points).tax.amount_minor - line.tax.amount_minor) <= 1
    assert abs(inclusive(line.gross, points).net.amount_minor - line.net.amount_minor) <= 1


@thorough
@given(st.lists(st.tuples(st.integers(-(10**9), 10**9), rates), max_size=8))
def test_the_total_is_net_plus_tax_and_the_sum_of_the_lines(told: list[tuple[int, Fraction]]) -> None:
    lines = [exclusive(Money(net, "EUR"), points) for net, points in told]

    bill = total(lines, currency="EUR")

    assert bill.gross == sum((line.gross for line in lines), Money.zero("EUR"))
    assert bill.gross == bill.net + bill.tax
