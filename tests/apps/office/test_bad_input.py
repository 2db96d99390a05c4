"""Bad input through the doors that people use: a named refusal in words, what was typed stays, and no row of any table changes.

One table for each door: the page of joining, the change of level, what staff do about a member, and the administration. A bank's file and the
commands are in a file of their own.
Files of levels and of codes have their own tables beside their imports.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from goodstanding.billing.models import GiftOffer, Payment, Subscription
from goodstanding.catalogue import knowledge
from goodstanding.catalogue.models import DiscountCode, Level, Price, TaxRate
from goodstanding.clock import StoppedClock
from goodstanding.memberships.models import Membership
from goodstanding.office import once
from tests.apps.checkout.wishes import sold
from tests.apps.office.conftest import act, words
from tests.apps.rows import digest

pytestmark = pytest.mark.django_db

HUGE = "99999999999999999999999"
Given = Mapping[str, Any]


@contextmanager
def nothing_changed() -> Iterator[None]:
    """No row of any table is another one afterwards."""
    before = digest()
    yield
    after = digest()
    assert {name: after[name] for name in after if after[name] != before[name]} == {}


def refused(client: Any, address: str, given: Given, said: str) -> list[str]:
    """Send a form; return what is wrong with the answer: another status than 422, or other words than ``said``."""
    name = {"form_name": once.new_name()} if "/office/" in address else {}
    answer = client.post(address, {**name, **given})
    page = words(answer)
    return [
        f"{given}: {wrong}" for wrong, found in ((answer.status_code, answer.status_code != 422), (said, said not in page)) if found
    ]  # fmt: skip


def all_refused(client: Any, address: str, start: Given, table: list[tuple[Given, str]]) -> None:
    with nothing_changed():
        wrong = [fault for given, said in table for fault in refused(client, address, {**start, **given}, said)]
    assert wrong == []


def a_code(clock: StoppedClock, text: str, *, levels: Any = (), **how: Any) -> None:
    row = DiscountCode.objects.create(
        text=text, made_at=clock.now, **{"kind": "percentage", "basis_points": 100, **how}
    )
    row.levels.set(levels)


JOINING: list[tuple[Given, str]] = [
    ({"amount": "9.99"}, "10.00 EUR or more"),
    ({"amount": "-20"}, "greater than or equal to 0"),
    ({"amount": "NaN"}, "Enter a number"),
    ({"amount": "1e400"}, "Ensure"),
    ({"amount": HUGE}, "less than or equal to 1000000000.00"),
    ({"amount": "20.001"}, "no more than 2 decimal places"),
    ({"amount": ""}, "This field is required"),
    ({"seats": "4"}, "choose 0 to 3"),
    ({"seats": "-1"}, "greater than or equal to 0"),
    ({"seats": "1.5"}, "Enter a whole number"),
    ({"seats": HUGE}, "less than or equal to 1000"),
    ({"donation": "-5"}, "greater than or equal to 0"),
    ({"donation": "Infinity"}, "Enter a number"),
    ({"place": "Germany"}, "6 characters"),
    ({"place": "D1"}, "Write the country by its two letters"),
    ({"also": "prc_of_nobody"}, "not one of the available choices"),
    ({"also": "prc_dollars0"}, "not one of the available choices"),
    ({"code": "OTHER"}, "This code is not for this level"),
    ({"code": "DOLLARS"}, "This code is for prices in another currency"),
    ({"code": "USED"}, "has been used as often as it may be"),
    ({"code": "FUTURE"}, "cannot be used yet"),
    ({"code": "OVER"}, "can no longer be used"),
    ({"code": "NOSUCH"}, "There is no such code here"),
    ({"code": "A,B,C,D,E,F"}, "At most 5 codes"),
    ({"code": "x" * 300}, "at most 210 characters"),
]


@pytest.mark.parametrize("button", [{"show": "1"}, {"shown": "whatever", "card": "sandbox_ok"}], ids=["look", "pay"])
def test_what_cannot_be_bought_is_refused_on_the_page(
    client: Any, alice: Any, shop: None, clock: StoppedClock, button: Given
) -> None:
    TaxRate.objects.create(place="", from_on="2020-01-01", percent=20, name="VAT")
    knowledge.touch()
    price = sold(
        "kind", minimum_minor=1000, taxed=True, seat_amount_minor=500, level={"takes_donations": True, "seats_max": 3}
    )
    sold("dollars", group="extras", several=True, currency="USD")
    sold("extra", group="extras")
    a_code(clock, "OTHER", levels=["full"])
    a_code(clock, "DOLLARS", kind="fixed", amount_minor=5, currency="USD")
    a_code(clock, "USED", limit=0)
    a_code(clock, "FUTURE", starts_at=clock.now + timedelta(days=1))
    a_code(clock, "OVER", ends_at=clock.now)
    client.force_login(alice.user)
    address = f"/join/kind/{price.pk}/"
    all_refused(client, address, {"amount": "25.00", "place": "DE", **button}, JOINING)
    for name, typed in (("code", "NoSuch"), ("amount", "9.99"), ("place", "D1"), ("seats", "4")):
        sent = client.post(address, {"amount": "25.00", **button, name: typed}).content.decode()
        assert f'value="{typed}"' in sent, f"{name} stays as it was typed"


def test_terms_that_are_not_sold_are_refused_on_the_page(client: Any, alice: Any, shop: None) -> None:
    price = sold("terms", renews=False, terms_max=5)
    client.force_login(alice.user)
    table: list[tuple[Given, str]] = [
        ({"times": "0"}, "greater than or equal to 1"),
        ({"times": "6"}, "choose 1 to 5"),
        ({"times": "-1"}, "greater than or equal to 1"),
        ({"times": HUGE}, "choose 1 to 5"),
        ({"times": "two"}, "Enter a whole number"),
        ({"times": ""}, "This field is required"),
    ]
    all_refused(client, f"/join/terms/{price.pk}/", {"show": "1"}, table)


def test_a_closed_level_and_a_price_that_is_none_are_no_pages_to_join(client: Any, alice: Any, shop: None) -> None:
    price = sold("shut", level={"is_open": False})
    client.force_login(alice.user)
    with nothing_changed():
        for address in (f"/join/shut/{price.pk}/", "/join/shut/", "/join/full/prc_none/", f"/join/full/{price.pk}/"):
            answer = client.post(address, {"show": "1"}) if address.count("/") > 3 else client.get(address)
            assert answer.status_code in (302, 404, 409), address


def test_a_level_that_is_closed_or_of_another_currency_is_not_changed_to(
    client: Any, alice: Any, paid: Any, dana: Any, price: Any
) -> None:
    paid(alice)
    closed, dollars = price("weekday"), sold("dollars", group="membership", currency="USD")
    Level.objects.filter(pk="weekday").update(is_open=False)
    client.force_login(alice.user)
    subscription = Subscription.objects.get().pk
    with nothing_changed():
        for pk, said in ((closed.pk, "This is not on offer"), (dollars.pk, "in another currency"), ("prc_nobody", "")):
            address = reverse("gs_portal:change_to", args=[subscription, pk])
            for answer in (client.get(address, follow=True), client.post(address, {"shown": "x"}, follow=True)):
                assert said in words(answer) if said else answer.status_code == 404, pk


REASON: Given = {"reason": "because"}
ACTIONS: list[tuple[str, str, list[tuple[Given, str]]]] = [
    (
        "refund",
        "payment",
        [
            (
                {"how_much": "part", "amount": "100.01", "access": ""},
                "Only 100.00 EUR of this payment can still be given back",
            ),
            ({"how_much": "part", "amount": "0", "access": ""}, "more than zero"),
            ({"how_much": "part", "amount": "-1", "access": ""}, "more than zero"),
            ({"how_much": "part", "amount": "NaN", "access": ""}, "Write an amount, such as 12.50"),
            ({"how_much": "part", "amount": "1e1", "access": ""}, "Write an amount, such as 12.50"),
            ({"how_much": "part", "amount": "٣", "access": ""}, "Write an amount, such as 12.50"),
            ({"how_much": "part", "amount": "999999999999999999", "access": ""}, "larger than any that can be charged"),
            ({"how_much": "part", "amount": "", "access": ""}, "Write an amount, such as 12.50"),
            ({"how_much": "all", "amount": "5", "access": ""}, "You typed a part"),
        ],
    ),
    (
        "sell",
        "",
        [
            ({"price": "prc_none", "paid_at": "2026-03-02T10:00"}, "not one of the available choices"),
            ({"paid_at": "2026-02-30T10:00"}, "is no moment"),
            ({"paid_at": "10000-01-01"}, "is no moment"),
            ({"paid_at": "9999-12-31"}, "Write a year from 1900 to 2999"),
            ({"paid_at": "2026-03-03T10:00"}, "The day of the payment lies ahead"),
        ],
    ),
    (
        "grant",
        "",
        [
            ({"start_at": "2026-03-02", "end_at": "2026-03-01"}, "end"),
            ({"start_at": "2026-03-02", "end_at": "9999-12-31"}, "Write a year from 1900 to 2999"),
            ({"start_at": "0001-01-01", "end_at": ""}, "Write a year from 1900 to 2999"),
            ({"start_at": "2026-13-01", "end_at": ""}, "is no moment"),
            ({"level": "nowhere", "start_at": "2026-03-02"}, "not one of the available choices"),
        ],
    ),
    (
        "hold",
        "",
        [
            ({"kind": "suspended", "until": "2026-03-01"}, "end"),
            ({"kind": "suspended", "until": "9999-12-31"}, "Write a year from 1900 to 2999"),
            ({"kind": "dispute"}, "not one of the available choices"),
        ],
    ),
    (
        "pause",
        "subscription",
        [
            ({"start": "2026-04-02", "end": "2026-04-01"}, "end"),
            ({"start": "2026-04-02", "end": "9999-12-31"}, "Write a year from 1900 to 2999"),
            ({"start": ""}, "This field is required"),
        ],
    ),
    (
        "adjust",
        "",
        [
            ({"way": "add", "amount": "0", "currency": "EUR"}, "more than zero"),
            ({"way": "add", "amount": "-5", "currency": "EUR"}, "more than zero"),
            ({"way": "add", "amount": "92233720368547758.07", "currency": "EUR"}, "larger than any"),
            ({"way": "add", "amount": "5", "currency": "XXX"}, "Write a currency by its three letters"),
            ({"way": "take", "amount": "5", "currency": "EUR"}, "balance"),
        ],
    ),
    ("status", "membership", [({"status": "grace", "until_on": "9999-12-31"}, "Write a year from 1900 to 2999")]),
    (
        "died",
        "",
        [
            ({"on": "2026-03-03"}, "That day has not come yet"),
            ({"on": "0001-01-01"}, "Write a year from 1900 to 2999"),
            ({"on": "2026-02-30"}, "Enter a valid date"),
        ],
    ),
    (
        "seat",
        "",
        [
            ({"email": "bob@example.org"}, "no seats"),
            ({"email": "nobody@example.org"}, "There is no member with this e-mail"),
        ],
    ),
]


def test_what_staff_cannot_do_about_a_member_is_refused_in_words(
    office: Any, alice: Any, bob: Any, paid: Any, price: Any
) -> None:
    paid(alice)
    about = {
        "payment": Payment.objects.get().pk,
        "subscription": Subscription.objects.get().pk,
        "membership": Membership.objects.get().pk,
        "": "",
    }
    start = {
        "seat": {"membership": about["membership"]},
        "grant": {"level": "full"},
        "sell": {"price": price("day").pk, "how": "cash"},
    }
    wrong = []
    with nothing_changed():
        for name, row, table in ACTIONS:
            address = act(alice, name, about[row])
            for given, said in table:
                found = refused(office, address, {**REASON, **start.get(name, {}), **given}, said)
                wrong += [f"{name} {each}" for each in found]
    assert wrong == []


PRICE: Given = {"level": "full", "amount": "12.00", "currency": "EUR", "interval_count": "1", "interval": "year", "renews": "on", "position": "0"}  # fmt: skip
PRICES: list[tuple[Given, str]] = [
    ({"amount": "-1"}, "not below zero"),
    ({"amount": "NaN"}, "is not an amount"),
    ({"amount": "1e9"}, "is not an amount"),
    ({"amount": "٣"}, "is not an amount"),
    ({"amount": "92233720368547758.08"}, "larger than any that can be charged"),
    ({"amount": "12.345"}, "more decimals"),
    ({"currency": "XYZ"}, "is not a currency that we know"),
    ({"currency": "DEM"}, "currency"),
    ({"interval_count": "0"}, "A whole number from 1 to 1000"),
    ({"interval": "decade"}, "not one of the available choices"),
    ({"payments": "-1"}, "greater than or equal to 0"),
    ({"payments": "1001"}, "less than or equal to 1000"),
    ({"trial_count": "9223372036854775807", "trial_unit": "day"}, "less than or equal to 1000"),
    ({"position": "9223372036854775807"}, "less than or equal to 32767"),
    ({"total_amount": "0", "payments": "3"}, "A sum in instalments"),
    ({"total_amount": "100"}, "A sum in instalments"),
    ({"minimum_amount": "13"}, "The least to pay"),
    ({"minimum_amount": "99999999999999999"}, "larger than any that can be charged"),
    ({"ends_on": "2026-02-30"}, "Enter a valid date"),
    ({"ends_on": "2026-12-31"}, "Only what does not renew"),
    ({"sale_from_0": "2027-01-02", "sale_from_1": "00:00", "sale_until_0": "2027-01-01", "sale_until_1": "00:00"}, "It ends later than it begins"),
]  # fmt: skip
RATE: Given = {"place": "DE", "from_on": "2027-01-01", "percent": "10", "name": "VAT"}
RATES: list[tuple[Given, str]] = [
    ({"percent": "-1"}, "A tax is 0 to 100 percent"),
    ({"percent": "400"}, "A tax is 0 to 100 percent"),
    ({"percent": "NaN"}, "Enter a number"),
    ({"place": "Germany"}, "Write the country by its two letters"),
    ({"place": "de", "from_on": "2026-01-01"}, "already exists"),
    ({"from_on": "2026-02-30"}, "Enter a valid date"),
    ({"from_on": "9999-12-31"}, "Write a year from 1900 to 2999"),
]
LEVEL: Given = {"slug": "new", "name": "New", "group": "membership", "position": "0", "grace_days": "7", "prepaid_grace_days": "0", "end_rule": "same_day", "on_refund": "end", "on_dispute": "hold", "on_dispute_lost": "revoke"}  # fmt: skip
LEVELS: list[tuple[Given, str]] = [
    ({"seats": "3", "seats_max": "2"}, "More are in the price than are allowed at most"),
    ({"seats": "10001"}, "less than or equal to 10000"),
    ({"seats": "-1"}, "greater than or equal to 0"),
    ({"pause_days_max": "9223372036854775807"}, "less than or equal to 3660"),
    ({"capacity": "-1"}, "greater than or equal to 0"),
    ({"grace_days": "3661"}, "less than or equal to 3660"),
    ({"sale_from_0": "2027-01-02", "sale_from_1": "00:00", "sale_until_0": "2027-01-01", "sale_until_1": "00:00"}, "It ends later than it begins"),
]  # fmt: skip
OFFER: Given = {"currency": "EUR", "choices": "25, 50", "position": "0"}
OFFERS: list[tuple[Given, str]] = [
    ({"choices": "25, -5"}, "more than zero"),
    ({"choices": "much"}, "is not an amount"),
    ({"choices": "99999999999999999"}, "larger than any"),
    ({"least_minor": "5000", "most_minor": "1000"}, "no more than the most"),
    ({"least_minor": "1000"}, "Set both the least and the most"),
    ({"good_for_days": "2147483647"}, "Write 1 to 36500 days"),
    ({"currency": "XYZ"}, "is not a currency"),
]


def test_what_cannot_be_sold_is_refused_in_the_administration(office: Any, dana: Any) -> None:
    dana.is_superuser = True
    dana.save()
    TaxRate.objects.create(place="DE", from_on="2026-01-01", percent=20, name="VAT")
    tables = (
        ("gs_catalogue_price_add", PRICE, PRICES),
        ("gs_catalogue_level_add", LEVEL, LEVELS),
        ("gs_catalogue_taxrate_add", RATE, RATES),
        ("gs_billing_giftoffer_add", OFFER, OFFERS),
    )
    wrong = []
    with nothing_changed():
        for name, start, table in tables:
            address = reverse(f"admin:{name}")
            formsets = {"gateway_prices-TOTAL_FORMS": "0", "gateway_prices-INITIAL_FORMS": "0"}
            for given, said in table:
                answer = office.post(address, {**formsets, **start, **given})
                if answer.status_code != 200 or said not in words(answer):
                    wrong.append(f"{name} {given}: {answer.status_code} {said}")
    assert wrong == []
    for name, start, _table in tables:  # what was refused was refused for what was wrong in it
        assert office.post(reverse(f"admin:{name}"), {**start, "gateway_prices-TOTAL_FORMS": "0", "gateway_prices-INITIAL_FORMS": "0"}).status_code == 302, name  # fmt: skip
    assert (Price.objects.filter(amount_minor=1200).count(), TaxRate.objects.count(), GiftOffer.objects.count()) == (
        1,
        2,
        1,
    )
