"""Giving a level and redeeming it, over HTTP."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from goodstanding.billing.models import GiftCard, GiftOffer, Invoice
from goodstanding.catalogue.models import DiscountCode, LevelGift, Price
from goodstanding.clock import StoppedClock
from goodstanding.memberships.reading import standing_now
from goodstanding.people.models import Member
from tests.apps.gifts.conftest import Bought, Given

pytestmark = pytest.mark.django_db(transaction=True)

ERIN = {"name": "Erin Elm", "email": "erin@example.org", "password": "a long enough secret"}
FRANK = {"name": "Frank Fir", "email": "frank@example.org", "password": "another long secret"}


@pytest.fixture(autouse=True)
def no_tries_remembered() -> None:
    cache.clear()


@pytest.fixture
def sold(price: Callable[..., Price]) -> LevelGift:
    """Six months of weekdays for 44.50."""
    return LevelGift.objects.create(price=price("weekday"), times=6, amount_minor=4450)


def give(client: Client, clock: StoppedClock, **typed: str) -> Any:
    page = client.get("/gift/").content.decode()
    shown, what = (re.search(rf'name="{name}" value="([^"]+)"', page) for name in ("shown", "what"))
    given = {"to_email": "bob@example.org", "send_on": clock.now.date().isoformat(), "number": "4242424242424242"}
    asked = {"shown": shown[1] if shown else "", "what": what[1] if what else ""}
    return client.post("/gift/", asked | given | typed)


def test_p51_a_stranger_gives_a_level_and_another_stranger_redeems_it(
    client: Client, sold: LevelGift, clock: StoppedClock
) -> None:
    """P51: both get an account, only one a membership."""
    assert "Weekday, 6 months: 44.50 EUR" in client.get("/gift/").content.decode()
    answer = give(client, clock, **ERIN)
    assert answer.status_code == 302, answer.content.decode()
    gift = GiftCard.objects.get()
    page = client.get(answer["Location"]).content.decode()
    for said in (gift.shown_code, "Weekday, 6 months", "44.50 EUR"):
        assert said in page
    other = Client()
    page = other.post("/gift/redeem/", {"code": gift.shown_code.lower()}).content.decode()
    assert "Erin Elm gives you: Weekday" in page
    assert "44.50" not in page
    assert GiftCard.objects.get().redeemed_at is None
    answer = other.post("/gift/redeem/", {"code": gift.shown_code, "redeem": "1", **FRANK}, follow=True)
    assert "Your gift is redeemed: Weekday" in answer.content.decode()
    erin, frank = (Member.objects.get(user__email=each["email"]) for each in (ERIN, FRANK))
    assert [standing_now(each.pk, now=clock.now).status for each in (erin, frank)] == ["none", "good"]
    history = other.get("/me/history/").content.decode()
    assert "You redeemed a gift" in history


@pytest.mark.parametrize("typed", [{"password": "short"}, {"email": "nobody"}, {"name": ""}])
def test_what_is_wrong_with_who_redeems_is_said_and_the_gift_stays(
    client: Client, alice: Any, given: Given, typed: dict[str, str]
) -> None:
    gift = given(alice)
    answer = client.post("/gift/redeem/", {"code": gift.code, "redeem": "1", **(FRANK | typed)})
    assert answer.status_code == 422
    assert GiftCard.objects.get().redeemed_at is None
    assert not Member.objects.filter(user__email="frank@example.org").exists()


def test_b70_the_buyer_reads_why_he_is_refused(client: Client, alice: Any, given: Given) -> None:
    """B70, P51."""
    gift = given(alice)
    client.force_login(alice.user)
    answer = client.post("/gift/redeem/", {"code": gift.code})
    assert answer.status_code == 422
    assert "You bought this gift for somebody else" in answer.content.decode()


def test_the_buyer_who_logs_in_on_the_page_is_refused_too(client: Client, alice: Any, given: Given) -> None:
    gift = given(alice)
    alice.user.set_password("a long enough secret")
    alice.user.save()
    who = {"name": "Alice", "email": "alice@example.org", "password": "a long enough secret"}
    answer = client.post("/gift/redeem/", {"code": gift.code, "redeem": "1", **who}, follow=True)
    assert "You bought this gift for somebody else" in answer.content.decode()
    assert GiftCard.objects.get().redeemed_at is None


def test_money_is_redeemed_there_too(client: Client, alice: Any, bob: Any, bought: Bought) -> None:
    card = bought(alice)
    client.force_login(bob.user)
    assert "gives you 50.00 EUR" in client.post("/gift/redeem/", {"code": card.code}).content.decode()
    answer = client.post("/gift/redeem/", {"code": card.code, "redeem": "1"}, follow=True)
    assert "50.00 EUR are on your balance" in answer.content.decode()


def test_each_kind_has_its_form(client: Client, sold: LevelGift, offer: GiftOffer) -> None:
    assert 'name="what"' in client.get("/gift/").content.decode()
    assert 'name="amount"' in client.get("/gift/?what=eur").content.decode()
    sold.delete()
    assert 'name="amount"' in client.get("/gift/").content.decode()


def test_what_costs_something_else_by_now_is_shown_anew(client: Client, sold: LevelGift, clock: StoppedClock) -> None:
    answer = give(client, clock, **ERIN, what=f"{sold.pk} 4000")
    assert answer.status_code == 422
    assert not Invoice.objects.exists()


def test_p51_typed_as_a_discount_code_it_is_told_what_it_is(
    client: Client, alice: Any, given: Given, price: Callable[..., Price], clock: StoppedClock
) -> None:
    """P51, B70: on the page to join (at this level or a wrong one) a gift's code says where it is redeemed, and is not used."""
    gift = given(alice)
    DiscountCode.objects.create(
        text="TEN", kind="percentage", basis_points=1000, made_at=clock.now
    )  # so one is asked for
    for level in ("weekday", "full"):
        page = client.post(f"/join/{level}/{price(level).pk}/", {"code": gift.shown_code, "show": "1"}).content.decode()
        assert "This is the code of a gift" in page
        assert 'href="/gift/redeem/"' in page
    assert (
        "There is no such code"
        in client.post(f"/join/full/{price('full').pk}/", {"code": "ABCD-EFGH-JKMN-PQRS", "show": "1"}).content.decode()
    )


def test_gifts_are_linked_only_while_they_are_on_sale(client: Client, sold: LevelGift) -> None:
    assert 'href="/gift/"' in client.get("/join/").content.decode()
    sold.delete()
    page = client.get("/join/").content.decode()
    assert 'href="/gift/"' not in page
    assert 'href="/gift/redeem/"' in page
