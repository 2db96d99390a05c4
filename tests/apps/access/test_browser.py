"""The way of a person, in a real browser, through a real nginx: from the wiki to the log-in and back, or to the reasons."""

from __future__ import annotations

import pytest

from tests.access_cases import granted
from tests.apps.access.test_nginx import example
from tests.nginx import Wiki, running
from tests.site.command import free_port
from tests.site.test_browser import FAINT_TEXTS, WIDER_THAN_THE_SCREEN

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "a-password-of-dana-s"


@pytest.fixture
def address(live_server, settings, tmp_path):
    port = free_port()
    settings.LOGIN_URL = "admin:login"
    settings.GOODSTANDING_ACCESS_HOSTS = (f"localhost:{port}",)
    with Wiki() as wiki:
        text = example(
            listens=port,
            goodstanding=live_server.url.removeprefix("http://"),
            wiki=wiki.port,
            members=live_server.url,
        )
        with running(tmp_path, text, port=int(port)):
            yield f"http://localhost:{port}"


@pytest.fixture
def dana_(dana):
    dana.set_password(PASSWORD)
    dana.save()
    return dana


def log_in(page):
    page.get_by_label("Email").fill("dana@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def test_a_member_is_led_from_the_wiki_to_the_log_in_and_back(address, page, dana_, stands):
    stands(dana_, (granted("studio"),))
    page.goto(f"{address}/studio/page?a=1&b=2")
    log_in(page)
    page.get_by_role("heading", name="Wiki /studio/page").wait_for()
    assert page.url == f"{address}/studio/page?a=1&b=2"
    page.goto(f"{address}/another")
    assert page.title() == "Wiki"


def test_who_may_not_enter_is_told_why_without_scripts_too(address, browser, dana_, stands):
    stands(dana_, (granted("bench"),))
    context = browser.new_context(java_script_enabled=False)  # not ``page``: a refusal is an error on its console
    page = context.new_page()
    page.goto(f"{address}/studio/page")
    log_in(page)
    page.get_by_text("This is for members of another level: studio.").wait_for()
    page.goto(f"{address}/anywhere")
    assert page.title() == "Wiki"
    context.close()


@pytest.mark.parametrize("size", ["phone", "desktop"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_pages_fit_and_can_be_read(live_server, open_page, client, charlie, stands, settings, size, dark):
    settings.GOODSTANDING_ACCESS_HOSTS = ("wiki.example.org",)
    client.force_login(stands(charlie, (granted("bench"),)))
    page = open_page(size=size, dark=dark)
    session = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
    page.context.add_cookies([session])
    for path in ("/demo/", "/demo/members/", "/access/enter"):
        page.goto(live_server.url + path)
        assert page.evaluate(WIDER_THAN_THE_SCREEN) <= 0
        assert page.evaluate(FAINT_TEXTS) == []
        assert page.get_by_role("heading", level=1).count() == 1
