"""The table of prorations: every row by its id, against the figures of its source.

``tests/cases/proration.csv`` is a verbatim copy. Its moments without a time are midnights; in rows counted in days of the
sort "change day billed" the day of the end belongs to the old level, so we change at the start of the next.
"""

from __future__ import annotations

import csv
from datetime import date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from goodstanding.core.money import Money, Rounding
from goodstanding.core.periods import Interval, Period, Unit, nth, start_of_day
from goodstanding.core.proration import (
    Change,
    Convention,
    Held,
    Measure,
    Paid,
    Wanted,
    counted,
    given_back,
    plan,
    prorated,
)
from goodstanding.core.tax import exclusive

Row = dict[str, str]

with (Path(__file__).parents[1] / "cases" / "proration.csv").open(newline="", encoding="utf-8") as table:
    ROWS: dict[str, Row] = {row["case_id"]: row for row in csv.DictReader(table)}

GREENWICH = ZoneInfo("UTC")
MONTH, YEAR, DAY = Interval(Unit.MONTH), Interval(Unit.YEAR), timedelta(days=1)

# Not tested, and why.
OUT_OF_SCOPE = {
    "KB-021": "a fixed month of 30 days is no convention of ours: 8 days of 31 are 8/31",
    "KB-025": "a fixed month of 30 days is no convention of ours: 8 days of 31 are 8/31",
}

