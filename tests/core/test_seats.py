"""A seat is a window onto its payer's membership: held against the payer's standing in every small world."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from goodstanding.core.facts import ItemSeen
from goodstanding.core.money import Money, Rounding
from goodstanding.core.periods import Period
from goodstanding.core.proration import Convention
from goodstanding.core.records import HoldKind, MembershipRecord, Status
from goodstanding.core.seats import (
    Places,
    Seat,
    bought,
    charge,
    derived,
    hints,
    is_seat,
    reference,
    too_many,
    with_seats,
)
from goodstanding.core.standing import judge, judge_member

from . import oracle
from .oracle_parts import GRID
from .world_parts import h, moments
from .worlds import families

WINDOWS = ((-1, None), (1, None), (1, 3), (3, 9), (6, 6))
EVERY = 71  # each family has thousands of worlds; these are spread over them


def parents() -> Iterator[MembershipRecord]:
    for name, family in families().items():
        if name == "given_up":
            continue  # seats themselves: nobody gives a seat in one
        for number, world in enumerate(family()):
            if number % EVERY == 0:
                yield from world


def level_of(level: str, _since: datetime) -> str:
    return f"seat of {level}"


def seat(since: int, until: int | None = None) -> Seat:
    return Seat("seat", "parent", h(since), None if until is None else h(until), "the household")


@pytest.mark.parametrize(("since", "until"), WINDOWS)
def test_within_its_window_a_seat_stands_as_its_payer_and_outside_of_it_not_at_all(
    since: int, until: int | None
) -> None:
    """The same dates; C35: whatever ends the payer's ends it in the same moment."""
    for parent in parents():
        own = derived(parent, seat(since, until), level_of=level_of)
        for at in moments((parent,)):
            mine, theirs = judge(own, at), judge(parent, at)
            if at < max(h(since), parent.begun_at):
                assert mine.status is Status.NONE, (parent, at)
            elif until is not None and at >= h(until):
                assert (mine.status, mine.changes_at) == (Status.LAPSED, None), (parent, at)
            else:
                assert (mine.status, mine.covered_until, mine.because.why) == (
                    theirs.status,
                    theirs.covered_until,
                    theirs.because.why,
                ), (parent, at)
                assert mine.level == f"seat of {theirs.level}", (parent, at)
                assert mine.changes_at == theirs.changes_at, (parent, at)
                assert mine.through == "the household"


@pytest.mark.parametrize(("since", "until"), WINDOWS)
def test_the_oracle_says_the_same_of_seats(since: int, until: int | None) -> None:
    for parent in parents():
        own = derived(parent, seat(since, until), level_of=level_of)
        for at in moments((own,)):
            said = judge(own, at)
            answer = oracle.OracleAnswer(said.status, said.level, said.covered_until, said.changes_at)
            assert answer == oracle.judge(own, at), (own, at)


def test_what_was_known_of_a_seat_is_what_was_decided_by_then() -> None:
    parent = next(world[0] for world in families()["renewal"]())
    own = derived(parent, seat(1, 3), level_of=level_of)
    assert judge(own, h(2)).status is Status.GOOD
    assert judge(own, h(2)) == judge(derived(parent, seat(1), level_of=level_of), h(2))
    assert judge(own, h(3)).status is Status.LAPSED


def test_a_seat_given_up_and_given_again_counts_again_and_once() -> None:
    """C44: related, ended, related again."""
    parent = next(world[0] for world in families()["renewal"]())
    first, second = (derived(parent, each, level_of=level_of) for each in (seat(0, 1), seat(2)))
    statuses = [judge_member([first, second], h(tick)).status for tick in (0, 1, 2, 3)]
    assert statuses == [Status.GOOD, Status.LAPSED, Status.GOOD, Status.GOOD]


def test_the_payer_s_hold_holds_the_seat_and_keeps_its_reason_to_itself() -> None:
    for world in families()["holding"]():
        for hold in derived(world[0], seat(0), level_of=level_of).holds:
            assert hold.note == ""
            assert hold.kind in HoldKind


