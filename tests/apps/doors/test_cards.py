"""Cards: added, lost, blocked, found, handed over; the one just seen; and why somebody cannot get in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import checks
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.test.utils import CaptureQueriesContext

from goodstanding import conf
from goodstanding.audit.models import AuditEntry
from goodstanding.core.doors import BadCard
from goodstanding.doors import handlers, services
from goodstanding.doors.keys import NoCardKey
from goodstanding.doors.models import Card, DoorEvent
from goodstanding.doors.services import CardRefused, CardTaken, NothingSeen
from goodstanding.jobs import registry
from goodstanding.jobs import services as jobs
from tests.apps.doors.conftest import OTHER_UID, UID, stand
from tests.door_cases import DAY

pytestmark = [pytest.mark.django_db, pytest.mark.db_matters]

TEN = services.KEEP_UNKNOWN


def noted(card):
    entries = AuditEntry.objects.filter(object_id=card.pk).order_by("pk")
    return [(entry.by.name if entry.by else None, entry.action, entry.why) for entry in entries]


def test_a_card_is_known_however_its_number_is_written(reader, good, card):
    assert reader.opens("04A23BC15D6680")
    assert reader.opens("04-a2-3b-c1-5d-66-80")
    assert not reader.opens("04A23BC15D6681")


def test_a_card_has_one_member(alice, bob, card, dana, clock):
    for member in (alice, bob):
        with pytest.raises(CardTaken) as caught:
            services.add_card(member, uid=UID.replace(":", ""), by=dana, now=clock.now)
        assert caught.value.card == card
        assert UID not in str(caught.value)
    with pytest.raises(IntegrityError), transaction.atomic():
        Card.objects.create(id="card_2", member=bob, digest=card.digest, added_at=clock.now)


@pytest.mark.parametrize("uid", ["", "12", "no number!"])
def test_what_is_no_number_makes_no_card(alice, dana, clock, uid):
    with pytest.raises(BadCard):
        services.add_card(alice, uid=uid, by=dana, now=clock.now)
    assert not Card.objects.exists()


def test_without_a_key_there_are_no_cards(alice, dana, clock, settings):
    settings.GOODSTANDING_CARD_KEY = ""
    with pytest.raises(NoCardKey):
        services.add_card(alice, uid=UID, by=dana, now=clock.now)


@pytest.mark.parametrize(("uid", "kept"), [(UID, "6680"), ("12345678", "5678"), ("1234567", None)])
def test_the_last_four_are_kept_where_they_are_no_more_than_half(alice, dana, clock, uid, kept):
    assert services.add_card(alice, uid="AAAAAAAA", by=dana, now=clock.now).last_four == ""
    if kept is None:
        with pytest.raises(CardRefused):
            services.add_card(alice, uid=uid, keep_last_four=True, by=dana, now=clock.now)
    else:
        assert services.add_card(alice, uid=uid, keep_last_four=True, by=dana, now=clock.now).last_four == kept


def test_a_lost_card_opens_nothing_until_it_is_found(reader, good, card, alice, dana, clock):
    services.mark_lost(card, by=alice.user, now=clock.now)
    assert reader.tap().json()["code"] == "lost_card"
    with pytest.raises(CardRefused, match="lost"):
        services.mark_lost(card, by=dana, now=clock.now)
    with pytest.raises(CardRefused):
        services.reactivate(card, reason=" ", by=dana, now=clock.now)
    services.reactivate(card, reason="found under the lathe", by=dana, now=clock.now)
    assert reader.opens()
    assert noted(card) == [
        ("Dana", "add card", "by its number"),
        ("Alice", "card lost", ""),
        ("Dana", "card active", "found under the lathe"),
    ]


def test_a_blocked_card_opens_nothing(reader, good, card, dana, clock):
    with pytest.raises(CardRefused):
        services.block(card, reason="", by=dana, now=clock.now)
    assert reader.opens()
    services.block(card, reason="lent to a stranger", by=dana, now=clock.now)
    assert reader.tap().json()["code"] == "blocked_card"
    with pytest.raises(CardRefused, match="blocked"):
        services.block(card, reason="again", by=dana, now=clock.now)
    with pytest.raises(CardRefused, match="blocked"):
        services.mark_lost(card, by=dana, now=clock.now)


def test_with_two_cards_one_may_be_lost(reader, good, card, alice, dana, clock):
    services.add_card(alice, uid=OTHER_UID, by=dana, now=clock.now)
    services.mark_lost(card, by=dana, now=clock.now)
    assert not reader.opens()
    assert reader.opens(OTHER_UID)
    assert [decision.code for _, decision in services.why(alice, clock.now)] == ["ok"]
    assert [decision.code for _, decision in services.why(alice, clock.now, card=card)] == ["lost_card"]


def test_a_card_that_came_back_opens_for_the_next_one_and_the_past_stays(reader, good, card, bob, dana, clock):
    assert reader.opens()
    services.mark_lost(card, by=dana, now=clock.now)
    card = services.hand_over(card, to=bob, by=dana, now=clock.now)
    assert reader.tap().json()["code"] == "no_member"
    assert list(DoorEvent.objects.order_by("pk").values_list("member__name", flat=True).distinct()) in (
        ["Alice", "Bob"],
        ["Bob", "Alice"],
    )
    with pytest.raises(CardRefused):
        services.hand_over(card, to=bob, by=dana, now=clock.now)
    assert noted(card)[-1][1] == "hand over card"


@pytest.mark.parametrize(
    ("later", "assigned"), [(timedelta(0), True), (TEN, True), (TEN + timedelta(seconds=1), False)]
)
def test_the_card_just_seen_can_be_assigned_for_ten_minutes(reader, good, dana, clock, later, assigned):
    assert reader.tap().json()["code"] == "unknown_card"
    clock.advance(later)
    if not assigned:
        assert services.seen_unknown(now=clock.now) == []
        with pytest.raises(NothingSeen):
            services.assign_last_seen(good, by=dana, now=clock.now)
        return
    (tap,) = services.seen_unknown(now=clock.now)
    card = services.assign_last_seen(good, door=reader.door, label="blue", by=dana, now=clock.now)
    assert reader.opens()
    assert noted(card) == [("Dana", "add card", f"seen in {tap.pk}")]
    assert services.seen_unknown(now=clock.now) == []
    with pytest.raises(NothingSeen):
        services.assign_last_seen(good, by=dana, now=clock.now)


def test_of_several_seen_the_one_meant_is_assigned(reader, at_door, good, bob, dana, clock):
    other = at_door("Studio")
    first = reader.tap(tap_id="1") and DoorEvent.objects.get()
    clock.advance(timedelta(seconds=5))
    other.tap(OTHER_UID)
    clock.advance(timedelta(seconds=5))
    reader.tap(OTHER_UID)
    assert [(tap.door.name, tap.unknown_digest) for tap in services.seen_unknown(now=clock.now)] == [
        ("Workshop", DoorEvent.objects.latest("recorded_at").unknown_digest),
        ("Workshop", first.unknown_digest),
    ]
    services.assign_last_seen(good, seen=first.pk, by=dana, now=clock.now)
    assert reader.opens()
    services.assign_last_seen(bob, door=other.door, by=dana, now=clock.now)
    assert not reader.opens(OTHER_UID)
    assert set(Card.objects.values_list("member__name", flat=True)) == {"Alice", "Bob"}
    with pytest.raises(NothingSeen):
        services.assign_last_seen(bob, seen="tap_nobody", by=dana, now=clock.now)


def test_a_card_seen_at_a_locked_door_can_be_assigned_too(reader, good, dana, clock):
    services.change_door(
        reader.door, name="W", place="", levels=[], is_active=True, locked_out=True, by=dana, now=clock.now
    )
    assert reader.tap().json()["code"] == "locked_out"
    assert services.assign_last_seen(good, by=dana, now=clock.now).member == good


def test_unknown_cards_are_forgotten_by_the_worker_and_the_tap_stays(reader, good, card, clock):
    reader.tap(OTHER_UID)
    reader.tap()
    held = lambda: DoorEvent.objects.exclude(unknown_digest="").count()  # noqa: E731
    for minutes, wanted in ((10, 1), (1, 0)):
        clock.advance(timedelta(minutes=minutes))
        jobs.tick(now=clock.now)
        jobs.work_once(now=clock.now)
        assert held() == wanted
    assert DoorEvent.objects.filter(code="unknown_card", card=None, member=None).count() == 1
    assert DoorEvent.objects.count() == 2
    assert handlers.FORGET in registry.intervals()


def test_why_takes_four_statements_however_much_there_is(at_door, good, card, bob, dana, clock):
    counts = []
    for number in range(12):
        at_door(f"door {number}", ["bench", "studio"])
        services.add_card(good, uid=f"AAAA{number:04}", by=dana, now=clock.now)
        if number in (0, 11):
            with CaptureQueriesContext(connection) as statements:
                found = services.why(good, clock.now)
            assert len(found) == number + 1
            counts.append(len(statements))
    assert counts == [4, 4]


def test_the_page_tells_a_held_member_why_and_a_stranger_gets_a_refusal_not_an_error(reader, alice, bob, card, clock):
    stand(alice, ((-DAY, {"bench": "held"}),))
    ((_, decision),) = services.why(alice, clock.now)
    assert decision.standing is not None
    assert decision.standing.because == "why"
    assert decision.what_to_do == "Ask the staff."
    ((_, decision),) = services.why(bob, clock.now)
    assert (decision.open, decision.code) == (False, "no_member")


def test_a_level_that_a_door_names_cannot_vanish_and_open_it_to_all(at_door, levels, good, card):
    reader = at_door(for_levels=["studio"])
    with pytest.raises(ProtectedError):
        levels["studio"].delete()
    assert reader.tap().json()["code"] == "other_level"


def test_a_door_made_from_the_same_is_the_same(dana, clock, db):
    one = services.make_door(name="Front", by=dana, now=clock.now, made_from=("demo", "front"))
    other = services.make_door(name="Another", by=dana, now=clock.now, made_from=("demo", "front"))
    assert (one, other.name) == (other, "Front")
    assert services.make_door(name="Front", by=dana, now=clock.now) != one


def test_what_changes_at_a_door_is_noted_and_what_does_not_is_not(reader, levels, dana, clock):
    same: dict[str, Any] = {"name": "Workshop", "place": "", "levels": [], "is_active": True, "locked_out": False}
    services.change_door(reader.door, **same, by=dana, now=clock.now)
    services.change_door(
        reader.door, **{**same, "locked_out": True, "levels": [levels["bench"]]}, by=dana, now=clock.now
    )
    assert noted(reader.door) == [
        ("Dana", "add door", "Workshop"),
        ("Dana", "change door", "locked_out: True; levels: bench"),
    ]


@pytest.mark.parametrize(("key", "wanted"), [("x" * 32, set()), ("", {"gs.E031"}), ("short", {"gs.E031"})])
def test_a_key_that_hides_nothing_is_found_at_start(settings, key, wanted):
    settings.GOODSTANDING_CARD_KEY = key
    found = checks.run_checks(tags=["goodstanding"])
    assert {message.id for message in found} == wanted
    assert all(message.hint for message in found)


def test_a_short_key_in_the_environment_is_refused_without_repeating_it():
    with pytest.raises(conf.BadSetting) as caught:
        conf.CARD_KEY.from_text("hunter2")
    assert "GOODSTANDING_CARD_KEY" in str(caught.value)
    assert "hunter2" not in str(caught.value)
