"""Who may see the office, and do what there."""

from __future__ import annotations

import pytest
from django.urls import reverse

from goodstanding.memberships.models import Hold
from goodstanding.office import once
from tests.apps.office.conftest import act
from tests.apps.staff import with_permissions

pytestmark = pytest.mark.django_db

LISTS = (
    "front",
    "members",
    "add",
    "invoices",
    "payments",
    "approvals",
    "alarms",
    "cards",
    "dunning",
    "books",
    "gateways",
)


@pytest.mark.parametrize("name", LISTS)
def test_staff_see_each_list_and_others_are_refused(client, alice, charlie, dana, name):
    address = reverse(f"gs_office:{name}")
    assert client.get(address).headers["Location"].startswith("/accounts/login/?next=/office/")
    for stranger in (alice.user, charlie):
        client.force_login(stranger)
        assert client.get(address).status_code == 403, stranger
    client.force_login(dana)
    assert client.get(address).status_code == 200


@pytest.mark.parametrize("name", ["hold", "grant", "sell"])
def test_a_member_acts_on_nobody_not_even_on_herself(client, alice, name):
    address = act(alice, name)
    assert client.post(address).headers["Location"].startswith("/accounts/login/")
    client.force_login(alice.user)
    assert client.get(address).status_code == 403
    given = {"form_name": once.new_name(), "kind": "suspended", "reason": "mine"}
    assert client.post(address, given).status_code == 403
    assert not Hold.objects.exists()
    assert client.get(reverse("gs_office:member", args=[alice.pk])).status_code == 403


def test_staff_who_may_look_may_not_act(client, alice, dana, shop):
    with_permissions(client, dana, "view_member")
    page = client.get(reverse("gs_office:member", args=[alice.pk]))
    assert page.status_code == 200
    assert act(alice, "hold") not in page.content.decode()
    assert client.get(act(alice, "hold")).status_code == 403
    assert client.get(reverse("gs_office:payments")).status_code == 403
    with_permissions(client, dana, "view_member", "add_hold")
    assert act(alice, "hold") in client.get(reverse("gs_office:member", args=[alice.pk])).content.decode()
    assert client.get(act(alice, "hold")).status_code == 200


def test_staff_whose_log_in_was_taken_away_see_nothing(office, dana):
    assert office.get("/office/").status_code == 200
    dana.is_staff = False
    dana.save()
    assert office.get("/office/").status_code == 403


@pytest.mark.parametrize("address", ["/office/members/nobody/", "/office/members/nobody/hold/"])
def test_who_is_not_there_has_no_page(office, address):
    assert office.get(address).status_code == 404


def test_there_is_no_action_of_another_name_or_without_what_it_is_about(office, alice):
    for name, about in (("erase", ""), ("refund", ""), ("hold", "hld_1"), ("release", "hld_1")):
        assert office.get(act(alice, name, about)).status_code == 404, name


@pytest.mark.parametrize("address", ["/office/", "/office/members/", "/office/invoices/"])
def test_a_page_that_only_shows_takes_nothing(office, address):
    assert office.post(address).status_code == 405
