"""The table of membership dates: each row that names a status, and what the status of a membership follows from."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from goodstanding.core.periods import Interval, Period, Unit
from goodstanding.core.records import (
    Grant,
    Hold,
    HoldKind,
    InvoiceRecord,
    LevelSpan,
    Line,
    LineKind,
    MembershipRecord,
    Revocation,
    SubscriptionRecord,
    SubscriptionState,
    Terms,
)
from goodstanding.core.status import NO_STATUS, RULES, Bound, Dates, Day, Override, Rule, Shown, by_rules, displayed

from .test_membership_dates import OUT_OF_SCOPE, ROWS, ZONES, Row, on

# Rows whose figures rest on month overflow, with our value and why.
OURS = {"C085": (Shown.EXPIRED, "31 Jan + 1 month is 28 Feb, not 3 Mar: grace is over on 3 Mar")}
CURRENT_FIRST = (
    Rule(Shown.CURRENT, Bound(Day.STARTED), Bound(Day.ENDED)),
    *RULES,
)  # C071: a rule before the stock ones
STATUS_ROWS = [row for case, row in ROWS.items() if row["kind"] == "status" and case not in OUT_OF_SCOPE]
WITH_STATUS = [row for row in ROWS.values() if row["kind"] in ("new_period", "renewal") and row["expected_status"]]


def record_of(row: Row, zone: ZoneInfo, *, ends: str = "") -> MembershipRecord:
    """Return a membership that joined, began and ended on the row's days: bought once, paid when it began."""
    begun_at = datetime.combine(on(row["join_date"] or row["today_or_change_date"]), datetime.min.time(), zone)
    covered = Period.of_days(on(row["start_date_in"]), on(ends or row["end_date_in"]), tz=zone)
    assert covered.end is not None
    line = Line("term", covered.start, covered.end, LineKind.PREPAID)
    invoice = InvoiceRecord("inv", begun_at, (line,), settled_at=begun_at)
    return MembershipRecord("ms", begun_at, (LevelSpan(begun_at, "member"),), invoices=(invoice,))


def at(text: str, zone: ZoneInfo, hour: int) -> datetime:
    """Return that hour of a cell's day."""
    return datetime.combine(on(text), datetime.min.time(), zone).replace(hour=hour)


@pytest.mark.parametrize("row", STATUS_ROWS, ids=lambda row: row["case_id"])
def test_statuses_by_the_table(row: Row) -> None:
    expected = OURS.get(row["case_id"], (row["expected_status"].lower(), ""))[0]
    rules = CURRENT_FIRST if row["case_id"] == "C071" else RULES
    for zone in ZONES:
        for hour in (0, 12, 23):
            record, now = record_of(row, zone), at(row["today_or_change_date"], zone, hour)
            overrides: tuple[Override, ...] = ()
            match row["status_before"]:
                case "Cancelled":  # its money was given back
                    back = (Revocation(record.begun_at + timedelta(days=1)),)
                    record = replace(record, invoices=(replace(record.invoices[0], revocations=back),))
                case "Pending":  # nothing was paid
                    record = replace(record, invoices=(replace(record.invoices[0], settled_at=None),))
                case "Admin-only (override)":
                    overrides = (Override("admin-only status", record.begun_at + timedelta(days=1)),)
            deceased_on = date(2026, 6, 1) if row["case_id"] == "C070" else None
            said = displayed(record, now, tz=zone, rules=rules, overrides=overrides, deceased_on=deceased_on)
            assert (said.status or "none") == expected, (zone, hour)


@pytest.mark.parametrize("row", WITH_STATUS, ids=lambda row: row["case_id"])
def test_statuses_after_a_beginning_or_a_renewal(row: Row) -> None:
    """The rows on dates that name a status, too (C036: a renewal ends the override; C043: a new term from today)."""
    today = row["today_or_change_date"]
    for zone in ZONES:
        dates = Dates(
            on(row["join_date"] or today), on(row["expected_start"] or today), on(row["expected_end"] or "2026-07-14")
        )
        assert by_rules(dates, on(today)) == row["expected_status"].lower()
        record = record_of(row | {"start_date_in": str(dates.started_on)}, zone, ends=str(dates.ended_on))
        assert displayed(record, at(today, zone, 12), tz=zone).status == row["expected_status"].lower()