def test_levels_are_those_of_the_seat_from_when_it_began() -> None:
    for world in families()["levels"]():
        own = derived(world[0], seat(2), level_of=level_of)
        assert all(span.since >= h(2) for span in own.levels)
        assert len({span.since for span in own.levels}) == len(own.levels)
    constant = derived(world[0], seat(-2), level_of=lambda _level, _since: "family")
    assert {span.level for span in constant.levels} == {"family"}


@pytest.mark.parametrize(
    ("places", "total", "room"),
    [
        (Places(), 0, None),
        (Places(2), 2, None),
        (Places(2, 3), 5, None),
        (Places(2, 3, 4), 4, 0),
        (Places(2, 0, 4), 2, 2),
        (Places(2, 1, 2), 2, 0),
    ],
)
def test_how_many_there_are(places: Places, total: int, room: int | None) -> None:
    assert (places.total, places.room) == (total, room)


def test_of_too_many_the_last_ones_go() -> None:
    held = [Seat("c", "m", h(3)), Seat("a", "m", h(1)), Seat("b", "m", h(3))]
    assert [each.ref for each in too_many(held, 3)] == []
    assert [each.ref for each in too_many(held, 2)] == ["c"]
    assert [each.ref for each in too_many(held, 1)] == ["b", "c"]
    assert [each.ref for each in too_many(held, -1)] == ["a", "b", "c"]


def test_further_seats_are_an_item_beside_the_level() -> None:
    level = ItemSeen("level", hints("prc_other", "x"), 1)
    level = ItemSeen("level", type(level.hints)("prc_1", level="household"), 1, 5000)
    more = ItemSeen("more", hints("prc_1", "Further seat"), 3, 1000)
    assert is_seat(reference("prc_1"))
    assert not is_seat("prc_1")
    assert more.hints.level == ""
    assert bought((level, more)) == 3
    assert bought((level,)) == 0
    assert with_seats((level, more), ItemSeen("more", more.hints, 2, 1000)) == (
        level,
        ItemSeen("more", more.hints, 2, 1000),
    )
    assert with_seats((level, more), ItemSeen("more", more.hints, 0, 1000)) == (level,)


with (Path(__file__).parents[1] / "cases" / "proration.csv").open(newline="", encoding="utf-8") as table:
    ROWS = {row["case_id"]: row for row in csv.DictReader(table)}


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize("case", ["POL-025", "POL-027", "POL-031", "POL-039", "POL-043"])
@pytest.mark.parametrize("rounding", list(Rounding))
def test_more_seats_cost_their_part_of_what_is_left_and_nothing_is_given_back(case: str, rounding: Rounding) -> None:
    row = ROWS[case]
    before, after = (int(number) for number in row["quantity"].split("->"))
    whole = int(row["new_price"]) - int(row["old_price"])
    if case == "POL-031":  # (20000-10000) - (10000-7500): what the discount leaves of the difference
        whole = 7500
    each, left = divmod(whole, after - before)
    assert not left, row
    period = Period(moment(row["period_start"]), moment(row["period_end"]))
    found = charge(
        Money(each, row["currency"]),
        after - before,
        rest=Period(moment(row["change_time"]), period.end),
        of=period,
        convention=Convention(rounding=rounding),
    )
    assert found == Money(int(row["expected_charge"]), row["currency"])
    assert int(row["expected_credit"]) == 0


def test_more_seats_at_the_period_s_start_cost_the_whole_price() -> None:
    """POL-045, without its discount, which takes the same off before and after."""
    start = datetime(2025, 6, 1, tzinfo=UTC)
    period = Period(start, start + timedelta(days=30))
    assert charge(Money(1000, "USD"), 5, rest=period, of=period) == Money(5000, "USD")
    late = Period(start + 60 * GRID - timedelta(seconds=1), period.end)
    assert charge(Money(1000, "JPY"), 5, rest=late, of=period) == Money(0, "JPY")