# Changes by one plan: the figures of credit and charge are the row's.
SAME = [
    "POL-001",
    "POL-003",
    "POL-005",
    "POL-013",
    "POL-033",
    "POL-035",
    "POL-037",
    "POL-051",
    "KB-013",
    "KB-029",
    "DOC-002",
    "DOC-004",
]
RESTARTS = {  # the interval that is changed to
    "POL-007": YEAR,
    "POL-009": YEAR,
    "POL-011": MONTH,
    "KB-003": YEAR,
    "KB-031": MONTH,
    "DOC-006": YEAR,
}
STEPS = ["POL-017", "POL-019"]
DISCOUNTED = {"POL-021": (7500, 50000), "POL-023": (7500, 100000), "POL-029": (21000, 41000)}  # what is really paid
HALVED = ["POL-033", "POL-035"]  # 50 % off before and after
QUARTER_OFF = ["POL-051"]
# The sources bill the seats that are added; we give the old back and charge the new: one sum.
NET = {
    "POL-025": (5000, 8000),
    "POL-027": (20000, 24000),
    "POL-031": (2500, 10000),
    "POL-039": (10000, 12000),
    "POL-043": (8700, 14500),
    "POL-045": (4000, 9000),
    "POL-047": (9000, 4000),
}
# A level begun within the period that the old one was billed for: (start of the period, start of what was paid, end).
BEGUN_WITHIN = {
    "LAG-005": ("2023-08-01", "2023-08-01", "2023-09-01", 0),
    "LAG-007": ("2025-12-01", "2025-12-22", "2026-01-01", 0),
    "LAG-011": ("2024-03-01", "2024-03-01", "2024-04-01", 2500),
    "LAG-013": ("2024-03-05", "2024-03-05", "2024-04-05", 2500),
}
# Parts of one price: (part from, to, of a whole from, to), all half-open, and a tax on top.
PARTS = {
    "LAG-001": ("2024-05-20", "2024-06-21", "2024-04-15", "2024-07-15", 0),
    "LAG-009": ("2025-12-10", "2026-01-01", "2025-12-01", "2026-01-01", 0),
    "LAG-015": ("2023-11-19", "2024-07-19", "2023-07-19", "2024-07-19", 0),
    "LAG-017": ("2024-03-18", "2024-04-01", "2024-03-01", "2024-04-01", 0),
    "LAG-019": ("2024-04-01", "2024-05-01", "2024-04-01", "2024-05-01", 0),
    "LAG-021": ("2025-02-08", "2025-03-01", "2025-02-01", "2025-03-01", 2000),
    "LAG-053": ("2022-03-01", "2022-04-01", "2022-03-01", "2022-04-01", 0),
    "LAG-057": ("2022-06-22", "2022-06-27", "2022-06-20", "2022-06-27", 0),
    "LAG-059": ("2022-03-15", "2022-04-01", "2022-03-01", "2022-04-01", 0),
    "LAG-061": ("2022-09-14", "2022-09-30", "2022-08-31", "2022-09-30", 0),
    "LAG-063": ("2022-03-15", "2023-01-01", "2022-01-01", "2023-01-01", 0),
    "LAG-065": ("2022-02-05", "2023-01-01", "2022-01-01", "2023-01-01", 0),
    "LAG-067": ("2022-03-14", "2022-03-17", "2022-03-14", "2022-03-21", 0),
    "LAG-069": ("2022-03-19", "2022-03-21", "2022-03-01", "2022-04-01", 0),
    "KB-009": ("2016-05-01", "2016-05-15", "2016-04-15", "2016-05-15", 0),
    "KB-011": ("2016-07-15", "2016-08-10", "2016-07-10", "2016-08-10", 0),
    "KB-015": ("2017-05-01", "2017-05-10", "2016-05-10", "2017-05-10", 0),
    "KB-019": ("2018-08-15", "2018-08-21", "2018-07-21", "2018-08-21", 0),
    "KB-023": ("2023-06-23", "2023-07-15", "2023-06-15", "2023-07-15", 0),
}
# A credit by one part and a charge by another: the source keeps its bill cycle's day, we begin a new period.
TWO_PARTS = {
    "KB-001": (("2012-05-12", "2012-06-01", "2012-05-01"), ("2012-05-12", "2013-05-01", "2012-05-01")),
    "KB-007": (("2012-05-12", "2012-06-04", "2012-05-01/2013-05-01"), ("2013-05-01", "2013-06-01", "2013-05-01/2014-05-01")),
    "LAG-003": (("2023-09-28", "2023-09-29", "2023-08-29"), ("2023-09-28", "2024-06-29", "2023-06-29")),
}  # fmt: skip
# Ends before their time: what was paid for from when to when, what is still owed, and when it ends (the next midnight).
ENDS = {
    "KB-005": (239995, 0, "2012-05-01", "2013-05-01", "2012-05-12", 0),
    "KB-017": (0, 24995, "2016-05-01", "2016-06-01", "2016-05-01", 0),
    "KB-027": (1995, 0, "2023-06-15", "2023-07-15", "2023-06-23", 0),
    "LAG-023": (7500, 1500, "2025-02-08", "2025-03-01", "2025-02-22", 0),
    "LAG-025": (7500, 0, "2025-02-08", "2025-03-01", "2025-02-09", 2000),
    "LAG-027": (6200, 0, "2022-10-01", "2022-11-01", "2022-10-16", 2000),
    "LAG-029": (2790, 930, "2022-10-01", "2022-11-01", "2022-10-16", 0),
    "LAG-033": (0, 3720, "2022-10-01", "2022-11-01", "2022-10-16", 0),
    "LAG-035": (3720, 0, "2022-10-01", "2022-11-01", "2022-10-16", 0),
    "LAG-037": (930, 2790, "2022-10-01", "2022-11-01", "2022-10-16", 0),
    "LAG-039": (3720, 0, "2022-10-01", "2022-11-01", "2022-10-16", 0),
    "LAG-043": (6200, 0, "2022-10-01", "2022-11-01", "2022-10-16", 2000),
    "LAG-045": (1500, 0, "2022-10-17", "2022-11-01", "2022-10-16", 2000),  # the trial lasts to the 16th
    "LAG-047": (3100, 0, "2022-10-01", "2022-11-01", "2022-10-15", 2000),  # an upgrade: the day of the change, too
    "LAG-049": (3100, 0, "2022-10-01", "2022-11-01", "2022-10-16", 2000),
    "LAG-051": (16000, 0, "2025-09-18", "2025-10-18", "2025-09-19", 2500),
    # What was given back before was for a time: the rest of the time holds the rest of the money.
    "KB-033": (239995 - 19726, 0, "2013-09-17", "2014-08-18", "2013-09-17", 0),
    "LAG-031": (1600 - 200, 0, "2022-10-16", "2022-11-01", "2022-10-16", 2000),
}
LETTERS = {"monthly": 1, "quarterly": 3, "annual": 12}
UNITS = [case for case, row in ROWS.items() if row["currency"] == "units"]


def zone(row: Row) -> ZoneInfo:
    """Return the zone whose days count in a row."""
    return ZoneInfo("UTC" if row["timezone"] == "date only" else row["timezone"])


def moment(text: str, tz: ZoneInfo = GREENWICH) -> datetime:
    """Return the moment of a cell: in UTC where it has a time, else the start of the local day."""
    if len(text) > 10:
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("UTC"))
    return start_of_day(date.fromisoformat(text), tz=tz)


def span(start: str, end: str, tz: ZoneInfo = GREENWICH) -> Period:
    """Return the half-open period of two dates."""
    return Period(moment(start, tz), moment(end, tz))


