"""Money by example: what it takes and refuses, its decimals, and the figures of the scenarios."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from goodstanding.core.currencies import CURRENT, WITHDRAWN, exponent
from goodstanding.core.money import (
    CurrencyMismatch,
    Money,
    MoneyRefused,
    NegativeWeight,
    NotAnAmount,
    NotExact,
    NothingToSplitOver,
    NotMinorUnits,
    Rounding,
    TooManyDecimals,
    UnknownCurrency,
)


def eur(amount_minor: int) -> Money:
    """Shorthand: an amount in cents."""
    return Money(amount_minor, "EUR")


# What money is made of


@pytest.mark.parametrize("amount", [True, False, 12.0, 12.34, Decimal(12), Fraction(12), "12", None])
def test_only_whole_numbers_of_minor_units_are_money(amount: Any) -> None:
    with pytest.raises(NotMinorUnits, match="smallest unit"):
        Money(amount, "EUR")


@pytest.mark.parametrize("amount", [0, 1, -1, 10**30])
def test_whole_numbers_are_money(amount: int) -> None:
    assert Money(amount, "EUR").amount_minor == amount


@pytest.mark.parametrize("code", ["", "EURO", "XAU", "XXX", "XTS", "ZZZ", " EUR", "\u0415UR", None, 978])
def test_an_unknown_currency_is_refused(code: Any) -> None:
    with pytest.raises(UnknownCurrency, match="three capital letters"):
        Money(1, code)


def test_a_currency_in_lower_case_is_refused_with_the_right_spelling() -> None:
    with pytest.raises(UnknownCurrency, match="write EUR"):
        Money(1, "eur")


@pytest.mark.parametrize(
    ("code", "digits"),
    [
        ("EUR", 2),
        ("USD", 2),
        ("GBP", 2),
        ("HUF", 2),
        ("MGA", 2),
        ("TWD", 2),
        ("JPY", 0),
        ("KRW", 0),
        ("ISK", 0),
        ("UGX", 0),
        ("XAF", 0),
        ("XPF", 0),
        ("KWD", 3),
        ("BHD", 3),
        ("TND", 3),
        ("IQD", 3),
        ("CLF", 4),
        ("UYW", 4),
        ("XCG", 2),
        ("BGN", 2),
        ("HRK", 2),
        ("BYR", 0),
    ],
)
def test_each_currency_has_the_decimals_of_iso_4217(code: str, digits: int) -> None:
    assert exponent(code) == digits


def test_the_table_is_whole_and_tells_the_current_from_the_withdrawn() -> None:
    sizes = {digits: sum(1 for each in CURRENT.values() if each == digits) for digits in (0, 2, 3, 4)}
    assert sizes == {0: 17, 2: 139, 3: 7, 4: 2}  # list one of 2026-01-01
    assert not CURRENT.keys() & WITHDRAWN.keys()
    assert {"BGN", "ANG", "HRK"} <= WITHDRAWN.keys()


# Reckoning


def test_money_is_added_subtracted_turned_and_multiplied() -> None:
    assert eur(250) + eur(99) == eur(349)
    assert eur(250) - eur(300) == eur(-50)
    assert -eur(250) == eur(-250)
    assert abs(eur(-250)) == eur(250)
    assert eur(250) * 3 == 3 * eur(250) == eur(750)
    assert sum([eur(1), eur(2)], Money.zero("EUR")) == eur(3)


def test_only_zero_is_false() -> None:
    assert not Money.zero("EUR")
    assert eur(1)
    assert eur(-1)


def test_money_of_one_currency_has_an_order() -> None:
    assert eur(1) < eur(2)
    assert not eur(2) < eur(2)
    assert eur(2) <= eur(2)
    assert not eur(3) <= eur(2)
    assert eur(2) > eur(1)
    assert not eur(2) > eur(2)
    assert eur(2) >= eur(2)
    assert not eur(1) >= eur(2)
    assert max(eur(1), eur(3), eur(2)) == eur(3)


@pytest.mark.parametrize(
    "meet",
    [
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a < b,
        lambda a, b: a <= b,
        lambda a, b: a > b,
        lambda a, b: a >= b,
    ],
)
def test_currencies_never_mix_not_even_at_zero(meet: Any) -> None:
    with pytest.raises(CurrencyMismatch, match=r"0\.00 EUR and 0\.00 USD are of different currencies"):
        meet(Money.zero("EUR"), Money.zero("USD"))
    with pytest.raises(TypeError):
        meet(eur(1), 1)


def test_amounts_of_different_currencies_are_just_unequal() -> None:
    assert Money.zero("EUR") != Money.zero("USD")
    assert len({eur(1), eur(1), Money(1, "USD")}) == 2


@pytest.mark.parametrize("factor", [1.5, 2.0, True, Fraction(1, 2), Decimal(2), "2"])
def test_money_is_multiplied_by_whole_numbers_only(factor: Any) -> None:
    with pytest.raises(NotExact, match="whole number of times"):
        eur(100) * factor


# Shares


@pytest.mark.parametrize(
    ("amount", "fraction", "half_up", "half_even"),
    [
        (1, Fraction(1, 2), 1, 0),
        (3, Fraction(1, 2), 2, 2),
        (5, Fraction(1, 2), 3, 2),
        (-1, Fraction(1, 2), -1, 0),
        (-5, Fraction(1, 2), -3, -2),
        (5, Fraction(-1, 2), -3, -2),
        (1, Fraction(1, 3), 0, 0),
        (2, Fraction(1, 3), 1, 1),
        (-2, Fraction(1, 3), -1, -1),
        (1000, Fraction(1, 3), 333, 333),
        (0, Fraction(7, 9), 0, 0),
        (7, 0, 0, 0),
        (7, 3, 21, 21),
        (10**30 + 1, Fraction(1, 2), 5 * 10**29 + 1, 5 * 10**29),
    ],
)
def test_a_share_is_exact_and_rounded_once(amount: int, fraction: Fraction, half_up: int, half_even: int) -> None:
    assert eur(amount).share(fraction) == eur(half_up)
    assert eur(amount).share(fraction, rounding=Rounding.HALF_UP) == eur(half_up)
    assert eur(amount).share(fraction, rounding=Rounding.HALF_EVEN) == eur(half_even)


def test_shares_in_currencies_without_and_with_three_decimals() -> None:
    assert Money(500, "JPY").share(Fraction(1, 3)) == Money(167, "JPY")
    assert Money(12_345, "KWD").share(Fraction(1, 10)) == Money(1_235, "KWD")
    assert Money(12_345, "KWD").share(Fraction(1, 10), rounding=Rounding.HALF_EVEN) == Money(1_234, "KWD")


@pytest.mark.parametrize("fraction", [0.5, 1.0, True, Decimal("0.5"), "1/2", None])
def test_a_share_is_never_reckoned_from_a_float(fraction: Any) -> None:
    with pytest.raises(NotExact, match="only ever reckoned with exact numbers"):
        eur(100).share(fraction)


@pytest.mark.parametrize(
    ("scenario", "whole", "fraction", "expected"),
    [
        ("P31 credit", -1000, Fraction(20, 30), -667),
        ("P31 charge", 2000, Fraction(20, 30), 1333),
        ("B02 credit", 10000, Fraction(20, 30), 6667),
        ("B18", 118800, Fraction(243, 366), 78875),
        ("B21 14 of 30 days", 24995, Fraction(14, 30), 11664),
        ("B21 26 of 31 days", 24995, Fraction(26, 31), 20964),
        ("B23 199.995", 100, Fraction("199.995"), 20000),
        ("B76 10.454657657", 100, Fraction("10.454657657"), 1045),
    ],
)
def test_shares_of_the_scenarios(scenario: str, whole: int, fraction: Fraction, expected: int) -> None:
    assert eur(whole).share(fraction) == eur(expected), scenario


# Splits


@pytest.mark.parametrize(
    ("amount", "weights", "parts"),
    [
        (100, [1, 2], [33, 67]),  # scenario B30
        (100, [1, 1, 1], [34, 33, 33]),
        (101, [1, 1, 1], [34, 34, 33]),
        (-100, [1, 1, 1], [-34, -33, -33]),
        (2, [1, 1, 1], [1, 1, 0]),
        (10, [0, 1, 0], [0, 10, 0]),
        (1, [0, 0, 1, 1], [0, 0, 1, 0]),
        (0, [1, 2], [0, 0]),
        (0, [0, 0], [0, 0]),
        (0, [], []),
        (5, [Fraction(1, 3), Fraction(1, 6)], [3, 2]),
        (100, [5, 3, 1], [56, 33, 11]),
        (7, [7], [7]),
        (10**20 + 1, [1, 1], [5 * 10**19 + 1, 5 * 10**19]),
    ],
)
def test_a_split_gives_the_odd_units_to_who_lost_most(amount: int, weights: list[Any], parts: list[int]) -> None:
    assert eur(amount).split(weights) == tuple(eur(part) for part in parts)


def test_a_split_needs_a_part_to_give_to() -> None:
    for weights in ([], [0], [0, 0]):
        with pytest.raises(NothingToSplitOver, match="cannot be split"):
            eur(1).split(weights)


def test_a_split_refuses_negative_weights_even_if_their_sum_is_not() -> None:
    with pytest.raises(NegativeWeight, match="below zero"):
        eur(1).split([2, -1])


@pytest.mark.parametrize("weight", [0.5, True, Decimal(1), None])
def test_a_split_refuses_inexact_weights(weight: Any) -> None:
    with pytest.raises(NotExact):
        eur(1).split([1, weight])


# Text


@pytest.mark.parametrize(
    ("text", "money"),
    [
        ("12.34 EUR", Money(1234, "EUR")),
        ("0.05 EUR", Money(5, "EUR")),
        ("-0.05 EUR", Money(-5, "EUR")),
        ("0.00 EUR", Money(0, "EUR")),
        ("500 JPY", Money(500, "JPY")),
        ("-500 JPY", Money(-500, "JPY")),
        ("1.234 KWD", Money(1234, "KWD")),
        ("0.001 KWD", Money(1, "KWD")),
        ("5 ISK", Money(5, "ISK")),
        ("5 UGX", Money(5, "UGX")),
        ("0.0001 CLF", Money(1, "CLF")),
        ("123456789012345678.00 EUR", Money(12345678901234567800, "EUR")),
    ],
)
def test_money_is_written_and_read_with_its_decimals(text: str, money: Money) -> None:
    assert Money.parse(text) == money
    assert money.format() == text
    assert str(money) == text


@pytest.mark.parametrize(
    ("text", "money"),
    [("12 EUR", Money(1200, "EUR")), ("12.3 EUR", Money(1230, "EUR")), ("007.50 EUR", Money(750, "EUR"))],
)
def test_missing_decimals_are_zeros(text: str, money: Money) -> None:
    assert Money.parse(text) == money


@pytest.mark.parametrize(
    "text",
    [
        "",
        "EUR",
        "12.34",
        "12,34 EUR",
        "1,234.00 EUR",
        "1 234 EUR",
        "EUR 12.34",
        "12.34  EUR",
        " 12.34 EUR",
        "12.34 EUR\n",
        "12. EUR",
        ".5 EUR",
        "+5 EUR",
        "--5 EUR",
        "1e3 EUR",
        "12.34 eur",
        "NaN EUR",
        "0x10 EUR",
        "\u0661\u0662 EUR",
        "1_000 EUR",
        "1234567890123456789 EUR",
    ],
)
def test_what_is_not_plainly_an_amount_is_refused(text: str) -> None:
    with pytest.raises(NotAnAmount, match=r"write it like 12\.34 EUR"):
        Money.parse(text)


@pytest.mark.parametrize("text", ["12.345 EUR", "12.340 EUR", "5.0 JPY", "1.2345 KWD"])
def test_more_decimals_than_the_currency_has_are_refused_never_rounded(text: str) -> None:
    with pytest.raises(TooManyDecimals, match="more decimals"):
        Money.parse(text)


def test_an_amount_in_an_unknown_currency_is_refused() -> None:
    with pytest.raises(UnknownCurrency):
        Money.parse("1.00 ZZZ")


def test_every_refusal_about_money_is_of_one_family() -> None:
    for error in (CurrencyMismatch, NegativeWeight, NotAnAmount, NotExact, NothingToSplitOver, NotMinorUnits):
        assert issubclass(error, MoneyRefused)
    assert issubclass(UnknownCurrency, MoneyRefused)
    assert issubclass(TooManyDecimals, MoneyRefused)
