"""The pages of gift cards and of the balance, over HTTP."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from goodstanding.billing.models import GiftCard, GiftOffer, Invoice
from goodstanding.clock import StoppedClock
from goodstanding.memberships.reading import standing_now
from goodstanding.people.models import Member
from goodstanding.people.services import make_user
from tests.apps.gifts.conftest import Bought

pytestmark = pytest.mark.django_db(transaction=True)

ERIN = {"name": "Erin Elm", "email": "erin@example.org", "password": "a long enough secret"}


@pytest.fixture(autouse=True)
def no_tries_remembered() -> None:
    cache.clear()


def give(client: Client, clock: StoppedClock, **typed: str) -> Any:
    page = client.get("/gift/").content.decode()
    shown = re.search(r'name="shown" value="([^"]+)"', page)
    given = {"amount": "5000", "to_email": "bob@example.org", "send_on": clock.now.date().isoformat()}
    return client.post("/gift/", {"shown": shown[1] if shown else "", **given, "number": "4242424242424242", **typed})


def test_a_stranger_gives_and_another_redeems(client: Client, offer: GiftOffer, clock: StoppedClock) -> None:
    answer = give(client, clock, **ERIN, amount="", other="30,50", from_name="Erin")
    assert answer.status_code == 302, answer.content.decode()
    card = GiftCard.objects.get()
    page = client.get(answer["Location"]).content.decode()
    assert card.shown_code in page
    assert "30.50 EUR" in page
    assert standing_now(Member.objects.get().pk, now=clock.now).status == "none"
    other = Client()
    other.force_login(make_user(email="frank@example.org", name="Frank", now=clock.now))
    assert other.get(answer["Location"]).status_code == 404
    assert "nothing on your balance" in other.get("/me/balance/").content.decode()
    answer = other.post("/me/balance/", {"code": card.shown_code}, follow=True)
    assert "30.50 EUR" in answer.content.decode()
    assert f"… {card.ending}" in answer.content.decode()
    assert card.code not in answer.content.decode()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"amount": "5000", "other": "30"}, "chose another one"),
        ({"amount": "", "other": "9.99"}, "no gift cards of this amount"),
        ({"amount": "", "other": "many"}, "such as 12.50"),
        ({"amount": "7"}, "Select a valid choice"),
        ({"send_on": "2020-01-01"}, "from today on"),
        ({"to_email": "nobody"}, "valid email"),
        ({"shown": "<script>"}, "did not arrive whole"),
    ],
)
def test_what_is_wrong_is_said_and_makes_nothing(
    client: Client, offer: GiftOffer, clock: StoppedClock, typed: dict[str, str], said: str
) -> None:
    answer = give(client, clock, **(ERIN | typed))
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert GiftCard.objects.count() == Invoice.objects.count() == Member.objects.count() == 0


def test_nothing_on_offer_is_said(client: Client, shop: None) -> None:
    assert client.get("/gift/").status_code == 404


def test_who_guesses_codes_waits(alice: Any, bob: Any, bought: Bought, clock: StoppedClock) -> None:
    card = bought(alice)
    browser = Client()
    browser.force_login(bob.user)
    for _each in range(10):
        assert browser.post("/me/balance/", {"code": "AAAA BBBB CCCC DDDD"}).status_code == 422
    answer = browser.post("/me/balance/", {"code": card.code})
    assert answer.status_code == 422
    assert "quarter of an hour" in answer.content.decode()
    assert GiftCard.objects.get().redeemed_at is None
