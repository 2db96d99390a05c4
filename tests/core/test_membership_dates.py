"""The table of membership dates: each row that speaks of dates, rolling ones with ends by the rule ``eve``.

``tests/cases/membership-dates.csv`` is a verbatim copy; its end dates are inclusive. The times of day and the zones are
ours: the dates must not depend on them.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TypedDict
from zoneinfo import ZoneInfo

import pytest

from goodstanding.core.calendar_terms import MonthDay, ProRata, fixed_term, pro_rata, renewed_fixed_term
from goodstanding.core.periods import EndRule, Interval, Period, Unit, nth, renewed_term, start_of_day, term
from goodstanding.core.records import InvoiceRecord, LevelSpan, Line, LineKind, MembershipRecord
from goodstanding.core.standing import judge

Row = dict[str, str]


class Calendar(TypedDict):
    """The days that fixed terms keep to."""

    starts_on: MonthDay
    rollover_on: MonthDay | None


with (Path(__file__).parents[1] / "cases" / "membership-dates.csv").open(newline="", encoding="utf-8") as table:
    ROWS: dict[str, Row] = {row["case_id"]: row for row in csv.DictReader(table)}

ZONES = [ZoneInfo(name) for name in ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Kiritimati")]
TIMES = [timedelta(0), timedelta(hours=2, minutes=30), timedelta(hours=23, minutes=59)]

# Kinds of rows that tests/core/test_status_dates.py reads.
STATUS_KINDS = frozenset({"status", "status_override"})

# Rows that cannot apply, and why.
NO_JOB = "about a job that leaves a wrong status standing: ours is worked out when it is shown, so none stands"
OUT_OF_SCOPE: dict[str, str] = {"C065": NO_JOB, "C066": NO_JOB}

# Rows whose figures rest on month overflow (31 Jan + 1 month = 3 Mar) or on another convention: ours instead.
OURS: dict[str, tuple[dict[str, str], str]] = {
    "C091": ({"expected_end": "2026-02-27"}, "31 Jan + 1 month is 28 Feb, not 3 Mar; the row's note names our value"),
    "C101": ({"end_date_in": "2022-02-27"}, "29 Feb + 2 years is 28 Feb, not 1 Mar; the renewed end is the row's"),
    "C111": ({"expected_status": "31"}, "the anchor's day is kept and clamped in short months, not lowered to 28"),
}

UNPAID = {"C045": "renewed, to be paid later: the dates move when it is paid (C046)"}


def rows_in_scope() -> list[Row]:
    """Return the rows in scope, ours in place of theirs where we differ."""
    return [
        {**row, **OURS.get(case, ({}, ""))[0]}
        for case, row in ROWS.items()
        if case not in OUT_OF_SCOPE and row["kind"] not in STATUS_KINDS
    ]


def on(text: str) -> date:
    """Return the date of a cell; a time of day beside it is dropped."""
    return date.fromisoformat(text[:10])


def moment(text: str, zone: ZoneInfo, time_of_day: timedelta) -> datetime:
    """Return the moment at which clocks of ``zone`` show that time on the date of a cell."""
    return (datetime.combine(on(text), datetime.min.time()) + time_of_day).replace(tzinfo=zone)


def interval_of(row: Row) -> Interval:
    """Return the length of one term."""
    return Interval(Unit(row["duration_unit"]), int(row["duration_interval"]))


def calendar_of(row: Row) -> Calendar:
    """Return the start and rollover day; where the start is left open, that of every month."""
    rollover = row["fixed_rollover_mmdd"]
    return {
        "starts_on": MonthDay.parse(row["fixed_start_mmdd"] or "01"),
        "rollover_on": MonthDay.parse(rollover) if rollover else None,
    }


def dates(period: Period, zone: ZoneInfo) -> tuple[str, str]:
    """Return the first and last day, as the table writes them."""
    return str(period.start.astimezone(zone).date()), str(period.last_day(tz=zone))


def expected_dates(row: Row) -> tuple[str, str]:
    """Return the first and last day that the row expects."""
    return row["expected_start"], row["expected_end"]


def check_new_period(row: Row, zone: ZoneInfo, time_of_day: timedelta) -> None:
    """Given dates are kept; else a term from the start, or the day of joining, or today."""
    if row["end_date_in"]:
        given = Period.of_days(on(row["start_date_in"]), on(row["end_date_in"]), tz=zone)
        assert dates(given, zone) == expected_dates(row)
        return
    if row["period_type"] == "fixed":
        bought = fixed_term(
            moment(row["join_date"] or row["today_or_change_date"], zone, time_of_day),
            interval_of(row),
            **calendar_of(row),
            terms=int(row["num_terms"]),
            start_on=on(row["start_date_in"]) if row["start_date_in"] else None,
            tz=zone,
        )
    else:
        start = moment(row["start_date_in"] or row["join_date"] or row["today_or_change_date"], zone, time_of_day)
        bought = term(start, interval_of(row), terms=int(row["num_terms"]), end_rule=EndRule.EVE, tz=zone)
    assert dates(bought, zone) == expected_dates(row)


def check_update_no_dates(row: Row, zone: ZoneInfo, time_of_day: timedelta) -> None:
    """What is stored is shown: dates become a period and come back the same."""
    stored = Period.of_days(on(row["expected_start"]), on(row["expected_end"]), tz=zone)
    assert stored.contains(moment(row["expected_end"], zone, time_of_day))
    assert dates(stored, zone) == expected_dates(row)


def check_renewal(row: Row, zone: ZoneInfo, time_of_day: timedelta) -> None:
    """Early or in grace: from the old end on, so that the membership has its old start and its new end."""
    if not row["expected_end"]:  # C043: an empty period renewed; only its status is named
        return
    old = Period.of_days(on(row["start_date_in"]), on(row["end_date_in"]), tz=zone)
    assert old.end is not None
    now = moment(row["today_or_change_date"] or row["end_date_in"], zone, time_of_day)
    lapse = start_of_day(on(row["end_date_in"]) + timedelta(days=31), tz=zone)
    length, terms = interval_of(row), int(row["num_terms"])
    if row["period_type"] == "fixed":
        bought = renewed_fixed_term(
            old.end, now=now, grace_until=lapse, interval=length, terms=terms, **calendar_of(row), tz=zone
        )
    else:
        anchor = moment(row["start_date_in"], zone, time_of_day)
        bought = renewed_term(
            old.end,
            now=now,
            grace_until=lapse,
            anchor=anchor,
            interval=length,
            terms=terms,
            end_rule=EndRule.EVE,
            tz=zone,
        ).period
    assert bought.start == old.end
    until = covered_until(old, bought, now=max(now, old.start), paid=row["case_id"] not in UNPAID)
    assert dates(Period(old.start, until), zone) == expected_dates(row)


def covered_until(old: Period, bought: Period, *, now: datetime, paid: bool) -> datetime | None:
    """Return until when both terms cover, as standing tells it at ``now``: what is not paid covers nothing."""
    invoices = [
        InvoiceRecord(ref, old.start, (Line(ref, each.start, each.end, LineKind.PREPAID),), settled_at=settled_at)
        for ref, each, settled_at in (("old", old, old.start), ("new", bought, now if paid else None))
        if each.end is not None
    ]
    level = LevelSpan(old.start, "member")
    return judge(MembershipRecord("ms", old.start, (level,), invoices=tuple(invoices)), now).covered_until


def check_instalment_date(row: Row, zone: ZoneInfo, time_of_day: timedelta) -> None:
    """The first instalment is due at the start, number k at boundary k - 1."""
    due = nth(moment(row["start_date_in"], zone, time_of_day), interval_of(row), n=int(row["num_terms"]) - 1, tz=zone)
    assert str(due.astimezone(zone).date()) == row["expected_end"]


def check_next_payment_date(row: Row, zone: ZoneInfo, time_of_day: timedelta) -> None:
    """One step from the date that the schedule holds."""
    due = nth(moment(row["today_or_change_date"], zone, time_of_day), interval_of(row), n=1, tz=zone)
    assert str(due.astimezone(zone).date()) == row["expected_end"]


def check_cycle_day(row: Row, zone: ZoneInfo, time_of_day: timedelta) -> None:
    """The day of the month on which payments fall wherever the month has it."""
    anchor = moment(row["today_or_change_date"], zone, time_of_day)
    days = [nth(anchor, interval_of(row), n=n, tz=zone).astimezone(zone).day for n in range(13)]
    assert str(max(days)) == str(days[0]) == str(days[12]) == row["expected_status"]


def check_level_switch(row: Row, zone: ZoneInfo, time_of_day: timedelta) -> None:
    """The new level has what is left of the period, no date moves; where nothing is left there is nothing to switch."""
    old = Period.of_days(on(row["start_date_in"]), on(row["end_date_in"]), tz=zone)
    rest = old.intersect(Period(moment(row["today_or_change_date"], zone, time_of_day)))
    if row["expected_status"] == "refused":
        assert rest is None
        return
    assert rest is not None
    assert dates(rest, zone) == expected_dates(row)


def check_prorata_units(row: Row, zone: ZoneInfo, time_of_day: timedelta) -> None:
    """What is left of the period in which one joins: part months count as whole ones."""
    joined = moment(row["join_date"] or row["start_date_in"], zone, time_of_day)
    by = ProRata(row["expected_status"].split()[1])
    part = pro_rata(
        joined, interval_of(row), starts_on=MonthDay.parse(row["fixed_start_mmdd"]), rollover_on=None, tz=zone, by=by
    )
    assert f"{part.left} {by}" == row["expected_status"]


def check_day_format(row: Row, _zone: ZoneInfo, _time_of_day: timedelta) -> None:
    """How a rollover day is shown."""
    assert str(MonthDay.parse(row["fixed_rollover_mmdd"])) == row["expected_status"]


CHECKS: dict[str, Callable[[Row, ZoneInfo, timedelta], None]] = {
    "new_period": check_new_period,
    "update_no_dates": check_update_no_dates,
    "renewal": check_renewal,
    "instalment_date": check_instalment_date,
    "next_payment_date": check_next_payment_date,
    "cycle_day": check_cycle_day,
    "level_switch": check_level_switch,
    "prorata_units": check_prorata_units,
    "day_format": check_day_format,
}


@pytest.mark.parametrize("row", rows_in_scope(), ids=lambda row: row["case_id"])
def test_membership_dates(row: Row) -> None:
    for zone in ZONES:
        for time_of_day in TIMES:
            CHECKS[row["kind"]](row, zone, time_of_day)


def test_every_row_is_tested_or_listed_with_its_reason() -> None:
    assert len(ROWS) == 76
    assert OUT_OF_SCOPE.keys() <= ROWS.keys()
    assert {row["kind"] for row in rows_in_scope()} == CHECKS.keys()
    for case, row in ROWS.items():
        assert row["kind"] in CHECKS or row["kind"] in STATUS_KINDS, case


def test_where_we_differ_the_row_differs() -> None:
    """An entry of OURS that the table has come to agree with would hide something."""
    for case, (ours, why) in OURS.items():
        assert why
        for column, value in ours.items():
            assert ROWS[case][column] != value, case


def test_c101_from_the_overflowed_end_itself_gives_two_full_years() -> None:
    """Whoever was promised 2022-02-28 (inclusive) keeps it and gets two years more, as the origin's own core does."""
    for zone in ZONES:
        old = Period.of_days(date(2020, 2, 29), date(2022, 2, 28), tz=zone)
        assert old.end is not None
        renewal = renewed_term(
            old.end,
            now=old.start,
            anchor=old.start,
            interval=Interval(Unit.YEAR, 2),
            end_rule=EndRule.EVE,
            tz=zone,
        )
        assert renewal.period.last_day(tz=zone) == date(2024, 2, 29)
