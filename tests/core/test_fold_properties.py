"""What an object's facts come to depends on the set of them: not on order, repetition, or what was condensed before."""

from __future__ import annotations

import json
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodstanding.core import codec, fold
from goodstanding.core.facts import Fact, SubscriptionSeen
from tests.core.fact_strategies import KINDS

each_kind = pytest.mark.parametrize("kind", sorted(KINDS))


def told(data: st.DataObject, kind: str) -> list[Fact]:
    return data.draw(st.lists(KINDS[kind], max_size=5))


@each_kind
@given(data=st.data(), seed=st.integers(0, 99))
def test_neither_order_nor_repetition_nor_condensing_a_part_of_it_first_changes_anything(
    kind: str, data: st.DataObject, seed: int
) -> None:
    facts = told(data, kind)
    come_to = fold.condense(facts)
    arrived = [*facts, *facts]
    random.Random(seed).shuffle(arrived)
    part = arrived[: seed % 7]

    assert fold.condense(arrived) == come_to
    assert fold.condense((*fold.condense(part), *arrived[len(part) :])) == come_to
    assert fold.condense((*arrived[len(part) :], *fold.condense(part))) == come_to


STATES = {
    "customer": fold.customer_state,
    "subscription": fold.in_order,
    "invoice": fold.invoice_state,
    "payment": fold.payment_state,
    "refund": fold.refund_state,
    "dispute": fold.dispute_state,
}


@pytest.mark.parametrize("kind", sorted(STATES))
@given(data=st.data(), seed=st.integers(0, 99))
def test_what_is_condensed_comes_to_the_same(kind: str, data: st.DataObject, seed: int) -> None:
    facts = told(data, kind)
    arrived = list(facts)
    random.Random(seed).shuffle(arrived)

    assert STATES[kind](fold.condense(facts)) == STATES[kind](dict.fromkeys(arrived))


@each_kind
@given(data=st.data())
def test_every_fact_survives_being_written_and_read(kind: str, data: st.DataObject) -> None:
    fact = data.draw(KINDS[kind])

    written = json.loads(json.dumps(codec.encode(fact)))

    assert codec.decode(written) == fact
    assert codec.encode(codec.decode(written)) == written
    assert fold.key_of(codec.decode(written)) == fold.key_of(fact)


@given(facts=st.lists(KINDS["subscription"], max_size=6), seed=st.integers(0, 99))
def test_the_order_of_tellings_does_not_depend_on_arrival(facts: list[Fact], seed: int) -> None:
    arrived = list(facts)
    random.Random(seed).shuffle(arrived)

    ordered = fold.in_order(arrived)

    assert ordered == fold.in_order(facts)
    assert all((one.at, one.rank) <= (other.at, other.rank) for one, other in pairwise(ordered))


@given(
    steps=st.lists(st.tuples(st.sampled_from(["items", "cancel_at", "paused"]), st.sampled_from("abcdef")), max_size=6),
    seed=st.integers(0, 99),
)
def test_changes_within_one_second_are_followed_to_their_end(steps: list[tuple[str, str]], seed: int) -> None:
    """Each telling says what it changed: whatever they came in, they end where the chain of changes ends."""
    state = {"items": "a", "cancel_at": "a", "paused": "a"}
    facts = [_telling(state, {}, rank=0)]
    for name, value in steps:
        before, state = {name: state[name]}, {**state, name: value}
        facts.append(_telling(state, before if before[name] != value else {}, rank=1))
    distinct = list(dict.fromkeys(facts))
    if len(distinct) < len(facts):
        return  # the very same change twice in one second: told no differently from one told twice
    random.Random(seed).shuffle(distinct)

    assert dict(fold.in_order(distinct)[-1].state) == state


def _telling(state: dict[str, str], before: dict[str, str], *, rank: int) -> SubscriptionSeen:
    from tests.core.fact_strategies import _BEGIN

    return SubscriptionSeen(
        subscription="sub", customer="cus", at=_BEGIN, status="active", created_at=_BEGIN, currency="EUR", items=(),
        rank=rank, before=tuple(sorted(before.items())), state=tuple(sorted(state.items())),
    )  # fmt: skip