def convention(row: Row) -> Convention:
    """Return the convention that a row names; where it cuts off, nothing is left to cut in its figures."""
    by_days = row["case_id"].startswith(("LAG", "KB")) or row["method"].startswith("day-based")
    rounding = Rounding.HALF_EVEN if row["rounding"] == "half-even" else Rounding.HALF_UP
    return Convention(Measure.DAY if by_days else Measure.SECOND, rounding, zone(row).key)


def amounts(row: Row) -> tuple[int, int]:
    """Return what the old and the new level cost in a row, after its discount."""
    case, old, new = row["case_id"], int(row["old_price"] or 0), int(row["new_price"] or 0)
    if case in HALVED:
        return old // 2, new // 2
    if case in QUARTER_OFF:
        return old * 3 // 4, new * 3 // 4
    return (DISCOUNTED | NET).get(case, (old, new))


def changed(row: Row, *, to: Interval | None = None, reset: bool = False) -> Change:
    """Plan the change of a row, of an old level paid in full."""
    old, new = amounts(row)
    start, end, at = row["period_start"], row["period_end"], row["change_time"]
    if not start:
        start, end = "2025-06-01", "2025-07-01"
        at = "2025-06-16" if at.startswith("half") else start
    period = span(start, end, zone(row))
    interval = YEAR if (period.end or period.start) - period.start > 300 * DAY else MONTH
    price, currency = Money(old, row["currency"]), row["currency"]
    held = Held("old", price, interval, period, (Paid(price, period),))
    wanted = Wanted("new", Money(new, currency), to or interval)
    return plan(held, wanted, at=moment(at, zone(row)), convention=convention(row), reset=reset)


def sides(change: Change) -> tuple[int, int]:
    """Return the credit and the charge of a change, both above zero."""
    minor = [line.amount.amount_minor for line in change.lines]
    return -sum(amount for amount in minor if amount < 0), sum(amount for amount in minor if amount > 0)


def expected(row: Row) -> tuple[int, int]:
    """Return the credit and the charge that a row expects."""
    return int(row["expected_credit"] or 0), int(row["expected_charge"] or 0)


@pytest.mark.parametrize("case", [*SAME, *STEPS, *DISCOUNTED])
def test_a_change_within_the_period(case: str) -> None:
    change = changed(ROWS[case])

    assert sides(change) == expected(ROWS[case])
    assert change.total.amount_minor == int(ROWS[case]["expected_net"])


@pytest.mark.parametrize("case", RESTARTS)
def test_a_change_of_the_interval_begins_a_new_period(case: str) -> None:
    change = changed(ROWS[case], to=RESTARTS[case])

    assert sides(change) == expected(ROWS[case])
    assert change.after.period == change.lines[-1].period
    assert change.due.amount_minor - change.to_balance.amount_minor == int(ROWS[case]["expected_net"])


@pytest.mark.parametrize("case", NET)
def test_a_change_of_seats_comes_to_the_same_sum(case: str) -> None:
    assert changed(ROWS[case]).total.amount_minor == int(ROWS[case]["expected_net"])


@pytest.mark.parametrize("case", BEGUN_WITHIN)
def test_a_change_after_the_level_began_within_the_period(case: str) -> None:
    row = ROWS[case]
    start, begun, end, tax = BEGUN_WITHIN[case]
    whole, part = span(start, end), span(begun, end)
    price, counting = Money(int(row["old_price"]), "EUR"), convention(row)
    held = Held("old", price, MONTH, whole, (Paid(prorated(price, part, of=whole, convention=counting), part),))

    change = plan(
        held,
        Wanted("new", Money(int(row["new_price"]), "EUR"), MONTH),
        at=moment(row["change_time"]),
        convention=counting,
    )

    credit, charge = change.lines
    assert (-exclusive(credit.amount, tax).gross.amount_minor, charge.amount.amount_minor) == expected(row)


@pytest.mark.parametrize("case", PARTS)
def test_a_part_of_a_period(case: str) -> None:
    row = ROWS[case]
    start, end, whole_start, whole_end, tax = PARTS[case]
    price = Money(int(row["new_price"] or row["old_price"]), row["currency"])
    part, whole = span(start, end, zone(row)), span(whole_start, whole_end, zone(row))

    amount = prorated(price, part, of=whole, convention=convention(row))

    assert exclusive(amount, tax).gross.amount_minor == int(row["expected_charge"])