def test_c036_a_renewal_ends_what_staff_had_said() -> None:
    """C036: grace by override, renewed: new again, as it follows from the day of joining."""
    row, zone = ROWS["C036"], ZONES[0]
    record = record_of(row, zone)
    said = Override("grace", record.begun_at + timedelta(hours=1))
    renewed_at = record.begun_at + timedelta(hours=12)
    bought = Period.of_days(date(2028, 7, 15), date(2030, 7, 14), tz=zone)
    assert bought.end is not None
    line = Line("next", bought.start, bought.end, LineKind.PREPAID)
    renewed = replace(
        record, invoices=(*record.invoices, InvoiceRecord("inv2", renewed_at, (line,), settled_at=renewed_at))
    )

    def shown(each: MembershipRecord, hour: int) -> str:
        return displayed(each, record.begun_at + timedelta(hours=hour), tz=zone, overrides=[said]).status

    assert [shown(record, 13), shown(renewed, 11), shown(renewed, 12)] == ["grace", "grace", "new"]


@pytest.mark.parametrize("case", [case for case, row in ROWS.items() if row["kind"] == "status_override"])
def test_c050_c051_an_override_is_over_on_its_day(case: str) -> None:
    row = ROWS[case]
    until_on = date.fromisoformat(row["note"][-11:-1])
    assert row["expected_status"] == "override cleared"
    for zone in ZONES:
        record = record_of(row | {"join_date": "2026-01-02", "start_date_in": "2026-01-02"}, zone)
        said = [Override("grace", record.begun_at, until_on)]
        now = at(row["today_or_change_date"], zone, 0)
        eve = datetime.combine(until_on, datetime.min.time(), zone) - timedelta(seconds=1)
        assert displayed(record, now, tz=zone, overrides=said).status == "current"
        assert displayed(record, eve, tz=zone, overrides=said).status == "grace"


# What it follows from besides days

UTC_ZONE = ZoneInfo("UTC")
JANUARY, JUNE, JULY, AUGUST = (datetime(2026, month, 1, tzinfo=UTC) for month in (1, 6, 7, 8))
HALF_YEAR = InvoiceRecord("half", JANUARY, (Line("item", JANUARY, JULY),), settled_at=JANUARY)
RENEWING = SubscriptionRecord("sub", JANUARY, (SubscriptionState(JANUARY),))
ALICE = MembershipRecord(
    "ms", JANUARY, (LevelSpan(JANUARY, "member", Terms(7)),), subscriptions=(RENEWING,), invoices=(HALF_YEAR,)
)


def shown(record: MembershipRecord, moment: datetime) -> str:
    """Return what a membership is called."""
    return displayed(record, moment, tz=UTC_ZONE).status


def ended(*, completed: bool = False, at: datetime = JUNE) -> tuple[SubscriptionRecord, ...]:
    """Return her subscription as it ended."""
    state = SubscriptionState(at, ended=True, completed=completed)
    return (replace(RENEWING, states=(*RENEWING.states, state)),)


