"""The office in a real browser: a treasurer's way, at a phone's width and a desk's, and for assistive technology."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from django.urls import reverse

from goodstanding.core.records import HoldKind
from goodstanding.doors.services import make_door
from goodstanding.memberships import services, statuses
from goodstanding.memberships.models import Membership
from tests.apps.checkout.test_joining import buy
from tests.apps.office.conftest import act
from tests.axe import violations
from tests.browser import SIZES
from tests.site.test_browser import FAINT_TEXTS, WIDER_THAN_THE_SCREEN

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SHOTS = os.environ.get("GOODSTANDING_TEST_SHOTS", "")


@pytest.fixture
def desk(open_page, office, live_server):
    """``desk(size)``: a page of dana's browser."""

    def opened(size="desktop", *, dark=False):
        page = open_page(size=size, dark=dark)
        session = {"name": "sessionid", "value": office.cookies["sessionid"].value, "url": live_server.url}
        page.context.add_cookies([session])
        return page

    return opened


def look(page, name):
    """Ask everything of the page that can be asked without knowing what it is for."""
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name.replace(' ', '-')}.png", full_page=True)
    assert not violations(page), name
    assert page.evaluate(WIDER_THAN_THE_SCREEN) <= 0, name
    assert not page.evaluate(FAINT_TEXTS), name
    assert page.locator("h1").count() == 1, name


@pytest.fixture
def lived_in(alice, bob, paid, price, clock, dana):
    """Alice paid and is held; bob pays by card, at an account that the gateway bills."""
    make_door(name="Workshop", by=dana, now=clock.now)
    paid(alice)
    services.hold(alice, kind=HoldKind.SUSPENDED, reason="keys lost", by=dana, now=clock.now)
    place = Membership.objects.get()
    services.ask_approval(place, now=clock.now)
    statuses.say(place, status="grace", until_on=None, for_good=True, reason="pays late", by=dana, now=clock.now)
    buy(bob, price("full", "month"), clock, at="sandbox-auto")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dark", [False, True])
def test_every_page_is_fit_to_be_seen(desk, live_server, lived_in, alice, bob, size, dark):
    page = desk(size, dark=dark)
    held = alice.holds.get().pk
    addresses = {
        **{name: reverse(f"gs_office:{name}") for name in ("front", "members", "add", "payments", "approvals")},
        **{name: reverse(f"gs_office:{name}") for name in ("invoices", "alarms", "gateways")},
        "all invoices": reverse("gs_office:invoices", query={"status": "all"}),
        "nobody found": reverse("gs_office:members", query={"q": "nobody"}),
        "what they are called": reverse("gs_office:members", query={"called": "on"}),
        "alice": reverse("gs_office:member", args=[alice.pk]),
        "bob": reverse("gs_office:member", args=[bob.pk]),
        "hold": act(alice, "hold"),
        "release": act(alice, "release", held),
        "grant": act(alice, "grant"),
        "sell": act(alice, "sell"),
        "refund": act(bob, "refund", bob.accounts.get().payments.get().pk),
        "status": act(bob, "status", bob.memberships.get().pk),
        "died": act(bob, "died"),
        "stop": act(bob, "stop", bob.accounts.get().subscriptions.get().pk),
    }
    for name, address in addresses.items():
        page.goto(f"{live_server.url}{address}")
        look(page, f"{name} {size}{' dark' if dark else ''}")


def test_a_treasurer_finds_somebody_sells_and_gives_a_part_back(desk, live_server, alice):
    page = desk()
    page.goto(f"{live_server.url}/office/")
    page.get_by_label("Find a member").fill("alice")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name="alice@example.org").click()
    page.get_by_role("link", name="Sell at the desk").click()
    look(page, "sell before")
    page.get_by_label("What", exact=True).select_option(label="Full member: 100.00 EUR each month")
    page.get_by_label("Reference (optional)").fill("17")
    page.get_by_label("Reason").fill("at the desk")
    page.get_by_role("button", name="Sell").click()
    page.get_by_text("Sold. none → good.").wait_for()
    page.get_by_role("link", name="Refund").click()
    page.get_by_label("a part of it").check()
    page.get_by_label("The part").fill("12.50")
    page.get_by_label("Reason").fill("came late")
    page.get_by_role("button", name="Give the money back").click()
    page.get_by_text("succeeded; given back 12.50 EUR").wait_for()
    look(page, "member after")


def test_staff_pause_what_a_card_pays_and_have_it_go_on(desk, live_server, alice, price, clock):
    buy(alice, price("full", "month"), clock)
    clock.advance(timedelta(days=3))
    page = desk("phone")
    page.goto(live_server.url + reverse("gs_office:member", args=[alice.pk]))
    page.get_by_role("link", name="Pause", exact=True).click()
    look(page, "pause phone")
    page.get_by_label("Until").fill("2026-03-25T00:00:00")
    page.get_by_label("Reason").fill("abroad")
    page.get_by_role("button", name="Pause it").click()
    page.get_by_text("It is paused, or will be. good → lapsed.").wait_for()
    look(page, "paused phone")
    clock.advance(timedelta(days=2))
    page.set_viewport_size(SIZES["desktop"])
    page.get_by_role("link", name="Go on after the pause").click()
    look(page, "go on desktop")
    page.get_by_label("Reason").fill("back early")
    page.get_by_role("button", name="End the pause").click()
    page.get_by_text("The pause is over, or dropped. lapsed → good.").wait_for()
    page.get_by_role("link", name="End now").click()
    look(page, "end now desktop")
