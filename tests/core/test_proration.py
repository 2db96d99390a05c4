"""What a change comes to, told in sentences: the scenarios on changes, and what holds of any change at all (I7, I8)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goodstanding.core.money import CurrencyMismatch, Money, Rounding
from goodstanding.core.periods import Interval, Period, Unit, nth
from goodstanding.core.proration import (
    Change,
    Convention,
    Held,
    LineKind,
    Measure,
    NoEndToCountTo,
    OutsideThePeriod,
    Paid,
    UnknownConvention,
    Wanted,
    counted,
    given_back,
    plan,
    prorated,
    takes_effect,
)
from goodstanding.core.tax import exclusive

from .proration_worlds import JUNE, LIFE, MONTH, YEAR, june

thorough = settings(max_examples=500, deadline=None)
BY_DAYS = Convention(Measure.DAY)


def bronze(amount_minor: int = 10000, *, paid: int | None = None, owed: int = 0, currency: str = "EUR") -> Held:
    """Bronze in June, for 100.00 a month; paid in full unless said otherwise."""
    price = Money(amount_minor, currency)
    piece = Paid(Money(amount_minor if paid is None else paid, currency), JUNE, Money(owed, currency))
    return Held("Bronze", price, MONTH, JUNE, (piece,))


def gold(amount_minor: int = 30000, interval: Interval = MONTH, currency: str = "EUR") -> Wanted:
    return Wanted("Gold", Money(amount_minor, currency), interval)


def minor(change: Change) -> list[int]:
    return [line.amount.amount_minor for line in change.lines]


def test_b01_half_of_june() -> None:
    change = plan(bronze(), gold(), at=june(16))

    assert minor(change) == [-5000, 15000]
    assert change.after.period == JUNE
    assert [line.kind for line in change.lines] == [LineKind.CREDIT, LineKind.CHARGE]
    assert [line.name for line in change.lines] == ["Bronze", "Gold"]
    assert change.due == Money(10000, "EUR")


def test_b02_two_thirds_of_june_are_rounded_to_the_cent() -> None:
    assert minor(plan(bronze(), gold(), at=june(11))) == [-6667, 20000]


def test_b05_from_a_month_to_a_year() -> None:
    change = plan(bronze(), gold(100000, YEAR), at=june(16))

    assert minor(change) == [-5000, 100000]
    assert change.after.period == Period(june(16), datetime(2026, 6, 16, tzinfo=UTC))


@pytest.mark.parametrize(
    ("held", "wanted", "lines"),
    [(bronze(), gold(0), [-5000]), (bronze(0), gold(10000), [5000]), (bronze(0), gold(0), [])],
)
def test_b08_to_and_from_free_there_is_no_zero_line(held: Held, wanted: Wanted, lines: list[int]) -> None:
    assert minor(plan(held, wanted, at=june(16))) == lines


def test_b09_a_retired_price_is_credited_as_it_was_paid() -> None:
    assert minor(plan(bronze(5000), gold(), at=june(16)))[0] == -2500


def test_b10_the_credit_is_of_what_was_really_paid() -> None:
    assert minor(plan(bronze(paid=7500), gold(50000), at=june(16))) == [-3750, 25000]


def test_b12_a_reset_moves_the_period_and_gives_nothing_back() -> None:
    change = plan(bronze(5000), gold(10000), at=june(16), reset=True)

    assert minor(change) == [10000]
    assert change.after.period == Period(june(16), datetime(2025, 7, 16, tzinfo=UTC))


def test_b14_a_preview_is_the_same_value_each_time() -> None:
    january = Period(datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 2, 1, tzinfo=UTC))
    held = Held("Bronze", Money(1000, "EUR"), MONTH, january, (Paid(Money(1000, "EUR"), january),))
    noon = datetime(2025, 1, 16, 12, tzinfo=UTC)

    change = plan(held, gold(5000), at=noon)

    assert minor(change) == [-500, 2500]
    assert change.due == Money(2000, "EUR")
    assert plan(held, gold(5000), at=noon) == change


@pytest.mark.parametrize(("trial", "due"), [(True, 0), (False, 30000)])
def test_b15_a_trial_goes_on_or_is_over(trial: bool, due: int) -> None:
    held = Held("Bronze", Money(1000, "EUR"), MONTH, JUNE, on_trial=True)

    change = plan(held, Wanted("Gold", Money(30000, "EUR"), MONTH, trial=trial), at=june(5))

    assert change.due == Money(due, "EUR")
    assert change.after.on_trial is trial
    assert change.after.period.start == (june(1) if trial else june(5))


def test_b16_by_days_the_level_held_for_an_hour_is_given_back_whole() -> None:
    start, at = datetime(2024, 3, 1, tzinfo=UTC), datetime(2024, 3, 12, 12, tzinfo=UTC)
    march = Period(start, datetime(2024, 4, 1, tzinfo=UTC))
    ten = Held("Ten", Money(1000, "EUR"), MONTH, march, (Paid(Money(1000, "EUR"), march),))

    first = plan(ten, Wanted("Fifteen", Money(1500, "EUR"), MONTH), at=at, convention=BY_DAYS)
    hour = timedelta(hours=1)
    second = plan(first.after, Wanted("Nineteen", Money(1900, "EUR"), MONTH), at=at + hour, convention=BY_DAYS)

    given = [exclusive(change.lines[0].amount, 2500).gross.amount_minor for change in (first, second)]
    assert given == [-806, -1210]
    assert [change.lines[1].amount.amount_minor for change in (first, second)] == [968, 1226]
    assert first.lines[1].counted.part == 20
    assert first.lines[1].counted.whole == 31


def test_b18_down_waits_for_the_end_of_the_period() -> None:
    period = Period(datetime(2023, 10, 19, tzinfo=UTC), datetime(2023, 11, 19, tzinfo=UTC))
    held = Held("Monthly", Money(12900, "EUR"), MONTH, period)
    asked = datetime(2023, 11, 9, tzinfo=UTC)

    assert takes_effect(held, Wanted("Yearly", Money(118800, "EUR"), YEAR), at=asked) == period.end
    assert takes_effect(held, Wanted("Yearly", Money(154801, "EUR"), YEAR), at=asked) == asked
    year = Period(datetime(2023, 7, 19, tzinfo=UTC), datetime(2024, 7, 19, tzinfo=UTC))
    rest = Period(datetime(2023, 11, 19, tzinfo=UTC), year.end)
    assert prorated(Money(118800, "EUR"), rest, of=year, convention=BY_DAYS) == Money(78875, "EUR")


@pytest.mark.parametrize(("day", "net", "gross"), [(16, 1600, 1920), (15, 1700, 2040)])
def test_b19_the_day_of_an_end_is_used_the_day_of_an_upgrade_is_not(day: int, net: int, gross: int) -> None:
    october = Period(datetime(2022, 10, 1, tzinfo=UTC), datetime(2022, 11, 1, tzinfo=UTC))
    held = Held("Monthly", Money(3100, "EUR"), MONTH, october, (Paid(Money(3100, "EUR"), october),))

    (line,), unowed = given_back(held, at=datetime(2022, 10, day, tzinfo=UTC), convention=BY_DAYS)

    assert line.amount == Money(-net, "EUR")
    assert exclusive(line.amount, 2000).gross == Money(-gross, "EUR")
    assert not unowed


@pytest.mark.parametrize(
    ("first", "end", "whole", "amount"),
    [((5, 1), (5, 15), (4, 15), 11664), ((7, 15), (8, 10), (7, 10), 20964)],
)
def test_b21_a_moved_billing_day_is_bridged(
    first: tuple[int, int], end: tuple[int, int], whole: tuple[int, int], amount: int
) -> None:
    day = [datetime(2016, month, number, tzinfo=UTC) for month, number in (first, end, whole)]

    bridge = prorated(Money(24995, "EUR"), Period(day[0], day[1]), of=Period(day[2], day[1]), convention=BY_DAYS)

    assert bridge == Money(amount, "EUR")


def test_b24_what_is_left_of_a_credit_becomes_balance() -> None:
    year = Period(june(1), datetime(2026, 6, 1, tzinfo=UTC))
    held = Held("Yearly", Money(239995, "EUR"), YEAR, year, (Paid(Money(239995, "EUR"), year),))

    change = plan(held, gold(24995), at=june(1))

    assert (change.due, change.to_balance) == (Money(0, "EUR"), Money(215000, "EUR"))


def test_b52_a_period_never_paid_gives_nothing_back_and_is_no_longer_owed() -> None:
    lines, unowed = given_back(bronze(24995, paid=0, owed=24995), at=june(1), convention=BY_DAYS)

    assert (lines, unowed) == ((), Money(24995, "EUR"))


def test_b66_a_bill_paid_in_part_gives_back_in_parts() -> None:
    held = bronze(7440, paid=5580, owed=1860)

    change = plan(held, gold(0), at=june(16))

    assert minor(change) == [-2790]
    assert change.unowed == Money(930, "EUR")


@pytest.mark.parametrize(
    ("currency", "old", "new", "lines"), [("JPY", 1001, 3000, [-501, 1500]), ("KWD", 10001, 30000, [-5001, 15000])]
)
def test_b75_any_currency_is_rounded_to_its_own_unit(currency: str, old: int, new: int, lines: list[int]) -> None:
    assert minor(plan(bronze(old, currency=currency), gold(new, currency=currency), at=june(16))) == lines


@pytest.mark.parametrize(("rounding", "lines"), [(Rounding.HALF_UP, [-13, 3]), (Rounding.HALF_EVEN, [-12, 2])])
def test_half_a_cent_goes_as_the_convention_says(rounding: Rounding, lines: list[int]) -> None:
    assert minor(plan(bronze(25), gold(5), at=june(16), convention=Convention(rounding=rounding))) == lines


def test_another_currency_is_refused() -> None:
    with pytest.raises(CurrencyMismatch):
        plan(bronze(), gold(30000, currency="JPY"), at=june(16))


@pytest.mark.parametrize("at", [june(1) - timedelta(seconds=1), JUNE.end])
def test_a_change_outside_the_period_is_refused(at: datetime) -> None:
    with pytest.raises(OutsideThePeriod):
        plan(bronze(), gold(), at=at)


@pytest.mark.parametrize(("paid", "refused"), [(0, False), (100, True)])
def test_what_was_paid_for_life_has_no_part(paid: int, refused: bool) -> None:
    for_life = Period(june(1))
    held = Held("Life", Money(paid, "EUR"), LIFE, for_life, (Paid(Money(paid, "EUR"), for_life),))

    if refused:
        with pytest.raises(NoEndToCountTo):
            plan(held, gold(), at=june(16))
    else:
        assert minor(plan(held, gold(), at=june(16))) == [30000]
    assert minor(plan(held, gold(), at=june(16), reset=True)) == [30000]


@pytest.mark.parametrize("measure", Measure)
@pytest.mark.parametrize("rounding", Rounding)
def test_a_convention_is_read_by_its_name(measure: Measure, rounding: Rounding) -> None:
    convention = Convention(measure, rounding, "Europe/Berlin")

    assert Convention.read(convention.name) == convention
    assert convention.name == f"{measure}, {rounding}, Europe/Berlin"


@pytest.mark.parametrize(
    "text",
    ["", "second-exact", "hourly, half-up, UTC", "day-based, half-up, Nowhere/At_All", "day-based, half-up, ../x"],
)
def test_any_other_name_of_a_convention_is_refused(text: str) -> None:
    with pytest.raises(UnknownConvention):
        Convention.read(text)


def test_by_days_each_day_belongs_to_one_part_also_where_the_clocks_change() -> None:
    berlin = Convention(Measure.DAY, time_zone="Europe/Berlin")
    start = datetime(2025, 3, 1, 10, tzinfo=ZoneInfo("Europe/Berlin"))
    whole = Period(start, nth(start, MONTH, n=1, tz=ZoneInfo("Europe/Berlin")))

    jump = datetime(2025, 3, 30, 3, tzinfo=ZoneInfo("Europe/Berlin"))  # the day has 23 hours
    parts = [
        counted(part, of=whole, convention=berlin) for part in (Period(whole.start, jump), Period(jump, whole.end))
    ]

    assert [(part.part, part.whole) for part in parts] == [(29, 31), (2, 31)]


# What holds of any life within a period.

currencies = st.sampled_from(["EUR", "JPY", "KWD"])
prices = st.integers(0, 10**7)
zones = st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Auckland"])
conventions = st.builds(Convention, st.sampled_from(Measure), st.sampled_from(Rounding), zones)
seconds = st.integers(0, 30 * 86400 - 1)


@dataclass(frozen=True)
class Course:
    """A subscription in June: the changes, in order, and what they came to."""

    amounts: tuple[int, ...]
    moments: tuple[datetime, ...]
    changes: tuple[Change, ...]


@st.composite
def courses(draw: st.DrawFn) -> tuple[Course, Convention]:
    convention, currency = draw(conventions), draw(currencies)
    moments = [june(1) + timedelta(seconds=each) for each in sorted(draw(st.lists(seconds, min_size=1, max_size=6)))]
    amounts = draw(st.lists(prices, min_size=len(moments) + 1, max_size=len(moments) + 1))
    held, changes = bronze(amounts[0], currency=currency), []
    for price, at in zip(amounts[1:], moments, strict=True):
        changes.append(plan(held, gold(price, currency=currency), at=at, convention=convention))
        held = changes[-1].after
    return Course(tuple(amounts), tuple(moments), tuple(changes)), convention


@thorough
@given(courses())
def test_i7_charges_less_credits_are_price_times_time_held_within_half_a_unit_a_line(
    told: tuple[Course, Convention],
) -> None:
    course, convention = told
    charged = course.amounts[0] + sum(change.total.amount_minor for change in course.changes)
    bounds = [june(1), *course.moments, JUNE.end]
    exact = Fraction(0)
    for price, (start, end) in zip(course.amounts, pairwise(bounds), strict=True):
        assert start is not None
        if start != end:
            exact += price * counted(Period(start, end), of=JUNE, convention=convention).share

    lines = sum(len(change.lines) for change in course.changes)
    silent = sum(2 - len(change.lines) for change in course.changes)  # lines that came to nothing, rounded, too
    assert abs(charged - exact) <= Fraction(lines + silent, 2)


@thorough
@given(prices, prices, seconds, conventions, currencies)
def test_i7_there_and_back_at_one_instant_nets_to_zero(
    a: int, b: int, second: int, convention: Convention, currency: str
) -> None:
    at = june(1) + timedelta(seconds=second)

    there = plan(bronze(a, currency=currency), gold(b, currency=currency), at=at, convention=convention)
    back = plan(there.after, gold(a, currency=currency), at=at, convention=convention)

    assert there.total + back.total == Money.zero(currency)


@thorough
@given(prices, st.integers(0, 10**7), st.integers(0, 10**7), seconds, conventions)
def test_i8_a_credit_never_exceeds_what_was_paid(
    price: int, paid: int, owed: int, second: int, convention: Convention
) -> None:
    held = bronze(price, paid=paid, owed=owed)

    lines, unowed = given_back(held, at=june(1) + timedelta(seconds=second), convention=convention)

    assert 0 <= -sum(line.amount.amount_minor for line in lines) <= paid
    assert Money(0, "EUR") <= unowed <= Money(owed, "EUR")


@thorough
@given(courses())
def test_i8_all_credits_of_a_period_never_exceed_all_that_was_paid(told: tuple[Course, Convention]) -> None:
    course, _ = told
    paid, credit = course.amounts[0], 0
    for change in course.changes:
        credit -= sum(line.amount.amount_minor for line in change.lines if line.kind is LineKind.CREDIT)
        assert credit <= paid
        paid += sum(line.amount.amount_minor for line in change.lines if line.kind is LineKind.CHARGE)


@thorough
@given(courses())
def test_the_parts_of_a_change_add_up(told: tuple[Course, Convention]) -> None:
    for change in told[0].changes:
        assert change.due - change.to_balance == change.total
        assert not (change.due and change.to_balance)
        assert all(line.amount for line in change.lines)
        assert all(line.period.end == JUNE.end for line in change.lines)
        assert change.after.period == JUNE


def test_weeks_and_hours_are_compared_by_the_year() -> None:
    held = Held("Weekly", Money(700, "EUR"), Interval(Unit.WEEK), JUNE)

    assert takes_effect(held, Wanted("Daily", Money(99, "EUR"), Interval(Unit.DAY)), at=june(2)) == JUNE.end
    assert takes_effect(held, Wanted("Daily", Money(100, "EUR"), Interval(Unit.DAY)), at=june(2)) == june(2)
    assert takes_effect(held, Wanted("Hourly", Money(4, "EUR"), Interval(Unit.HOUR)), at=june(2)) == JUNE.end
