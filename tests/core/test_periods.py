"""Periods: half open, in UTC, and what they make together."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goodstanding.core.periods import (
    BeyondCalendar,
    EndNotAfterStart,
    NaiveMoment,
    Period,
    PeriodRefused,
    gaps,
    in_utc,
    start_of_day,
    union,
)

BERLIN = ZoneInfo("Europe/Berlin")
DAY_ZERO = datetime(2026, 1, 1, tzinfo=UTC)
SPAN = 14  # days that the properties look at
thorough = settings(max_examples=800, deadline=None)


def day(number: int) -> datetime:
    """Return the start of day ``number``, counted from 0."""
    return DAY_ZERO + timedelta(days=number)


def span(start: int, end: int | None = None) -> Period:
    """Return ``[start, end)`` in days."""
    return Period(day(start), None if end is None else day(end))


# What a period is


def test_a_moment_without_a_zone_is_refused_everywhere() -> None:
    naive = datetime.fromisoformat("2026-05-01 10:00")
    for refused in (
        lambda: Period(naive),
        lambda: Period(day(0), naive),
        lambda: span(0).contains(naive),
        lambda: in_utc(naive),
    ):
        with pytest.raises(NaiveMoment, match="in which time zone"):
            refused()


@pytest.mark.parametrize("end", [0, -1])
def test_a_period_ends_after_it_starts(end: int) -> None:
    with pytest.raises(EndNotAfterStart, match="must end later"):
        span(0, end)


def test_a_period_of_an_instant_is_the_shortest() -> None:
    assert Period(day(0), day(0) + timedelta(microseconds=1)).contains(day(0))


def test_bounds_of_any_zone_are_kept_in_utc() -> None:
    period = Period(datetime(2026, 7, 1, tzinfo=BERLIN), datetime(2026, 7, 2, tzinfo=timezone(timedelta(hours=-4))))

    assert period == Period(datetime(2026, 6, 30, 22, tzinfo=UTC), datetime(2026, 7, 2, 4, tzinfo=UTC))
    assert period.start.tzinfo is UTC
    assert period.end is not None
    assert period.end.tzinfo is UTC


def test_the_order_of_bounds_is_that_of_moments_not_of_clocks() -> None:
    """02:30 comes twice in Berlin on 25 Oct 2026: a period from the first to the second is an hour long."""
    first, second = (datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=fold) for fold in (0, 1))

    period = Period(first, second)

    assert period.end is not None
    assert period.end - period.start == timedelta(hours=1)
    with pytest.raises(EndNotAfterStart):
        Period(second, first)


@pytest.mark.parametrize(("moment", "inside"), [(-1, False), (0, True), (1, True), (2, False), (3, False)])
def test_the_start_is_in_it_and_the_end_is_not(moment: int, inside: bool) -> None:
    assert span(0, 2).contains(day(moment)) is inside


@pytest.mark.parametrize(("moment", "inside"), [(-1, False), (0, True), (10_000, True)])
def test_without_an_end_it_contains_all_that_comes(moment: int, inside: bool) -> None:
    assert span(0).contains(day(moment)) is inside


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [
        (span(0, 2), span(1, 3), span(1, 2)),
        (span(0, 2), span(2, 3), None),
        (span(0, 2), span(3, 4), None),
        (span(0, 9), span(3, 4), span(3, 4)),
        (span(0), span(3, 4), span(3, 4)),
        (span(3), span(0, 3), None),
        (span(3), span(0, 4), span(3, 4)),
        (span(0), span(3), span(3)),
    ],
)
def test_periods_overlap_in_what_both_cover(one: Period, other: Period, common: Period | None) -> None:
    assert one.intersect(other) == other.intersect(one) == common
    assert one.overlaps(other) is other.overlaps(one) is (common is not None)


# Days, as people write them


def test_days_are_included_first_and_last_in_the_local_zone() -> None:
    march = Period.of_days(date(2026, 3, 1), date(2026, 3, 31), tz=BERLIN)

    assert march.start == datetime(2026, 2, 28, 23, tzinfo=UTC)
    assert march.end == datetime(2026, 3, 31, 22, tzinfo=UTC)
    assert march.last_day(tz=BERLIN) == date(2026, 3, 31)
    assert march.last_day(tz=UTC) == date(2026, 3, 31)
    assert march.last_day(tz=ZoneInfo("Asia/Tokyo")) == date(2026, 4, 1)


def test_one_day_is_a_period_and_no_day_is_none() -> None:
    assert Period.of_days(date(2026, 3, 29), date(2026, 3, 29), tz=BERLIN).last_day(tz=BERLIN) == date(2026, 3, 29)
    with pytest.raises(EndNotAfterStart):
        Period.of_days(date(2026, 3, 29), date(2026, 3, 28), tz=BERLIN)


def test_a_period_without_an_end_has_no_last_day() -> None:
    assert Period.of_days(date(2026, 3, 1), None, tz=BERLIN).last_day(tz=BERLIN) is None


def test_an_end_within_a_day_counts_that_day() -> None:
    assert Period(day(0), day(3) + timedelta(hours=1)).last_day(tz=UTC) == date(2026, 1, 4)


@pytest.mark.parametrize(
    ("zone", "on", "begins"),
    [
        ("Europe/Berlin", date(2026, 3, 29), datetime(2026, 3, 28, 23, tzinfo=UTC)),
        ("Africa/Cairo", date(2024, 4, 26), datetime(2024, 4, 25, 22, tzinfo=UTC)),  # 00:00 is skipped: 01:00
        ("America/Havana", date(2026, 11, 1), datetime(2026, 11, 1, 4, tzinfo=UTC)),  # 00:00 comes twice: the first
        ("America/Nuuk", date(2024, 10, 27), datetime(2024, 10, 27, 2, tzinfo=UTC)),  # 00:00 -> 23:00, then 00:00
        ("America/Toronto", date(1919, 3, 31), datetime(1919, 3, 31, 4, 30, tzinfo=UTC)),  # 23:30 -> 00:30
        ("America/St_Johns", date(2010, 11, 7), datetime(2010, 11, 7, 3, 30, tzinfo=UTC)),  # 00:01 -> 23:01: the second
        ("Pacific/Apia", date(2011, 12, 30), datetime(2011, 12, 30, 10, tzinfo=UTC)),  # a day that never was
    ],
)
def test_a_day_begins_at_midnight_or_at_the_jump_that_skips_it(zone: str, on: date, begins: datetime) -> None:
    assert start_of_day(on, tz=ZoneInfo(zone)) == begins


def test_days_beyond_the_calendar_are_refused() -> None:
    assert Period.of_days(date(2026, 1, 1), date(9999, 12, 30), tz=UTC).last_day(tz=UTC) == date(9999, 12, 30)
    for refused in (
        lambda: Period.of_days(date(2026, 1, 1), date.max, tz=UTC),
        lambda: start_of_day(date.min, tz=BERLIN),
        lambda: in_utc(datetime.min.replace(tzinfo=BERLIN)),
    ):
        with pytest.raises(BeyondCalendar, match="years 1 to 9999"):
            refused()


def test_every_refusal_about_periods_is_of_one_family() -> None:
    for error in (BeyondCalendar, EndNotAfterStart, NaiveMoment):
        assert issubclass(error, PeriodRefused)


# Together


@pytest.mark.parametrize(
    ("periods", "merged", "between"),
    [
        ([], (), ()),
        ([span(0, 1)], (span(0, 1),), ()),
        ([span(1, 2), span(0, 1)], (span(0, 2),), ()),
        ([span(0, 1), span(2, 3)], (span(0, 1), span(2, 3)), (span(1, 2),)),
        ([span(0, 5), span(1, 2)], (span(0, 5),), ()),
        ([span(0, 2), span(1, 4), span(3, 5), span(7, 8)], (span(0, 5), span(7, 8)), (span(5, 7),)),
        ([span(0), span(1, 2), span(5)], (span(0),), ()),
        ([span(3), span(0, 1), span(1, 2)], (span(0, 2), span(3)), (span(2, 3),)),
        ([span(0, 1), span(0, 3), span(0, 2)], (span(0, 3),), ()),
        ([span(0, 1), span(0, 1)], (span(0, 1),), ()),
    ],
)
def test_periods_unite_where_they_touch(
    periods: list[Period], merged: tuple[Period, ...], between: tuple[Period, ...]
) -> None:
    assert union(periods) == merged
    assert gaps(periods) == between


@pytest.mark.parametrize(
    ("periods", "within", "missing"),
    [
        ([], span(0, 3), (span(0, 3),)),
        ([], span(0), (span(0),)),
        ([span(0, 3)], span(0, 3), ()),
        ([span(1, 2)], span(0, 3), (span(0, 1), span(2, 3))),
        ([span(-5, 1), span(2, 9)], span(0, 3), (span(1, 2),)),
        ([span(5, 9)], span(0, 3), (span(0, 3),)),
        ([span(3, 9)], span(0, 3), (span(0, 3),)),
        ([span(-9, 0)], span(0, 3), (span(0, 3),)),
        ([span(1)], span(0, 3), (span(0, 1),)),
        ([span(1)], span(0), (span(0, 1),)),
        ([span(1, 2)], span(0), (span(0, 1), span(2))),
    ],
)
def test_gaps_within_a_stretch_are_what_nothing_covers(
    periods: list[Period], within: Period, missing: tuple[Period, ...]
) -> None:
    assert gaps(periods, within=within) == missing


numbers = st.integers(0, SPAN)
some_periods = st.lists(
    st.builds(
        lambda start, length: span(start, None if length is None else start + length),
        numbers,
        st.one_of(st.none(), st.integers(1, 5), st.integers(1, 5), st.integers(1, 5)),
    ),
    max_size=7,
)


@thorough
@given(some_periods)
def test_a_union_covers_just_the_same_moments_apart_and_in_order(periods: list[Period]) -> None:
    merged = union(periods)

    for moment in map(day, range(-1, 2 * SPAN)):
        assert any(each.contains(moment) for each in merged) is any(each.contains(moment) for each in periods)
    for one, two in pairwise(merged):
        assert one.end is not None
        assert one.end < two.start
    assert union(merged) == merged
    assert union(reversed(periods)) == merged


@thorough
@given(some_periods, numbers, st.one_of(st.none(), st.integers(1, SPAN)))
def test_gaps_and_periods_share_nothing_and_fill_the_stretch(
    periods: list[Period], start: int, length: int | None
) -> None:
    within = span(start, None if length is None else start + length)
    missing = gaps(periods, within=within)

    covered = [common for each in periods if (common := each.intersect(within))]
    assert union([*missing, *covered]) == (within,)
    assert not any(gap.overlaps(each) for gap in missing for each in periods)
    assert union(missing) == missing


@thorough
@given(some_periods)
def test_gaps_lie_between_the_pieces_of_the_union(periods: list[Period]) -> None:
    merged, missing = union(periods), gaps(periods)

    assert len(missing) == max(len(merged) - 1, 0)
    assert len(union([*merged, *missing])) == min(len(merged), 1)