LIVES = [
    ("covered", ALICE, JUNE, "current"),
    ("the renewal is under way", ALICE, JULY + timedelta(hours=1), "current"),
    ("the renewal is late", ALICE, JULY + timedelta(days=2), "grace"),
    ("grace by the calendar goes on when the doors are closed", ALICE, JULY + timedelta(days=20), "grace"),
    ("the month after the end is over", ALICE, AUGUST, "expired"),
    ("cancelled, still paid", replace(ALICE, subscriptions=ended()), JUNE, "current"),
    ("cancelled, paid no more", replace(ALICE, subscriptions=ended()), JULY + timedelta(days=2), "cancelled"),
    ("all instalments paid", replace(ALICE, subscriptions=ended(completed=True)), JULY + timedelta(days=2), "grace"),
    (
        "ended because nobody paid",
        replace(
            ALICE,
            subscriptions=ended(at=JULY + timedelta(days=15)),
            invoices=(HALF_YEAR, InvoiceRecord("next", JULY, (Line("item", JULY, AUGUST),), failed_at=(JULY,))),
        ),
        AUGUST,
        "expired",
    ),
    ("money given back", replace(ALICE, invoices=(replace(HALF_YEAR, revocations=(Revocation(JUNE),)),)), JUNE, "cancelled"),
    ("not paid yet", replace(ALICE, invoices=(replace(HALF_YEAR, settled_at=None),)), JANUARY, "pending"),
    ("for life", replace(ALICE, grants=(Grant("g", JANUARY, None, JANUARY),)), AUGUST.replace(year=2050), "current"),
    ("held, and covered", replace(ALICE, holds=(Hold(HoldKind.SUSPENDED, JANUARY),)), JUNE, "current"),
    ("not begun by then", ALICE, JANUARY - timedelta(days=1), NO_STATUS),
]  # fmt: skip


@pytest.mark.parametrize(("_what", "record", "moment", "expected"), LIVES)
def test_statuses_of_lives(_what: str, record: MembershipRecord, moment: datetime, expected: str) -> None:
    assert shown(record, moment) == expected


def test_the_day_is_the_site_s() -> None:
    """30 June is the last day in Kiritimati, half a day before it is in UTC."""
    kiritimati = ZoneInfo("Pacific/Kiritimati")
    end = datetime(2026, 6, 30, 10, tzinfo=UTC)  # the midnight that begins 1 July there
    record = replace(
        ALICE, subscriptions=(), invoices=(replace(HALF_YEAR, lines=(Line("i", JANUARY, end, LineKind.PREPAID),)),)
    )

    assert displayed(record, end - timedelta(seconds=1), tz=kiritimati).status == "current"
    assert displayed(record, end - timedelta(seconds=1), tz=kiritimati).dates.ended_on == date(2026, 6, 30)
    assert displayed(record, end, tz=kiritimati).status == "grace"


def test_overrides_and_death_decide_before_everything_else() -> None:
    first, second = Override("expired", JANUARY), Override("board", JUNE, date(2026, 7, 1))
    withdrawn = Override("lost", JUNE + timedelta(days=1), withdrawn_at=JUNE + timedelta(days=2))
    said = [first, withdrawn, second]

    def on_day(moment: datetime, deceased_on: date | None = None) -> str:
        return displayed(ALICE, moment, tz=UTC_ZONE, overrides=said, deceased_on=deceased_on).status

    assert on_day(JANUARY) == "expired"
    assert on_day(JUNE) == "board"
    assert on_day(JUNE + timedelta(days=1)) == "lost"
    assert on_day(JUNE + timedelta(days=2)) == "board"
    assert on_day(JULY) == "expired"
    assert on_day(JUNE, date(2026, 6, 2)) == "board"
    assert on_day(JUNE, date(2026, 6, 1)) == Shown.DECEASED


def test_rules_of_a_site_s_own() -> None:
    """A status before the end, and one that no rule of theirs gives."""
    soon = Rule("ending soon", Bound(Day.ENDED, Interval(Unit.DAY, 30), earlier=True), Bound(Day.ENDED))
    dates = Dates(date(2026, 1, 1), date(2026, 1, 1), date(2026, 3, 31))

    assert [by_rules(dates, day, [soon]) for day in (date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 31))] == [
        NO_STATUS, "ending soon", "ending soon"
    ]  # fmt: skip
    assert by_rules(replace(dates, ended_on=None), date(2026, 3, 31), [soon]) == NO_STATUS
    assert by_rules(dates, date(2026, 4, 1), [soon]) == NO_STATUS


def test_where_we_differ_the_row_differs() -> None:
    for case, (status, why) in OURS.items():
        assert why
        assert ROWS[case]["expected_status"].lower() != status
