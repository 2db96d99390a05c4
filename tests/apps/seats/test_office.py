"""Seats in the office: seen from both sides, given and ended with a reason, and by whom they may be."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from goodstanding.audit.models import AuditEntry
from goodstanding.memberships.models import Seat
from goodstanding.people.services import make_user
from tests.apps.seats.house import levels, of, seat

pytestmark = pytest.mark.django_db(transaction=True)


def text(answer):
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def browsing(user):
    client = Client()
    client.force_login(user)
    return client


def send(client, page, **typed):
    shown = client.get(page)
    name = re.search(r'name="form_name" value="([^"]+)"', shown.content.decode())
    assert name, shown.content.decode()
    return client.post(page, {"form_name": name[1], **typed}, follow=True)


def test_staff_give_a_seat_see_it_from_both_sides_and_end_it(household, alice, bob, dana, clock):
    client = browsing(dana)
    page = f"/office/members/{alice.pk}/"
    assert "Give a seat" in text(client.get(page))
    typed = {"membership": household.pk, "email": "BOB@example.org", "reason": "asked at the desk"}
    said = text(send(client, f"{page}seat/", **typed))
    assert "The seat is given." in said
    assert "bob@example.org" in said
    assert levels(bob, clock) == "family=good"
    assert "alice@example.org" in text(client.get(f"/office/members/{bob.pk}/"))
    again = send(client, f"{page}seat/", **typed)
    assert (again.status_code, "holds a seat in it already" in text(again)) == (422, True)
    given = Seat.objects.get()
    said = text(send(client, f"{page}unseat/{given.pk}/", reason="moved away"))
    assert "The seat has ended." in said
    assert "ended by staff" in said
    assert levels(bob, clock) == "family=lapsed"
    noted = AuditEntry.objects.filter(object_id=given.pk).order_by("id").values_list("action", "why")
    assert list(noted) == [("give seat", "asked at the desk"), ("end seat", "moved away")]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"email": "nobody@example.org"}, "There is no member with this e-mail."),
        ({"email": "alice@example.org"}, "needs no seat in it"),
        ({"reason": ""}, "required"),
        ({"membership": "mem_x"}, "valid choice"),
    ],
)
def test_what_is_typed_wrong_changes_nothing_and_is_said(household, alice, bob, dana, typed, words):
    sent = {"membership": household.pk, "email": "bob@example.org", "reason": "x", **typed}
    answer = send(browsing(dana), f"/office/members/{alice.pk}/seat/", **sent)
    assert (answer.status_code, words in text(answer)) == (422, True), text(answer)
    assert not Seat.objects.exists()


def test_who_may_not_or_asks_about_another_member_s_seat_is_refused(household, alice, bob, carol, dana, clock, price):
    given = seat(household, bob, clock)
    other = of(carol, "company", price, clock)
    limited = make_user(email="dora@example.org", name="Dora", staff=True, now=clock.now)
    limited.is_superuser = False
    limited.save()
    limited.user_permissions.add(Permission.objects.get(codename="view_member"))
    for name in ("seat/", f"unseat/{given.pk}/"):
        assert browsing(limited).get(f"/office/members/{alice.pk}/{name}").status_code == 403
    assert "Give a seat" not in text(browsing(limited).get(f"/office/members/{alice.pk}/"))
    assert browsing(alice.user).get(f"/office/members/{alice.pk}/").status_code == 403
    assert browsing(dana).get(f"/office/members/{carol.pk}/unseat/{given.pk}/").status_code == 404
    assert browsing(dana).get(f"/office/members/{bob.pk}/unseat/{given.pk}/").status_code == 200
    assert other.pk != household.pk
