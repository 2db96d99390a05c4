"""The table of docs/explanation/proration.md, held to the code."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from goodstanding.core.money import Money
from goodstanding.core.periods import Interval, Period, Unit, nth
from goodstanding.core.proration import Convention, Held, LineKind, Paid, Wanted, plan
from tests.docs.pages import DOCS

LINES = (DOCS / "explanation" / "proration.md").read_text(encoding="utf-8").splitlines()
ROWS = [
    [cell.strip().strip("`") for cell in line.strip("|").split("|")]
    for line in LINES
    if line.startswith("|") and line.count("|") > 10
][2:]


def moment(text: str) -> datetime:
    """Return a cell's moment."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def interval(text: str) -> Interval:
    """Return what "2 days" means."""
    count, unit = text.split()
    return Interval(Unit(unit.removesuffix("s")), int(count))


def test_the_table_has_its_rows() -> None:
    assert len(ROWS) >= 12


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[-1])
def test_worked_examples(row: list[str]) -> None:
    paid, lasts, changed, price, each, convention, credit, charge, due, to_balance, _ = row
    length, begins = lasts.split(" from ")
    start, has = moment(begins), Money.parse(paid)
    period = Period(start, nth(start, interval(length), n=1, tz=ZoneInfo("UTC")))
    held = Held("held", has, interval(length), period, (Paid(has, period),))
    wanted = Wanted("wanted", Money.parse(price), interval(each))
    made = plan(held, wanted, at=moment(changed), convention=Convention.read(convention))
    lines = {kind: [line.amount for line in made.lines if line.kind is kind] for kind in LineKind}
    assert lines[LineKind.CREDIT] == [Money.parse(credit)]
    assert lines[LineKind.CHARGE] == [Money.parse(charge)]
    assert (made.due, made.to_balance) == (Money.parse(due), Money.parse(to_balance))
