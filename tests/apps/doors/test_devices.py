"""Who may ask: tokens, doors that are not a device's own, and what of all this shows anywhere."""

from __future__ import annotations

import json
import logging
from datetime import timedelta

import pytest
from django.db import connection

from goodstanding.audit.models import AuditEntry
from goodstanding.core.doors import normalised
from goodstanding.doors import services
from goodstanding.doors.models import Device, DoorEvent
from goodstanding.doors.services import DeviceRevoked
from tests.apps.doors.conftest import OTHER_UID, UID

pytestmark = pytest.mark.django_db


def refusal(answer):
    told = answer.json()
    assert told["open"] is False
    return answer.status_code, told["error"]


def test_a_device_with_its_token_at_its_door_is_answered(reader, good, card):
    assert reader.opens()


def test_wrong_tokens_are_refused(reader, at_door, good, card):
    other = at_door("Studio")
    secret = reader.token.partition(".")[2]
    wrong = [
        "",
        "x",
        ".",
        f"{reader.device.pk}.",
        f"{reader.device.pk}.wrong",
        f"{other.device.pk}.{secret}",
        secret,
        reader.token.upper(),
        reader.token + "x",
        f"{reader.device.pk}.{Device.objects.get(pk=reader.device.pk).token_digest}",
        "dev_nobody.secret",
        "' or 1=1 --.x",
    ]
    for token in wrong:
        assert refusal(reader.tap(token=token)) == (401, "not_authorised"), token
    assert reader.tap(token="")["WWW-Authenticate"] == "Bearer"
    assert not DoorEvent.objects.exists()


@pytest.mark.parametrize("scheme", ["Basic", "Token", ""])
def test_the_token_comes_as_a_bearer_only(reader, good, card, scheme):
    headers = {"Authorization": f"{scheme} {reader.token}"}
    body = json.dumps({"card": UID, "token": reader.token})
    url = f"/doors/{reader.door.pk}/tap?token={reader.token}"
    answer = reader.client.post(url, body, content_type="application/json", headers=headers)
    assert refusal(answer) == (401, "not_authorised")


def test_another_devices_door_is_not_ones_own(reader, at_door, good, card):
    other = at_door("Studio")
    assert refusal(reader.tap(door=other.door.pk)) == (403, "not_its_door")
    assert refusal(other.tap(door=reader.door.pk)) == (403, "not_its_door")
    assert other.opens()


def test_a_door_that_is_not_there(reader, good, card):
    assert refusal(reader.tap(door="door_nobody")) == (404, "unknown_door")
    assert refusal(reader.tap(door="door_nobody", token="x.y")) == (401, "not_authorised")


def test_who_has_no_token_does_not_learn_which_doors_there_are(reader):
    answers = [reader.tap(door=door, token="dev_x.y") for door in (reader.door.pk, "door_nobody")]
    assert answers[0].content == answers[1].content


def test_a_device_without_a_token_cannot_ask(reader, good, card, dana, clock):
    device = services.make_device(name="new", at=[reader.door], by=dana, now=clock.now)
    for secret in ("", "x", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"):
        assert refusal(reader.tap(token=f"{device.pk}.{secret}")) == (401, "not_authorised")


def test_a_new_token_ends_the_old_one(reader, good, card, dana, clock):
    old, reader.token = reader.token, services.new_device_token(reader.device, by=dana, now=clock.now)
    assert refusal(reader.tap(token=old)) == (401, "not_authorised")
    assert reader.opens()


def test_a_revoked_device_is_refused_and_stays_so(reader, good, card, dana, clock):
    assert reader.opens()
    services.revoke(reader.device, reason="stolen", by=dana, now=clock.now)
    assert refusal(reader.tap()) == (401, "not_authorised")
    with pytest.raises(DeviceRevoked):
        services.new_device_token(reader.device, by=dana, now=clock.now)
    with pytest.raises(DeviceRevoked):
        services.revoke(reader.device, by=dana, now=clock.now)


def test_a_device_may_serve_several_doors(reader, at_door, good, card):
    other = at_door("Studio").door
    reader.device.doors.add(other)
    assert reader.tap(door=other.pk).json()["open"] is True
    assert DoorEvent.objects.get().door == other


def test_what_staff_do_is_noted_without_secrets(reader, dana, clock):
    services.revoke(reader.device, reason="stolen", by=dana, now=clock.now)
    entries = AuditEntry.objects.filter(object_id=reader.device.pk).order_by("pk")
    noted = [(entry.by, entry.action, entry.why) for entry in entries]
    assert noted == [
        (dana, "add device", "Workshop reader"),
        (dana, "new device token", ""),
        (dana, "revoke device", "stolen"),
    ]


def whole_database() -> str:
    """Everything that the database holds, as text."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            found += [repr(row) for row in cursor.fetchall()]
    return "\n".join(found)


@pytest.mark.db_matters
def test_no_number_of_a_card_and_no_token_is_anywhere_in_the_database(reader, good, card, bob, dana, clock):
    assert reader.opens(tap_id="t-1")
    assert not reader.opens(OTHER_UID, tap_id="t-2")
    services.assign_last_seen(bob, by=dana, now=clock.now)
    services.mark_lost(card, by=dana, now=clock.now)
    reader.tap("not a number!")
    held = whole_database().upper()
    assert card.digest.upper() in held, "the scan sees what is there"
    for uid in (UID, OTHER_UID):
        number = normalised(uid)
        for form in (
            uid,
            number,
            number[:8],
            number[-8:],
            str(int(number, 16)),
            bytes.fromhex(number).hex(" ").upper(),
        ):
            assert form not in held, form
    secret = reader.token.partition(".")[2]
    assert secret.upper() not in held


def test_neither_numbers_nor_tokens_reach_a_log(reader, at_door, good, card, dana, clock, caplog):
    caplog.set_level(logging.DEBUG)
    reader.tap()
    reader.tap(OTHER_UID, at=(clock.now - timedelta(days=1)).isoformat())
    reader.tap("no number: 04A23BC15D6680!")
    reader.tap(token=reader.token + "x")
    reader.tap(door=at_door("Studio").door.pk)
    ours = [record.__dict__ for record in caplog.records if record.name.startswith("goodstanding")]
    assert [(record["door"] == reader.door.pk, record["refusal"]) for record in ours] == [
        (True, "bad_card"),
        (True, "not_authorised"),
        (False, "not_its_door"),
    ]
    secret = reader.token.partition(".")[2]
    for record in caplog.records:
        if record.name == "django.db.backends":  # never on: the site logs no SQL (tests/site/test_logs.py)
            continue
        shown = json.dumps(vars(record), default=repr).upper()
        for never in (secret, normalised(UID), UID, normalised(OTHER_UID), OTHER_UID, card.digest):
            assert never.upper() not in shown
