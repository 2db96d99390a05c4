"""A payer on the sandbox's pages: chooses a card, approves, and is back where he came from."""

from __future__ import annotations

import pytest

from goodstanding.gateways.requests import Redirect
from tests.gateways.living import Life
from tests.site.test_browser import FAINT_TEXTS, WIDER_THAN_THE_SCREEN

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("size", ["phone", "desktop"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_payer_finds_his_way(live_server, open_page, alice, clock, size, dark):
    life = Life(alice, now=clock.now)
    answer = life.begin(10_000, card="", description="Full member, March", return_url="/healthz")
    assert isinstance(answer, Redirect)
    page = open_page(size=size, dark=dark)

    page.goto(live_server.url + answer.url)
    assert page.evaluate(WIDER_THAN_THE_SCREEN) <= 0
    assert page.evaluate(FAINT_TEXTS) == []
    page.get_by_label("needs approval at first").check()
    page.get_by_role("button", name="Pay", exact=True).click()

    assert page.get_by_role("heading", name="Approve a payment").is_visible()
    assert page.evaluate(WIDER_THAN_THE_SCREEN) <= 0
    assert page.evaluate(FAINT_TEXTS) == []
    page.get_by_role("button", name="Approve").click()
    page.wait_for_url("**/healthz")
    assert life.last_payment().status == "succeeded"
