"""Fixed terms: by tables of dates, by what must hold for any calendar, and what is refused in words."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import settings

from goodstanding.core.calendar_terms import (
    MonthDay,
    NoMonthNamed,
    NotACalendarInterval,
    ProRata,
    TermOver,
    calendar_anchor,
    ends_on_term,
    fixed_term,
    pro_rata,
    renewed_fixed_term,
    require_calendar,
)
from goodstanding.core.periods import (
    BeyondCalendar,
    EndNotAfterStart,
    EndRule,
    Interval,
    NaiveMoment,
    NotAWholeCount,
    Period,
    PeriodRefused,
    Unit,
    nth,
    start_of_day,
    term,
)

from .test_periods_steps import BERLIN, MONTHLY, YEARLY, local

FIVE_YEARS = Interval(Unit.YEAR, 5)
QUARTER = Interval(Unit.MONTH, 3)
NEW_YORK = ZoneInfo("America/New_York")
thorough = settings(max_examples=300, deadline=None)


def day(code: str) -> MonthDay | None:
    """Return the day of a code, or ``None`` for none."""
    return MonthDay.parse(code) if code else None


def starting(code: str) -> MonthDay:
    """Return the start day of a code."""
    return MonthDay.parse(code)


def shown(period: Period, tz: ZoneInfo = BERLIN) -> tuple[str, str]:
    """Return the first and the last day."""
    return str(period.start.astimezone(tz).date()), str(period.last_day(tz=tz))


TABLE = [
    # joined, interval, starts, rollover, first and last day
    ("2026-02-28", YEARLY, "0301", "1111", "2025-03-01", "2027-02-28"),  # the last day: the next year is given too
    ("2026-03-01", YEARLY, "0301", "1111", "2026-03-01", "2027-02-28"),
    ("2026-11-10", YEARLY, "0301", "1111", "2026-03-01", "2027-02-28"),
    ("2026-11-11", YEARLY, "0301", "1111", "2026-03-01", "2028-02-29"),
    ("2026-11-11", YEARLY, "0301", "", "2026-03-01", "2027-02-28"),
    ("2026-03-01", YEARLY, "0301", "0301", "2026-03-01", "2028-02-29"),  # the rollover day is the first: always given
    ("2027-01-15", YEARLY, "0301", "0101", "2026-03-01", "2028-02-29"),  # earlier in the calendar than the start day
    ("2026-12-31", YEARLY, "0301", "0101", "2026-03-01", "2027-02-28"),
    ("2026-12-24", FIVE_YEARS, "0301", "1111", "2026-03-01", "2032-02-29"),  # one year more, not five
    ("2027-01-24", FIVE_YEARS, "0301", "1111", "2026-03-01", "2032-02-29"),
    ("2026-02-27", YEARLY, "0229", "", "2025-02-28", "2026-02-27"),  # no 29th: the 28th, and back to the 29th
    ("2026-02-28", YEARLY, "0229", "", "2026-02-28", "2027-02-27"),
    ("2027-06-01", YEARLY, "0229", "", "2027-02-28", "2028-02-28"),
    ("2028-02-29", YEARLY, "0229", "", "2028-02-29", "2029-02-27"),
    ("2026-02-28", YEARLY, "0229", "0228", "2026-02-28", "2027-02-27"),  # nobody joins in the gap that is not there
    ("2028-02-28", YEARLY, "0229", "0228", "2027-02-28", "2029-02-27"),
    ("2026-02-28", YEARLY, "0101", "0229", "2026-01-01", "2027-12-31"),
    ("2026-06-14", MONTHLY, "01", "15", "2026-06-01", "2026-06-30"),
    ("2026-06-15", MONTHLY, "01", "15", "2026-06-01", "2026-07-31"),
    ("2026-12-31", MONTHLY, "01", "31", "2026-12-01", "2027-01-31"),
    ("2026-02-28", MONTHLY, "01", "31", "2026-02-01", "2026-03-31"),  # the month's last day
    ("2026-06-14", MONTHLY, "15", "", "2026-05-15", "2026-06-14"),
    ("2026-06-03", MONTHLY, "15", "01", "2026-05-15", "2026-07-14"),
    ("2026-03-30", MONTHLY, "31", "", "2026-02-28", "2026-03-30"),
    ("2026-06-15", MONTHLY, "0401", "0115", "2026-06-01", "2026-07-31"),  # months named where they do not matter
    ("2026-05-15", QUARTER, "01", "", "2026-05-01", "2026-07-31"),
    ("2026-05-15", QUARTER, "0101", "", "2026-04-01", "2026-06-30"),
    ("2026-06-15", QUARTER, "0101", "0315", "2026-04-01", "2026-09-30"),
    ("2026-03-10", QUARTER, "1201", "", "2026-03-01", "2026-05-31"),
    ("2026-03-10", Interval(Unit.MONTH, 12), "0401", "", "2025-04-01", "2026-03-31"),
    ("2026-03-10", Interval(Unit.MONTH, 24), "0401", "0301", "2025-04-01", "2028-03-31"),
    ("2026-03-10", Interval(Unit.MONTH, 5), "01", "", "2026-03-01", "2026-07-31"),
]


@pytest.mark.parametrize(("joined", "interval", "starts", "rollover", "first", "last"), TABLE)
def test_fixed_terms_by_dates(
    joined: str, interval: Interval, starts: str, rollover: str, first: str, last: str
) -> None:
    for time_of_day in ("00:00", "13:37", "23:59"):
        bought = fixed_term(
            local(f"{joined} {time_of_day}"),
            interval,
            starts_on=starting(starts),
            rollover_on=day(rollover),
            tz=BERLIN,
        )
        assert shown(bought) == (first, last)


def test_the_site_s_own_day_decides() -> None:
    """An hour before midnight in New York it is 1 March in UTC."""
    bought = fixed_term(
        datetime(2026, 3, 1, 4, 0, tzinfo=UTC), YEARLY, starts_on=starting("0301"), rollover_on=None, tz=NEW_YORK
    )

    assert bought == Period.of_days(date(2025, 3, 1), date(2026, 2, 28), tz=NEW_YORK)


def test_where_midnight_is_skipped_the_period_begins_at_the_jump() -> None:
    cairo = ZoneInfo("Africa/Cairo")  # the clocks went from 00:00 to 01:00 on 28 April 2023
    joined = datetime(2023, 5, 1, tzinfo=UTC)

    bought = fixed_term(joined, YEARLY, starts_on=starting("0428"), rollover_on=None, tz=cairo)

    assert bought == Period(datetime(2023, 4, 27, 22, tzinfo=UTC), datetime(2024, 4, 27, 21, tzinfo=UTC))


GIVEN = [
    # joined, given start, given end, first and last day; a year from 1 November, rolling over on 1 January
    ("2015-01-28", "2015-01-28", None, "2015-01-28", "2016-10-31"),
    ("2015-01-28", "2014-12-01", None, "2014-12-01", "2016-10-31"),
    ("2014-12-01", "2015-01-28", None, "2015-01-28", "2015-10-31"),  # joined before the rollover day
    ("2015-01-28", "2016-02-01", None, "2016-02-01", "2016-10-31"),
    ("2015-01-28", None, "2015-03-31", "2014-11-01", "2015-03-31"),
    ("2015-01-28", "2015-02-01", "2015-03-31", "2015-02-01", "2015-03-31"),
    ("2015-01-28", "2015-02-01", "2015-02-01", "2015-02-01", "2015-02-01"),
]


@pytest.mark.parametrize(("joined", "start_on", "end_on", "first", "last"), GIVEN)
def test_given_dates_are_kept(joined: str, start_on: str | None, end_on: str | None, first: str, last: str) -> None:
    bought = fixed_term(
        local(joined),
        YEARLY,
        starts_on=starting("1101"),
        rollover_on=starting("0101"),
        tz=BERLIN,
        start_on=date.fromisoformat(start_on) if start_on else None,
        end_on=date.fromisoformat(end_on) if end_on else None,
    )

    assert shown(bought) == (first, last)


RENEWALS = [
    # old end (the first day not covered), now, lapse, starts, rollover, terms, first and last day; yearly
    ("2027-01-01", "2026-06-15", None, "0101", "1231", 1, "2027-01-01", "2027-12-31"),
    ("2027-01-01", "2026-12-31", None, "0101", "1231", 2, "2027-01-01", "2028-12-31"),
    ("2027-01-01", "2027-01-01", None, "0101", "", 1, "2027-01-01", "2027-12-31"),
    ("2027-01-01", "2027-01-20", "2027-01-31", "0101", "", 1, "2027-01-01", "2027-12-31"),  # in grace
    ("2027-01-01", "2027-01-31", "2027-01-31", "0101", "", 1, "2027-01-01", "2027-12-31"),  # lapsed: the running year
    ("2027-01-01", "2027-11-20", "2027-01-31", "0101", "1101", 1, "2027-01-01", "2028-12-31"),  # lapsed: rolls over
    ("2026-02-28", "2026-01-01", None, "0229", "", 2, "2026-02-28", "2028-02-28"),
    ("2028-02-29", "2026-01-01", None, "0229", "", 1, "2028-02-29", "2029-02-27"),
    # from an end that is none of the calendar's: as one who joins then
    ("2026-06-15", "2026-06-01", None, "0101", "1001", 1, "2026-06-15", "2026-12-31"),
    ("2026-10-15", "2026-10-01", None, "0101", "1001", 1, "2026-10-15", "2027-12-31"),
]


@pytest.mark.parametrize(("old_end", "now", "lapse", "starts", "rollover", "terms", "first", "last"), RENEWALS)
def test_renewals_by_dates(
    old_end: str, now: str, lapse: str | None, starts: str, rollover: str, terms: int, first: str, last: str
) -> None:
    bought = renewed_fixed_term(
        local(old_end),
        now=local(now),
        interval=YEARLY,
        starts_on=starting(starts),
        rollover_on=day(rollover),
        tz=BERLIN,
        grace_until=local(lapse) if lapse else None,
        terms=terms,
    )

    assert shown(bought) == (first, last)


def test_an_end_in_the_middle_of_a_start_day_is_none_of_the_calendar_s() -> None:
    old_end = local("2026-01-01 13:00")

    bought = renewed_fixed_term(
        old_end, now=old_end, interval=YEARLY, starts_on=starting("0101"), rollover_on=None, tz=BERLIN
    )

    assert bought == Period(old_end, local("2027-01-01"))


# Scenarios


def test_p24_a_rolling_year_ends_with_the_day_and_twelve_hours_at_the_hour() -> None:
    """P24."""
    year = term(datetime(2026, 3, 1, 14, tzinfo=NEW_YORK), YEARLY, tz=NEW_YORK)
    hours = term(datetime(2026, 3, 1, 14, tzinfo=NEW_YORK), Interval(Unit.HOUR, 12), tz=NEW_YORK)

    assert year.end == datetime(2027, 3, 2, tzinfo=NEW_YORK)  # 2027-03-01 23:59:59, the bound is the midnight after
    assert hours.end == datetime(2026, 3, 2, 2, tzinfo=NEW_YORK)


B34_B42 = [
    ("2022-01-31", MONTHLY, "2022-02-27"),  # B34
    ("2026-02-28", MONTHLY, "2026-03-27"),  # B42
    ("2026-04-10", Interval(Unit.DAY, 3), "2026-04-12"),  # B42
]


@pytest.mark.parametrize(("start", "interval", "last"), B34_B42)
def test_b34_and_b42_terms_end_on_the_eve(start: str, interval: Interval, last: str) -> None:
    bought = term(local(start), interval, end_rule=EndRule.EVE, tz=BERLIN)

    assert str(bought.last_day(tz=BERLIN)) == last
    assert bought.end == start_of_day(date.fromisoformat(last), tz=BERLIN) + (local("2026-01-02") - local("2026-01-01"))


def test_b42_a_month_and_two_days_are_a_month_and_then_two_days() -> None:
    """B42: what adds units of two kinds is one term after the other, each from where the one before ended."""
    month = term(local("2026-02-28"), MONTHLY, end_rule=EndRule.EVE, tz=BERLIN)
    assert month.end is not None
    both = term(month.end, Interval(Unit.DAY, 2), end_rule=EndRule.EVE, tz=BERLIN)

    assert str(both.last_day(tz=BERLIN)) == "2026-03-29"


def test_a_term_that_ends_on_a_day_ends_with_it() -> None:
    assert ends_on_term(local("2026-06-30 23:59"), date(2026, 6, 30), BERLIN) == Period(
        local("2026-06-30 23:59"), local("2026-07-01")
    )
    with pytest.raises(TermOver, match="2026-06-30"):
        ends_on_term(local("2026-07-01 00:00"), date(2026, 6, 30), BERLIN)
    with pytest.raises(BeyondCalendar):
        ends_on_term(local("2026-07-01 00:00"), date.max, BERLIN)


# What a contract counts from

ANCHORS = [
    # end of the first period, interval, start day, what the ones after it are counted from
    ("2026-03-01", YEARLY, "0301", "2026-03-01"),
    ("2026-02-28", MONTHLY, "31", "2026-01-31"),
    ("2026-06-30", MONTHLY, "31", "2026-05-31"),
    ("2027-02-28", YEARLY, "0229", "2024-02-29"),
    ("2026-02-28", QUARTER, "1130", "2025-11-30"),
    ("2026-02-28", Interval(Unit.YEAR, 2), "0229", "2024-02-29"),
]


@pytest.mark.parametrize(("end", "interval", "starts", "anchor"), ANCHORS)
def test_a_contract_counts_from_a_day_that_is_not_clamped(
    end: str, interval: Interval, starts: str, anchor: str
) -> None:
    found = calendar_anchor(local(end), interval, starts_on=starting(starts), tz=BERLIN)

    assert found == local(anchor)
    bounds = [nth(found, interval, n=n, tz=BERLIN) for n in range(30)]
    assert local(end) in bounds
    for bound, following in pairwise(bounds):
        assert fixed_term(bound, interval, starts_on=starting(starts), rollover_on=None, tz=BERLIN).start == bound
        renewed = renewed_fixed_term(
            bound, now=bound, interval=interval, starts_on=starting(starts), rollover_on=None, tz=BERLIN
        )
        assert renewed.end == following


# Refusals


@pytest.mark.parametrize(("interval", "days", "refusal"), [
    (YEARLY, ["0301", "1111", ""], None),
    (MONTHLY, ["01", "15", ""], None),
    (YEARLY, ["0301", "15", ""], NoMonthNamed),
    (YEARLY, ["0301", "", "15"], NoMonthNamed),
    (YEARLY, ["15"], NoMonthNamed),
    (Interval(Unit.DAY, 30), ["0301"], NotACalendarInterval),
])  # fmt: skip
def test_a_calendar_is_looked_at_before_anybody_joins(
    interval: Interval, days: list[str], refusal: type[PeriodRefused] | None
) -> None:
    read = [day(each) for each in days]
    if refusal is None:
        require_calendar(interval, *read)
        return
    with pytest.raises(refusal):
        require_calendar(interval, *read)


@pytest.mark.parametrize("interval", [
    Interval(Unit.HOUR, 12), Interval(Unit.DAY, 30), Interval(Unit.WEEK), Interval(Unit.LIFE), Interval(Unit.MONTH, 5), Interval(Unit.MONTH, 18)
])  # fmt: skip
def test_what_cannot_keep_to_the_calendar_is_refused(interval: Interval) -> None:
    with pytest.raises(NotACalendarInterval, match="calendar"):
        fixed_term(local("2026-01-01"), interval, starts_on=starting("0101"), rollover_on=None, tz=BERLIN)


@pytest.mark.parametrize(("starts", "rollover", "full_until"), [("15", "", ""), ("0301", "15", ""), ("0301", "", "15")])
def test_a_year_needs_its_days_with_the_month(starts: str, rollover: str, full_until: str) -> None:
    with pytest.raises(NoMonthNamed, match="0301"):
        pro_rata(
            local("2026-01-01"),
            YEARLY,
            starts_on=starting(starts),
            rollover_on=day(rollover),
            tz=BERLIN,
            by=ProRata.DAYS,
            full_until=day(full_until),
        )


@pytest.mark.parametrize("terms", [0, -1, True])
def test_at_least_one_term_is_bought(terms: int) -> None:
    with pytest.raises(NotAWholeCount, match="terms"):
        fixed_term(local("2026-01-01"), YEARLY, starts_on=starting("0101"), rollover_on=None, tz=BERLIN, terms=terms)
    with pytest.raises(NotAWholeCount, match="terms"):
        renewed_fixed_term(
            local("2026-01-01"),
            now=local("2025-12-01"),
            interval=YEARLY,
            starts_on=starting("0101"),
            rollover_on=None,
            tz=BERLIN,
            terms=terms,
        )


def test_an_end_before_its_start_is_refused() -> None:
    with pytest.raises(EndNotAfterStart):
        fixed_term(
            local("2026-01-01"),
            YEARLY,
            starts_on=starting("0101"),
            rollover_on=None,
            tz=BERLIN,
            start_on=date(2026, 3, 2),
            end_on=date(2026, 3, 1),
        )


def test_a_moment_without_its_zone_and_years_out_of_reach_are_refused() -> None:
    with pytest.raises(NaiveMoment):
        fixed_term(datetime(2026, 1, 1), YEARLY, starts_on=starting("0101"), rollover_on=None, tz=BERLIN)  # noqa: DTZ001
    for year in (1, 9999):
        with pytest.raises(BeyondCalendar):
            fixed_term(
                datetime(year, 6, 1, tzinfo=UTC),
                YEARLY,
                starts_on=starting("0701"),
                rollover_on=None,
                tz=BERLIN,
                terms=9,
            )
    assert issubclass(BeyondCalendar, PeriodRefused)
