"""The member's pages in a real browser: they fit a phone and a desk, can be read, and keep nobody out."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from django.urls import reverse

from goodstanding.billing.models import Invoice, Subscription
from goodstanding.catalogue.models import Level
from goodstanding.doors import services as doors
from goodstanding.doors.models import Card
from goodstanding.memberships import cards as kept
from tests.axe import violations
from tests.site.test_browser import FAINT_TEXTS, WIDER_THAN_THE_SCREEN
from tests.site.test_looks import SMALL_TARGETS

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# Here a tick's label is around it.
SMALL = SMALL_TARGETS.replace("closest('.choice')", "closest('.choice, label')")
SHOTS = os.environ.get("GOODSTANDING_TEST_SHOTS", "")


@pytest.fixture
def log_in(client, live_server):
    """``log_in(page, alice)``: the page's browser is alice's."""

    def let_in(page, member):
        client.force_login(member.user)
        session = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
        page.context.add_cookies([session])
        return page

    return let_in


def look(page, name):
    """Ask everything of the page that can be asked without knowing what it is for."""
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}-{page.viewport_size['width']}.png", full_page=True)
    assert violations(page) == [], name
    assert page.evaluate(WIDER_THAN_THE_SCREEN) <= 0, name
    assert page.evaluate(FAINT_TEXTS) == [], name
    assert page.evaluate(SMALL) == [], name
    assert page.get_by_role("heading", level=1).count() == 1, name


@pytest.fixture
def workshop(alice, dana, shop, clock):
    """Doors, and a card of alice's."""
    doors.make_door(name="Workshop", place="Yard", by=dana, now=clock.now)
    doors.make_door(name="Kiln room", levels=[Level.objects.get(pk="weekday")], by=dana, now=clock.now)
    doors.add_card(alice, uid="04:A2:3B:C1:5D:66:80", label="Blue tag", keep_last_four=True, by=dana, now=clock.now)


@pytest.mark.parametrize("size", ["phone", "desktop"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_pages_keep_nobody_out(live_server, open_page, log_in, workshop, alice_owes, buys, clock, size, dark):
    buys(alice_owes, "friend")
    bill, renewal = Invoice.objects.get(settled_at=None), Subscription.objects.get(status="past_due")
    card = kept.kept(alice_owes, now=clock.now)[0]
    page = log_in(open_page(size=size, dark=dark), alice_owes)
    pages = {
        "membership": "/me/",
        "stop": reverse("gs_portal:stop", args=[renewal.pk]),
        "invoices": "/me/invoices/",
        "invoice": reverse("gs_portal:invoice", args=[Invoice.objects.exclude(pk=bill.pk).order_by("issued_at")[0].pk]),
        "pay": reverse("gs_portal:pay", args=[bill.pk]),
        "cards": "/me/cards/",
        "card-add": "/me/cards/add/",
        "card-remove": f"/me/cards/remove/?account={card.account}&ref={card.ref}",
        "access": "/me/access/",
        "card-lost": reverse("gs_portal:lost_card", args=[Card.objects.get().pk]),
        "history": "/me/history/",
    }
    for name, address in pages.items():
        page.goto(live_server.url + address)
        look(page, f"{name}-{'dark' if dark else 'light'}")


def test_a_member_stops_and_stays_without_scripts(live_server, browser, log_in, alice_in):
    context = browser.new_context(java_script_enabled=False)
    page = log_in(context.new_page(), alice_in)
    page.goto(f"{live_server.url}/me/")
    page.get_by_role("link", name="Stop the renewal").click()
    page.get_by_role("button", name="Stop the renewal").click()
    page.get_by_text("It ends on April 2, 2026 and is not renewed.").wait_for()
    page.get_by_role("button", name="Stay after all").click()
    page.get_by_text("It renews on April 2, 2026").wait_for()
    context.close()


def test_an_invoice_on_paper_is_the_invoice_alone(live_server, page, log_in, alice_in):
    log_in(page, alice_in).goto(live_server.url + reverse("gs_portal:invoice", args=[Invoice.objects.get().pk]))
    page.emulate_media(media="print")
    assert page.get_by_role("heading", level=1).is_visible()
    assert page.get_by_role("cell", name="100.00 EUR").first.is_visible()
    for gone in (page.locator(".sections"), page.locator(".main-nav"), page.get_by_text("To keep it on paper")):
        assert not gone.is_visible()


@pytest.mark.parametrize("size", ["phone", "desktop"])
def test_x07_a_member_pauses_sees_it_and_goes_on(live_server, open_page, log_in, alice_in, clock, size):
    Level.objects.update(pause_days_max=30, pauses_max=2, pause_open_ended=True)
    clock.advance(timedelta(days=3))
    page = log_in(open_page(size=size), alice_in)
    page.goto(f"{live_server.url}/me/")
    page.get_by_role("link", name="Pause").click()
    look(page, "pause")
    page.get_by_label("Day to go on").fill("2026-03-22")
    page.get_by_role("button", name="Show what it comes to").click()
    page.get_by_role("button", name="Pause it").wait_for()
    look(page, "pause-shown")
    page.get_by_role("button", name="Pause it").click()
    page.get_by_text("It is paused until March 22, 2026.").wait_for()
    look(page, "paused")
    clock.advance(timedelta(days=2))
    page.get_by_role("link", name="Go on early").click()
    page.get_by_text("counts until April 4, 2026").wait_for()
    look(page, "pause-there")
    page.get_by_role("button", name="Go on now").click()
    page.get_by_text("The pause is over: it goes on.").wait_for()
    look(page, "gone-on")
