"""Discount codes: who may use one, and what it takes off which payment; the scenarios on codes by their numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goodstanding.core.discounts import (
    WORDS,
    Alternative,
    Applied,
    Code,
    Effect,
    Fixed,
    NotACode,
    Percentage,
    Refused,
    Use,
    Why,
    decide,
    normalised,
    over_lines,
    stacked,
)
from goodstanding.core.money import CurrencyMismatch, Money
from goodstanding.core.periods import Interval, Unit

thorough = settings(max_examples=500, deadline=None)

MONTH, YEAR = Interval(Unit.MONTH), Interval(Unit.YEAR)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HALF = Percentage(5000)


def euro(amount_minor: int) -> Money:
    return Money(amount_minor, "EUR")


THIRTY = euro(3000)


def gold(price: Money = THIRTY, **more: Any) -> Use:
    """Gold at 30.00 a month, bought at noon."""
    return replace(Use("gold", price, MONTH, NOON), **more)


def applied(effect: Effect, payments: int | None = 1) -> Applied:
    """Return the code of that effect in use for gold."""
    found = decide(Code("WELCOME", effect, payments), gold())
    assert isinstance(found, Applied), found
    return found


def asked(found: Applied, price: int, payments: int) -> list[int]:
    """Return what the first payments of a price ask for."""
    return [found.off(euro(price), payment=n).asked.amount_minor for n in range(1, payments + 1)]


LIMITED = Code(
    "SPRING",
    Fixed(euro(500)),
    levels=frozenset({"gold", "silver"}),
    opens=frozenset({"founder"}),
    starts_at=NOON,
    ends_at=NOON + timedelta(days=1),
    limit=100,
    limit_each=2,
)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({}, None),
        ({"at": NOON - SECOND}, Why.NOT_YET),
        ({"at": NOON + timedelta(days=1) - SECOND}, None),
        ({"at": NOON + timedelta(days=1)}, Why.OVER),
        ({"level": "silver"}, None),
        ({"level": "founder"}, None),
        ({"level": "bronze"}, Why.OTHER_LEVEL),
        ({"price": Money(3000, "USD")}, Why.OTHER_CURRENCY),
        ({"price": euro(0)}, Why.FREE_ALREADY),
        ({"price": euro(0), "level": "founder"}, None),
        ({"used": 99}, None),
        ({"used": 100}, Why.USED_UP),
        ({"used": 101}, Why.USED_UP),
        ({"used_by_person": 1}, None),
        ({"used_by_person": 2}, Why.USED_BY_YOU),
        ({"used_by_person": 2, "used": 100}, Why.USED_BY_YOU),
        ({"level": "bronze", "at": NOON - SECOND, "used": 100}, Why.NOT_YET),
        ({"level": "bronze", "used": 100}, Why.OTHER_LEVEL),
    ],
)
def test_a_code_is_taken_or_refused_with_the_reason(said: dict[str, Any], why: Why | None) -> None:
    found = decide(LIMITED, gold(**said))

    if why is None:
        assert found == Applied("SPRING", Fixed(euro(500)), 1, MONTH)
    else:
        assert found == Refused(why)


def test_b47_a_code_without_a_limit_never_blocks() -> None:
    found = decide(Code("OPEN", HALF), gold(used=10**9, used_by_person=10**9))

    assert isinstance(found, Applied)


def test_b47_of_two_who_take_the_last_use_the_second_is_told() -> None:
    code = Code("LAST", HALF, limit=1)

    assert isinstance(decide(code, gold(used=0)), Applied)
    second = decide(code, gold(used=1))
    assert isinstance(second, Refused)
    assert second.words == "This code has been used as often as it may be."


@pytest.mark.parametrize("effect", [Fixed(Money(500, "USD")), Alternative(Money(500, "USD"))])
def test_an_amount_of_another_currency_is_refused_and_a_percentage_has_none(effect: Effect) -> None:
    assert decide(Code("DOLLARS", effect), gold()) == Refused(Why.OTHER_CURRENCY)
    assert isinstance(decide(Code("PART", HALF), gold(Money(3000, "USD"))), Applied)


def test_a_limit_of_nothing_lets_nobody() -> None:
    assert decide(Code("NONE", HALF, limit=0), gold()) == Refused(Why.USED_UP)


def test_every_reason_has_words_that_can_be_translated() -> None:
    assert set(WORDS) == set(Why)
    assert Refused(Why.OVER).said(lambda text: f"<{text}>") == "<This code can no longer be used.>"


@pytest.mark.parametrize(
    ("effect", "price", "off", "to_balance"),
    [
        (Percentage(2500), 10000, 2500, 0),
        (Percentage(10000), 2999, 2999, 0),
        (Percentage(1), 4999, 0, 0),
        (Percentage(1), 5000, 1, 0),  # half a cent goes up
        (Percentage(5000), 1, 1, 0),
        (Percentage(3333), 1000, 333, 0),
        (HALF, 0, 0, 0),
        (Fixed(euro(500)), 3000, 500, 0),
        (Fixed(euro(3000)), 3000, 3000, 0),
        (Fixed(euro(5000)), 3000, 3000, 0),  # the rest is forfeited
        (Fixed(euro(5000), keeps_rest=True), 3000, 3000, 2000),
        (Fixed(euro(500), keeps_rest=True), 3000, 500, 0),
    ],
)
def test_what_a_code_takes_off(effect: Effect, price: int, off: int, to_balance: int) -> None:
    found = applied(effect).off(euro(price))

    assert (found.price, found.off, found.to_balance) == (euro(price), euro(off), euro(to_balance))
    assert found.asked == euro(price - off)


@pytest.mark.parametrize(("currency", "price", "off"), [("JPY", 1001, 501), ("KWD", 10001, 5001)])
def test_a_percentage_is_rounded_to_the_unit_of_the_currency(currency: str, price: int, off: int) -> None:
    assert applied(HALF).off(Money(price, currency)).off == Money(off, currency)


@pytest.mark.parametrize(
    ("effect", "payments", "rest"),
    [
        (HALF, 1, [1500, 3000, 3000, 3000]),
        (HALF, 3, [1500, 1500, 1500, 3000]),
        (HALF, None, [1500, 1500, 1500, 1500]),
        (Fixed(euro(1000)), 2, [2000, 2000, 3000, 3000]),
        (Fixed(euro(5000)), 2, [0, 0, 3000, 3000]),
        (Alternative(euro(900)), 2, [900, 900, 3000, 3000]),
        (Alternative(euro(0)), 1, [0, 3000, 3000, 3000]),
        (Alternative(euro(4000)), None, [4000, 4000, 4000, 4000]),
    ],
)
def test_a_code_holds_for_its_payments(effect: Effect, payments: int | None, rest: list[int]) -> None:
    assert asked(applied(effect, payments), 3000, 4) == rest


def test_once_is_the_default() -> None:
    assert Code("ONCE", HALF).payments == 1


def test_b43_a_once_code_behind_a_trial_is_used_on_the_first_paid_cycle() -> None:
    bills = [0, 3000, 3000]  # the trial, and two cycles
    once, found, payment = applied(HALF), [], 0
    for bill in bills:
        payment += 1 if bill else 0
        found.append(once.off(euro(bill), payment=max(1, payment)).asked.amount_minor)

    assert found == [0, 1500, 3000]


def test_b45_three_codes_come_off_one_after_another() -> None:
    codes = [applied(Fixed(euro(amount))) for amount in (2000, 1000, 500)]

    offs = stacked(euro(20000), codes)

    assert [off.off.amount_minor for off in offs] == [2000, 1000, 500]
    assert offs[-1].asked == euro(16500)


def test_of_several_codes_each_takes_from_what_the_one_before_left() -> None:
    codes = [applied(HALF), applied(Fixed(euro(1000))), applied(Percentage(1000)), applied(Fixed(euro(900)))]

    assert [off.asked.amount_minor for off in stacked(euro(3000), codes)] == [1500, 500, 450, 0]
    assert [off.asked.amount_minor for off in stacked(euro(3000), codes, payment=2)] == [3000] * 4
    assert stacked(euro(3000), []) == ()


def test_b49_all_off_asks_for_nothing_and_is_not_an_error() -> None:
    found = applied(Percentage(10000), None)

    assert asked(found, 3000, 2) == [0, 0]
    assert asked(found, 6000, 1) == [0]  # a seat more


@pytest.mark.parametrize(
    ("payments", "price", "monthly", "lasting"),
    [(None, 500, 1, 250), (None, 1200, 12, 50), (3, 500, 1, 500), (1, 500, 1, 500)],
)
def test_b50_only_a_code_for_ever_lowers_what_comes_in_each_month(
    payments: int | None, price: int, monthly: int, lasting: int
) -> None:
    assert applied(HALF, payments).lasting(euro(price)).amount_minor // monthly == lasting


def test_b30_an_amount_off_is_spread_over_lines_and_adds_up() -> None:
    assert over_lines(euro(100), (euro(100), euro(200))) == (euro(67), euro(133))


@pytest.mark.parametrize(
    ("off", "lines", "left"),
    [
        (900, (100, 200), (0, 0)),
        (0, (100, 200), (100, 200)),
        (50, (0, 100), (0, 50)),
        (50, (0, 0), (0, 0)),
        (50, (), ()),
    ],
)
def test_no_line_goes_below_zero(off: int, lines: tuple[int, ...], left: tuple[int, ...]) -> None:
    assert over_lines(euro(off), [euro(line) for line in lines]) == tuple(euro(each) for each in left)


def test_another_price_brings_its_interval_and_a_code_without_one_keeps_that_of_the_price() -> None:
    yearly = decide(Code("YEARLY", Alternative(euro(20000), YEAR), payments=None), gold())
    monthly = decide(Code("MONTHLY", Alternative(euro(2000))), gold())

    assert isinstance(yearly, Applied)
    assert isinstance(monthly, Applied)
    assert (yearly.interval, monthly.interval) == (YEAR, MONTH)


def test_another_price_may_be_asked_for_a_free_level() -> None:
    assert isinstance(decide(Code("GIVE", Alternative(euro(500))), gold(euro(0))), Applied)


@pytest.mark.parametrize("effect", [Fixed(euro(500)), Alternative(euro(500))])
def test_an_amount_of_another_currency_is_never_taken_off(effect: Effect) -> None:
    with pytest.raises(CurrencyMismatch):
        applied(effect).off(Money(3000, "USD"))


@pytest.mark.parametrize(
    ("level", "at", "shown"),
    [
        ("founder", NOON, True),
        ("founder", NOON - SECOND, False),
        ("founder", NOON + timedelta(days=1), False),
        ("gold", NOON, False),
    ],
)
def test_a_code_shows_the_levels_that_it_opens_while_it_can_be_used(level: str, at: datetime, shown: bool) -> None:
    assert LIMITED.shows(level, at=at) is shown


def test_what_was_decided_stays_when_the_code_changes() -> None:
    code = Code("WELCOME", HALF, payments=None)
    found = decide(code, gold())
    changed = replace(code, effect=Percentage(100), ends_at=NOON)

    assert isinstance(found, Applied)
    assert decide(changed, gold()) == Refused(Why.OVER)
    assert asked(found, 3000, 2) == [1500, 1500]


@pytest.mark.parametrize(
    "typed", ["welcome-10", " Welcome-10 ", "WELCOME-10", "wel come-10", "ｗｅｌｃｏｍｅ－１０", "welcome-10\n"]
)
def test_a_code_is_found_however_it_is_typed(typed: str) -> None:
    assert normalised(typed) == "WELCOME-10"
    assert Code(typed, HALF).text == "WELCOME-10"


@thorough
@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}", fullmatch=True))
def test_normalising_twice_is_normalising_once_and_case_is_of_no_importance(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text) == normalised(text.swapcase()) == Code(text, HALF).text


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: Percentage(0), "no percentage"),
        (lambda: Percentage(10001), "no percentage"),
        (lambda: Percentage(True), "no percentage"),
        (lambda: Fixed(euro(0)), "no amount"),
        (lambda: Fixed(euro(-1)), "no amount"),
        (lambda: Alternative(euro(-1)), "no price"),
        (lambda: Code("", HALF), "text of a code"),
        (lambda: Code("-A", HALF), "text of a code"),
        (lambda: Code("A" * 41, HALF), "text of a code"),
        (lambda: Code("<b>", HALF), "text of a code"),
        (lambda: Code("A", HALF, payments=0), "one payment at least"),
        (lambda: Code("A", HALF, limit=-1), "zero or more"),
        (lambda: Code("A", HALF, limit=5, limit_each=-1), "zero or more"),
        (lambda: Code("A", HALF, starts_at=NOON, ends_at=NOON), "end later"),
        (lambda: Code("A", Fixed(euro(1), keeps_rest=True), payments=None), "first payment alone"),
        (lambda: Code("A", Fixed(euro(1), keeps_rest=True), payments=2), "first payment alone"),
        (lambda: Code("A", Alternative(euro(1), YEAR)), "for ever"),
    ],
)
def test_a_code_that_cannot_be_is_refused(make: Any, why: str) -> None:
    with pytest.raises(NotACode, match=why):
        make()


@pytest.mark.parametrize(
    "make",
    [
        lambda: Percentage(1),
        lambda: Alternative(euro(0)),
        lambda: Code("A" * 40, HALF),
        lambda: Code("A", HALF, limit=0, limit_each=0),
        lambda: Code("A", HALF, starts_at=NOON, ends_at=NOON + SECOND),
        lambda: Code("A", Alternative(euro(1), YEAR), payments=None),
    ],
)
def test_the_edge_of_what_can_be_is_allowed(make: Any) -> None:
    assert make()


effects = st.one_of(
    st.builds(Percentage, st.integers(1, 10000)), st.integers(1, 10**7).map(lambda each: Fixed(euro(each)))
)


@thorough
@given(st.integers(0, 10**7), st.lists(effects, max_size=5))
def test_no_price_goes_below_zero_and_what_is_off_adds_up(price: int, found: list[Effect]) -> None:
    offs = stacked(euro(price), [applied(effect) for effect in found])

    left = offs[-1].asked if offs else euro(price)
    assert euro(0) <= left <= euro(price)
    assert sum((off.off for off in offs), left) == euro(price)


@thorough
@given(st.integers(0, 10**6), st.lists(st.integers(0, 10**6), max_size=8))
def test_what_is_spread_over_lines_comes_off_whole(off: int, amounts: list[int]) -> None:
    lines = [euro(each) for each in amounts]

    left = over_lines(euro(off), lines)

    assert sum(amounts) - sum(line.amount_minor for line in left) == min(off, sum(amounts))
    assert all(euro(0) <= now <= before for now, before in zip(left, lines, strict=True))
