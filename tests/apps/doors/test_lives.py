"""Recorded lives at a door: the card of a customer of Stripe's at the telling moments of his year."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from goodstanding.catalogue.models import Level
from goodstanding.core.records import HoldKind
from goodstanding.doors import services
from goodstanding.memberships import services as decisions
from goodstanding.people.models import Member
from tests import lives
from tests.apps.doors.conftest import UID, Reader

pytestmark = [pytest.mark.django_db, pytest.mark.db_matters]

DECLINED_LOST = [
    ("2025-07-21T09:14:00Z", True, "ok", "2025-07-28T09:15:00Z", "paid, the last minute of the month"),
    ("2025-07-21T09:16:00Z", True, "ok", "2025-07-28T09:15:00Z", "a minute after billing, within the window"),
    ("2025-07-21T21:45:21Z", True, "ok", "2025-08-28T09:15:00Z", "paid in the evening"),
    ("2025-08-21T09:45:00Z", True, "ok", "2025-08-28T09:15:00Z", "the next renewal, within its window"),
    ("2025-08-21T10:16:19Z", True, "ok", "2025-08-28T09:15:00Z", "declined: grace"),
    ("2025-08-28T09:14:59Z", True, "ok", "2025-08-28T09:15:00Z", "the last second of grace"),
    ("2025-08-28T09:15:00Z", False, "lapsed", None, "grace is over"),
    ("2025-09-15T12:00:00Z", False, "lapsed", None, "weeks later"),
    ("2025-10-09T09:15:00Z", False, "lapsed", None, "cancelled at the gateway"),
]


def at_the_door(email: str, clock: Any, *for_levels: str) -> Reader:
    """A reader at a new door, and a card for the member with this e-mail."""
    levels = list(Level.objects.filter(slug__in=for_levels))
    door = services.make_door(name="Workshop", levels=levels, by=None, now=clock.now)
    device = services.make_device(name="reader", at=[door], by=None, now=clock.now)
    reader = Reader(device, door, services.new_device_token(device, by=None, now=clock.now), Client())
    services.add_card(Member.objects.get(email=email), uid=UID, by=None, now=clock.now)
    return reader


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_declined_and_lost_opens_in_window_and_in_grace_and_is_shut_after(tmp_path: Path, clock: Any) -> None:
    """Told as it happened: by each moment only what Stripe had sent by then. Nothing works between the last event and a tap."""
    lives.set_up()
    untold = lives.lines(["declined-lost"])
    reader = None
    for moment, opens, code, until, why in DECLINED_LOST:
        now = clock.set(at(moment))
        cut = now.timestamp()
        lives.load([body for body in untold if lives.created(body) <= cut], tmp_path)
        untold = [body for body in untold if lives.created(body) > cut]
        reader = reader or at_the_door("declined-lost@lives.example.org", clock, "bench")
        told = reader.tap().json()
        assert (told["open"], told["code"], told["until"]) == (opens, code, until), (moment, why)


def test_with_every_worker_dead_and_no_more_events_the_door_shuts_by_the_clock(tmp_path: Path, clock: Any) -> None:
    lives.set_up()
    cut = at("2025-08-21T10:16:19Z").timestamp()
    lives.load([body for body in lives.lines(["declined-lost"]) if lives.created(body) <= cut], tmp_path)
    clock.set(at("2025-08-21T10:16:19Z"))
    reader = at_the_door("declined-lost@lives.example.org", clock)
    for moment, opens in (
        ("2025-08-21T10:16:19Z", True),
        ("2025-08-28T09:14:59Z", True),
        ("2025-08-28T09:15:00Z", False),
        ("2027-01-01T00:00:00Z", False),
    ):
        clock.set(at(moment))
        assert reader.opens() is opens, moment


@pytest.mark.parametrize(
    "life",
    ["steady-monthly", "declined-recovered", "full-refund", "dispute-won", "trial", "month-end", "two-agreements"],
)
def test_at_every_moment_of_a_life_the_door_opens_to_good_and_grace_alone(
    life: str, tmp_path: Path, clock: Any
) -> None:
    """Told as it happened; the door and the page agree with expected.csv. G4: of two subscriptions one is deleted: open."""
    lives.set_up()
    rows = [row for row in lives.expected() if row.life == life and len(row.emails) == 1]
    assert rows
    untold = lives.lines([life])
    reader = None
    for row in rows:
        now = clock.set(at(row.at))
        cut = now.timestamp()
        lives.load([body for body in untold if lives.created(body) <= cut], tmp_path)
        untold = [body for body in untold if lives.created(body) > cut]
        member = Member.objects.filter(email=row.emails[0]).first()
        if member is None:
            assert row.status == "none", row
            continue
        reader = reader or at_the_door(row.emails[0], clock)
        assert reader.opens() is (row.status in {"good", "grace"}), row
        ((_, decision),) = services.why(member, now)
        assert decision.open is (row.status in {"good", "grace"}), row


def test_a_decision_of_the_staff_counts_at_the_next_tap(tmp_path: Path, clock: Any) -> None:
    lives.set_up()
    lives.load(lives.lines(["steady-monthly"]), tmp_path)
    row = next(row for row in lives.expected() if row.life == "steady-monthly" and row.status == "good")
    clock.set(max(at(each.at) for each in lives.expected() if each.life == row.life and each.status == "good"))
    reader = at_the_door(row.emails[0], clock)
    member = Member.objects.get(email=row.emails[0])
    assert reader.opens()
    held = decisions.hold(member, kind=HoldKind.SUSPENDED, reason="broke the lathe", by=None, now=clock.now)
    told = reader.tap().json()
    assert (told["open"], told["code"]) == (False, "held")
    assert "lathe" not in json.dumps(told)
    ((_, decision),) = services.why(member, clock.now)
    assert decision.standing is not None
    assert "broke the lathe" in decision.standing.because
    decisions.release(held, reason="mended it", by=None, now=clock.now)
    assert reader.opens()
