"""Since when prepaid terms run on without a gap: what the next one is counted from, so that none drifts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from goodstanding.core.coverage import prepaid_since, prepaid_through
from goodstanding.core.periods import EndRule, Interval, Unit, renewed_term, term
from goodstanding.core.records import Closing, InvoiceRecord, LevelSpan, Line, LineKind, MembershipRecord, Revocation

BERLIN = ZoneInfo("Europe/Berlin")
MONTHLY = Interval(Unit.MONTH)
FIRST = datetime(2026, 1, 31, 10, tzinfo=BERLIN).astimezone(UTC)


def bought(ref: str, start: datetime, end: datetime | None, kind: LineKind = LineKind.PREPAID) -> InvoiceRecord:
    """Return a settled invoice for a period."""
    assert end is not None
    return InvoiceRecord(ref, start, (Line(ref, start, end, kind),), settled_at=start)


def membership(*invoices: InvoiceRecord, level: str = "member") -> MembershipRecord:
    """Return alice's membership at a level."""
    return MembershipRecord(level, FIRST, (LevelSpan(FIRST, level),), invoices=invoices)


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        (EndRule.SAME_DAY, ["02-28", "03-31", "04-30", "05-31"]),
        (EndRule.EVE, ["02-27", "03-30", "04-29", "05-30"]),
    ],
)
def test_terms_bought_one_after_the_other_do_not_drift(rule: EndRule, days: list[str]) -> None:
    """A month from 31 January, renewed again and again by somebody who asks nobody for the anchor but the records."""
    first = term(FIRST, MONTHLY, tz=BERLIN, end_rule=rule)
    invoices = [bought("1", first.start, first.end)]
    for number in range(2, 5):
        until = invoices[-1].lines[0].end
        anchor = prepaid_since([membership(*invoices)], until, levels=["member"])
        assert anchor == FIRST
        period = renewed_term(until, now=FIRST, anchor=anchor, interval=MONTHLY, tz=BERLIN, end_rule=rule).period
        invoices.append(bought(str(number), period.start, period.end))

    last_days = [(each.lines[0].end - timedelta(seconds=1)).astimezone(BERLIN) for each in invoices]
    assert [f"{day:%m-%d}" for day in last_days] == days


def test_what_is_no_prepaid_term_at_the_level_anchors_nothing() -> None:
    end, later = FIRST + timedelta(days=28), FIRST + timedelta(days=40)
    one = bought("1", FIRST, end)

    assert prepaid_since([membership(one)], end, levels=["member"]) == FIRST
    assert prepaid_since([membership(one)], later, levels=["member"]) is None
    assert prepaid_since([membership(one)], end, levels=["gold"]) is None
    assert prepaid_since([membership(bought("1", FIRST, end, LineKind.REGULAR))], end, levels=["member"]) is None
    assert prepaid_since([membership(replace(one, settled_at=None))], end, levels=["member"]) is None
    back = replace(one, revocations=(Revocation(FIRST + timedelta(days=1)),))
    assert prepaid_since([membership(back)], end, levels=["member"]) is None


def test_after_a_gap_it_begins_anew_and_another_level_goes_on() -> None:
    end, again = FIRST + timedelta(days=28), FIRST + timedelta(days=30)
    one, two = bought("1", FIRST, end), bought("2", again, again + timedelta(days=28))
    gold = bought("3", end, end + timedelta(days=31))

    assert prepaid_since([membership(one, two)], again + timedelta(days=28), levels=["member"]) == again
    both = [membership(one), membership(gold, level="gold")]
    assert prepaid_since(both, end + timedelta(days=31), levels=["member", "gold"]) == FIRST
    assert prepaid_since(both, end + timedelta(days=31), levels=["gold"]) == end


def test_what_is_paid_ahead_at_any_of_the_levels_is_gone_through_to_the_first_gap() -> None:
    day = timedelta(days=1)
    ends = [FIRST + number * 30 * day for number in range(1, 5)]
    ahead = replace(bought("2", ends[0], ends[1]), issued_at=FIRST)
    gold = membership(ahead, level="gold")
    one = membership(bought("1", FIRST, ends[0]), bought("3", ends[1], ends[2]), bought("4", ends[2] + day, ends[3]))
    both = ["member", "gold"]

    assert prepaid_through([gold, one], ends[0], levels=both) == ends[2]
    assert prepaid_through([one], ends[0], levels=both) == ends[0]
    assert prepaid_through([gold, one], ends[0], levels=["member"]) == ends[0]
    assert prepaid_through([], ends[0], levels=both) == ends[0]
    shut = replace(gold, closings=(Closing(FIRST + day),))
    assert prepaid_through([shut, one], ends[0], levels=both) == ends[0], "what was closed is not to come"
    back = replace(ahead, revocations=(Revocation(FIRST + day),))
    assert prepaid_through([membership(back, level="gold"), one], ends[0], levels=both) == ends[0]
