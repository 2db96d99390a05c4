"""A gift card in a real browser: bought and paid by one, redeemed by another, and the balance pays the renewal."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache

from goodstanding.billing.models import GiftCard, Invoice
from tests.apps.checkout.test_joining import buy
from tests.apps.portal.test_browser import log_in, look

__all__ = ["log_in"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("size", ["phone", "desktop"])
def test_a_gift_pays_somebody_elses_renewal(
    live_server, open_page, log_in, alice, bob, offer, price, clock, until, size
):
    cache.clear()
    buy(bob, price("weekday", "month"), clock)
    page = log_in(open_page(size=size), alice)
    page.goto(f"{live_server.url}/gift/")
    look(page, "gift")
    page.get_by_role("radio", name="another amount").check()
    page.get_by_role("textbox", name="Another amount").fill("80")
    page.get_by_label("E-mail of who gets it").fill("bob@example.org")
    page.get_by_label("A few words").fill("All the best")
    page.get_by_label("Card number").fill("4242 4242 4242 4242")
    page.get_by_role("button", name="Buy the gift card").click()
    page.get_by_role("heading", name="A gift card of 80.00 EUR").wait_for()
    look(page, "gift-bought")
    card = GiftCard.objects.get()
    page = log_in(open_page(size=size), bob)
    page.goto(f"{live_server.url}/me/balance/")
    page.get_by_label("Code of the gift card").fill(card.shown_code)
    page.get_by_role("button", name="Redeem").click()
    page.get_by_text("80.00 EUR are on your balance").wait_for()
    until(clock.now + timedelta(days=32))
    page = log_in(open_page(size=size), bob)
    page.goto(f"{live_server.url}/me/balance/")
    look(page, "balance")
    assert page.get_by_text("20.00 EUR").count()
    assert Invoice.objects.filter(account__member=bob).latest("issued_at").due_minor == 0
