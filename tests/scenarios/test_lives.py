"""A year in the life of nineteen customers, told in every way in which Stripe may tell it: the same answers."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import pytest

from tests import lives

pytestmark = [pytest.mark.django_db, pytest.mark.db_matters]

ROWS = lives.expected()
# In which order things are told is no matter of the database: PostgreSQL is given some of the orders.
SEEDS = range(4 if os.environ["DATABASE_URL"].startswith("postgres") else 12)


@pytest.fixture(autouse=True)
def ready(db: None) -> None:
    """A live account and the catalogue."""
    lives.set_up()


def test_told_in_order_every_answer_is_right(tmp_path: Path) -> None:
    summary = lives.load(lives.lines(), tmp_path)

    assert (summary["bad"], summary["processed"]["dead"]) == ([], 0)
    assert lives.differences(ROWS, lives.standing(*lives.moments(ROWS))) == []


def test_told_in_the_shape_of_before_basil_every_answer_is_the_same(tmp_path: Path) -> None:
    """G9: the same event in either shape gives the same result."""
    summary = lives.load(lives.lines(legacy=True), tmp_path)

    assert summary["processed"]["dead"] == 0
    assert lives.differences(ROWS, lives.standing(*lives.moments(ROWS))) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_shuffled_and_told_twice_every_answer_is_the_same(tmp_path: Path, seed: int) -> None:
    """I1 and I2: odd seeds mix both shapes of payload."""
    bodies = lives.lines(legacy=bool(seed % 2))

    lives.load(lives.shuffled(bodies, seed), tmp_path)

    assert lives.differences(ROWS, lives.standing(*lives.moments(ROWS))) == []


@pytest.mark.parametrize(
    ("life", "shape"), [(life, "today") for life in lives.NAMES] + [(life, "legacy") for life in lives.LEGACY]
)
def test_each_alone_is_right_after_every_cut(tmp_path: Path, life: str, shape: str) -> None:
    """What is known at a moment suffices for the answer at that moment, and still does when more is known."""
    rows = [row for row in ROWS if row.file == life]
    untold = lives.lines([life], legacy=shape == "legacy")

    for at in lives.moments(rows):
        cut = datetime.fromisoformat(at).timestamp()
        lives.load([body for body in untold if lives.created(body) <= cut], tmp_path)
        untold = [body for body in untold if lives.created(body) > cut]
        assert lives.differences([row for row in rows if row.at == at], lives.standing(at)) == []
    lives.load(untold, tmp_path)
    assert lives.differences(rows, lives.standing(*lives.moments(rows))) == []


def test_what_was_known_at_a_moment_is_what_a_cut_file_tells(tmp_path: Path) -> None:
    """``--as-known-at``: the whole story loaded, asked for with only what was recorded by then."""
    lives.load(lives.lines(), tmp_path)

    for at in lives.moments(ROWS)[::7]:
        rows = [row for row in ROWS if row.at == at]
        assert lives.differences(rows, lives.standing(at, options=["--as-known-at", at])) == []


def test_a_customer_of_others_and_one_of_test_mode_become_no_members(tmp_path: Path) -> None:
    from goodstanding.people.models import Member

    lives.load(lives.lines(["foreign", "test-mode"]), tmp_path)

    assert sorted(Member.objects.values_list("email", flat=True)) == [
        "foreign@lives.example.org",
        "test-mode@lives.example.org",
    ]


def test_without_being_asked_to_nobody_is_made_a_member_but_all_money_is_kept(tmp_path: Path) -> None:
    from goodstanding.billing.models import Payment
    from goodstanding.memberships.models import Alarm
    from goodstanding.people.models import Member

    lives.load(lives.lines(["steady-monthly"]), tmp_path, create_members=False)

    assert not Member.objects.exists()
    assert Payment.objects.filter(status="succeeded").count() == 4
    assert [alarm.code for alarm in Alarm.objects.all()] == ["no_member"]
