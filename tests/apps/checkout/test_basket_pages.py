"""The join page where much can be wanted: without JavaScript, what was typed is kept, and the button says what happens."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from goodstanding.billing.models import Invoice, Payment, Subscription
from goodstanding.catalogue import knowledge
from goodstanding.catalogue.models import Price, TaxRate
from goodstanding.checkout.models import Checkout
from goodstanding.clock import StoppedClock
from tests.apps.checkout.wishes import give_credit, sold

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("shop")]
ERIN = {"name": "Erin Elm", "email": "erin@example.org", "password": "a long enough secret"}


def address(price: Price) -> str:
    return f"/join/{price.level_id}/{price.pk}/"


def shown_in(page: str) -> str:
    found = re.search(r'name="shown" value="([^"]+)"', page)
    assert found
    return found[1]


def look(client: Client, price: Price, **typed: Any) -> str:
    return client.post(address(price), {"show": "1", **typed}).content.decode()


def test_what_it_comes_to_is_shown_and_what_was_typed_is_kept(client: Client) -> None:
    TaxRate.objects.create(place="DE", from_on="2020-01-01", percent="19", name="VAT")
    knowledge.touch()
    price = sold("kind", minimum_minor=500, taxed=True, level={"takes_donations": True})
    wanted = {"amount": "20.00", "donation": "5", "donation_recurs": "on", "place": "de"}
    page = look(client, price, **wanted, **ERIN)
    for words in ("20.00 EUR", "VAT 19 %", "3.80 EUR", "Donation, with each renewal", "Pay 28.80 EUR and join"):
        assert words in page, words
    assert 'value="20.00"' in page
    assert "Erin Elm" in page
    assert ERIN["password"] not in page
    assert not get_user_model().objects.exists(), "looking makes nobody"
    answer = client.post(address(price), {**wanted, **ERIN, "shown": shown_in(page), "card": "sandbox_ok"})
    assert answer.status_code == 302
    assert Invoice.objects.get().total_minor == 2880 == Payment.objects.get().amount_minor
    assert Checkout.objects.get().basket["place"] == "DE"


def test_paying_for_something_else_than_was_shown_shows_it_first(client: Client) -> None:
    """I13: the amount was typed after it was shown; nobody is made, nothing is charged, and it says what it comes to."""
    price = sold("kind", minimum_minor=500)
    first = client.get(address(price)).content.decode()
    sent = {**ERIN, "amount": "40", "shown": shown_in(first), "card": "sandbox_ok"}
    answer = client.post(address(price), sent)
    page = answer.content.decode()
    assert (answer.status_code, "You changed what you want" in page, "Pay 40.00 EUR and join" in page) == (
        422,
        True,
        True,
    )
    assert not get_user_model().objects.exists()
    assert client.post(address(price), {**sent, "shown": shown_in(page)}).status_code == 302
    assert Payment.objects.get().amount_minor == 4000


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"amount": "4.99"}, "4.99 EUR is less than the least that is asked for: 5.00 EUR."),
        ({"amount": "much"}, "Enter a number."),
        ({"amount": "5.001"}, "no more than 2 decimal places"),
        ({"amount": "10", "donation": "-1"}, "greater than or equal to 0"),
        ({"amount": "10", "also": "prc_none"}, "not one of the available choices"),
    ],
)
def test_p12_what_is_wrong_is_said_at_its_field_and_nobody_is_made(
    client: Client, typed: dict[str, str], words: str
) -> None:
    price = sold("kind", minimum_minor=500, level={"takes_donations": True})
    shown = shown_in(client.get(address(price)).content.decode())
    answer = client.post(address(price), {**ERIN, **typed, "shown": shown, "card": "sandbox_ok"})
    assert (answer.status_code, words in answer.content.decode()) == (422, True)
    assert "Erin Elm" in answer.content.decode()
    assert not get_user_model().objects.exists()


def test_a_trial_says_that_a_card_is_kept_and_what_follows(client: Client) -> None:
    """P05, P06, P11: nothing is due, a card is asked; a declined one begins nothing, and another one does."""
    course: dict[str, Any] = {"intro_minor": 1000, "intro_payments": 1, "payments": 4, "amount_minor": 2000}
    price = sold("course", trial_count=14, trial_unit="day", **course)
    page = client.get(address(price)).content.decode()
    for words in (
        "Keep my card and join: nothing is due now",
        "Nothing is taken from your card now.",
        "10.00 EUR on March 16, 2026",
        "3 times 20.00 EUR, from April",
        "4 payments in all; after the last one it ends with what was paid",
    ):
        assert words in page, words
    answer = client.post(address(price), {**ERIN, "shown": shown_in(page), "card": "sandbox_declined"})
    result = answer["Location"]
    assert "The card was declined." in client.get(result).content.decode()
    assert not Subscription.objects.exists()
    client.post(result, {"card": "sandbox_ok", "number": ""})
    assert "Welcome!" in client.get(result).content.decode()
    assert Subscription.objects.get().status == "active"


def test_what_the_balance_pays_is_a_line_of_its_own(client: Client, alice: Any, clock: StoppedClock) -> None:
    """B29: the member is shown what the balance pays now, and what is left of the next charge."""
    price = sold("monthly")
    give_credit(alice, 3000, clock, at="manual")
    client.force_login(alice.user)
    page = client.get(address(price)).content.decode()
    assert "From your balance" in page
    assert "after 5.00 EUR from your balance" in page
    assert 'name="number"' not in page
    assert client.post(address(price), {"shown": shown_in(page)}).status_code == 302
    assert Invoice.objects.get().credit_minor == 2500


def test_several_levels_are_one_bill(client: Client) -> None:
    """R02: a small list of what may be joined together."""
    price, shelf = sold("full2"), sold("shelf", group="extras", several=True, amount_minor=700)
    page = look(client, price, also=shelf.pk)
    assert "Pay 32.00 EUR and join" in page
    sent = {**ERIN, "also": shelf.pk, "shown": shown_in(page), "card": "sandbox_ok"}
    result = client.post(address(price), sent)["Location"]
    assert "you are Full2 and Shelf now" in client.get(result).content.decode()
    assert Invoice.objects.count() == 1


@pytest.mark.browser
@pytest.mark.loopback
def test_a_phone_shows_what_it_comes_to_and_pays_it(live_server: Any, open_page: Any) -> None:
    price = sold("kind", minimum_minor=500, level={"takes_donations": True})
    sold("shelf", group="extras", several=True, amount_minor=700)
    page = open_page(size="phone")
    page.goto(f"{live_server.url}{address(price)}")
    page.get_by_label("How much you pay").fill("12.50")
    page.get_by_label("A donation on top").fill("2")
    page.get_by_label("Shelf", exact=False).check()
    page.get_by_role("button", name="Show what it comes to").click()
    page.get_by_label("Name").fill(ERIN["name"])
    page.get_by_label("E-mail").fill(ERIN["email"])
    page.get_by_label("Password").fill(ERIN["password"])
    page.get_by_label("Card number").fill("4242424242424242")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.get_by_role("button", name="Pay 21.50 EUR and join").click()
    page.get_by_role("heading", name="Welcome!").wait_for()
    assert Payment.objects.get().amount_minor == 2150
