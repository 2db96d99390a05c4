"""``POST /api/v1/quotes``: the quote of the join page, for programs. It writes nothing, and refuses by name."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from goodstanding.catalogue import knowledge
from goodstanding.catalogue.models import Level, Price, TaxRate
from goodstanding.checkout import api, quotes
from goodstanding.clock import StoppedClock
from tests.apps.checkout.border import WRITES
from tests.apps.checkout.wishes import sold, wish

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shop")]


@pytest.fixture(autouse=True)
def nobody_asked() -> None:
    cache.clear()


def ask(*prices: Price, client: Client | None = None, **how: Any) -> Any:
    about: dict[str, Any] = {name: how.pop(name) for name in ("amount", "seats", "terms") if name in how}
    items: list[dict[str, Any]] = [{"level": each.level_id, "price": each.pk} for each in prices]
    items[0] |= about
    return post(json.dumps({"items": items, **how}), client=client)


def post(body: str | bytes, *, client: Client | None = None) -> Any:
    return (client or Client()).post("/api/v1/quotes", body, content_type="application/json")


def test_a_quote_says_all_that_the_page_says(clock: StoppedClock) -> None:
    """The checkout page and the API show the same quote: every amount and day of it, and so its token."""
    TaxRate.objects.create(place="DE", from_on="2020-01-01", percent="19", name="VAT")
    knowledge.touch()
    one = sold("one", taxed=True, minimum_minor=500, level={"takes_donations": True})
    two = sold("two", group="more", several=True, amount_minor=1000, trial_count=14, trial_unit="day")
    said = ask(one, two, amount=2000, donation=300, donation_recurs=True, place="de").json()
    typed = {"amount": "20", "donation": "3", "donation_recurs": "on", "also": two.pk, "place": "de", "show": "1"}
    page = Client().post(f"/join/one/{one.pk}/", typed).content.decode()
    shown = quotes.shown(said["token"], now=clock.now)
    found = re.search(r'name="shown" value="([^"]+)"', page)
    assert found
    on_page = quotes.shown(found[1], now=clock.now)
    assert (shown.figures, shown.wanted, shown.due_now) == (on_page.figures, on_page.wanted, on_page.due_now)
    assert said["due_now_minor"] == 2000 + 380 + 300
    assert [line["kind"] for line in said["lines"]] == ["level", "donation", "level"]
    assert said["lines"][0] | {"tax_minor": 380, "tax": "VAT 19 %", "total_minor": 2380} == said["lines"][0]
    assert [each["due_minor"] for each in said["next_charges"]] == [1000, 2680]
    assert said["convention"]
    assert "Pay 26.80 EUR and join" in page


def test_asking_writes_nothing(clock: StoppedClock) -> None:
    price = sold("one", trial_count=14, trial_unit="day")
    with CaptureQueriesContext(
        connection,
    ) as sent:
        assert ask(price).status_code == 200
    assert not [each["sql"] for each in sent if each["sql"].startswith(WRITES)]


@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        ({"amount": 499}, 422, "below_minimum"),
        ({"terms": 2}, 422, "too_many_terms"),
        ({"seats": 2}, 422, "no_seats"),
        ({"donation": 2}, 422, "no_donations"),
        ({"donation": -2}, 422, "not_a_donation"),
        ({"place": "XXX"}, 422, "bad_place"),
        ({"code": "SPRING"}, 422, "unknown_code"),
        ({"amount": "5"}, 400, "bad_request"),
        ({"amount": 5.5}, 400, "bad_request"),
        ({"terms": True}, 400, "bad_request"),
        ({"colour": "red"}, 400, "bad_request"),
    ],
)
def test_refusals_by_name(how: dict[str, Any], status: int, code: str) -> None:
    answer = ask(sold("one", minimum_minor=500), **how)
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert answer.json()["words"]


def test_what_is_not_sold_is_refused_by_name(clock: StoppedClock) -> None:
    one, other, dollars = sold("one"), sold("other"), sold("dollars", currency="USD")
    assert ask(one, dollars).json()["error"] == "mixed_currencies"
    other.pk = "prc_none"
    assert (ask(other).status_code, ask(other).json()["error"]) == (404, "unknown_price")
    Level.objects.filter(pk="one").update(is_open=False)
    assert (ask(one).status_code, ask(one).json()["error"]) == (409, "level_closed")


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '{"items": []}', '{"items": [7]}', b"\xff", '{"items": [{}]}'])
def test_what_is_no_request_is_refused(body: str | bytes) -> None:
    answer = post(body)
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_request")


def test_what_is_too_large_is_not_read() -> None:
    answer = post(" " * (api.LARGEST_BODY + 1))
    assert (answer.status_code, answer.json()["error"]) == (413, "too_large")


def test_who_asks_too_often_waits(clock: StoppedClock) -> None:
    price = sold("one")
    client = Client(REMOTE_ADDR="203.0.113.5")
    statuses = [ask(price, client=client).status_code for _ in range(api.MOST_REQUESTS + 1)]
    assert statuses == [200] * api.MOST_REQUESTS + [429]
    late = ask(price, client=client, place="DE")
    assert late.json()["error"] == "too_many_requests"
    assert 0 < int(late["Retry-After"]) <= 60
    assert ask(price, client=Client(REMOTE_ADDR="203.0.113.6")).status_code == 200
    forged = Client(REMOTE_ADDR="203.0.113.5", HTTP_X_FORWARDED_FOR="198.51.100.7")
    assert ask(price, client=forged).status_code == 429, "who asks is the socket's peer"
    clock.advance(api.WITHIN)
    assert ask(price, client=client).status_code == 200


def test_the_description_names_every_refusal() -> None:
    said = Client().get("/api/v1/openapi.json").json()
    operation = said["paths"]["/api/v1/quotes"]["post"]
    assert {int(code) for code in operation["responses"]} == {200, 422, *api.STATUSES.values()}
    assert "items" in operation["requestBody"]["content"]["application/json"]["schema"]["properties"]


def test_what_is_asked_alone_is_what_the_page_shows_first(clock: StoppedClock) -> None:
    price = sold("one", taxed=True)
    assert quotes.shown(ask(price).json()["token"], now=clock.now).wanted == quotes.plain(price) == wish(price)
