"""Fixed terms: what must hold for any calendar, in any zone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from goodstanding.core.calendar_terms import MonthDay, ProRata, fixed_term, pro_rata, renewed_fixed_term
from goodstanding.core.periods import Interval, Period, Unit

thorough = settings(max_examples=300, deadline=None)

zones = st.sampled_from(
    [ZoneInfo(name) for name in ("UTC", "Europe/Berlin", "Africa/Cairo", "Pacific/Apia", "America/St_Johns")]
)
moments = st.datetimes(datetime(1996, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
month_days = st.dates(date(2000, 1, 1), date(2000, 12, 31)).map(lambda each: MonthDay(each.month, each.day))
counted = st.one_of(
    st.builds(Interval, st.just(Unit.YEAR), st.integers(1, 6)),
    st.builds(Interval, st.just(Unit.MONTH), st.sampled_from([1, 2, 3, 4, 6, 12, 24])),
)
rollovers = st.one_of(st.none(), month_days)


@thorough
@given(moments, counted, month_days, rollovers, zones, st.integers(1, 3))
def test_it_contains_the_day_of_joining_and_ends_on_the_start_day(
    joined: datetime, interval: Interval, starts: MonthDay, rollover: MonthDay | None, zone: ZoneInfo, terms: int
) -> None:
    bought = fixed_term(joined, interval, starts_on=starts, rollover_on=rollover, tz=zone, terms=terms)

    assert bought.contains(joined)
    for bound in (bought.start, bought.end):
        assert bound is not None
        on = bound.astimezone(zone).date()
        assert on == MonthDay(None, starts.day).on(on.year, on.month)
        if interval.unit is Unit.YEAR:
            assert on == starts.on(on.year)


@thorough
@given(moments, counted, month_days, rollovers, zones, st.integers(1, 3))
def test_a_term_more_is_an_interval_later_and_so_is_a_renewal(
    joined: datetime, interval: Interval, starts: MonthDay, rollover: MonthDay | None, zone: ZoneInfo, terms: int
) -> None:
    """Terms at once, and terms one after the other, end on the same day: no date is counted from a clamped one."""
    one = fixed_term(joined, interval, starts_on=starts, rollover_on=rollover, tz=zone)
    at_once = fixed_term(joined, interval, starts_on=starts, rollover_on=rollover, tz=zone, terms=terms + 1)
    assert one.end is not None
    renewed = renewed_fixed_term(
        one.end, now=joined, interval=interval, starts_on=starts, rollover_on=rollover, tz=zone, terms=terms
    )

    assert renewed == Period(one.end, at_once.end)
    months = terms * interval.steps()[1]
    ends = [each.astimezone(zone).date() for each in (one.end, at_once.end) if each]
    assert (ends[1].year - ends[0].year) * 12 + ends[1].month - ends[0].month == months


@thorough
@given(moments, moments, counted, month_days, rollovers, zones)
def test_who_joins_later_never_ends_earlier(
    joined: datetime, other: datetime, interval: Interval, starts: MonthDay, rollover: MonthDay | None, zone: ZoneInfo
) -> None:
    early, late = (
        fixed_term(moment, interval, starts_on=starts, rollover_on=rollover, tz=zone)
        for moment in sorted((joined, other))
    )

    assert early.start <= late.start
    assert early.end is not None
    assert late.end is not None
    assert early.end <= late.end


@thorough
@given(moments, counted, month_days, rollovers, zones)
def test_the_rollover_gives_one_period_more_to_everybody_after_its_day_and_to_nobody_before(
    joined: datetime, interval: Interval, starts: MonthDay, rollover: MonthDay | None, zone: ZoneInfo
) -> None:
    plain = fixed_term(joined, interval, starts_on=starts, rollover_on=None, tz=zone)
    rolled = fixed_term(joined, interval, starts_on=starts, rollover_on=rollover, tz=zone)
    by_days = pro_rata(joined, interval, starts_on=starts, rollover_on=rollover, tz=zone, by=ProRata.DAYS)
    by_months = pro_rata(joined, interval, starts_on=starts, rollover_on=rollover, tz=zone, by=ProRata.MONTHS)

    assert rolled.start == plain.start
    assert 0 < by_days.fraction <= 1
    assert 0 < by_months.fraction <= 1
    if rolled != plain:
        assert rollover is not None
        assert by_days.fraction == by_months.fraction == 1
    elif joined.astimezone(zone).date() == plain.start.astimezone(zone).date():
        assert by_days.fraction == by_months.fraction == 1
