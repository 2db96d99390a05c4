"""Taps over HTTP: the table of cases, what is written, what is refused, and how many statements it takes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from goodstanding.core.doors import FRESH
from goodstanding.doors import services, taps
from goodstanding.doors.models import Card, Device, Door, DoorEvent
from tests.apps.doors.conftest import OTHER_UID, UID, stand
from tests.door_cases import CASES, DAY, PAID, hour

pytestmark = [pytest.mark.django_db, pytest.mark.db_matters]


def shown(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_door_answers_as_the_table_says(case, at_door, alice, dana, clock):
    reader = at_door(for_levels=case.levels)
    Door.objects.filter(pk=reader.door.pk).update(is_active=case.in_use, locked_out=case.locked_out)
    stand(alice, case.outlook)
    if case.card is not None:
        card = services.add_card(alice, uid=UID, by=dana, now=clock.now)
        Card.objects.filter(pk=card.pk).update(status=case.card)
    clock.set(case.now)
    answer = reader.tap()
    assert answer.status_code == 200
    told = answer.json()
    assert (told["open"], told["code"], told["until"]) == (case.opens, case.code, shown(case.changes))
    assert set(told) == {"open", "code", "words", "until"}
    assert told["words"]
    event = DoorEvent.objects.get()
    assert (event.opened, event.code, event.at, event.recorded_at) == (case.opens, case.code, case.now, case.now)
    assert event.member == (alice if case.card is not None else None)
    assert bool(event.unknown_digest) == (case.card is None)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_members_page_says_the_same(case, at_door, alice, dana, clock):
    door = at_door(for_levels=case.levels).door
    Door.objects.filter(pk=door.pk).update(is_active=case.in_use, locked_out=case.locked_out)
    stand(alice, case.outlook)
    if case.card is not None:
        card = services.add_card(alice, uid=UID, by=dana, now=clock.now)
        Card.objects.filter(pk=card.pk).update(status=case.card)
    found = services.why(alice, case.now)
    if case.page == "-":
        assert found == []
        return
    ((there, decision),) = found
    assert there == door
    assert (decision.open, decision.code) == (case.opens, case.page or case.code)


@pytest.mark.parametrize("others", [0, 30])
def test_three_statements_a_tap_and_a_fourth_once_a_minute(others, at_door, good, card, bob, dana, clock):
    reader = at_door(for_levels=["bench", "studio"])
    for number in range(others):
        services.add_card(bob, uid=f"{number:08}", by=dana, now=clock.now)
        at_door(f"door {number}", ["bench"]).device.doors.add(reader.door)
        reader.tap(OTHER_UID)
    assert reader.opens()
    clock.advance(timedelta(minutes=2))
    for wanted in (4, 3):
        with CaptureQueriesContext(connection) as statements:
            assert reader.opens()
        assert len(statements) == wanted, [each["sql"][:90] for each in statements]
    with CaptureQueriesContext(connection) as statements:
        assert not reader.opens(OTHER_UID)
    assert len(statements) == 3
    assert Device.objects.get(pk=reader.device.pk).last_seen_at == clock.now


def test_a_tap_asked_about_again_has_the_same_answer_and_one_row(reader, good, card, dana, clock):
    first = reader.tap(tap_id="t-1")
    services.mark_lost(card, by=dana, now=clock.now)
    clock.advance(timedelta(seconds=20))
    with CaptureQueriesContext(connection) as statements:
        again = reader.tap(tap_id="t-1")
    assert (again.status_code, again.json()) == (200, first.json())
    assert again.json()["open"] is True
    assert len(statements) == 4
    assert DoorEvent.objects.count() == 1
    assert reader.opens(tap_id="t-2") is False


def test_a_refusal_asked_about_again_stays_one(reader, good, card, clock):
    stand(good, ((-DAY, {"bench": "lapsed"}),))
    first = reader.tap(tap_id="t-1")
    stand(good)
    assert reader.tap(tap_id="t-1").json() == first.json()
    assert reader.opens(tap_id="t-2")


def test_a_tap_of_in_grace_says_the_same_words_again(reader, alice, card, clock):
    stand(alice, PAID)
    clock.set(hour(10 * DAY))
    first = reader.tap(tap_id="t-1").json()
    assert reader.tap(tap_id="t-1").json() == first


def test_a_recorded_tap_played_again_later_opens_nothing(reader, good, card, clock):
    assert reader.opens(tap_id="t-1")
    clock.advance(FRESH + timedelta(seconds=1))
    answer = reader.tap(tap_id="t-1").json()
    assert (answer["open"], answer["code"], answer["until"]) == (False, "replayed", None)
    assert DoorEvent.objects.count() == 1


def test_one_name_for_two_taps_opens_nothing(reader, at_door, good, card, bob, dana, clock):
    services.add_card(bob, uid=OTHER_UID, by=dana, now=clock.now)
    assert reader.opens(tap_id="t-1")
    assert reader.tap(OTHER_UID, tap_id="t-1").json()["code"] == "replayed"
    elsewhere = at_door("Studio").door
    reader.device.doors.add(elsewhere)
    assert reader.tap(door=elsewhere.pk, tap_id="t-1").json()["code"] == "replayed"
    assert DoorEvent.objects.count() == 1


def test_two_devices_may_use_one_name(reader, at_door, good, card):
    assert reader.opens(tap_id="t-1")
    assert at_door("Studio").opens(tap_id="t-1")
    assert DoorEvent.objects.count() == 2


def test_taps_without_a_name_are_each_their_own(reader, good, card):
    assert reader.opens()
    assert reader.opens()
    assert reader.opens(tap_id=None)
    assert DoorEvent.objects.count() == 3


@pytest.mark.parametrize(
    ("off", "code"),
    [
        (timedelta(0), "ok"),
        (-FRESH, "ok"),
        (FRESH, "ok"),
        (-FRESH - timedelta(seconds=1), "too_late"),
        (FRESH + timedelta(seconds=1), "too_early"),
        (timedelta(days=-400), "too_late"),
        (timedelta(days=36500), "too_early"),
    ],
)
def test_an_old_or_far_future_tap_is_refused_and_kept_with_both_times(reader, good, card, clock, off, code):
    answer = reader.tap(at=(clock.now + off).isoformat()).json()
    assert (answer["open"], answer["code"]) == (code == "ok", code)
    event = DoorEvent.objects.get()
    assert (event.at, event.recorded_at, event.code) == (clock.now + off, clock.now, code)


def test_a_moment_in_another_zone_is_the_same_moment(reader, good, card, clock):
    assert reader.opens(at="2026-03-02T11:00:00+01:00")
    assert DoorEvent.objects.get().at == clock.now


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "malformed_json"),
        (b"\xff\xfe", "malformed_json"),
        (b'{"card": ', "malformed_json"),
        (b"[" * 4000, "malformed_json"),
        (b"null", "not_a_tap"),
        (b'["04A23BC1"]', "not_a_tap"),
        (b"{}", "bad_card"),
        (b'{"card": 4123}', "bad_card"),
        (b'{"card": null}', "bad_card"),
        (b'{"card": ""}', "bad_card"),
        (b'{"card": "04A2\\u0000"}', "bad_card"),
        (b'{"card": "04A23BC1", "tap_id": ""}', "bad_tap_id"),
        (b'{"card": "04A23BC1", "tap_id": 7}', "bad_tap_id"),
        (b'{"card": "04A23BC1", "tap_id": "a b"}', "bad_tap_id"),
        (b'{"card": "04A23BC1", "tap_id": "\\u0000"}', "bad_tap_id"),
        (json.dumps({"card": "04A23BC1", "tap_id": "x" * 65}).encode(), "bad_tap_id"),
        (b'{"card": "04A23BC1", "at": "yesterday"}', "bad_moment"),
        (b'{"card": "04A23BC1", "at": 1772445600}', "bad_moment"),
        (b'{"card": "04A23BC1", "at": "2026-03-02T10:00:00"}', "bad_moment"),
        (b'{"card": "04A23BC1", "at": "0001-01-01T00:00:00+14:00"}', "bad_moment"),
        (b'{"card": "04A23BC1", "at": "9999-12-31T23:59:59-14:00"}', "bad_moment"),
    ],
)
def test_what_is_no_tap_is_refused_by_name_and_opens_nothing(reader, good, card, body, code):
    headers = {"Authorization": f"Bearer {reader.token}"}
    url = f"/doors/{reader.door.pk}/tap"
    answer = reader.client.post(url, body, content_type="application/json", headers=headers)
    assert (answer.status_code, answer.json()["error"], answer.json()["open"]) == (400, code, False)
    assert not DoorEvent.objects.exists()


@pytest.mark.parametrize(("size", "status"), [(4096, 200), (4097, 413), (10_000_000, 413)])
def test_a_body_has_at_most_four_kibibytes(reader, good, card, size, status):
    body = json.dumps({"card": UID}).encode()
    headers = {"Authorization": f"Bearer {reader.token}"}
    url = f"/doors/{reader.door.pk}/tap"
    answer = reader.client.post(url, body.ljust(size), content_type="application/json", headers=headers)
    assert answer.status_code == status
    assert answer.json()["open"] is (status == 200)


@pytest.mark.parametrize("method", ["get", "put", "delete", "head", "options"])
def test_only_post_is_taken(reader, method):
    answer = getattr(reader.client, method)(f"/doors/{reader.door.pk}/tap")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")


def test_no_cookie_is_asked_for_none_is_given_and_nothing_is_kept_by_caches(reader, good, card):
    reader.client = Client(enforce_csrf_checks=True)
    answer = reader.tap()
    assert answer.status_code == 200
    assert not answer.cookies
    assert answer["Cache-Control"] == "no-store"


def test_a_device_that_taps_faster_than_anybody_can_is_slowed(reader, at_door, good, card, clock, monkeypatch):
    monkeypatch.setattr(taps, "TAPS_A_MINUTE", 3)
    other = at_door("Studio")
    assert [reader.tap().status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    assert reader.tap()["Retry-After"] == "60"
    assert other.tap().status_code == 200
    clock.advance(timedelta(minutes=1))
    assert reader.tap().status_code == 200
    assert DoorEvent.objects.count() == 5


def test_without_a_key_no_card_is_known(reader, good, card, settings):
    settings.GOODSTANDING_CARD_KEY = ""
    answer = reader.tap()
    assert (answer.status_code, answer.json()["error"], answer.json()["open"]) == (503, "no_card_key", False)


def test_with_another_key_no_card_is_known(reader, good, card, settings):
    settings.GOODSTANDING_CARD_KEY = "another-key-" * 4
    assert reader.tap().json()["code"] == "unknown_card"
