"""A household, from joining to lapsing, in two browsers; and the pages on seats at a phone and a desk."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from goodstanding.communications.models import Mail
from goodstanding.memberships.models import Membership, Seat
from tests.apps.portal.test_browser import log_in, look  # noqa: F401 - a fixture
from tests.apps.seats.house import invite, last_link, of, seat

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASSWORD = "a-lathe-and-two-chisels"


def test_who_pays_invites_who_is_invited_takes_the_seat_and_both_lapse_together(
    live_server,
    open_page,
    log_in,  # noqa: F811 - the fixture
    alice,
    houses,
    price,
    clock,
    until,
):
    site = live_server.url
    alices = log_in(open_page(), alice)
    alices.goto(f"{site}/join/household/{price('household').pk}/")
    alices.locator("select[name=card]").select_option("sandbox_fails_later")
    alices.get_by_role("button", name=re.compile("90.00 EUR")).click()
    alices.get_by_text("In good standing").first.wait_for() if "/me/" in alices.url else alices.wait_for_load_state()
    alices.goto(f"{site}/me/")
    alices.get_by_role("link", name="Seats").click()
    alices.get_by_label("E-mail address").fill("robin@example.org")
    alices.get_by_role("button", name="Invite").click()
    alices.get_by_text("robin@example.org is invited.").wait_for()

    invitation, token = last_link("robin@example.org")
    robins = open_page(size="phone")
    robins.goto(f"{site}/me/invitations/{invitation}/{token}/")
    robins.get_by_role("heading", name="Alice invites you").wait_for()
    assert token not in robins.url
    robins.get_by_role("link", name="Make an account").click()
    robins.locator("input[name=name]").fill("Robin")
    robins.locator("input[name=email]").fill("robin@example.org")
    robins.locator("input[name=password1]").fill(PASSWORD)
    robins.locator("main form button[type=submit]").last.click()
    robins.get_by_role("button", name="Take the seat").click()
    robins.get_by_text("The seat is yours. You are a member through Alice.").wait_for()
    robins.get_by_text("In good standing").first.wait_for()
    alices.reload()
    alices.get_by_text("Taken: 1. Left: 1.").wait_for()
    assert Mail.objects.filter(kind="seat_accepted", to_address=alice.email).exists()

    until(clock.now + timedelta(days=50), timedelta(days=2))
    for page in (alices, robins):
        page.goto(f"{site}/me/")
        page.get_by_text("Lapsed").first.wait_for()


@pytest.mark.parametrize("size", ["phone", "desktop"])
def test_the_pages_keep_nobody_out(
    live_server,
    open_page,
    log_in,  # noqa: F811 - the fixture
    alice,
    bob,
    carol,
    houses,
    price,
    clock,
    size,
):
    membership = of(alice, "household", price, clock)
    given = seat(membership, bob, clock)
    invitation, token = invite(membership, carol, clock)
    alices, bobs, nobodys = log_in(open_page(size=size), alice), log_in(open_page(size=size), bob), open_page(size=size)
    seats = f"/me/seats/{membership.pk}/"
    for page, name, address in (
        (alices, "membership", "/me/"),
        (alices, "seats", seats),
        (alices, "seats-number", f"{seats}number/"),
        (alices, "seats-more", f"{seats}number/?seats=2"),
        (alices, "seat-remove", f"/me/seats/given/{given.pk}/remove/"),
        (bobs, "membership-through", "/me/"),
        (bobs, "seat-leave", f"/me/seats/held/{given.pk}/leave/"),
        (bobs, "invitation-of-another", f"/me/invitations/{invitation}/{token}/"),
        (nobodys, "invitation", f"/me/invitations/{invitation}/{token}/"),
    ):
        page.goto(live_server.url + address)
        look(page, name)
    assert Seat.objects.count() == Membership.objects.count() == 1
