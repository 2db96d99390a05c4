"""Steps and terms from any anchor in any zone: I10 (renewal n depends on the anchor alone), order, and wall clocks."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from goodstanding.core.periods import (
    EndRule,
    Interval,
    Period,
    Unit,
    nth,
    nth_utc,
    renewed_term,
    start_of_day,
    term,
)

thorough = settings(max_examples=700, deadline=None)

# Whole and half hours of summer time, clocks changed at midnight and around it, a skipped day, far from UTC both ways.
ZONES = [
    ZoneInfo(name)
    for name in (
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Africa/Cairo",
        "America/Havana",
        "America/Nuuk",
        "America/St_Johns",
        "America/Sao_Paulo",
        "Asia/Kathmandu",
        "Pacific/Apia",
        "Pacific/Kiritimati",
    )
]
zones = st.sampled_from(ZONES)
month_ends = st.builds(
    lambda year, month, back, minutes: (
        datetime(year, month, monthrange(year, month)[1], tzinfo=UTC) + timedelta(days=-back, minutes=minutes)
    ),
    st.integers(2000, 2060),
    st.integers(1, 12),
    st.integers(0, 3),
    st.integers(0, 24 * 60 - 1),
)
moments = st.one_of(
    st.datetimes(datetime.fromisoformat("1995-01-01"), datetime.fromisoformat("2060-01-01"), timezones=st.just(UTC)),
    month_ends,
)
stepping = st.sampled_from([unit for unit in Unit if unit is not Unit.LIFE])
intervals = st.builds(Interval, stepping, st.integers(1, 14))
calendar_intervals = st.builds(Interval, st.sampled_from([Unit.MONTH, Unit.YEAR]), st.integers(1, 14))
rules = st.sampled_from(EndRule)


def wall(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return what the clocks of ``zone`` show, without a zone."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def exists(clock: datetime, zone: ZoneInfo) -> bool:
    """Return whether the clocks of ``zone`` ever show ``clock``."""
    return wall(clock.replace(tzinfo=zone).astimezone(UTC), zone) == clock


# Boundaries


@thorough
@given(moments, intervals, zones, st.integers(-40, 40))
def test_boundaries_grow_strictly(anchor: datetime, interval: Interval, zone: ZoneInfo, n: int) -> None:
    assert nth(anchor, interval, n=n, tz=zone) < nth(anchor, interval, n=n + 1, tz=zone)


@thorough
@given(moments, stepping, st.integers(1, 12), zones, st.integers(-12, 12))
def test_every_third_boundary_is_every_boundary_of_threes(
    anchor: datetime, unit: Unit, count: int, zone: ZoneInfo, n: int
) -> None:
    assert nth(anchor, Interval(unit, count), n=n, tz=zone) == nth(anchor, Interval(unit), n=n * count, tz=zone)


@thorough
@given(moments, calendar_intervals, zones, st.integers(-30, 30))
def test_months_keep_the_anchors_day_or_the_last_there_is(
    anchor: datetime, interval: Interval, zone: ZoneInfo, n: int
) -> None:
    begun, got = wall(anchor, zone), wall(nth(anchor, interval, n=n, tz=zone), zone)
    months = interval.count * (12 if interval.unit is Unit.YEAR else 1) * n
    index = begun.year * 12 + begun.month - 1 + months
    year, month = index // 12, index % 12 + 1
    clock = begun.replace(year=year, month=month, day=min(begun.day, monthrange(year, month)[1]))

    if exists(clock, zone):
        assert got == clock
    else:
        assert got > clock, "a skipped time counts at the jump"
        just_before = nth(anchor, interval, n=n, tz=zone) - timedelta(microseconds=1)
        assert wall(just_before, zone) < clock, "and not a moment later"


@thorough
@given(moments, st.sampled_from([Unit.DAY, Unit.WEEK]), st.integers(1, 40), zones, st.integers(-30, 30))
def test_days_keep_the_time_on_the_wall(anchor: datetime, unit: Unit, count: int, zone: ZoneInfo, n: int) -> None:
    clock = wall(anchor, zone) + timedelta(days=count * n * (7 if unit is Unit.WEEK else 1))
    assume(exists(clock, zone))

    assert wall(nth(anchor, Interval(unit, count), n=n, tz=zone), zone) == clock


@thorough
@given(moments, st.integers(1, 1000), zones, st.integers(-30, 30), rules)
def test_hours_are_elapsed_time_whatever_the_clocks_do(
    anchor: datetime, count: int, zone: ZoneInfo, n: int, rule: EndRule
) -> None:
    interval = Interval(Unit.HOUR, count)

    assert nth(anchor, interval, n=n, tz=zone) - anchor == timedelta(hours=n * count)
    assert term(anchor, interval, end_rule=rule, tz=zone).end == anchor + timedelta(hours=count)


@thorough
@given(moments, intervals, st.integers(-30, 30))
def test_in_utc_every_boundary_has_the_anchors_time_of_day(anchor: datetime, interval: Interval, n: int) -> None:
    got = nth_utc(anchor, interval, n=n)

    assert got.tzinfo is UTC
    if interval.unit is not Unit.HOUR:
        assert got.time() == anchor.time()


# Days


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_days_follow_each_other_without_a_hole(zone: ZoneInfo) -> None:
    first = datetime(2009, 6, 1, tzinfo=UTC).date()
    for number in range(366 * 4):
        day = first + timedelta(days=number)
        begins = start_of_day(day, tz=zone)
        skipped = str(zone) == "Pacific/Apia" and str(day) == "2011-12-30"
        assert wall(begins, zone).date() == (day + timedelta(days=1) if skipped else day)
        assert wall(begins - timedelta(microseconds=1), zone).date() < day


# Terms


@thorough
@given(moments, intervals, st.integers(1, 30), rules, zones)
def test_a_term_is_never_empty_and_more_terms_end_later(
    start: datetime, interval: Interval, terms: int, rule: EndRule, zone: ZoneInfo
) -> None:
    one, more = (term(start, interval, terms=each, end_rule=rule, tz=zone).end for each in (terms, terms + 1))

    assert one is not None
    assert more is not None
    assert start < one
    assert one < more or (str(zone) == "Pacific/Apia" and one == start_of_day(one.astimezone(zone).date(), tz=zone))


@thorough
@given(moments, intervals, st.integers(1, 30), zones)
def test_the_rules_differ_by_the_day_of_the_anniversary(
    start: datetime, interval: Interval, terms: int, zone: ZoneInfo
) -> None:
    assume(interval.unit is not Unit.HOUR)
    eve, exact, same_day = (
        term(start, interval, terms=terms, end_rule=rule, tz=zone)
        for rule in (EndRule.EVE, EndRule.EXACT, EndRule.SAME_DAY)
    )

    assert eve.end is not None
    assert exact.end is not None
    assert same_day.end is not None
    assert eve.end <= exact.end <= same_day.end
    assert exact.end == nth(start, interval, n=terms, tz=zone)
    anniversary = exact.end.astimezone(zone).date()
    # Where clocks skip that very time, as Nuuk's do before midnight, the moment of the jump may be the next day's.
    is_skipped = exact.end.astimezone(zone).time() != start.astimezone(zone).time()
    if str(zone) != "Pacific/Apia" and not is_skipped:
        assert same_day.last_day(tz=zone) == anniversary
        assert eve.last_day(tz=zone) == anniversary - timedelta(days=1)


# Renewals, and I10

renewal_steps = st.lists(
    st.tuples(st.integers(1, 3), st.integers(0, 400), st.booleans()),  # terms, hours early or late, late but in grace
    min_size=1,
    max_size=9,
)


@thorough
@given(moments, intervals, rules, zones, renewal_steps)
def test_renewal_n_depends_on_the_anchor_alone(
    anchor: datetime, interval: Interval, rule: EndRule, zone: ZoneInfo, steps: list[tuple[int, int, bool]]
) -> None:
    assume(str(zone) != "Pacific/Apia")  # its skipped day is no date to renew from
    period, kept, bought = term(anchor, interval, end_rule=rule, tz=zone), anchor, 1
    for terms, hours, late in steps:
        assert period.end is not None
        away = timedelta(hours=hours)
        renewal = renewed_term(
            period.end,
            now=period.end + away if late else period.end - away,
            grace_until=period.end + away + timedelta(seconds=1) if late else None,
            anchor=kept,
            interval=interval,
            terms=terms,
            end_rule=rule,
            tz=zone,
        )
        bought += terms
        from_the_anchor = term(anchor, interval, terms=bought, end_rule=rule, tz=zone)
        assert renewal.period == Period(period.end, from_the_anchor.end)
        period, kept = renewal.period, renewal.anchor


@thorough
@given(moments, st.lists(calendar_intervals, min_size=1, max_size=6), rules, zones)
def test_months_and_years_in_any_mixture_keep_the_anchor(
    anchor: datetime, bought: list[Interval], rule: EndRule, zone: ZoneInfo
) -> None:
    end = term(anchor, bought[0], end_rule=rule, tz=zone).end
    months = bought[0].steps()[1]
    for interval in bought[1:]:
        assert end is not None
        renewal = renewed_term(end, now=end, anchor=anchor, interval=interval, end_rule=rule, tz=zone)
        end, months = renewal.period.end, months + interval.steps()[1]
        assert renewal.anchor == anchor

    assert end == term(anchor, Interval(Unit.MONTH, months), end_rule=rule, tz=zone).end


@thorough
@given(moments, moments, intervals, rules, zones, st.timedeltas(timedelta(microseconds=1), timedelta(days=900)))
def test_after_the_lapse_a_renewal_is_a_new_term(
    anchor: datetime, old_end: datetime, interval: Interval, rule: EndRule, zone: ZoneInfo, since: timedelta
) -> None:
    now = old_end + since
    renewal = renewed_term(old_end, now=now, anchor=anchor, interval=interval, end_rule=rule, tz=zone)

    assert renewal.period == term(now, interval, end_rule=rule, tz=zone)
    assert renewal.anchor == now


@thorough
@given(moments, moments, intervals, rules, zones)
def test_a_renewal_in_time_never_ends_before_it_begins_whatever_the_old_end(
    anchor: datetime, old_end: datetime, interval: Interval, rule: EndRule, zone: ZoneInfo
) -> None:
    renewal = renewed_term(old_end, now=old_end, anchor=anchor, interval=interval, end_rule=rule, tz=zone)

    assert renewal.period.start == old_end
    assert renewal.period.end is not None
    assert renewal.period.end > old_end
