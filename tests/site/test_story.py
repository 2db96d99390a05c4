"""The whole of it, as people meet it: a stranger joins, a payment fails, the door shuts, they pay, and it opens again."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.axe import violations
from tests.site.command import Site
from tests.site.test_up import Running

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SHOTS = os.environ.get("GOODSTANDING_TEST_SHOTS", "")
FAILS_LATER, SUCCEEDS = "4000 0000 0000 0341", "4242 4242 4242 4242"
PASSWORD = "a-lathe-and-two-chisels"
STRANGER = "robin@example.org"


@pytest.fixture(scope="module")
def up(tmp_path_factory) -> Iterator[Running]:
    """A site that is up, with its demonstration, in a home of its own."""
    running = Running(Site(tmp_path_factory.mktemp("story")))
    # The mails go there. Nobody reads them, but they must not fill the pipe: the site would wait for ever.
    reading = threading.Thread(target=running.process.stderr.read, daemon=True)  # type: ignore[union-attr]
    reading.start()
    try:
        running.wait_until_up()
        yield running
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.process.pid, signal.SIGKILL)
        reading.join()
        with running.process:
            pass  # waits, and closes what is left of its pipes


class Visitor:
    """Somebody with a browser of their own."""

    def __init__(self, page: Page, running: Running) -> None:
        self.page, self.site = page, f"http://127.0.0.1:{running.port}"

    def goes_to(self, path: str) -> None:
        self.page.goto(self.site + path)

    def presses(self, name: str | re.Pattern[str]) -> None:
        self.page.get_by_role("button", name=name).first.click()

    def follows(self, name: str | re.Pattern[str]) -> None:
        self.page.get_by_role("link", name=name).first.click()

    def logs_in(self, email: str, password: str = "goodstanding-demo") -> None:
        self.goes_to("/accounts/login/")
        self.page.get_by_label("E-mail").fill(email)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.presses("Log in")
        self.page.wait_for_url("**/me/")

    def sees(self, words: str | re.Pattern[str]) -> None:
        expect(self.page.locator("main")).to_contain_text(words)

    def taps(self, door: str, verdict: str) -> None:
        self.goes_to("/demo/doors/")
        self.presses(door)
        expect(self.page.locator(".verdict")).to_have_text(verdict)

    def looks_around(self, name: str) -> None:
        """Whoever sees, hears or feels a page finds it in order."""
        if SHOTS:
            self.page.screenshot(path=f"{SHOTS}/story-{name}.png", full_page=True)
        assert violations(self.page) == []


def test_a_stranger_joins_falls_behind_and_comes_back(up, open_page):
    robin, dana = Visitor(open_page(), up), Visitor(open_page(), up)
    joins(robin)
    robin.goes_to("/demo/doors/")
    robin.presses("Take a card")
    robin.taps("Workshop door", "Open")
    robin.looks_around("door-open")
    dana.logs_in("dana@example.org")
    dana.goes_to("/")

    moves_the_clock(dana, "A month on")
    robin.goes_to("/me/")
    robin.sees("In grace")
    robin.sees("Your access stays until")
    robin.sees("Try again now")
    robin.looks_around("grace")
    robin.taps("Workshop door", "Open")
    robin.sees("The last payment failed.")

    moves_the_clock(dana, "A week on")
    moves_the_clock(dana, "A day on")
    robin.goes_to("/me/")
    robin.sees("Lapsed")
    robin.looks_around("lapsed")
    robin.taps("Workshop door", "It stays shut")
    robin.sees("The membership has ended or is paused.")
    robin.looks_around("door-shut")
    reads_of_it(robin)

    comes_back(robin)
    robin.taps("Workshop door", "Open")


def joins(robin: Visitor) -> None:
    robin.goes_to("/")
    robin.looks_around("first-page")
    robin.follows("See the levels, and join")
    robin.looks_around("levels")
    robin.follows(re.compile(r"Join: Full member.*month"))
    robin.page.get_by_label("Name", exact=True).fill("Robin Redwood")
    robin.page.get_by_label("E-mail").fill(STRANGER)
    robin.page.get_by_label("Password", exact=True).fill(PASSWORD)
    robin.page.get_by_label("Card number").fill(FAILS_LATER)
    robin.looks_around("join")
    robin.page.locator("main form button[type=submit]:not([name=show])").click()
    robin.sees("Welcome!")
    robin.follows("My membership")
    robin.sees("In good standing")
    robin.looks_around("good")


def moves_the_clock(dana: Visitor, step: str) -> None:
    dana.presses(step)
    dana.sees("The site's time is now")


def reads_of_it(robin: Visitor) -> None:
    robin.goes_to("/demo/mails/")
    for subject in ("did not go through", "has ended"):
        expect(robin.page.locator("article h2").filter(has_text=subject).first).to_be_visible()
    robin.looks_around("mails")


def comes_back(robin: Visitor) -> None:
    robin.goes_to("/me/")
    robin.follows(re.compile("Join again: Full member"))
    robin.follows("Join at this price")
    robin.page.get_by_label("another card").check()
    robin.page.get_by_label("Card number").fill(SUCCEEDS)
    robin.page.locator("main form button[type=submit]:not([name=show])").click()
    robin.sees("Welcome!")
    robin.goes_to("/me/")
    robin.sees("In good standing")


@pytest.mark.parametrize(
    ("who", "standing", "workshop"),
    [("alice", "In good standing", "Open"), ("bob", "Lapsed", "It stays shut")],
)
def test_people_to_try_are_as_they_were_announced(up, open_page, who, standing, workshop):
    visitor = Visitor(open_page(), up)
    visitor.logs_in(f"{who}@example.org")
    visitor.sees(standing)
    visitor.taps("Workshop door", workshop)
    visitor.goes_to("/demo/mails/")
    visitor.sees(re.compile("Full member"))
    assert "Riverside Makerspace" in visitor.page.title()


def test_it_says_where_to_look(up):
    for path in ("join/", "me/", "demo/doors/", "demo/mails/", "office/", "admin/"):
        assert f"http://127.0.0.1:{up.port}/{path}" in up.said
    assert "alice@example.org (a member in good standing)" in up.said
    assert "bob@example.org (a member whose membership has lapsed)" in up.said
