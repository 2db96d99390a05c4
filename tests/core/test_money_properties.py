"""Money for any amount: sums are kept, shares are exact, texts come back. I13 and the "parts sum to the whole" rule."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from goodstanding.core.currencies import CURRENT, WITHDRAWN
from goodstanding.core.money import Money, Rounding

thorough = settings(max_examples=1000, deadline=None)

currencies = st.sampled_from(["EUR", "JPY", "KWD", "CLF"])
amounts = st.one_of(st.integers(-500, 500), st.integers(-(10**17), 10**17))
monies = st.builds(Money, amounts, currencies)
fractions = st.fractions(min_value=-3, max_value=3, max_denominator=400)
weights = st.lists(
    st.one_of(st.just(0), st.integers(0, 5), st.integers(0, 10**9), st.fractions(0, 50, max_denominator=60)),
    min_size=1,
    max_size=12,
).filter(any)


@thorough
@given(monies, weights)
def test_the_parts_of_a_split_sum_to_the_whole(whole: Money, by: list[Fraction]) -> None:
    parts = whole.split(by)

    assert len(parts) == len(by)
    assert sum(parts, Money.zero(whole.currency)) == whole


@thorough
@given(monies, weights)
def test_each_part_is_less_than_one_minor_unit_from_its_exact_share(whole: Money, by: list[Fraction]) -> None:
    total = sum(by, Fraction(0))

    for part, weight in zip(whole.split(by), by, strict=True):
        assert abs(part.amount_minor - whole.amount_minor * Fraction(weight) / total) < 1
        assert weight or not part, "a weight of zero gets nothing"


@thorough
@given(monies, weights)
def test_a_credit_splits_as_its_charge_and_always_the_same_way(whole: Money, by: list[Fraction]) -> None:
    assert (-whole).split(by) == tuple(-part for part in whole.split(by))
    assert whole.split(by) == whole.split([weight * 6 for weight in by])


@thorough
@given(monies, st.lists(st.sampled_from([1, 2, 2, 3]), min_size=1, max_size=8))
def test_of_equal_weights_the_earlier_gets_no_less(whole: Money, by: list[int]) -> None:
    parts = [abs(part) for part in whole.split(by)]

    for weight in set(by):
        same = [part for part, each in zip(parts, by, strict=True) if each == weight]
        assert same == sorted(same, reverse=True)


@thorough
@given(monies, fractions)
def test_a_share_is_the_nearest_minor_unit(whole: Money, fraction: Fraction) -> None:
    exact = whole.amount_minor * fraction

    for rounding in Rounding:
        share = whole.share(fraction, rounding=rounding)
        assert share.currency == whole.currency
        assert abs(share.amount_minor - exact) <= Fraction(1, 2)
    half = abs(exact - int(exact)) == Fraction(1, 2)
    if half:
        assert abs(whole.share(fraction).amount_minor) > abs(exact), "half up goes away from zero"
        assert whole.share(fraction, rounding=Rounding.HALF_EVEN).amount_minor % 2 == 0


@thorough
@given(monies, st.integers(-2000, 2000), st.sampled_from([1, 2, 4, 5, 8, 10, 20, 25, 40, 50, 100, 1000, 2000]))
def test_a_share_agrees_with_decimal(whole: Money, numerator: int, denominator: int) -> None:
    """Decimal is the second opinion; these denominators are exact in it."""
    context = Context(prec=60)
    exact = context.divide(context.multiply(Decimal(whole.amount_minor), Decimal(numerator)), Decimal(denominator))

    for rounding, decimal_rounding in (
        (Rounding.HALF_UP, ROUND_HALF_UP),
        (Rounding.HALF_EVEN, ROUND_HALF_EVEN),
    ):
        expected = int(exact.to_integral_value(rounding=decimal_rounding))
        assert whole.share(Fraction(numerator, denominator), rounding=rounding).amount_minor == expected


@thorough
@given(monies, fractions)
def test_the_share_of_a_credit_is_the_credit_of_the_share(whole: Money, fraction: Fraction) -> None:
    for rounding in Rounding:
        assert (-whole).share(fraction, rounding=rounding) == -whole.share(fraction, rounding=rounding)


@thorough
@given(amounts, st.sampled_from(sorted([*CURRENT, *WITHDRAWN])))
def test_what_is_written_is_read_back(amount: int, currency: str) -> None:
    money = Money(amount, currency)

    assert Money.parse(money.format()) == money


@thorough
@given(currencies, amounts, amounts, amounts)
def test_money_reckons_as_whole_numbers_do(currency: str, one: int, two: int, three: int) -> None:
    a, b, c = (Money(each, currency) for each in (one, two, three))

    assert (a + b) + c == a + (b + c)
    assert a + b == b + a
    assert (a + b) - b == a
    assert a + -a == Money.zero(currency)
    assert (a < b, a <= b, a > b, a >= b) == (one < two, one <= two, one > two, one >= two)
    assert (a + b) * 3 == a * 3 + b * 3