@pytest.mark.parametrize("case", TWO_PARTS)
def test_a_credit_by_one_part_and_a_charge_by_another(case: str) -> None:
    row = ROWS[case]
    found = []
    for price, (start, end, whole) in zip((row["old_price"], row["new_price"]), TWO_PARTS[case], strict=True):
        whole_start, _, whole_end = whole.partition("/")
        of = span(whole_start, whole_end or end)
        found.append(prorated(Money(int(price), row["currency"]), span(start, end), of=of, convention=convention(row)))

    assert tuple(amount.amount_minor for amount in found) == expected(row)


@pytest.mark.parametrize("case", ENDS)
def test_an_end_before_its_time(case: str) -> None:
    row = ROWS[case]
    paid, owed, start, end, at, tax = ENDS[case]
    tz, currency = zone(row), row["currency"]
    period = span(start, end, tz)
    held = Held(
        "old", Money(paid, currency), MONTH, period, (Paid(Money(paid, currency), period, Money(owed, currency)),)
    )

    lines, unowed = given_back(held, at=moment(at, tz), convention=convention(row))

    back = [exclusive(line.amount, tax).gross for line in lines]
    assert unowed - sum(back, Money.zero(currency)) == Money(int(row["expected_credit"]), currency)
    assert all(abs(line.amount) <= Money(paid, currency) for line in lines)


@pytest.mark.parametrize(
    ("case", "to_the_card"), [("LAG-023", 1500), ("LAG-029", 990), ("LAG-033", 0), ("LAG-035", 1920), ("LAG-037", 0)]
)
def test_what_is_left_after_the_open_bill_goes_to_the_card(case: str, to_the_card: int) -> None:
    paid, owed, start, end, at, _ = ENDS[case]
    period = span(start, end)
    held = Held("old", Money(paid, "EUR"), MONTH, period, (Paid(Money(paid, "EUR"), period, Money(owed, "EUR")),))

    lines, unowed = given_back(held, at=moment(at), convention=convention(ROWS[case]))

    credit = -sum(line.amount.amount_minor for line in lines)
    assert max(0, credit - (owed - unowed.amount_minor)) == to_the_card


def test_nothing_is_given_back_on_a_reset() -> None:
    change = changed(ROWS["POL-015"], reset=True)

    assert sides(change) == expected(ROWS["POL-015"])
    assert change.after.period == span("2025-06-16", "2025-07-16")


def test_a_trial_that_ends_costs_the_full_price() -> None:
    row, period = ROWS["POL-041"], span("2025-06-01", "2025-06-15")
    trial = Held("old", Money(1000, "USD"), MONTH, period, on_trial=True)

    change = plan(trial, Wanted("new", Money(5000, "USD"), MONTH), at=moment("2025-06-05"), convention=convention(row))

    assert sides(change) == expected(row)
    assert change.after.period == span("2025-06-05", "2025-07-05")


@pytest.mark.parametrize("case", UNITS)
def test_how_many_prices_a_life_of_billing_comes_to(case: str) -> None:
    assert round_9(prices(ROWS[case])) == Fraction(ROWS[case]["expected_charge"])


def prices(row: Row) -> Fraction:
    """Return the sum of the periods billed in advance up to the row's moment, the first and the last in part."""
    words = row["method"].split("; ", 1)[0].replace(",", "").split()
    interval = Interval(Unit.MONTH, LETTERS[words[3]])
    start = date.fromisoformat(row["period_start"])
    end = moment(row["period_end"]) if row["period_end"] != "open" else None
    through, tz = moment(row["change_time"][:10]), ZoneInfo("UTC")
    begin, anchor = moment(row["period_start"]), moment(start.replace(day=min(int(words[-1]), 31)).isoformat())
    n = 0 if anchor <= begin else -1
    total = Fraction(0)
    while (first := max(begin, nth(anchor, interval, n=n, tz=tz))) <= through and (end is None or first < end):
        whole = Period(nth(anchor, interval, n=n, tz=tz), nth(anchor, interval, n=n + 1, tz=tz))
        assert whole.end is not None
        part = Period(first, whole.end if end is None else min(end, whole.end))
        total += counted(part, of=whole, convention=convention(row)).share
        n += 1
    return total


def round_9(exact: Fraction) -> Fraction:
    """Return it with nine decimals, half up."""
    return Fraction((2 * exact.numerator * 10**9 + exact.denominator) // (2 * exact.denominator), 10**9)


def test_every_row_has_a_test_or_a_reason() -> None:
    tested = [*SAME, *RESTARTS, *STEPS, *DISCOUNTED, *NET, *BEGUN_WITHIN, *PARTS, *TWO_PARTS, *ENDS, *UNITS]
    tested += ["POL-015", "POL-041"]

    assert sorted([*tested, *OUT_OF_SCOPE]) == sorted(ROWS)
