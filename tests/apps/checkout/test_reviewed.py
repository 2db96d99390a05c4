"""What a stranger's reading found, each thing once more."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from goodstanding.billing.models import GatewayCustomer, Payment, Subscription
from goodstanding.catalogue.models import Price
from goodstanding.catalogue.services import import_catalogue
from goodstanding.checkout import quotes, services
from goodstanding.checkout.refusals import Refused
from goodstanding.clock import StoppedClock
from goodstanding.core.pricing import quote_from_json
from goodstanding.gateways import services as gateways
from goodstanding.gateways.models import GatewayAccount
from goodstanding.memberships import byhand, ending, owing
from goodstanding.memberships.owing import Stage
from goodstanding.memberships.reading import standing_now
from goodstanding.people.services import DEMO_PASSWORD, ensure_demo_people, make_user
from goodstanding.site import demo
from tests.apps.checkout.test_joining import buy
from tests.apps.checkout.test_pages import ERIN, address, join

pytestmark = pytest.mark.django_db(transaction=True)

PriceOf = Callable[..., Price]
LIFE = {"slug": "patron", "name": "Patron", "group": "patrons", "prices": [
    {"amount_minor": 50000, "currency": "EUR", "interval": "once", "renews": False},
    {"amount_minor": 5000, "currency": "EUR", "interval": "month", "renews": False},
]}  # fmt: skip


def test_what_is_bought_for_life_never_ends(
    alice: Any, price: PriceOf, clock: StoppedClock, work: Callable[[], int]
) -> None:
    import_catalogue(json.dumps([LIFE]), now=clock.now)
    assert buy(alice, price("patron", "once"), clock).stage is Stage.DONE
    work()
    found = standing_now(alice.pk, now=clock.now + timedelta(days=36500))
    assert (found.status, found.document["covered_until"], found.document["changes_at"]) == ("good", None, None)
    with pytest.raises(Refused, match="for_life"):
        buy(alice, price("patron", "month"), clock)


def test_two_prices_of_one_level_are_not_both_paid(alice: Any, price: PriceOf, clock: StoppedClock) -> None:
    waiting = buy(alice, price("full", "month"), clock, card="sandbox_challenge")
    assert waiting.stage is Stage.WAITING
    with pytest.raises(Refused, match="being_paid"):
        buy(alice, price("full", "year"), clock)
    assert Payment.objects.filter(status="succeeded").count() == 0


def test_a_second_pass_begins_where_the_first_ends_at_the_desk_too(
    alice: Any, price: PriceOf, clock: StoppedClock
) -> None:
    begun = clock.now
    for _ in range(2):
        byhand.sell(alice, price("day"), how="cash", reference="", paid_at=clock.now, by=None, now=clock.now)
        clock.advance(timedelta(hours=2))
    assert standing_now(alice.pk, now=begun + timedelta(hours=48, seconds=-1)).status == "good"
    assert standing_now(alice.pk, now=begun + timedelta(hours=48)).status == "lapsed"


def test_a_price_closed_meanwhile_is_not_sold_to_who_tries_again(
    alice: Any, price: PriceOf, clock: StoppedClock
) -> None:
    found = buy(alice, price("full", "month"), clock, card="sandbox_declined")
    Price.objects.filter(pk=found.checkout.price_id).update(is_open=False)
    assert services.pay(found.checkout, return_url="/x", now=clock.now, card="sandbox_ok").stage is Stage.CLOSED
    assert Payment.objects.filter(status="succeeded").count() == 0


def test_a_card_that_pays_once_is_not_made_the_card_for_renewals(
    alice: Any, price: PriceOf, clock: StoppedClock
) -> None:
    buy(alice, price("full", "month"), clock)
    kept = GatewayCustomer.objects.get().method
    buy(alice, price("day"), clock, card="sandbox_fails_later")
    assert GatewayCustomer.objects.get().method == kept != ""


def test_a_weak_password_tells_nobody_apart(client: Client, price: PriceOf, clock: StoppedClock) -> None:
    make_user(email="erin@example.org", name="Erin", password="another secret of hers", now=clock.now)
    told = [
        join(client, price("full", "month"), **{**ERIN, "email": email, "password": "a"}, card="sandbox_ok")
        for email in ("erin@example.org", "finn@example.org")
    ]
    assert ["too short" in each.content.decode() for each in told] == [True, True]
    assert ["not correct" in each.content.decode() for each in told] == [False, False]


def test_who_turns_out_to_hold_something_looks_again_before_paying(
    client: Client, price: PriceOf, clock: StoppedClock
) -> None:
    join(client, price("day"), **ERIN, card="sandbox_ok")
    stranger = Client()
    answer = join(stranger, price("day"), **ERIN, card="sandbox_ok")
    assert answer["Location"] == address(price("day"))
    assert "Welcome back" in stranger.get(answer["Location"]).content.decode()
    assert Payment.objects.count() == 1


def test_nobody_is_made_of_a_page_that_nobody_could_pay(client: Client, price: PriceOf, clock: StoppedClock) -> None:
    GatewayAccount.objects.update(is_offered=False)
    answer = join(client, price("full", "month"), **ERIN, card="sandbox_ok")
    assert answer.status_code == 422
    assert get_user_model().objects.count() == 0


def test_cards_for_trying_pay_nothing_on_a_site_in_use(shop: None, settings: Any) -> None:
    assert [account.pk for account in gateways.offered()] == ["sandbox", "sandbox-auto"]
    settings.GOODSTANDING_HTTPS = True
    assert gateways.offered() == []


def test_on_a_site_in_use_the_known_password_is_taken_away(db: None, clock: StoppedClock, settings: Any) -> None:
    ensure_demo_people(now=clock.now)
    users = get_user_model().objects
    bob = users.get(email="bob@example.org")
    bob.set_password("his own, new one")
    bob.save()
    assert demo.shut_out() == []
    settings.GOODSTANDING_HTTPS = True
    assert len(demo.shut_out()) == 3
    assert not users.get(email="dana@example.org").check_password(DEMO_PASSWORD)
    assert users.get(email="bob@example.org").check_password("his own, new one")


def test_a_page_that_was_quoted_for_later_is_quoted_anew(alice: Any, price: PriceOf, clock: StoppedClock) -> None:
    day_pass = price("day")
    buy(alice, day_pass, clock)
    shown = quotes.shown(quotes.signed(quotes.for_member(day_pass, alice, now=clock.now), now=clock.now), now=clock.now)
    extension = services.accept(alice, day_pass, GatewayAccount.objects.get(pk="sandbox"), shown=shown, now=clock.now)
    assert quote_from_json(extension.quote).start == clock.now + timedelta(hours=24)
    byhand.sell(alice, day_pass, how="cash", reference="", paid_at=clock.now, by=None, now=clock.now)
    paid = services.pay(extension, return_url="/x", now=clock.now, card="sandbox_ok")
    assert paid.stage is Stage.CLOSED
    assert Subscription.objects.count() == 0


def test_a_renewal_that_is_being_paid_is_not_dropped(
    alice: Any, price: PriceOf, clock: StoppedClock, until: Callable[..., None]
) -> None:
    buy(alice, price("full", "month"), clock, card="sandbox_fails_later")
    until(clock.now + timedelta(days=32))
    (bill,) = owing.open_invoices(alice)
    assert owing.pay(bill, return_url="/x", now=clock.now, card="sandbox_challenge").stage is owing.Stage.WAITING
    with pytest.raises(ending.CannotEnd, match="under way"):
        ending.cancel(Subscription.objects.get(), now=clock.now)
    assert owing.open_invoices(alice) == [bill]
