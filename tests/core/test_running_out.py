"""What runs out: every way in which a membership's coverage may end, and those of which nobody is warned."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from goodstanding.core.facts import PauseSpan
from goodstanding.core.records import (
    FOR_LIFE,
    Grant,
    Hold,
    HoldKind,
    InvoiceRecord,
    LevelSpan,
    Line,
    LineKind,
    MembershipRecord,
    SubscriptionRecord,
    SubscriptionState,
    Terms,
)
from goodstanding.core.running_out import RunsOut, running_out

DAY = timedelta(days=1)
START, NOW, END = (datetime(2026, month, day, tzinfo=UTC) for month, day in ((3, 1), (3, 27), (4, 1)))
LATER = datetime(2026, 5, 1, tzinfo=UTC)
WEEK = 7 * DAY


def bill(start: datetime, end: datetime, kind: LineKind = LineKind.PREPAID, **how: Any) -> InvoiceRecord:
    line = Line(f"item{start:%m%d}" if kind is LineKind.PREPAID else "item", start, end, kind, "sub")
    return InvoiceRecord(f"inv{start:%m%d}", min(start, NOW), (line,), settled_at=min(start, NOW), **how)


def place(*invoices: InvoiceRecord, ref: str = "one", level: str = "bench", **how: Any) -> MembershipRecord:
    spans = (LevelSpan(START, level, how.pop("terms", Terms())),)
    return MembershipRecord(ref, how.pop("begun_at", START), spans, invoices=invoices, **how)


def renewing(**last: Any) -> tuple[SubscriptionRecord, ...]:
    return (SubscriptionRecord("sub", START, (SubscriptionState(START), SubscriptionState(START + DAY, **last))),)


def refs(*records: MembershipRecord) -> list[str]:
    """What runs out at ``END``, where levels are each of their own place but for ``bench`` and ``studio``."""
    found = running_out(records, NOW, place_of=lambda level: "house" if level in ("bench", "studio") else level)
    return [each.ref for each in found if each.end == END]


TERM = bill(START, END)
MONTH = bill(START, END, LineKind.REGULAR)
GIVEN = Grant("grant", START, END, START)


@pytest.mark.parametrize(
    "record",
    [
        place(TERM),
        place(TERM, terms=Terms(prepaid_grace_days=14)),
        place(grants=(GIVEN,)),
        place(MONTH, subscriptions=renewing(ends_at=END)),
        place(MONTH, subscriptions=renewing(ended=True)),
        place(MONTH, subscriptions=renewing(ended=True, completed=True)),
    ],
    ids=["a term", "with grace after it", "a grant", "stopped", "ended there", "all instalments paid"],
)
def test_what_nothing_renews_runs_out(record: MembershipRecord) -> None:
    assert refs(record) == ["one"]


@pytest.mark.parametrize(
    "record",
    [
        place(MONTH, subscriptions=renewing()),
        place(MONTH, subscriptions=(SubscriptionRecord("sub", START),)),
        place(
            MONTH,
            replace(bill(END, LATER, LineKind.REGULAR), settled_at=None, failed_at=(NOW,)),
            subscriptions=renewing(),
            terms=Terms(grace_days=0),
        ),
        place(MONTH, subscriptions=renewing(paused=True)),
        place(MONTH, subscriptions=renewing(pauses=(PauseSpan(END, LATER),))),
        place(bill(START, FOR_LIFE)),
        place(grants=(replace(GIVEN, end=None),)),
        place(TERM, bill(END, LATER)),
        place(TERM, bill(END + 3 * DAY, LATER)),
        place(TERM, grants=(replace(GIVEN, end=LATER),)),
        place(TERM, through="Bob"),
        place(bill(START, NOW)),
        place(TERM, ended_at=NOW),
        place(TERM, holds=(Hold(HoldKind.SUSPENDED, START, released_at=None),)),
    ],
    ids=[
        "renews",
        "renews, as far as is known",
        "its renewal was refused",
        "paused there",
        "paused from its end on",
        "for life",
        "given for life",
        "the next term is bought",
        "the next season is bought",
        "given further",
        "a seat of somebody else",
        "over",
        "given up",
        "held",
    ],
)
def test_of_what_goes_on_or_is_over_nobody_is_warned(record: MembershipRecord) -> None:
    assert refs(record) == []


@pytest.mark.parametrize(
    ("level", "how", "warned"),
    [
        ("bench", {"begun_at": START}, []),
        ("studio", {"begun_at": END}, []),
        ("locker", {"begun_at": START}, ["one"]),
        ("bench", {"begun_at": START, "through": "Bob"}, []),
    ],
    ids=["another of the level", "another level in its place", "another level beside it", "a seat at the level"],
)
def test_who_is_covered_further_is_not_warned(level: str, how: dict[str, Any], warned: list[str]) -> None:
    other = place(bill(how["begun_at"], LATER), ref="two", level=level, **how)
    assert refs(place(TERM), other) == warned


def test_of_two_that_end_together_each_is_told() -> None:
    assert refs(place(TERM), place(TERM, ref="two", level="locker")) == ["one", "two"]


def test_since_when_it_is_stopped_is_told_from_the_last_time_that_it_was() -> None:
    states = [
        SubscriptionState(START + day * DAY, ends_at=end)
        for day, end in ((0, None), (3, END), (5, None), (9, END), (11, END))
    ]
    stopped = place(MONTH, subscriptions=(SubscriptionRecord("sub", START, tuple(states)),))
    (found,) = running_out([stopped], NOW, place_of=str)
    assert found == RunsOut("one", "bench", END, START, START + 9 * DAY)


@pytest.mark.parametrize(
    ("begun", "stopped", "warned"),
    [
        (START, None, True),
        (None, None, True),
        (END - WEEK, None, True),
        (END - WEEK + DAY, None, False),
        (START, END - WEEK, True),
        (START, END - WEEK + DAY, False),
    ],
    ids=["a month", "unknown", "a week", "shorter", "stopped before", "stopped since: told then"],
)
def test_what_is_short_or_was_told_just_now_is_not_warned_of(
    begun: datetime | None, stopped: datetime | None, *, warned: bool
) -> None:
    assert RunsOut("one", "bench", END, begun, stopped).is_warned_of(WEEK) is warned
