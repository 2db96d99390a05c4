"""The staff's pages on doors, cards, devices and taps: what may be seen and done by whom, and what never shows."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from goodstanding.audit.models import AuditEntry
from goodstanding.doors import services
from goodstanding.doors.models import Card, Device, Door, DoorEvent
from tests.apps.doors.conftest import OTHER_UID, UID, stand
from tests.door_cases import DAY

pytestmark = pytest.mark.django_db
MODELS = ("door", "card", "device", "doorevent")


def address(model: str, page: str, *arguments: Any) -> str:
    return reverse(f"admin:gs_doors_{model}_{page}", args=[quote(each) for each in arguments])


@pytest.fixture
def staff(client: Any, dana: Any) -> Any:
    """Log dana in with the permissions named."""

    def log_in(*permissions: str, superuser: bool = False) -> Any:
        dana.is_superuser = superuser
        dana.save()
        dana.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        client.force_login(dana)
        return client

    return log_in


def text(answer: Any) -> str:
    assert answer.status_code == 200, answer.status_code
    return str(answer.content.decode())


def rows() -> dict[str, Any]:
    return {"door": Door, "card": Card, "device": Device, "doorevent": DoorEvent}


@pytest.mark.parametrize("model", MODELS)
def test_each_page_needs_its_own_permission(model, staff, reader, good, card):
    reader.tap()
    row = rows()[model].objects.first()
    pages = [address(model, "changelist"), address(model, "change", row.pk)]
    others = [f"view_{other}" for other in MODELS if other != model]
    assert [staff(*others).get(page).status_code for page in pages] == [403, 403]
    assert [staff(f"view_{model}").get(page).status_code for page in pages] == [200, 200]
    assert [staff(superuser=True).get(page).status_code for page in pages] == [200, 200]
    assert [Client().get(page).status_code for page in pages] == [302, 302]


@pytest.mark.parametrize("model", MODELS)
def test_nobody_deletes_and_who_may_only_look_changes_nothing(model, staff, reader, good, card):
    reader.tap()
    row = rows()[model].objects.first()
    assert staff(superuser=True).post(address(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    client = staff(f"view_{model}")
    assert (
        client.post(address(model, "change", row.pk), {"name": "x", "become": "lost", "reason": "x"}).status_code == 403
    )
    assert client.post(address(model, "add"), {"name": "x"}).status_code == 403
    row.refresh_from_db()
    assert "x" not in (getattr(row, "name", ""), getattr(row, "status", ""))


def test_nobody_adds_or_changes_a_tap(staff, reader, good, card):
    reader.tap()
    event = DoorEvent.objects.get()
    client = staff(superuser=True)
    assert client.get(address("doorevent", "add")).status_code == 403
    assert client.post(address("doorevent", "change", event.pk), {"opened": ""}).status_code == 403


def test_a_door_is_made_and_changed_with_its_levels(staff, levels, dana):
    client = staff(superuser=True)
    given = {"name": "Front", "place": "Yard", "for_levels": ["bench"], "is_active": "on"}
    assert client.post(address("door", "add"), given).status_code == 302
    door = Door.objects.get()
    assert (door.name, list(door.levels.values_list("pk", flat=True)), door.locked_out) == ("Front", ["bench"], False)
    assert door.pk.startswith("door_")
    assert door.pk in text(client.get(address("door", "change", door.pk)))
    client.post(address("door", "change", door.pk), {**given, "for_levels": [], "locked_out": "on"})
    door.refresh_from_db()
    assert (list(door.levels.all()), door.locked_out) == ([], True)
    noted = list(AuditEntry.objects.filter(object_id=door.pk).order_by("pk").values_list("action", "why", "by"))
    assert noted == [
        ("add door", "Front", dana.pk),
        ("change door", "locked_out: True; levels: every member", dana.pk),
    ]
    assert client.post(address("door", "add"), {"name": ""}).status_code == 200
    assert Door.objects.count() == 1


def test_a_card_is_added_by_its_number_which_never_shows_again(staff, reader, good):
    client = staff(superuser=True)
    given = {"member": good.pk, "number": UID, "keep_last_four": "on", "label": "blue fob"}
    answer = client.post(address("card", "add"), given, follow=True)
    card = Card.objects.get()
    assert (card.member, card.label, card.last_four) == (good, "blue fob", "6680")
    for shown in (
        text(answer),
        text(client.get(address("card", "changelist"))),
        text(client.get(address("card", "change", card.pk))),
    ):
        assert UID not in shown
        assert card.digest not in shown
    assert reader.opens()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"number": "not a number!"}, "4 to 64 letters and digits"),
        ({"number": OTHER_UID}, "assigned to bob@example.org already"),
        ({}, "Choose a card that was just seen, or type a number"),
        ({"number": "1234567", "keep_last_four": "on"}, "too short"),
        ({"number": UID, "member": "mbr_nobody"}, "valid choice"),
        ({"seen": "tap_nobody"}, "valid choice"),
    ],
)
def test_what_is_wrong_with_a_new_card_is_said_without_the_number(staff, good, bob, dana, clock, given, words):
    services.add_card(bob, uid=OTHER_UID, by=dana, now=clock.now)
    answer = staff(superuser=True).post(address("card", "add"), {"member": good.pk, "label": "my label", **given})
    shown = text(answer)
    assert words in shown
    assert "my label" in shown
    if given.get("number"):
        assert given["number"] not in shown
    assert Card.objects.count() == 1


def test_without_a_key_the_form_says_so(staff, good, settings):
    settings.GOODSTANDING_CARD_KEY = ""
    answer = staff(superuser=True).post(address("card", "add"), {"member": good.pk, "number": UID})
    assert "GOODSTANDING_CARD_KEY is empty" in text(answer)


def test_the_card_just_seen_is_assigned(staff, reader, good, clock):
    client = staff(superuser=True)
    assert "none was seen" in text(client.get(address("card", "add")))
    reader.tap()
    tap = DoorEvent.objects.get()
    shown = text(client.get(address("card", "add")))
    assert f'value="{tap.pk}"' in shown
    assert "Workshop, 10:00:00" in shown
    assert tap.unknown_digest not in shown
    assert client.post(address("card", "add"), {"member": good.pk, "seen": tap.pk}).status_code == 302
    assert reader.opens()
    clock.advance(timedelta(minutes=11))
    assert "none was seen" in text(client.get(address("card", "add")))


def test_a_card_that_somebody_else_assigns_meanwhile_is_refused_in_words(
    staff, reader, good, bob, dana, clock, monkeypatch
):
    monkeypatch.setattr(services, "require_free", lambda uid: None)  # as if the look had been a moment earlier
    services.add_card(bob, uid=UID, by=dana, now=clock.now)
    answer = staff(superuser=True).post(address("card", "add"), {"member": good.pk, "number": UID}, follow=True)
    assert "This card is assigned already." in text(answer)


def test_a_card_is_marked_lost_found_and_handed_over(staff, good, bob, card, dana):
    client = staff(superuser=True)
    page = address("card", "change", card.pk)
    assert "Say why" in text(client.post(page, {"become": "lost", "reason": ""}))
    assert client.post(page, {"become": "lost", "reason": "lost in the snow"}).status_code == 302
    assert Card.objects.get().status == "lost"
    assert "valid choice" in text(client.post(page, {"become": "lost", "reason": "again"}))
    assert "no such member" in text(client.post(page, {"hand_over_to": "nobody@example.org"}))
    assert "one at a time" in text(client.post(page, {"hand_over_to": bob.pk, "become": "active", "reason": "x"}))
    assert client.post(page, {"hand_over_to": "Bob@example.org "}).status_code == 302
    assert (Card.objects.get().member, Card.objects.get().status) == (bob, "active")
    client.post(page, {"become": "", "reason": ""})
    actions = AuditEntry.objects.filter(object_id=card.pk).order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["add card", "card lost", "hand over card"]


def test_a_cards_page_says_what_the_doors_say_and_why(staff, reader, at_door, alice, card):
    stand(alice, ((-DAY, {"bench": "lapsed"}),))
    shown = text(staff("view_card").get(address("card", "change", card.pk)))
    assert re.search(r"Workshop: stays shut\. The membership has ended or is paused\.[^<]*\(why\)", shown)
    assert 'name="become"' not in shown
    stand(alice)
    assert "Workshop: opens. Welcome." in text(staff("view_card").get(address("card", "change", card.pk)))


def test_a_devices_token_is_shown_once_on_a_page_that_nobody_keeps(staff, reader, dana):
    client = staff(superuser=True)
    made = client.post(address("device", "add"), {"name": "Pi", "at_doors": [reader.door.pk]})
    device = Device.objects.get(name="Pi")
    assert made["Location"] == address("device", "do", device.pk, "token")
    assert device.token_digest == ""
    asked = client.get(made["Location"])
    assert f"{device.pk}." not in text(asked)
    shown = client.post(made["Location"])
    assert "no-store" in shown["Cache-Control"]
    token = re.search(r'id="token"[^>]*>([^<]+)<', text(shown))
    assert token is not None
    assert reader.tap(OTHER_UID, token=token[1]).status_code == 200
    for page in (address("device", "change", device.pk), address("device", "changelist")):
        later = text(client.get(page))
        assert token[1] not in later
        assert Device.objects.get(pk=device.pk).token_digest not in later
    assert token[1] not in "".join(AuditEntry.objects.values_list("why", flat=True))


def test_a_token_is_made_by_a_form_of_ours_and_by_whoever_may(staff, reader, dana):
    page = address("device", "do", reader.device.pk, "token")
    before = Device.objects.get(pk=reader.device.pk).token_digest
    assert staff("view_device").post(page).status_code == 403
    assert staff("change_device", "view_device").get(page).status_code == 200
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(dana)
    assert strict.post(page).status_code == 403
    assert Client().post(page).status_code == 302
    assert Device.objects.get(pk=reader.device.pk).token_digest == before
    assert staff(superuser=True).post(address("device", "do", "dev_nobody", "token")).status_code == 404
    assert staff(superuser=True).post(address("device", "do", reader.device.pk, "dance")).status_code == 404


def test_an_id_that_looks_quoted_leads_to_its_page(staff, reader, dana, clock):
    device = Device.objects.create(id="dev_24222526", name="Pi", added_at=clock.now)
    client = staff(superuser=True)
    shown = text(client.get(address("device", "change", device.pk)))
    page = re.search(r'href="([^"]+/token/now/)"', shown)
    assert page is not None
    answer = client.post(page[1])
    assert "dev_24222526." in text(answer)
    assert text(client.get(answer.context["back"])).count("dev_24222526")


def test_a_device_is_bound_anew_and_revoked(staff, reader, at_door, good, card):
    other = at_door("Studio").door
    client = staff(superuser=True)
    moved = client.post(address("device", "change", reader.device.pk), {"name": "Pi", "at_doors": [other.pk]})
    assert moved.status_code == 302, moved.content.decode()
    assert reader.tap().status_code == 403
    assert reader.tap(door=other.pk).status_code == 200
    page = address("device", "do", reader.device.pk, "revoke")
    assert "cannot be undone" in text(client.get(page))
    assert client.post(page, {"reason": "stolen"}).status_code == 302
    assert reader.tap(door=other.pk).status_code == 401
    again = client.post(page, follow=True)
    assert "was revoked" in text(again)
    assert "was revoked" in text(client.get(address("device", "do", reader.device.pk, "token")))
    why = AuditEntry.objects.filter(object_id=reader.device.pk).order_by("pk").values_list("action", "why")
    assert list(why)[-2:] == [("change device", f"name: Pi; doors: {other.pk}"), ("revoke device", "stolen")]


def test_taps_are_listed_filtered_and_found_by_member(staff, reader, at_door, good, card, bob, dana, clock):
    other = at_door("Studio")
    services.add_card(bob, uid=OTHER_UID, by=dana, now=clock.now)
    reader.tap()
    other.tap(OTHER_UID)
    client = staff("view_doorevent")
    page = address("doorevent", "changelist")

    def listed(**query: str) -> set[str]:
        shown = client.get(page, query)
        return {event.door.name for event in shown.context["cl"].result_list}

    assert listed() == {"Workshop", "Studio"}
    assert listed(opened__exact="1") == {"Workshop"}
    assert listed(code="no_member") == {"Studio"}
    assert listed(q="bob@") == {"Studio"}
    assert listed(q=good.pk) == {"Workshop"}
    assert listed(q="nobody") == set()
    assert listed(door__id__exact=other.door.pk) == {"Studio"}
    event = DoorEvent.objects.get(code="no_member")
    assert "never began a purchase" in text(client.get(address("doorevent", "change", event.pk)))


def test_statements_of_the_lists_are_constant(staff, reader, at_door, good, card, bob, dana, clock):
    client = staff(superuser=True)
    counts: list[list[int]] = []
    for turn in range(2):
        counts.append([])
        for model in MODELS:
            with CaptureQueriesContext(connection) as statements:
                text(client.get(address(model, "changelist")))
            counts[turn].append(len(statements))
        for number in range(10):
            there = at_door(f"door {number}", ["bench"])
            services.add_card(bob, uid=f"BBBB{turn}{number:04}", by=dana, now=clock.now)
            reader.tap(f"BBBB{turn}{number:04}")
            there.tap()
        reader.tap()
    assert max(count - before for before, count in zip(*counts, strict=True)) <= 1  # a page with rows reads the levels
