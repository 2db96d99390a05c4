"""What is left of a fixed term is what is paid for it; and the days that terms keep to, as they are written and read."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from goodstanding.core.calendar_terms import ImpossibleMonthDay, MonthDay, Part, ProRata, pro_rata
from goodstanding.core.money import Money
from goodstanding.core.periods import Interval, Unit

from .test_periods_steps import BERLIN, YEARLY, local

FIVE_YEARS = Interval(Unit.YEAR, 5)


def day(code: str) -> MonthDay | None:
    """Return the day of a code, or ``None`` for none."""
    return MonthDay.parse(code) if code else None


FEE = Money(120_00, "GBP")
AT_20_PERCENT = Fraction(1, 5)


def due(joined: str, *, by: ProRata, full_until: str = "", rollover: str = "") -> Part:
    """Return what is left of the year from 1 October."""
    return pro_rata(
        local(joined),
        YEARLY,
        starts_on=MonthDay.parse("1001"),
        rollover_on=day(rollover),
        tz=BERLIN,
        by=by,
        full_until=day(full_until),
    )


@pytest.mark.parametrize("joined", ["2023-06-01", "2023-06-02", "2022-10-01", "2022-12-24"])
def test_e10_no_pro_rata_until_a_date(joined: str) -> None:
    """E10: whoever joins on 2 June or before in the running year pays it whole."""
    net = FEE.share(due(joined, by=ProRata.DAYS, full_until="0602").fraction)

    assert (net, net.share(AT_20_PERCENT)) == (Money(120_00, "GBP"), Money(24_00, "GBP"))


def test_e11_by_days() -> None:
    """E11: from 3 June to 30 September there are 120 of 365 days."""
    part = due("2023-06-03", by=ProRata.DAYS, full_until="0602")
    net = FEE.share(part.fraction)

    assert (part.left, part.of) == (120, 365)
    assert (net, net.share(AT_20_PERCENT)) == (Money(39_45, "GBP"), Money(7_89, "GBP"))
    assert net + net.share(AT_20_PERCENT) == Money(47_34, "GBP")


def test_e9_by_months() -> None:
    """E9: nine of twelve months of 685 are 513.75, to be split over nine instalments."""
    part = due("2022-01-15", by=ProRata.MONTHS)

    assert (part.left, part.of) == (9, 12)
    assert Money(685_00, "GBP").share(part.fraction) == Money(513_75, "GBP")


PARTS = [
    # joined, months left of 12, days left of 365; the year from 1 October 2021
    ("2021-10-01", 12, 365),
    ("2021-10-31", 12, 335),
    ("2021-11-01", 11, 334),
    ("2022-06-25", 4, 98),  # C108: a part of a month counts as whole
    ("2022-09-01", 1, 30),
    ("2022-09-30", 1, 1),
]


@pytest.mark.parametrize(("joined", "months", "days"), PARTS)
def test_what_is_left(joined: str, months: int, days: int) -> None:
    assert due(joined, by=ProRata.MONTHS) == Part(months, 12)
    assert due(joined, by=ProRata.DAYS) == Part(days, 365)


def test_who_is_given_the_next_year_too_pays_one_in_full() -> None:
    assert due("2022-09-15", by=ProRata.MONTHS, rollover="0901").fraction == 1
    assert due("2022-08-31", by=ProRata.MONTHS, rollover="0901") == Part(2, 12)


def test_of_several_years_and_terms_the_whole_is_counted() -> None:
    part = pro_rata(
        local("2026-04-10"),
        FIVE_YEARS,
        starts_on=MonthDay.parse("0101"),
        rollover_on=None,
        tz=BERLIN,
        by=ProRata.MONTHS,
        terms=2,
    )

    assert part == Part(117, 120)


# Month-days


@pytest.mark.parametrize(("text", "code", "words"), [
    ("1214", "1214", "Dec 14"),  # C030
    ("301", "0301", "Mar 1"),
    ("0229", "0229", "Feb 29"),
    (" 15 ", "15", "day 15"),
    ("1", "01", "day 1"),
])  # fmt: skip
def test_month_days_are_read_kept_and_shown(text: str, code: str, words: str) -> None:
    found = MonthDay.parse(text)

    assert (found.code, str(found)) == (code, words)
    assert MonthDay.parse(found.code) == found


@pytest.mark.parametrize(
    "text", ["0230", "1301", "0431", "0001", "0100", "00", "32", "", "12-14", "Dec 14", "00301", "-301", "²", "٣"]
)
def test_an_impossible_month_day_is_refused_by_its_name(text: str) -> None:
    with pytest.raises(ImpossibleMonthDay) as refused:
        MonthDay.parse(text)
    assert repr(text) in str(refused.value)


def test_a_month_day_in_a_year_without_it_is_the_month_s_last() -> None:
    assert [MonthDay(2, 29).on(year) for year in (2027, 2028)] == [date(2027, 2, 28), date(2028, 2, 29)]
    assert MonthDay(None, 31).on(2026, 4) == date(2026, 4, 30)
