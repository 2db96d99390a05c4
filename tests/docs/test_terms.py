"""The tables of docs/explanation/terms.md, held to the code."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from goodstanding.core.calendar_terms import MonthDay, ProRata, fixed_term, pro_rata
from goodstanding.core.periods import EndRule, Interval, Period, Unit, start_of_day, term
from goodstanding.core.status import RULES
from tests.docs.pages import DOCS

BERLIN = ZoneInfo("Europe/Berlin")
TABLES: list[list[list[str]]] = []
for line in (DOCS / "explanation" / "terms.md").read_text(encoding="utf-8").splitlines():
    cells = [cell.strip().strip("`") for cell in line.strip("|").split("|")] if line.startswith("|") else []
    if not cells:
        TABLES.append([])
    elif not set("".join(cells)) <= {"-"}:
        TABLES[-1].append(cells)
ROLLING, FIXED, PARTS, STATUSES = (rows[1:] for rows in TABLES if rows)


def interval(text: str) -> Interval:
    """Return what "3 months" means."""
    count, unit = text.split()
    return Interval(Unit(unit.removesuffix("s")), int(count))


def day(text: str) -> date:
    """Return a cell's day."""
    return date.fromisoformat(text)


def dates(period: Period) -> tuple[str, str]:
    """Return first and last day."""
    return str(period.start.astimezone(BERLIN).date()), str(period.last_day(tz=BERLIN))


@pytest.mark.parametrize("row", ROLLING, ids=" ".join)
def test_rolling_terms(row: list[str]) -> None:
    bought, length, rule, last = row
    found = term(start_of_day(day(bought), tz=BERLIN), interval(length), tz=BERLIN, end_rule=EndRule(rule))
    assert dates(found) == (bought, last)


@pytest.mark.parametrize("row", FIXED, ids=lambda row: " ".join(row[:4]))
def test_fixed_terms(row: list[str]) -> None:
    joined, length, starts, rollover, first, last, _ = row
    found = fixed_term(
        start_of_day(day(joined), tz=BERLIN),
        interval(length),
        starts_on=MonthDay.parse(starts),
        rollover_on=None if rollover == "-" else MonthDay.parse(rollover),
        tz=BERLIN,
    )
    assert dates(found) == (first, last)


@pytest.mark.parametrize("row", PARTS, ids=" ".join)
def test_parts(row: list[str]) -> None:
    joined, starts, by, part = row
    found = pro_rata(
        start_of_day(day(joined), tz=BERLIN),
        Interval(Unit.YEAR),
        starts_on=MonthDay.parse(starts),
        rollover_on=None,
        tz=BERLIN,
        by=ProRata(by),
    )
    assert f"{found.left}/{found.of}" == part


def test_statuses_are_the_stock_rules_in_their_order() -> None:
    assert [row[0] for row in STATUSES] == [str(rule.status) for rule in RULES]
    assert [bool(row[2]) for row in STATUSES] == [rule.until is not None for rule in RULES]
