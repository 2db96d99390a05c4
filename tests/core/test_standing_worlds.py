"""Standing against its oracle: in every small world at every moment, and in random bigger ones."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
from goodstanding.core.standing import judge, judge_member

from . import oracle
from .world_parts import World, h, maybe, moments, show, show_world, tick
from .worlds import families

FAMILIES = families()
WORLDS_SHOWN = 3


def disagreements(world: World, at: datetime) -> Iterator[str]:
    """What standing answers otherwise than the oracle, in words."""
    for record in world:
        said = judge(record, at)
        answer = oracle.OracleAnswer(said.status, said.level, said.covered_until, said.changes_at)
        expected = oracle.judge(record, at)
        if answer != expected:
            yield f"{record.ref} at {tick(at)}\n  standing: {show(answer)}\n  oracle:   {show(expected)}"
    said_of_all = judge_member(world, at)
    together = oracle.OracleMemberAnswer(said_of_all.status, said_of_all.covered_until, said_of_all.changes_at)
    expected_together = oracle.judge_member(world, at)
    if together != expected_together:
        yield f"the member at {tick(at)}\n  standing: {show(together)}\n  oracle:   {show(expected_together)}"


def first_disagreement(world: World, *, every: int = 1) -> str | None:
    for at in moments(world)[::every]:
        for words in disagreements(world, at):
            return f"{words}\n{show_world(world)}"
    return None


@pytest.mark.parametrize("name", FAMILIES)
def test_standing_agrees_with_the_oracle_in_every_small_world(name: str) -> None:
    worlds = list(FAMILIES[name]())
    wrong = [words for words in map(first_disagreement, worlds) if words is not None]
    assert not wrong, f"{len(wrong)} of {len(worlds)} worlds:\n\n" + "\n\n".join(wrong[:WORLDS_SHOWN])


# -- random bigger worlds ---------------------------------------------------------------------------------------------

LAST = 14
ticks = st.integers(-1, LAST)
maybe_ticks = st.none() | ticks


def spans_of(longest: int) -> st.SearchStrategy[tuple[int, int]]:
    return st.tuples(st.integers(0, LAST - 2), st.integers(1, longest)).map(lambda pair: (pair[0], sum(pair)))


@st.composite
def lines(draw: st.DrawFn, ref: str) -> Line:
    start, end = draw(spans_of(6))
    kind = draw(st.sampled_from((LineKind.REGULAR, LineKind.REGULAR, LineKind.PRORATION, LineKind.PREPAID)))
    item = ref if kind is LineKind.PREPAID else draw(st.sampled_from("ab"))
    return Line(item, h(start), h(end), kind)


@st.composite
def invoices(draw: st.DrawFn, ref: str) -> InvoiceRecord:
    issued = draw(st.integers(-1, 8))
    settled = draw(st.none() | st.integers(issued, issued + 5))
    closed = None if settled is not None else draw(st.none() | st.integers(issued, LAST))
    revocations: list[Revocation] = []
    if settled is not None and draw(st.booleans()):
        since = settled + draw(st.integers(0, 5))
        until = draw(st.none() | st.integers(since + 1, since + 4))
        revocations.append(Revocation(h(since), maybe(until)))
        if until is not None and draw(st.booleans()):
            revocations.append(Revocation(h(until + draw(st.integers(0, 2)))))
    failed = draw(st.lists(st.integers(issued, LAST), max_size=2))
    bought = [draw(lines(ref=f"{ref}.{number}")) for number in range(draw(st.integers(1, 2)))]
    return InvoiceRecord(
        ref, h(issued), tuple(bought), maybe(settled), maybe(closed), tuple(map(h, failed)), tuple(revocations)
    )


states = st.builds(
    SubscriptionState,
    at=ticks.map(h),
    ended=st.sampled_from((False, False, False, True)),
    ends_at=maybe_ticks.map(maybe),
    paused=st.sampled_from((False, False, True)),
    resumes_at=maybe_ticks.map(maybe),
)
subscriptions = st.builds(
    SubscriptionRecord,
    ref=st.sampled_from(("sub_1", "sub_2")),
    begun_at=st.integers(-1, 4).map(h),
    states=st.lists(states, max_size=3).map(lambda said: tuple(sorted(said, key=lambda each: each.at))),
)


@st.composite
def grants(draw: st.DrawFn) -> Grant:
    start, end = draw(spans_of(6))
    given_at = draw(ticks)
    withdrawn = draw(st.none() | st.integers(given_at, given_at + 6))
    return Grant("grant", h(start), draw(st.sampled_from((h(end), h(end), None))), h(given_at), maybe(withdrawn))


@st.composite
def holds(draw: st.DrawFn) -> Hold:
    since = draw(ticks)
    ends = st.none() | st.integers(since, since + 6)
    return Hold(draw(st.sampled_from(HoldKind)), h(since), maybe(draw(ends)), maybe(draw(ends)))


level_spans = st.builds(
    LevelSpan,
    since=ticks.map(h),
    level=st.sampled_from(("basic", "full", "student")),
    terms=st.builds(Terms, grace_days=st.integers(0, 3), prepaid_grace_days=st.integers(0, 2)),
)


@st.composite
def memberships(draw: st.DrawFn, ref: str) -> MembershipRecord:
    history = draw(st.lists(level_spans, min_size=1, max_size=3))
    return MembershipRecord(
        ref,
        h(draw(st.integers(-1, 3))),
        tuple(sorted(history, key=lambda span: span.since)),
        tuple(draw(st.lists(subscriptions, max_size=2))),
        tuple(draw(invoices(ref=f"inv_{number}")) for number in range(draw(st.integers(0, 5)))),
        tuple(draw(st.lists(grants(), max_size=2))),
        tuple(draw(st.lists(holds(), max_size=2))),
        maybe(draw(maybe_ticks)),
    )


worlds: st.SearchStrategy[World] = st.one_of(
    st.tuples(memberships(ref="one")), st.tuples(memberships(ref="one"), memberships(ref="two"))
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(world=worlds)
def test_standing_agrees_with_the_oracle_in_random_worlds(world: World) -> None:
    assert (wrong := first_disagreement(world, every=2)) is None, wrong
