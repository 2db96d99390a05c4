"""Steps, terms and renewals by tables of dates: month ends, leap days, clocks put forward and back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from goodstanding.core.periods import (
    BeyondCalendar,
    EndRule,
    Interval,
    LifeHasNoEnd,
    NaiveMoment,
    NotAWholeCount,
    Period,
    Unit,
    UnknownUnit,
    nth,
    nth_utc,
    term,
)

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
MONTHLY, YEARLY = Interval(Unit.MONTH), Interval(Unit.YEAR)
DAILY, WEEKLY, HOURLY = Interval(Unit.DAY), Interval(Unit.WEEK), Interval(Unit.HOUR)
LIFE = Interval(Unit.LIFE)


def local(text: str, zone: ZoneInfo = BERLIN, *, fold: int = 0) -> datetime:
    """Return the moment at which the clocks of ``zone`` show ``text``."""
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold)


def shown(moment: datetime | None, zone: ZoneInfo = BERLIN) -> str:
    """Return what the clocks of ``zone`` show, with their offset."""
    assert moment is not None
    return moment.astimezone(zone).isoformat(" ", "minutes")


# Intervals


@pytest.mark.parametrize("count", [0, -1, True, 1.0, "1", None])
def test_an_interval_counts_at_least_one_whole_unit(count: Any) -> None:
    with pytest.raises(NotAWholeCount, match="at least 1"):
        Interval(Unit.MONTH, count)


def test_a_life_is_one() -> None:
    assert Interval(Unit.LIFE) == Interval(Unit.LIFE, 1)
    with pytest.raises(NotAWholeCount, match="for life"):
        Interval(Unit.LIFE, 2)


def test_a_unit_may_come_as_its_plain_name_and_no_other() -> None:
    plain: Any = "life"
    assert Interval(plain).unit is Unit.LIFE
    unknown: Any = "fortnight"
    with pytest.raises(UnknownUnit, match="hour, day, week, month, year, life"):
        Interval(unknown)


# Month ends and leap days

MONTH_ENDS = [
    # anchor, interval, the local dates of boundaries 1, 2, 3 ...
    ("2026-01-31", MONTHLY, ["2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31", "2026-06-30"]),
    ("2024-01-31", MONTHLY, ["2024-02-29", "2024-03-31", "2024-04-30"]),  # scenario B31
    ("2023-01-31", MONTHLY, ["2023-02-28", "2023-03-31", "2023-04-30"]),
    ("2026-01-30", MONTHLY, ["2026-02-28", "2026-03-30"]),
    ("2026-01-29", MONTHLY, ["2026-02-28", "2026-03-29"]),
    ("2028-01-29", MONTHLY, ["2028-02-29", "2028-03-29"]),
    ("2026-01-28", MONTHLY, ["2026-02-28", "2026-03-28"]),
    ("2026-02-28", MONTHLY, ["2026-03-28", "2026-04-28"]),
    ("2026-12-31", MONTHLY, ["2027-01-31", "2027-02-28", "2027-03-31"]),
    ("2026-08-31", Interval(Unit.MONTH, 3), ["2026-11-30", "2027-02-28", "2027-05-31", "2027-08-31"]),
    ("2026-08-31", Interval(Unit.MONTH, 6), ["2027-02-28", "2027-08-31", "2028-02-29"]),
    ("2026-10-31", Interval(Unit.MONTH, 13), ["2027-11-30", "2028-12-31", "2030-01-31"]),
    ("2024-02-29", YEARLY, ["2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]),
    ("2096-02-29", YEARLY, ["2097-02-28", "2098-02-28", "2099-02-28", "2100-02-28", "2101-02-28"]),
    ("2024-02-29", Interval(Unit.YEAR, 4), ["2028-02-29", "2032-02-29"]),
    ("2024-02-29", Interval(Unit.MONTH, 12), ["2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]),
    ("2026-12-31", DAILY, ["2027-01-01", "2027-01-02"]),
    ("2028-02-28", DAILY, ["2028-02-29", "2028-03-01"]),
    ("2026-12-28", WEEKLY, ["2027-01-04", "2027-01-11"]),
    ("2026-01-31", Interval(Unit.WEEK, 4), ["2026-02-28", "2026-03-28"]),
]


@pytest.mark.parametrize(("anchor", "interval", "dates"), MONTH_ENDS)
@pytest.mark.parametrize("zone", [BERLIN, NEW_YORK, LORD_HOWE], ids=str)
def test_month_ends_are_clamped_and_return_to_the_anchor(
    anchor: str, interval: Interval, dates: list[str], zone: ZoneInfo
) -> None:
    first = local(f"{anchor} 18:45", zone)

    stepped = [nth(first, interval, n=n, tz=zone).astimezone(zone) for n in range(1, len(dates) + 1)]

    assert [f"{each:%Y-%m-%d %H:%M}" for each in stepped] == [f"{each} 18:45" for each in dates]


def test_a_boundary_before_the_anchor_is_clamped_too() -> None:
    assert shown(nth(local("2026-03-31 10:00"), MONTHLY, n=-1, tz=BERLIN)) == "2026-02-28 10:00+01:00"
    assert shown(nth(local("2026-03-31 10:00"), MONTHLY, n=-3, tz=BERLIN)) == "2025-12-31 10:00+01:00"


def test_boundary_zero_is_the_anchor_itself_to_the_microsecond() -> None:
    anchor = datetime(2026, 5, 1, 10, 0, 1, 234567, tzinfo=UTC)
    for interval in (HOURLY, DAILY, WEEKLY, MONTHLY, YEARLY):
        assert nth(anchor, interval, n=0, tz=BERLIN) == anchor
    assert nth(anchor, MONTHLY, n=1, tz=BERLIN) == anchor + timedelta(days=31)


# Clocks put forward and back

CLOCKS = [
    # zone, anchor, interval, n, what the clocks show then
    # Berlin: forward on 2026-03-29 02:00 -> 03:00, back on 2026-10-25 03:00 -> 02:00
    (BERLIN, "2026-03-28 12:00", DAILY, 1, "2026-03-29 12:00+02:00"),
    (BERLIN, "2026-03-28 12:00", Interval(Unit.HOUR, 24), 1, "2026-03-29 13:00+02:00"),
    (BERLIN, "2026-03-28 02:30", DAILY, 1, "2026-03-29 03:00+02:00"),
    (BERLIN, "2026-03-28 02:00", DAILY, 1, "2026-03-29 03:00+02:00"),
    (BERLIN, "2026-03-28 02:59", DAILY, 1, "2026-03-29 03:00+02:00"),
    (BERLIN, "2026-03-28 01:59", DAILY, 1, "2026-03-29 01:59+01:00"),
    (BERLIN, "2026-03-28 03:00", DAILY, 1, "2026-03-29 03:00+02:00"),
    (BERLIN, "2026-03-28 02:30", DAILY, 2, "2026-03-30 02:30+02:00"),
    (BERLIN, "2026-02-28 02:30", MONTHLY, 1, "2026-03-28 02:30+01:00"),
    (BERLIN, "2025-03-29 02:30", YEARLY, 1, "2026-03-29 03:00+02:00"),
    (BERLIN, "2025-03-29 02:30", YEARLY, 2, "2027-03-29 02:30+02:00"),
    (BERLIN, "2026-10-24 12:00", DAILY, 1, "2026-10-25 12:00+01:00"),
    (BERLIN, "2026-10-24 12:00", Interval(Unit.HOUR, 24), 1, "2026-10-25 11:00+01:00"),
    (BERLIN, "2026-10-24 02:30", DAILY, 1, "2026-10-25 02:30+02:00"),
    (BERLIN, "2026-10-24 03:00", DAILY, 1, "2026-10-25 03:00+01:00"),
    (BERLIN, "2026-10-18 02:30", WEEKLY, 1, "2026-10-25 02:30+02:00"),
    (BERLIN, "2026-01-31 23:30", MONTHLY, 6, "2026-07-31 23:30+02:00"),
    # New York: forward on 2026-03-08 02:00 -> 03:00, back on 2026-11-01 02:00 -> 01:00
    (NEW_YORK, "2026-03-07 12:00", DAILY, 1, "2026-03-08 12:00-04:00"),
    (NEW_YORK, "2026-02-08 02:30", MONTHLY, 1, "2026-03-08 03:00-04:00"),
    (NEW_YORK, "2026-10-31 12:00", DAILY, 1, "2026-11-01 12:00-05:00"),
    (NEW_YORK, "2026-10-01 01:30", MONTHLY, 1, "2026-11-01 01:30-04:00"),
    (NEW_YORK, "2026-10-31 23:30", Interval(Unit.HOUR, 3), 1, "2026-11-01 01:30-05:00"),
    # Lord Howe: half an hour; forward on 2026-10-04 02:00 -> 02:30, back on 2026-04-05 02:00 -> 01:30
    (LORD_HOWE, "2026-10-03 02:15", DAILY, 1, "2026-10-04 02:30+11:00"),
    (LORD_HOWE, "2026-10-03 01:59", DAILY, 1, "2026-10-04 01:59+10:30"),
    (LORD_HOWE, "2026-10-03 12:00", DAILY, 1, "2026-10-04 12:00+11:00"),
    (LORD_HOWE, "2026-10-03 12:00", Interval(Unit.HOUR, 24), 1, "2026-10-04 12:30+11:00"),
    (LORD_HOWE, "2026-04-04 01:45", DAILY, 1, "2026-04-05 01:45+11:00"),
    (LORD_HOWE, "2026-04-04 12:00", DAILY, 1, "2026-04-05 12:00+10:30"),
    (LORD_HOWE, "2026-03-31 02:15", MONTHLY, 7, "2026-10-31 02:15+11:00"),
]


@pytest.mark.parametrize(("zone", "anchor", "interval", "n", "expected"), CLOCKS)
def test_clocks_may_change_between_boundaries(
    zone: ZoneInfo, anchor: str, interval: Interval, n: int, expected: str
) -> None:
    assert shown(nth(local(anchor, zone), interval, n=n, tz=zone), zone) == expected


@pytest.mark.parametrize("skipped", ["02:00:00.000001", "02:00:00.5", "02:30:59.123456", "02:59:59.999999"])
def test_a_skipped_time_with_a_fraction_of_a_second_counts_at_the_very_jump(skipped: str) -> None:
    jump = nth(local(f"2026-03-28 {skipped}"), DAILY, n=1, tz=BERLIN)

    assert jump == datetime(2026, 3, 29, 1, tzinfo=UTC)


def test_an_anchor_in_the_second_of_two_equal_hours_stays_there_and_steps_by_its_wall_clock() -> None:
    second = local("2026-10-25 02:30", fold=1)

    assert nth(second, DAILY, n=0, tz=BERLIN) == second.astimezone(UTC)
    assert shown(nth(second, DAILY, n=1, tz=BERLIN)) == "2026-10-26 02:30+01:00"
    assert shown(nth(second, YEARLY, n=-1, tz=BERLIN)) == "2025-10-25 02:30+02:00"


def test_a_day_that_never_was_counts_at_the_jump_and_the_steps_stay_apart() -> None:
    """Samoa went from 29 to 31 December 2011."""
    apia = ZoneInfo("Pacific/Apia")
    boundaries = [nth(local("2011-12-28 10:00", apia), DAILY, n=n, tz=apia) for n in range(5)]

    assert [shown(each, apia)[:16] for each in boundaries] == [
        "2011-12-28 10:00",
        "2011-12-29 10:00",
        "2011-12-31 00:00",
        "2011-12-31 10:00",
        "2012-01-01 10:00",
    ]


def test_a_gateway_steps_in_utc_and_the_site_on_its_own_clock() -> None:
    """23:30 UTC on 31 January is already 1 February in Berlin."""
    anchor = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)

    assert nth_utc(anchor, MONTHLY, n=1) == datetime(2026, 2, 28, 23, 30, tzinfo=UTC)
    assert nth_utc(anchor, MONTHLY, n=2) == datetime(2026, 3, 31, 23, 30, tzinfo=UTC)
    assert nth(anchor, MONTHLY, n=1, tz=BERLIN) == datetime(2026, 2, 28, 23, 30, tzinfo=UTC)  # 1 March, 00:30
    assert nth(anchor, MONTHLY, n=2, tz=BERLIN) == datetime(2026, 3, 31, 22, 30, tzinfo=UTC)  # 1 April, 00:30


def test_the_anchor_may_be_told_in_any_zone() -> None:
    anchor = local("2026-01-31 18:00", NEW_YORK)

    assert nth(anchor, MONTHLY, n=1, tz=BERLIN) == nth(anchor.astimezone(UTC), MONTHLY, n=1, tz=BERLIN)


def test_life_has_no_next_date() -> None:
    for n in (0, 1):
        with pytest.raises(LifeHasNoEnd, match="for life"):
            nth(local("2026-01-01"), LIFE, n=n, tz=BERLIN)


@pytest.mark.parametrize("interval", [HOURLY, DAILY, WEEKLY, MONTHLY, YEARLY])
@pytest.mark.parametrize("n", [-(10**9), 10**9, 10**40])
def test_dates_beyond_the_calendar_are_refused(interval: Interval, n: int) -> None:
    with pytest.raises(BeyondCalendar, match="years 1 to 9999"):
        nth(local("2026-01-01 10:00"), interval, n=n, tz=BERLIN)


def test_a_naive_anchor_is_refused() -> None:
    naive = datetime.fromisoformat("2026-01-01 10:00")
    for refused in (
        lambda: nth(naive, MONTHLY, n=1, tz=BERLIN),
        lambda: nth_utc(naive, MONTHLY, n=1),
        lambda: term(naive, MONTHLY, tz=BERLIN),
        lambda: term(naive, LIFE, tz=BERLIN),
    ):
        with pytest.raises(NaiveMoment):
            refused()


# Terms

TERMS = [
    # zone, start, interval, terms, the ends by same_day, eve and exact
    (NEW_YORK, "2026-03-01 14:00", YEARLY, 1, "2027-03-02 00:00", "2027-03-01 00:00", "2027-03-01 14:00"),  # P24
    (NEW_YORK, "2026-03-01 14:00", Interval(Unit.HOUR, 12), 1, *["2026-03-02 02:00"] * 3),  # P24
    (NEW_YORK, "2026-03-01 14:00", Interval(Unit.HOUR, 12), 3, *["2026-03-03 02:00"] * 3),
    (BERLIN, "2022-01-31 10:00", MONTHLY, 1, "2022-03-01 00:00", "2022-02-28 00:00", "2022-02-28 10:00"),  # B34
    (BERLIN, "2026-02-28 10:00", MONTHLY, 1, "2026-03-29 00:00", "2026-03-28 00:00", "2026-03-28 10:00"),  # B42
    (BERLIN, "2026-04-10 10:00", DAILY, 3, "2026-04-14 00:00", "2026-04-13 00:00", "2026-04-13 10:00"),  # B42
    (BERLIN, "2026-04-10 10:00", Interval(Unit.DAY, 3), 1, "2026-04-14 00:00", "2026-04-13 00:00", "2026-04-13 10:00"),
    (BERLIN, "2026-04-10 23:59", DAILY, 1, "2026-04-12 00:00", "2026-04-11 00:00", "2026-04-11 23:59"),
    (BERLIN, "2026-04-10 00:00", DAILY, 1, "2026-04-12 00:00", "2026-04-11 00:00", "2026-04-11 00:00"),
    (BERLIN, "2026-04-10 10:00", WEEKLY, 2, "2026-04-25 00:00", "2026-04-24 00:00", "2026-04-24 10:00"),
    (BERLIN, "2024-02-29 10:00", YEARLY, 1, "2025-03-01 00:00", "2025-02-28 00:00", "2025-02-28 10:00"),
    (BERLIN, "2024-02-29 10:00", YEARLY, 4, "2028-03-01 00:00", "2028-02-29 00:00", "2028-02-29 10:00"),
    (BERLIN, "2026-12-31 10:00", MONTHLY, 1, "2027-02-01 00:00", "2027-01-31 00:00", "2027-01-31 10:00"),
    # ends on the days when the clocks change
    (BERLIN, "2026-02-28 02:30", Interval(Unit.DAY, 29), 1, "2026-03-30 00:00", "2026-03-29 00:00", "2026-03-29 03:00"),
    (BERLIN, "2026-09-25 02:30", MONTHLY, 1, "2026-10-26 00:00", "2026-10-25 00:00", "2026-10-25 02:30"),
    (NEW_YORK, "2026-10-01 01:30", MONTHLY, 1, "2026-11-02 00:00", "2026-11-01 00:00", "2026-11-01 01:30"),
    (LORD_HOWE, "2026-09-04 02:15", MONTHLY, 1, "2026-10-05 00:00", "2026-10-04 00:00", "2026-10-04 02:30"),
]


@pytest.mark.parametrize(("zone", "start", "interval", "terms", "same_day", "eve", "exact"), TERMS)
def test_a_term_ends_by_the_rule_of_its_level(
    zone: ZoneInfo, start: str, interval: Interval, terms: int, same_day: str, eve: str, exact: str
) -> None:
    begun = local(start, zone)
    ends = {EndRule.SAME_DAY: same_day, EndRule.EVE: eve, EndRule.EXACT: exact}

    for rule, end in ends.items():
        bought = term(begun, interval, terms=terms, end_rule=rule, tz=zone)
        assert bought == Period(begun, local(end, zone)), rule
    assert term(begun, interval, terms=terms, tz=zone).end == local(same_day, zone), "same_day is the default"


def test_a_term_for_life_has_no_end_by_any_rule() -> None:
    for rule in EndRule:
        begun = local("2026-01-31 10:00")
        assert term(begun, LIFE, end_rule=rule, tz=BERLIN) == Period(begun, None)


@pytest.mark.parametrize("terms", [0, -1, True, 1.5, None])
def test_at_least_one_term_is_bought(terms: Any) -> None:
    for interval in (MONTHLY, LIFE):
        with pytest.raises(NotAWholeCount, match="terms"):
            term(local("2026-01-31"), interval, terms=terms, tz=BERLIN)


def test_a_term_that_would_end_after_the_year_9999_is_refused() -> None:
    assert term(local("2026-01-31"), Interval(Unit.YEAR, 7973), tz=BERLIN).last_day(tz=BERLIN) == date(9999, 1, 31)
    for rule in EndRule:
        with pytest.raises(BeyondCalendar):
            term(local("2026-01-31"), Interval(Unit.YEAR, 7974), tz=BERLIN, end_rule=rule)
    with pytest.raises(BeyondCalendar):
        term(local("9998-12-31 10:00"), YEARLY, tz=BERLIN)
