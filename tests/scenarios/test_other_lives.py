"""Other stories than the recorded ones, told in every way in which Stripe may tell them: the answers of DESIGN section 4."""

from __future__ import annotations

import json
import random
from datetime import datetime
from pathlib import Path

import pytest

from tests import lives
from tests.scenarios.stories import shelf

pytestmark = [pytest.mark.django_db, pytest.mark.db_matters]

NAMES = shelf.names()
ROWS = [row for name in NAMES for row in shelf.told(name).expected]
OLD = [name for name in NAMES if shelf.told(name).old_can_say_it]


@pytest.fixture(autouse=True)
def ready(db: None, tmp_path: Path) -> None:
    """A live account and the stories' catalogue."""
    shelf.set_up(tmp_path)


def bodies(*, old: bool) -> list[str]:
    return [body for name in NAMES for body in shelf.told(name).bodies(old=old)]


@pytest.mark.parametrize("old", [False, True], ids=["today", "before-basil"])
def test_told_in_order_every_answer_is_right(tmp_path: Path, old: bool) -> None:
    from goodstanding.memberships.models import Alarm

    summary = lives.load(bodies(old=old), tmp_path)

    assert (summary["bad"], summary["processed"]["dead"], summary["processed"]["failed"]) == ([], 0, 0)
    assert shelf.answers_differ(ROWS) == []
    found: dict[str, set[str]] = {}
    for alarm in Alarm.objects.select_related("customer"):  # staff are told of what they should look at, and of nothing else
        found.setdefault(alarm.customer.external_id, set()).add(alarm.code)
    assert found == {story.customer: story.alarms for name in NAMES if (story := shelf.told(name)).alarms}


def test_invoices_that_do_not_list_their_payments_find_them_all_the_same(tmp_path: Path) -> None:
    """Since Basil the list need not be there: then the events of the payments themselves say what they paid."""
    told = []
    for body in bodies(old=False):
        event = json.loads(body)
        event["data"]["object"].pop("payments", None)
        told.append(json.dumps(event))

    lives.load(lives.shuffled(told, 11), tmp_path)

    assert shelf.answers_differ(ROWS) == []


@pytest.mark.parametrize("seed", range(2))  # a third one: test_invariants_replayed
def test_shuffled_told_twice_and_in_mixed_shapes_every_answer_is_the_same(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    pairs = [pair for name in NAMES for pair in shelf.told(name).pairs()]

    lives.load(lives.shuffled([chance.choice(pair) or pair[0] for pair in pairs], seed), tmp_path)

    assert shelf.answers_differ(ROWS) == []


@pytest.mark.parametrize(
    ("name", "old"), [(name, False) for name in NAMES] + [(name, True) for name in OLD[::8]], ids=str
)
def test_each_alone_is_right_after_every_cut(tmp_path: Path, name: str, old: bool) -> None:
    """What is known at a moment suffices for the answer at that moment, and still does when more is known."""
    story = shelf.told(name)
    untold = story.bodies(old=old)

    for at in lives.moments(story.expected):
        cut = datetime.fromisoformat(at).timestamp()
        lives.load([body for body in untold if lives.created(body) <= cut], tmp_path)
        untold = [body for body in untold if lives.created(body) > cut]
        assert shelf.answers_differ([row for row in story.expected if row.at == at]) == []
    lives.load(untold, tmp_path)
    assert shelf.answers_differ(story.expected) == []


def test_amounts_are_kept_in_the_minor_units_of_their_currency(tmp_path: Path) -> None:
    from goodstanding.billing.models import Invoice

    lives.load([body for name in ("in-yen", "in-dinars") for body in shelf.told(name).bodies()], tmp_path)

    found = set(Invoice.objects.values_list("currency", "total_minor", "paid_minor"))
    assert found == {("JPY", 9000, 9000), ("KWD", 18500, 18500)}


def test_two_levels_of_one_group_in_one_contract_let_in(tmp_path: Path) -> None:
    story = shelf.told("two-levels-of-one-group-in-one-contract")

    summary = lives.load(story.bodies(), tmp_path)

    assert json.dumps(summary["processed"]["dead"]) == "0"
    [member] = lives.standing("2025-01-20")[0]["members"]
    assert member["status"] == "good"
