"""Users in the staff's pages: made, changed, never deleted; rights are superusers' to give."""

from __future__ import annotations

import pytest
from django.urls import reverse

from goodstanding.audit.models import AuditEntry
from goodstanding.people.models import Member, User
from tests.apps.staff import errors_on, page_of, with_permissions

LIST, ADD = reverse("admin:gs_people_user_changelist"), reverse("admin:gs_people_user_add")
SECRET = "correct-horse-battery"
pytestmark = pytest.mark.django_db


def test_a_user_is_made_with_a_lower_case_email(client, dana, clock):
    client.force_login(dana)
    given = {
        "email": "Eve@Example.org",
        "name": "Eve",
        "usable_password": "true",
        "password1": SECRET,
        "password2": SECRET,
    }
    assert client.post(ADD, given).status_code == 302
    eve = User.objects.get(email="eve@example.org")
    assert (eve.check_password(SECRET), eve.is_staff, eve.joined_at) == (True, False, clock.now)
    assert AuditEntry.objects.filter(by=dana, action="add user", object_id=str(eve.pk)).count() == 1


def test_a_second_user_with_the_same_email_is_refused_in_any_case(client, dana, charlie):
    client.force_login(dana)
    given = {"email": "CHARLIE@example.org", "usable_password": "true", "password1": SECRET, "password2": SECRET}
    assert "already exists" in errors_on(client.post(ADD, given))
    assert User.objects.filter(email__iexact="charlie@example.org").count() == 1


@pytest.mark.parametrize(("asked", "found"), [("CHAR", True), ("charlie@", True), ("harlie", True), ("harlie@", False)])
def test_users_are_found_by_the_beginning_of_the_email_or_by_name(client, dana, charlie, asked, found):
    client.force_login(dana)
    assert ("charlie@example.org" in client.get(LIST, {"q": asked}).content.decode()) == found


def test_staff_without_all_rights_hand_out_none_and_touch_nobody_who_has_some(client, dana, charlie, clock):
    boss = User.objects.create_superuser("boss@example.org", SECRET)
    with_permissions(client, dana, "view_user", "change_user")
    changed = client.post(
        page_of(charlie), {"email": charlie.email, "name": "Charles", "is_active": "on", "is_superuser": "on"}
    )
    assert changed.status_code == 302
    charlie.refresh_from_db()
    assert (charlie.name, charlie.is_superuser) == ("Charles", False)
    for somebody in (boss, dana):
        assert client.post(page_of(somebody), {"email": somebody.email, "name": "Mine"}).status_code == 403
        address = reverse("admin:auth_user_password_change", args=[somebody.pk])
        assert client.post(address, {"password1": SECRET, "password2": SECRET}).status_code == 403


def test_superusers_hand_out_rights_and_it_is_noted(client, dana, charlie):
    client.force_login(dana)
    client.post(page_of(charlie), {"email": charlie.email, "name": charlie.name, "is_active": "on", "is_staff": "on"})
    charlie.refresh_from_db()
    assert charlie.is_staff
    entry = AuditEntry.objects.get(object_id=str(charlie.pk), action="change user")
    assert (entry.by, "staff" in entry.why) == (dana, True)


def test_nobody_deletes_a_user(client, dana, charlie):
    client.force_login(dana)
    assert client.post(page_of(charlie, "delete"), {"post": "yes"}).status_code == 403


def test_the_page_of_a_user_leads_to_the_member_or_to_making_one(client, dana, alice, charlie):
    client.force_login(dana)
    assert page_of(alice) in client.get(page_of(alice.user)).content.decode()
    make = reverse("admin:gs_people_member_add", query={"user": charlie.pk})
    assert make in client.get(page_of(charlie)).content.decode()
    form = client.get(make).content.decode()
    assert 'value="charlie@example.org"' in form
    with_permissions(client, dana, "view_user", "change_user")
    for user in (alice.user, charlie):
        assert "/gs_people/member/" not in client.get(page_of(user)).content.decode()


def test_a_member_is_made_of_a_user_once(client, dana, charlie, clock):
    client.force_login(dana)
    add = reverse("admin:gs_people_member_add")
    made = client.post(add, {"email": charlie.email, "name": "Charlie", "user": charlie.pk})
    member = Member.objects.get(user=charlie)
    assert made.url == page_of(member)
    assert (member.email, member.name, member.created_at) == (charlie.email, "Charlie", clock.now)
    assert AuditEntry.objects.filter(by=dana, action="add member", object_id=member.pk).count() == 1
    again = errors_on(client.post(add, {"email": charlie.email, "user": charlie.pk}))
    assert "There is a member with this e-mail already." in again
    assert Member.objects.count() == 1


def test_a_member_needs_an_email_when_made_by_hand(client, dana):
    client.force_login(dana)
    words = errors_on(client.post(reverse("admin:gs_people_member_add"), {"email": "", "name": "Nobody"}))
    assert "Say under which e-mail" in words
    assert not Member.objects.exists()
