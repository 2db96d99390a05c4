"""Other stories than the recorded ones, told in every way in which Stripe may tell them: the answers of DESIGN section 4."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests import lives
from tests.conftest import START
from tests.scenarios.dump import Dump, differences, dump, undone
from tests.scenarios.stories import shelf

pytestmark = [pytest.mark.django_db, pytest.mark.db_matters]

NAMES = shelf.names()
OLD = [name for name in NAMES if shelf.told(name).old_can_say_it]


@pytest.fixture(autouse=True)
def ready(db: None, clock: object, tmp_path: Path) -> None:
    """A live account and the stories' catalogue."""
    shelf.set_up(tmp_path)


def bodies(names: Sequence[str] = NAMES, *, old: bool = False) -> list[str]:
    return [body for name in names for body in shelf.told(name).bodies(old=old)]


def rows(names: Sequence[str] = NAMES) -> list[lives.Row]:
    return [row for name in names for row in shelf.told(name).expected]


def alarms() -> dict[str, set[str]]:
    """What staff are told to look at, by customer."""
    from goodstanding.memberships.models import Alarm

    found: dict[str, set[str]] = {}
    for alarm in Alarm.objects.select_related("customer"):
        found.setdefault(alarm.customer.external_id, set()).add(alarm.code)
    return found


def records() -> Dump:
    """Every row but those of the log of changes, which tells in which order things became known."""
    return dump(without=("gs_memberships_standingchange",))


def seen_from_now(*dumps: Dump) -> None:
    """Who was looked at again because of the price list (now, and in one of the dumps alone): say what holds from now on.

    His row begins now then, and says the same from then on as one that begins at his last fact.
    """
    stored: list[dict[str, Any]] = [found["gs_memberships_memberstanding"] for found in dumps]
    now = f"{START:%Y-%m-%dT%H:%M:%SZ}"
    for member in set.intersection(*(set(rows) for rows in stored)):
        begun = {rows[member]["as_of"] for rows in stored}
        if len(begun) > 1 and START in begun:
            for rows in stored:
                outlook = rows[member]["outlook"]
                later = [entry for entry in outlook if entry["from"] > now]
                rows[member] = {"now": {**outlook[-1 - len(later)], "from": now}, "later": later}


def test_in_order_or_shuffled_and_told_twice_every_answer_is_right_and_every_row_the_same(tmp_path: Path) -> None:
    """I1 and I2."""
    with undone():
        summary = lives.load(bodies(), tmp_path)
        assert (summary["bad"], summary["processed"]["dead"], summary["processed"]["failed"]) == ([], 0, 0)
        assert shelf.answers_differ(rows()) == []
        assert alarms() == {story.customer: story.alarms for name in NAMES if (story := shelf.told(name)).alarms}
        in_order = records()

    lives.load(lives.shuffled(bodies(), 25), tmp_path)

    assert shelf.answers_differ(rows()) == []
    shuffled = records()
    seen_from_now(in_order, shuffled)
    assert differences(in_order, shuffled) == []


def test_in_the_shape_of_before_basil_every_answer_is_the_same(tmp_path: Path) -> None:
    summary = lives.load(bodies(OLD, old=True), tmp_path)

    assert (summary["bad"], summary["processed"]["dead"], summary["processed"]["failed"]) == ([], 0, 0)
    assert shelf.answers_differ(rows(OLD)) == []


@pytest.mark.parametrize("seed", range(2))
def test_shuffled_told_twice_and_in_mixed_shapes_every_answer_is_the_same(tmp_path: Path, seed: int) -> None:
    chance, names = random.Random(seed), NAMES[seed::2]
    pairs = [pair for name in names for pair in shelf.told(name).pairs()]

    lives.load(lives.shuffled([chance.choice(pair) or pair[0] for pair in pairs], seed), tmp_path)

    assert shelf.answers_differ(rows(names)) == []


def test_invoices_that_do_not_list_their_payments_find_them_all_the_same(tmp_path: Path) -> None:
    """Since Basil the list need not be there: then the events of the payments themselves say what they paid."""
    told, names = (
        [],
        [name for name in NAMES if set("".join(shelf.told(name).bodies()).split()) & {'"refund",', '"dispute",'}],
    )
    for body in bodies(names):
        event = json.loads(body)
        event["data"]["object"].pop("payments", None)
        told.append(json.dumps(event))

    lives.load(lives.shuffled(told, 11), tmp_path)

    assert len(names) > 8
    assert shelf.answers_differ(rows(names)) == []


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

    lives.load(bodies(["in-yen", "in-dinars"]), tmp_path)

    found = set(Invoice.objects.values_list("currency", "total_minor", "paid_minor"))
    assert found == {("JPY", 9000, 9000), ("KWD", 18500, 18500)}


def test_two_levels_of_one_group_in_one_contract_let_in(tmp_path: Path) -> None:
    summary = lives.load(bodies(["two-levels-of-one-group-in-one-contract"]), tmp_path)

    assert summary["processed"]["dead"] == 0
    [member] = lives.standing("2025-01-20")[0]["members"]
    assert member["status"] == "good"
