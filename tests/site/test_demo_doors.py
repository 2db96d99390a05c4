"""The door panel of a demonstration: the answer of the very service that readers ask, with what to do about it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from goodstanding.audit.models import AuditEntry
from goodstanding.catalogue.models import Level, LevelGroup
from goodstanding.doors import services as doors
from goodstanding.doors.models import Card, Device, Door, DoorEvent
from goodstanding.memberships.services import grant
from goodstanding.people.services import make_member
from goodstanding.site import demo_doors
from goodstanding.site.demo_acts import card_number

pytestmark = pytest.mark.django_db
URL = "/demo/doors/"
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def no_token_kept():
    demo_doors._tokens.clear()


@pytest.fixture
def full(clock: Any) -> Level:
    return Level.objects.create(slug="full", name="Full member", group=LevelGroup.objects.create(slug="g", name="G"))


@pytest.fixture
def workshop(full, clock) -> Door:
    return doors.make_door(name="Workshop door", levels=[full], by=None, now=clock.now)


@pytest.fixture
def member(alice, full, workshop, clock, client):
    """Alice, in good standing for ten days, with a card, and logged in."""
    end = clock.now + 10 * DAY
    grant(alice, level=full, start_at=clock.now, end_at=end, reason="a test", by=None, now=clock.now)
    doors.add_card(alice, uid=card_number(alice), by=None, now=clock.now)
    client.force_login(alice.user)
    return alice


def tap(client, door, whose):
    answer = client.post(URL, {"door": door.pk, "card": whose if isinstance(whose, str) else whose.pk})
    assert answer.status_code == 200
    return answer.content.decode()


def test_it_opens_to_a_member_in_good_standing_and_the_tap_is_kept(client, member, workshop):
    said = tap(client, workshop, member)
    assert 'class="verdict">Open<' in said
    assert "Welcome." in said
    kept = DoorEvent.objects.get()
    assert (kept.member, kept.door, kept.opened, kept.code) == (member, workshop, True, "ok")


def test_it_stays_shut_after_the_end_says_why_and_leads_to_the_page_of_the_membership(client, member, workshop, clock):
    clock.advance(11 * DAY)
    said = tap(client, workshop, member)
    assert "It stays shut" in said
    assert "The membership has ended or is paused." in said
    assert 'href="/me/"' in said
    assert DoorEvent.objects.get().code == "lapsed"


def test_another_level_is_told_which_one_would_do_by_its_name(client, member, workshop, clock):
    other = Level.objects.create(slug="key", name="Key holder", group=LevelGroup.objects.get())
    safe = doors.make_door(name="Safe", levels=[other], by=None, now=clock.now)
    assert "Key holder" in tap(client, safe, member)
    assert "Open" in tap(client, workshop, member)


def test_a_lost_card_opens_nothing(client, member, workshop, clock):
    doors.mark_lost(Card.objects.get(), by=None, now=clock.now)
    said = tap(client, workshop, member)
    assert "This card was reported lost." in said
    assert "Ask the staff for a new card." in said


def test_a_card_that_is_nobodys_is_not_known(client, member, workshop):
    assert "This card is not known." in tap(client, workshop, demo_doors.NOBODYS)


def test_a_member_takes_a_card_once(client, alice, workshop, clock):
    client.force_login(alice.user)
    assert "Take a card" in client.get(URL).content.decode()
    for _ in range(2):
        assert client.post(URL, {"take": "1"}).status_code == 302
    assert Card.objects.get().member == alice
    assert "Take a card" not in client.get(URL).content.decode()


def test_a_stranger_has_no_card_and_takes_none(client, charlie, workshop):
    client.force_login(charlie)
    assert "Join, and come back" in client.get(URL).content.decode()
    client.post(URL, {"take": "1"})
    assert not Card.objects.exists()


def test_nobody_taps_the_card_of_another_but_staff(client, member, workshop, bob, dana):
    for user, taps in ((bob.user, 0), (dana, 1)):
        client.force_login(user)
        assert (member.pk in client.get(URL).content.decode()) is bool(taps)
        tap(client, workshop, member)
        assert DoorEvent.objects.count() == taps


def test_a_card_with_a_number_of_its_own_is_not_shown(client, workshop, clock, dana):
    carol = make_member(email="carol@example.org", name="Carol", now=clock.now)
    doors.add_card(carol, uid="04A1B2C3D4", by=dana, now=clock.now)
    client.force_login(dana)
    assert "Carol" not in client.get(URL).content.decode()


def test_its_reader_is_one_device_whose_token_is_kept_in_no_row(client, member, workshop, clock):
    tap(client, workshop, member)
    doors.make_door(name="Later", by=None, now=clock.now)
    tap(client, workshop, member)
    reader = Device.objects.get(name=demo_doors.READER)
    assert reader.doors.count() == 2
    assert demo_doors._tokens[reader.pk] not in str(list(AuditEntry.objects.values())) + str(Device.objects.values())
    assert AuditEntry.objects.filter(action="new device token").count() == 1


def test_another_process_that_took_a_token_is_no_hindrance(client, member, workshop, clock):
    tap(client, workshop, member)
    doors.new_device_token(Device.objects.get(name=demo_doors.READER), by=None, now=clock.now)
    assert "Welcome." in tap(client, workshop, member)
    assert DoorEvent.objects.count() == 2


@pytest.mark.parametrize("sent", [{}, {"door": "nowhere"}, {"card": "nobody"}, {"door": "nowhere", "card": "nobody"}])
def test_what_names_no_door_and_card_taps_nothing(client, member, sent):
    assert client.post(URL, sent).status_code == 200
    assert not DoorEvent.objects.exists()


def test_without_doors_it_says_so(client, charlie):
    client.force_login(charlie)
    assert "There are no doors here" in client.get(URL).content.decode()


def test_who_is_not_logged_in_is_asked_to(client, db):
    assert client.get(URL).url.startswith("/accounts/login/")


@pytest.mark.parametrize(
    "use", [{"GOODSTANDING_HTTPS": True}, {"GOODSTANDING_DEMO": False}, {"GOODSTANDING_HOST": "0.0.0.0"}]
)
@pytest.mark.parametrize("page", [URL, "/demo/mails/"])
def test_a_site_in_use_has_neither(client, dana, settings, use, page):
    client.force_login(dana)
    for name, value in use.items():
        setattr(settings, name, value)
    assert client.get(page).status_code == 404
