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
    return data.draw(st.lists(KINDS[kind], max_size=7))


@each_kind
@given(data=st.data())
def test_condensing_part_of_it_first_changes_nothing(kind: str, data: st.DataObject) -> None:
    some, more = told(data, kind), told(data, kind)

    assert fold.condense((*fold.condense(some), *more)) == fold.condense((*some, *more))


@each_kind
@given(data=st.data())
def test_neither_order_nor_repetition_changes_anything(kind: str, data: st.DataObject) -> None:
    facts = told(data, kind)
    shuffled = data.draw(st.permutations(facts))

    assert fold.condense((*shuffled, *facts)) == fold.condense(facts)


@each_kind
@given(data=st.data())
def test_what_is_condensed_comes_to_the_same(kind: str, data: st.DataObject) -> None:
    states = {
        "customer": fold.customer_state,
        "subscription": fold.in_order,
        "invoice": fold.invoice_state,
        "payment": fold.payment_state,
        "refund": fold.refund_state,
        "dispute": fold.dispute_state,
    }
    facts = told(data, kind)
    if kind in states:
        come_to = states[kind]
        assert come_to(fold.condense(facts)) == come_to(dict.fromkeys(data.draw(st.permutations(facts))))


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
