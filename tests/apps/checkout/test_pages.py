"""The pages of joining, over HTTP: what they say, whom they let buy what, and what they refuse."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import Client

from goodstanding.billing.models import Errand, Invoice, Payment, Subscription
from goodstanding.catalogue.models import Level, Price
from goodstanding.checkout.models import Checkout
from goodstanding.clock import StoppedClock
from goodstanding.memberships.reading import standing_now
from goodstanding.people.models import Member
from goodstanding.people.services import make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def no_tries_remembered() -> None:
    cache.clear()


PriceOf = Callable[..., Price]
PASSWORD = "a long enough secret"
ERIN = {"name": "Erin Elm", "email": "Erin@Example.org", "password": PASSWORD}


def address(price: Price) -> str:
    return f"/join/{price.level_id}/{price.pk}/"


def shown_on(client: Client, price: Price) -> dict[str, str]:
    """What a browser sends back of the page: its hidden field."""
    page = client.get(address(price)).content.decode()
    found = re.search(r'name="shown" value="([^"]+)"', page)
    return {"shown": found[1]} if found else {}


def join(client: Client, price: Price, **typed: str) -> Any:
    return client.post(address(price), {**shown_on(client, price), **typed})


def standing(email: str, clock: StoppedClock) -> str:
    member = Member.objects.filter(email=email).first()
    return str(standing_now(member.pk, now=clock.now).status) if member else "no member"


def test_a_stranger_joins_and_is_logged_in(client: Client, price: PriceOf, clock: StoppedClock) -> None:
    answer = join(client, price("full", "month"), **ERIN, number="4242 4242 4242 4242")
    assert answer.status_code == 302
    page = client.get(answer["Location"]).content.decode()
    assert "Welcome!" in page
    assert standing("erin@example.org", clock) == "good"
    assert str(client.get("/join/").wsgi_request.user) == "erin@example.org"


def test_the_page_says_what_happens_with_money(client: Client, price: PriceOf, clock: StoppedClock) -> None:
    page = client.get(address(price("full", "month"))).content.decode()
    assert "Pay 100.00 EUR and join" in page
    assert "100.00 EUR on April 2, 2026, by the same card" in page
    day_pass = client.get(address(price("day"))).content.decode()
    assert "none: it does not renew by itself" in day_pass
    assert "Pay" not in client.get(address(price("friend"))).content.decode().split("<form")[1].split("<button")[-1]


def test_a_declined_card_is_said_and_another_one_pays(client: Client, price: PriceOf, clock: StoppedClock) -> None:
    answer = join(client, price("full", "month"), **ERIN, card="sandbox_declined")
    result = answer["Location"]
    page = client.get(result).content.decode()
    assert "The card was declined." in page
    assert "4000 0000 0000 0002" not in page.split("<form")[1].split("<select")[0]
    again = client.post(result, {"number": "4242424242424242", "card": ""})
    assert again["Location"] == result
    assert "Welcome!" in client.get(result).content.decode()
    assert get_user_model().objects.count() == 1


def test_a_page_sent_twice_is_one_checkout(client: Client, price: PriceOf, clock: StoppedClock) -> None:
    full = price("full", "month")
    sent = {**shown_on(client, full), **ERIN, "card": "sandbox_ok"}
    first, second = client.post(address(full), sent), Client().post(address(full), sent)
    assert first["Location"] == second["Location"]
    assert (Checkout.objects.count(), Invoice.objects.count(), Payment.objects.count()) == (1, 1, 1)


def test_two_tabs_charge_once(client: Client, price: PriceOf, clock: StoppedClock) -> None:
    full = price("full", "month")
    one, other = shown_on(client, full), shown_on(client, full)
    assert one != other
    client.post(address(full), {**one, **ERIN, "card": "sandbox_ok"})
    late = client.post(address(full), {**other, "card": "sandbox_ok"})
    assert late.status_code == 422
    assert "You hold this already" in late.content.decode()
    assert Payment.objects.count() == 1


def test_an_e_mail_in_use_says_no_more_than_the_log_in_page(
    client: Client, price: PriceOf, clock: StoppedClock
) -> None:
    make_user(email="erin@example.org", name="Erin", password="another secret of hers", now=clock.now)
    answer = join(client, price("full", "month"), **ERIN, card="sandbox_ok")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "The e-mail address and/or password you specified are not correct." in page
    assert "Erin Elm" in page, "what was typed is kept"
    assert PASSWORD not in page
    assert (Member.objects.count(), Checkout.objects.count()) == (0, 0)
    right = join(client, price("full", "month"), **{**ERIN, "password": "another secret of hers"}, card="sandbox_ok")
    assert right.status_code == 302
    assert get_user_model().objects.count() == 1


def test_passwords_cannot_be_guessed_here(client: Client, price: PriceOf, clock: StoppedClock) -> None:
    make_user(email="erin@example.org", name="Erin", password="another secret of hers", now=clock.now)
    full = price("full", "month")
    for _ in range(10):
        assert "not correct" in join(client, full, **ERIN, card="sandbox_ok").content.decode()
    right = join(client, full, **{**ERIN, "password": "another secret of hers"}, card="sandbox_ok")
    assert (right.status_code, "Too many tries" in right.content.decode()) == (422, True)
    somebody_else = join(client, full, **{**ERIN, "email": "finn@example.org"}, card="sandbox_ok")
    assert somebody_else.status_code == 302


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({**ERIN, "password": "short"}, "too short"),
        ({**ERIN, "email": "nobody"}, "valid email"),
        ({**ERIN, "name": ""}, "required"),
        ({**ERIN, "number": "1234 5678"}, "none of the demonstration’s cards"),
        ({**ERIN, "number": "", "card": ""}, "Type a card’s number"),
        ({**ERIN, "card": "sandbox_rich"}, "not one of the available choices"),
        ({**ERIN, "account": "stripe"}, "not one of the available choices"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(
    client: Client, price: PriceOf, clock: StoppedClock, typed: dict[str, str], words: str
) -> None:
    answer = join(client, price("full", "month"), **{"card": "sandbox_ok", **typed})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert "1234 5678" not in answer.content.decode()
    assert (get_user_model().objects.count(), Member.objects.count(), Checkout.objects.count()) == (0, 0, 0)


def test_a_stale_a_changed_and_a_made_up_page_are_refused(client: Client, price: PriceOf, clock: StoppedClock) -> None:
    full = price("full", "month")
    shown = shown_on(client, full)
    weekday = client.post(address(price("weekday")), {**shown, **ERIN, "card": "sandbox_ok"})
    assert (weekday.status_code, "price has changed" in weekday.content.decode()) == (422, True)
    made_up = client.post(address(full), {"shown": shown["shown"] + "x", **ERIN, "card": "sandbox_ok"})
    assert (made_up.status_code, "changed on its way" in made_up.content.decode()) == (422, True)
    clock.advance(timedelta(minutes=61))
    stale = client.post(address(full), {**shown, **ERIN, "card": "sandbox_ok"})
    assert (stale.status_code, "more than an hour" in stale.content.decode()) == (422, True)
    assert Checkout.objects.count() == 0
    fresh = re.search(r'name="shown" value="([^"]+)"', stale.content.decode())
    assert fresh, "the page that says so can be sent again"
    assert client.post(address(full), {"shown": fresh[1], **ERIN, "card": "sandbox_ok"}).status_code == 302


def test_what_is_not_on_offer(client: Client, price: PriceOf, clock: StoppedClock) -> None:
    full, weekday = price("full", "month"), price("weekday")
    assert client.get("/join/gold/").status_code == 404
    assert client.get(f"/join/full/{weekday.pk}/").status_code == 409
    assert client.get("/join/full/prc_unknown/").status_code == 404
    Level.objects.filter(pk="weekday").update(is_hidden=True)
    assert "Weekday" not in client.get("/join/").content.decode()
    assert client.get(address(weekday)).status_code == 200
    Level.objects.filter(pk="full").update(is_open=False)
    closed = client.get(address(full))
    assert (closed.status_code, "takes nobody new" in closed.content.decode()) == (409, True)


def test_somebody_elses_checkout_is_not_there(
    client: Client, price: PriceOf, clock: StoppedClock, charlie: Any
) -> None:
    result = join(client, price("full", "month"), **ERIN, card="sandbox_ok")["Location"]
    assert Client().get(result).status_code == 302, "log in first"
    client.force_login(charlie)
    assert client.get(result).status_code == 404


def test_a_payment_that_needs_approval_goes_to_the_bank_and_back(
    client: Client, price: PriceOf, clock: StoppedClock
) -> None:
    answer = join(client, price("full", "month"), **ERIN, card="sandbox_challenge")
    bank = answer["Location"]
    assert bank.startswith("/sandbox/")
    result = f"/join/checkout/{Checkout.objects.get().pk}/"
    assert "Not paid yet" in client.get(result).content.decode(), "to come back is not to have paid"
    assert standing("erin@example.org", clock) == "pending"
    back = client.post(bank, {"answer": "approve"})
    assert back["Location"].endswith(result)
    assert "Welcome!" in client.get(result).content.decode()
    assert standing("erin@example.org", clock) == "good"


def test_p19_another_level_of_a_group_of_one_takes_the_place_of_what_a_gateway_renews(
    client: Client, price: PriceOf, clock: StoppedClock
) -> None:
    join(client, price("weekday"), **ERIN, card="sandbox_ok", account="sandbox-auto")
    clock.advance(timedelta(days=3))
    page = client.get(address(price("full", "month"))).content.decode()
    assert (
        "This takes the place of “Weekday”, which you hold until April 2, 2026. It ends once this is paid"
        in html.unescape(page)
    )
    assert "What is left of it is not given back." in page
    assert join(client, price("full", "month"), card="sandbox_ok").status_code == 302
    assert Subscription.objects.count() == 2
    assert Errand.objects.get().kind == Errand.Kind.END_NOW


def test_another_level_of_what_we_renew_is_changed_to_and_not_bought_beside_it(
    client: Client, price: PriceOf, clock: StoppedClock
) -> None:
    join(client, price("weekday"), **ERIN, card="sandbox_ok")
    clock.advance(timedelta(days=3))
    page = client.get(address(price("full", "month"))).content.decode()
    assert "See what the change comes to" in page
    assert 'name="shown"' not in page
    stranger = Client()
    join(stranger, price("full", "month"), **ERIN, card="sandbox_ok")  # nor by who logs in with the form
    assert "See what the change comes to" in stranger.get(address(price("full", "month"))).content.decode()
    assert (Subscription.objects.count(), Payment.objects.count()) == (1, 1)


def test_a_kept_card_and_another_one_named_are_asked_about(client: Client, price: PriceOf, clock: StoppedClock) -> None:
    join(client, price("full", "month"), **ERIN, card="sandbox_ok")
    page = client.get(address(price("day"))).content.decode()
    kept = re.search(r'name="method" value="([^"]+)"', page)
    assert kept
    both = join(client, price("day"), method=kept[1], number="4000000000000002")
    assert (both.status_code, "named another one" in both.content.decode()) == (422, True)
    assert Payment.objects.count() == 1
    assert join(client, price("day"), method=kept[1]).status_code == 302
    assert Payment.objects.filter(status="succeeded").count() == 2
