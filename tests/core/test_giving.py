from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodstanding.core.giving import Split, as_it_was_paid, of_a_bill_not_wholly_paid, still_owed
from goodstanding.core.money import Money


def eur(text: str) -> Money:
    return Money.parse(f"{text} EUR")


# worth of the line, bill, paid, credited before, given back -> money, balance
SPLITS = {
    "B66": ("37.20", "74.40", "55.80", "0", "19.20", "9.90", "9.30"),
    "LAG-023": ("90.00", "90.00", "75.00", "0", "30.00", "15.00", "15.00"),
    "LAG-029": ("37.20", "74.40", "55.80", "0", "19.20", "9.90", "9.30"),
    "LAG-031": ("37.20", "74.40", "55.80", "2.40", "16.80", "9.90", "6.90"),
    "LAG-033": ("37.20", "74.40", "0", "0", "19.20", "0", "19.20"),
    "LAG-035": ("37.20", "74.40", "74.40", "0", "19.20", "19.20", "0"),
    "LAG-037": ("37.20", "74.40", "9.30", "0", "19.20", "0", "19.20"),
    # The trial was not billed: the line is what is given back, and none of it was used.
    "LAG-039": ("19.20", "74.40", "55.80", "0", "19.20", "14.40", "4.80"),
}


@pytest.mark.parametrize("case", SPLITS)
def test_what_was_not_paid_is_not_given_back_as_money(case: str) -> None:
    worth, bill, paid, before, back, money, balance = map(eur, SPLITS[case])
    split = of_a_bill_not_wholly_paid(back, worth=worth, bill=bill, paid=paid, before=before)
    assert split == Split(money, balance)


@pytest.mark.parametrize(
    ("back", "left", "money", "balance"),
    [("37.20", "55.80", "27.90", "9.30"), ("74.40", "55.80", "55.80", "18.60"), ("20.00", "5.00", "5.00", "15.00")],
)
def test_as_it_was_paid_is_in_proportion_and_within_what_is_left(
    back: str, left: str, money: str, balance: str
) -> None:
    paid = {"by_money": eur("55.80"), "by_balance": eur("18.60"), "money_left": eur(left)}
    assert as_it_was_paid(eur(back), **paid) == Split(eur(money), eur(balance))


AMOUNTS = st.integers(0, 10**7)


@given(AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS, st.sampled_from(("EUR", "JPY", "KWD")))
def test_the_parts_are_the_whole(back: int, money: int, balance: int, left: int, currency: str) -> None:
    amounts = [Money(each, currency) for each in (back, money, balance, left)]
    split = as_it_was_paid(amounts[0], by_money=amounts[1], by_balance=amounts[2], money_left=amounts[3])
    assert split.money + split.balance == amounts[0]
    assert Money.zero(currency) <= split.money <= amounts[3]
    worth, bill = amounts[0] + amounts[1], amounts[0] + amounts[1] + amounts[2]
    partly = of_a_bill_not_wholly_paid(amounts[0], worth=worth, bill=bill, paid=amounts[3], before=Money.zero(currency))
    assert partly.money + partly.balance == amounts[0]
    assert Money.zero(currency) <= partly.money


def owed(**more: str) -> Money:
    given_ = {"received": "0", "given_back": "0", "lowered": "0", "contested": "0", **more}
    return still_owed(eur("249.95"), **{name: eur(text) for name, text in given_.items()})


def test_b61_what_is_given_back_without_adjustment_is_owed_again() -> None:
    assert owed(received="249.95") == eur("0")
    assert owed(received="249.95", given_back="10.00") == eur("10.00")
    assert owed(received="249.95", given_back="21.00", lowered="11.00") == eur("10.00")


def test_b62_what_is_charged_back_is_owed_again_until_that_is_reversed() -> None:
    assert owed(received="10.00") == eur("239.95")
    assert owed(received="10.00", contested="10.00") == eur("249.95")
    assert owed(received="10.00", contested="0") == eur("239.95")
