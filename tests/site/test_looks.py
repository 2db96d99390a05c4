"""How the pages look and feel: at a phone's width and a desk's, in light and dark, by eye, by keyboard, by assistive technology."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.template.loader import render_to_string

from goodstanding.gateways.requests import Redirect
from tests.axe import violations
from tests.browser import SIZES
from tests.site.test_browser import FAINT_TEXTS, WIDER_THAN_THE_SCREEN

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

STANDINGS = {
    "none": "No membership",
    "pending": "Pending",
    "good": "In good standing",
    "grace": "In grace",
    "held": "On hold",
    "lapsed": "Lapsed",
}
PUBLIC = {
    "first": "/",
    "log in": "/accounts/login/",
    "sign up": "/accounts/signup/",
    "new password": "/accounts/password/reset/",
    "new password, sent": "/accounts/password/reset/done/",
    "new password, old link": "/accounts/password/reset/key/1-set-password/",
    "new password, done": "/accounts/password/reset/key/done/",
    "mail sent": "/accounts/confirm-email/",
    "mail, old link": "/accounts/confirm-email/nothing/",
    "three pages": "/demo/",
}
FOR_USERS = {
    "change password": "/accounts/password/change/",
    "log out": "/accounts/logout/",
    "any member": "/demo/members/",
    "doors to try": "/demo/doors/",
    "mails": "/demo/mails/",
}
FORMS = ("/accounts/login/", "/accounts/signup/", "/accounts/password/reset/")
SHOTS = os.environ.get("GOODSTANDING_TEST_SHOTS", "")
# The size of what is pressed, links within a sentence excepted; a tick comes with its label.
SMALL_TARGETS = """() => [...document.querySelectorAll('button, .button, nav.main-nav a, input:not([type=hidden]), select')]
  .map(e => e.matches('[type=checkbox], [type=radio]') ? e.closest('.choice') || e : e)
  .filter(e => { const box = e.getBoundingClientRect(); return box.height < 44 || box.width < 24; }).map(e => e.outerHTML)"""


@pytest.fixture(autouse=True)
def no_limits_reached():
    """Rate limits are kept in the cache, which outlives a test."""
    cache.clear()


@pytest.fixture
def demo_people():
    from goodstanding import clock
    from goodstanding.people.services import ensure_demo_people

    ensure_demo_people(now=clock.now())


@pytest.fixture
def logged_in(client, live_server, demo_people):
    """``logged_in(page, email)``: the page's browser is alice's, or of whoever has that e-mail."""
    from goodstanding.people.models import User

    def let_in(page, email="alice@example.org"):
        client.force_login(User.objects.get(email=email))
        session = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
        page.context.add_cookies([session])
        return page

    return let_in


def give_standing(email):
    """Put a member in good standing for a day at a level of some group, and a door there."""
    from goodstanding import clock
    from goodstanding.catalogue.models import Level, LevelGroup
    from goodstanding.doors.services import make_door
    from goodstanding.memberships.services import grant
    from goodstanding.people.models import Member

    now = clock.now()
    level = Level.objects.create(slug="some", name="Some level", group=LevelGroup.objects.create(slug="g", name="G"))
    end = now + timedelta(days=1)
    grant(Member.objects.get(email=email), level=level, start_at=now, end_at=end, reason="a test", by=None, now=now)
    make_door(name="Some door", by=None, now=now)


def look(page, name):
    """Ask everything of the page that can be asked without knowing what it is for."""
    if SHOTS:
        dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
        width = page.viewport_size["width"]
        shot = f"{SHOTS}/{name.replace(' ', '-')}-{width}-{'dark' if dark else 'light'}.png"
        page.screenshot(path=shot, full_page=True)
    assert violations(page) == []
    assert page.evaluate(WIDER_THAN_THE_SCREEN) <= 0
    assert page.evaluate(FAINT_TEXTS) == []
    assert page.evaluate(SMALL_TARGETS) == []
    assert page.get_by_role("heading", level=1).count() == 1


@pytest.mark.parametrize("size", ["phone", "desktop"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_public_pages_keep_nobody_out(live_server, open_page, demo_people, size, dark):
    page = open_page(size=size, dark=dark)
    for name, address in PUBLIC.items():
        page.goto(live_server.url + address)
        look(page, name)


@pytest.mark.parametrize("size", ["phone", "desktop"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_pages_of_somebody_logged_in_keep_nobody_out(live_server, open_page, logged_in, size, dark):
    give_standing("alice@example.org")
    page = logged_in(open_page(size=size, dark=dark))
    for name, address in FOR_USERS.items():
        page.goto(live_server.url + address)
        look(page, name)


@pytest.mark.parametrize("size", ["phone", "desktop"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_refusals_keep_nobody_out(live_server, browser, logged_in, size, dark):
    # Not ``open_page``: a refusal is an error on its console.
    context = browser.new_context(viewport=SIZES[size], color_scheme="dark" if dark else "light")
    page = context.new_page()
    for name, address, status in (("nothing here", "/nothing-here", 404), ("log in first", "/demo/members/", 200)):
        assert page.goto(live_server.url + address).status == status
        look(page, name)
    page = logged_in(page, "dana@example.org")
    for name, address, status in (("refused", "/demo/one-level/", 403), ("nothing for staff", "/nothing-here", 404)):
        assert page.goto(live_server.url + address).status == status
        look(page, name)
    context.close()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_sandbox_s_pages_keep_nobody_out(live_server, open_page, alice, clock, dark):
    from tests.gateways.living import Life

    life = Life(alice, now=clock.now)
    begun = life.begin(10_000, card="", description="Full member", return_url="/healthz")
    assert isinstance(begun, Redirect)
    page = open_page(size="phone", dark=dark)
    page.goto(live_server.url + begun.url)
    look(page, "sandbox pay")
    page.get_by_label("needs approval at first").check()
    page.get_by_role("button", name="Pay", exact=True).click()
    page.get_by_role("heading", name="Approve a payment").wait_for()
    look(page, "sandbox approve")


def test_what_axe_finds_is_found(live_server, page):
    page.goto(live_server.url)
    page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<input><img src=\"/favicon.ico\">')")
    assert {found.partition(" ")[0] for found in violations(page)} >= {"label", "image-alt"}


@pytest.mark.parametrize("address", FORMS)
def test_a_form_is_filled_in_and_sent_by_keyboard_and_says_what_is_wrong(live_server, page, address):
    page.goto(live_server.url + address)
    page.evaluate("document.querySelector('main form').noValidate = true")
    page.locator("main form input:not([type=hidden])").first.focus()
    for _ in range(page.locator("main form input:not([type=hidden])").count()):
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.type") == "submit"
    page.keyboard.press("Enter")
    summary = page.get_by_role("alert")
    summary.wait_for()
    assert page.evaluate("document.activeElement.matches('[role=alert]')"), "the summary is where reading goes on"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    wrong = page.locator("main form :focus")
    assert wrong.get_attribute("aria-invalid") == "true"
    said = wrong.get_attribute("aria-describedby").split()
    assert "This field is required." in " ".join(page.locator(f"#{told}").inner_text() for told in said)
    look(page, f"wrong {address.strip('/').replace('/', ' ')}")


def test_the_first_key_leads_past_the_head(live_server, page):
    page.goto(live_server.url + "/accounts/login/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "login"


@pytest.mark.parametrize(("size", "shown"), [("phone", "block"), ("desktop", "table-row")])
def test_a_table_becomes_a_list_where_it_would_not_fit(live_server, open_page, demo_people, size, shown):
    page = open_page(size=size)
    page.goto(live_server.url)
    assert page.evaluate("getComputedStyle(document.querySelector('.stacks tbody tr')).display") == shown


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_parts_that_other_rooms_use(live_server, open_page, dark):
    page = open_page(size="phone", dark=dark)
    page.goto(live_server.url + "/accounts/confirm-email/")
    badges = "".join(render_to_string("gs_site/parts/badge.html", {"status": status}) for status in STANDINGS)
    parts = [
        f"<p>{badges}</p>",
        render_to_string("gs_site/parts/pager.html", {"previous": "?a", "next": "?b", "words": "1 to 50"}),
        render_to_string(
            "gs_site/parts/empty.html", {"title": "No invoices yet", "words": "They come with the first payment."}
        ),
        render_to_string("gs_site/parts/crumbs.html", {"crumbs": [("/me/", "My membership")], "here": "Invoice"}),
        '<dl class="facts"><dt>Level</dt><dd>Workshop</dd><dt>Until</dt><dd>3 March 2027</dd></dl>',
        '<ol class="timeline"><li><time>3 March</time><p>Paid</p></li><li><time>2 March</time><p>Joined</p></li></ol>',
        *(f'<p class="alert {kind}">Kept.</p>' for kind in ("", "success", "warning", "error")),
        '<p><a class="button danger" href="#x">Leave</a></p>',
    ]
    page.evaluate("html => document.querySelector('main').insertAdjacentHTML('beforeend', html)", "".join(parts))
    look(page, "parts")
    assert [badge.inner_text().strip() for badge in page.locator(".badge").all()] == [*STANDINGS.values()]
    shapes = {badge.locator("svg").inner_html().strip() for badge in page.locator(".badge").all()}
    colours = page.evaluate(
        "new Set([...document.querySelectorAll('.badge')].map(e => getComputedStyle(e).color)).size"
    )
    assert (len(shapes), colours) == (len(STANDINGS), len(STANDINGS))


def test_on_paper_there_is_nothing_to_click(live_server, page):
    page.goto(live_server.url + "/accounts/login/")
    page.emulate_media(media="print")
    assert page.get_by_role("heading", level=1).is_visible()
    for gone in ("navigation", "contentinfo", "button"):
        assert not page.get_by_role(gone).first.is_visible(), gone
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_who_wants_no_motion_sees_none(live_server, page):
    page.emulate_media(reduced_motion="reduce")
    page.goto(live_server.url + "/accounts/login/")
    moving = (
        "[...document.querySelectorAll('*')].filter(e => parseFloat(getComputedStyle(e).transitionDuration) > 0).length"
    )
    assert page.evaluate(moving) == 0
