"""Gifts in a real browser: a card, redeemed by another, pays his renewal; a level makes somebody new a member."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core.cache import cache

from goodstanding.billing.models import GiftCard, Invoice
from goodstanding.catalogue.models import LevelGift
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


@pytest.mark.parametrize("size", ["phone", "desktop"])
def test_p51_a_level_is_given_and_somebody_new_redeems_it(
    live_server, open_page, log_in, alice, dana, offer, price, clock, size
):
    """P51, B70: bought beside gift cards, redeemed with a new account, seen by staff."""
    cache.clear()
    LevelGift.objects.create(price=price("weekday"), times=6, amount_minor=4450)
    LevelGift.objects.create(price=price("full", "year"), position=1)
    page = log_in(open_page(size=size), alice)
    page.goto(f"{live_server.url}/join/")
    look(page, "join")
    page.get_by_role("link", name="Give a gift").click()
    look(page, "gift-level")
    page.get_by_role("radio", name="Weekday, 6 months").check()
    page.get_by_label("Name of who gets it").fill("Erin")
    page.get_by_label("E-mail of who gets it").fill("erin@example.org")
    page.get_by_label("Card number").fill("4242 4242 4242 4242")
    page.get_by_role("button", name="Buy the gift").click()
    page.get_by_role("heading", name="Your gift: Weekday, 6 months").wait_for()
    look(page, "gift-level-bought")
    gift = GiftCard.objects.get()
    page = open_page(size=size)
    page.goto(f"{live_server.url}/gift/redeem/")
    look(page, "gift-redeem")
    page.get_by_label("Code of the gift").fill(gift.shown_code)
    page.get_by_role("button", name="See what it gives").click()
    page.get_by_text("gives you: Weekday").wait_for()
    look(page, "gift-redeem-look")
    page.get_by_label("Name").fill("Erin Elm")
    page.get_by_label("E-mail").fill("erin@example.org")
    page.get_by_label("Password").fill("a long enough secret")
    page.get_by_role("button", name="Redeem it").click()
    page.get_by_text("Your gift is redeemed: Weekday").wait_for()
    look(page, "gift-redeemed")
    assert GiftCard.objects.filter(redeemed_by__user__email="erin@example.org").exists()
    dana.is_staff = dana.is_superuser = True
    dana.save()
    page = log_in(open_page(size=size), SimpleNamespace(user=dana))
    page.goto(f"{live_server.url}/office/gift-cards/")
    look(page, "gift-office")
