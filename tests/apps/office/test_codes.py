"""Discount codes in the office: who may, what is refused, many at once, and the table of a lot."""

from __future__ import annotations

import csv
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from goodstanding.audit.models import AuditEntry
from goodstanding.catalogue import code_making
from goodstanding.catalogue.code_making import LETTERS, Wanted
from goodstanding.catalogue.models import CodePrice, DiscountCode, Level
from goodstanding.core.discounts import Percentage
from goodstanding.office import once
from tests.apps.office.conftest import words
from tests.apps.staff import with_permissions

pytestmark = pytest.mark.django_db

ADD, MANY, LIST = "gs_office:add_code", "gs_office:add_codes", "gs_office:codes"
GIVEN = {
    "text": "spring 25",
    "kind": "percentage",
    "percent": "25",
    "rest": "lost",
    "lasts": "first",
    "words": "spring",
}
LOT = {**GIVEN, "count": "5", "begins": "EXPO-", "batch": "Expo"}


def send(client: Any, name: str = ADD, *, form_name: str = "", **given: Any) -> Any:
    start = LOT if name == MANY else GIVEN
    return client.post(reverse(name), {"form_name": form_name or once.new_name(), **start, **given})


def row(clock: Any, text: str = "SPRING", **how: Any) -> DiscountCode:
    return DiscountCode.objects.create(
        text=text, made_at=clock.now, **{"kind": "percentage", "basis_points": 2500, **how}
    )


def test_who_may_see_make_and_switch_codes(client, alice, charlie, dana, clock):
    one = row(clock, batch="Expo")
    look = [reverse(LIST), reverse("gs_office:code", args=[one.pk]), reverse("gs_office:lot") + "?batch=Expo"]
    add = [reverse(ADD), reverse(MANY)]
    for address in look + add:
        assert client.get(address).headers["Location"].startswith("/accounts/login/"), address
    for stranger in (alice.user, charlie):
        client.force_login(stranger)
        assert {client.get(address).status_code for address in look + add} == {403}
        assert send(client).status_code == 403
    with_permissions(client, dana, "view_discountcode")
    assert {client.get(address).status_code for address in look} == {200}
    assert {client.get(address).status_code for address in add} == {403}
    assert client.post(look[1], {"form_name": once.new_name(), "to": "off", "reason": "no"}).status_code == 403
    with_permissions(client, dana, "add_discountcode")
    assert {client.get(address).status_code for address in look} == {403}
    assert {client.get(address).status_code for address in add} == {200}
    assert DiscountCode.objects.get().is_open


def test_a_code_is_made_once_as_it_was_asked_for(office):
    name, level = once.new_name(), Level.objects.get(slug="full")
    how: dict[str, Any] = {"lasts": "some", "payments": "3", "levels": [level.pk], "limit": "10", "limit_each": "1"}
    for _ in range(2):
        sent = send(office, form_name=name, starts_at="2025-07-01T00:00", ends_at="2025-08-01T00:00", **how)
        assert sent.status_code == 302
    made = DiscountCode.objects.get()
    assert (made.text, made.basis_points, made.payments, made.limit) == ("SPRING25", 2500, 3, 10)
    assert list(made.levels.all()) == [level]
    assert AuditEntry.objects.get(action="make a code").object_id == str(made.pk)
    assert "25 % off, the first 3 payments" in words(office.get(reverse(LIST), {"q": "spring"}))
    assert "No code is found." in words(office.get(reverse(LIST), {"q": "winter"}))


def test_a_price_for_one_level_is_for_that_level_alone(office):
    level = Level.objects.get(slug="full")
    own = {f"own_{level.pk}": "200.00 EUR / year"}
    assert send(office, kind="alternative", percent="", lasts="ever", **own).status_code == 302
    price = CodePrice.objects.get()
    assert (price.amount_minor, price.currency, price.interval, price.interval_count) == (20000, "EUR", "year", 1)
    assert list(DiscountCode.objects.get().levels.all()) == [level]


FIXED = {"kind": "fixed", "amount": "10", "currency": "EUR", "percent": ""}
WRONG = [
    ({"percent": "0"}, "more than 0, up to 100"),
    ({"percent": "101"}, "more than 0, up to 100"),
    ({"percent": "nan"}, "more than 0, up to 100"),
    ({"percent": "12.345"}, "more than 0, up to 100"),
    ({"text": ""}, "Write what people are to type"),
    ({"text": "é!"}, "up to 40 letters A to Z"),
    ({"text": "taken"}, "a code of this text already"),
    ({**FIXED, "amount": "0"}, "above zero"),
    ({**FIXED, "amount": "much"}, "Write an amount"),
    ({**FIXED, "currency": "XXX"}, "a currency that is in use"),
    ({**FIXED, "currency": "USD"}, "Nothing is sold in USD here"),
    ({**FIXED, "amount": "99999999999999999"}, "larger than any that can be charged"),
    ({**FIXED, "amount": "1e9"}, "Write an amount"),
    ({"percent": "٢٥"}, "more than 0, up to 100"),
    ({**FIXED, "rest": "kept", "lasts": "ever"}, "Only a code for the first payment alone"),
    ({"kind": "alternative", "percent": ""}, "Say what it costs instead"),
    ({"kind": "alternative", "amount": "-1", "currency": "EUR"}, "zero or more"),
    ({"lasts": "some", "payments": "0"}, "greater than or equal to 1"),
    ({"lasts": "some"}, "Say for how many payments"),
    ({"starts_at": "2025-07-02T00:00", "ends_at": "2025-07-02T00:00"}, "must end later than it starts"),
    ({"limit": "-1"}, "greater than or equal to 0"),
    ({"words": ""}, "This field is required"),
]


def test_what_cannot_be_is_refused_in_words_and_nothing_is_made(office, clock):
    row(clock, "TAKEN")
    for given, said in WRONG:
        page = send(office, **given)
        assert page.status_code == 422, given
        assert said in words(page), given
    assert DiscountCode.objects.count() == 1
    assert not AuditEntry.objects.filter(action="make a code").exists()


def test_another_interval_is_for_each_payment(office):
    level = Level.objects.get(slug="full")
    page = send(office, kind="alternative", percent="", **{f"own_{level.pk}": "200.00 EUR / year"})
    assert "holds for ever, not for some payments" in words(page)
    page = send(office, kind="alternative", percent="", **{f"own_{level.pk}": "200 apples"})
    assert "Write it like 200.00 EUR" in words(page)


def test_two_thousand_codes_are_distinct_unguessable_and_made_in_few_statements(office, clock):
    wanted = Wanted(Percentage(1000), levels=list(Level.objects.all()[:2]))
    with transaction.atomic(), CaptureQueriesContext(connection) as taken:
        code_making.make_many(wanted, 2000, prefix="expo-", batch="Expo", now=clock.now)
    assert len(taken) <= 50  # SQLite takes 999 values in one
    texts = set(DiscountCode.objects.filter(limit=1, batch="Expo").values_list("text", flat=True))
    assert len(texts) == 2000
    assert all(text.startswith("EXPO-") and set(text[5:]) <= set(LETTERS) and len(text) == 15 for text in texts)
    assert not set("0O1I") & set(LETTERS)
    assert DiscountCode.levels.through.objects.count() == 4000


def test_a_lot_that_cannot_be_is_refused(office, clock):
    row(clock, batch="Taken")
    wrong = [
        ({"count": "10001"}, "less than or equal to 10000"),
        ({"count": "0"}, "greater than or equal to 1"),
        ({"begins": "=1"}, "up to 40 letters"),
        ({"batch": "Taken"}, "a lot of this name already"),
    ]
    for given, said in wrong:
        assert said in words(send(office, MANY, **given)), given
    assert DiscountCode.objects.count() == 1


def test_the_table_of_a_lot_holds_no_formula(office):
    assert send(office, MANY, batch="=HYPERLINK(1)", begins="").status_code == 302
    answer = office.get(reverse("gs_office:lot"), {"batch": "=HYPERLINK(1)"})
    lines = list(csv.DictReader(b"".join(answer.streaming_content).decode().splitlines()))
    assert len(lines) == 5
    assert {line["lot"] for line in lines} == {"'=HYPERLINK(1)"}
    assert {line["code"] for line in lines} == set(DiscountCode.objects.values_list("text", flat=True))
    assert office.get(reverse("gs_office:lot"), {"batch": ""}).status_code == 404


def test_a_code_is_switched_off_and_on_with_a_reason(office, clock):
    one = row(clock)
    address = reverse("gs_office:code", args=[one.pk])
    assert office.post(address, {"form_name": once.new_name(), "to": "off"}).status_code == 422
    name = once.new_name()
    for _ in range(2):
        office.post(address, {"form_name": name, "to": "off", "reason": "leaked"})
    assert DiscountCode.objects.filter(is_open=False).exists()
    assert AuditEntry.objects.get(action="switch a code off").why == "leaked"
    office.post(address, {"form_name": once.new_name(), "to": "on", "reason": "mended"})
    assert DiscountCode.objects.filter(is_open=True).exists()
    assert "Nobody has used it yet." in words(office.get(address))


def test_an_amount_of_another_currency_than_a_levels_prices_is_refused_by_its_name(office):
    """A code that would be refused whenever somebody types it is not made."""
    level = Level.objects.get(slug="full")
    words_of = "“Full member” has no price in USD, but in EUR"
    dollars: dict[str, Any] = {**FIXED, "currency": "USD"}
    assert words_of in words(send(office, **{**dollars, "levels": [level.pk]}))
    assert words_of in words(send(office, kind="alternative", percent="", **{f"own_{level.pk}": "200.00 USD"}))
    assert words_of in words(send(office, MANY, **{**dollars, "opens": [level.pk]}))
    assert not DiscountCode.objects.exists()


def test_a_lot_is_switched_off_and_on_as_a_whole(office, clock, client, dana):
    for text in ("ONE", "TWO"):
        row(clock, text, batch="Expo")
    other = row(clock, "THREE", batch="Other")
    address = f"{reverse('gs_office:switch_lot')}?batch=Expo"
    assert "2 codes are on" in words(office.get(address))
    assert office.post(address, {"form_name": once.new_name(), "to": "off"}).status_code == 422
    name = once.new_name()
    for _ in range(2):
        assert office.post(address, {"form_name": name, "to": "off", "reason": "leaked"}).status_code == 302
    assert list(DiscountCode.objects.filter(is_open=True)) == [other]
    assert AuditEntry.objects.get(action="switch 2 codes off").why == "Expo: leaked"
    office.post(address, {"form_name": once.new_name(), "to": "on", "reason": "mended"})
    assert DiscountCode.objects.filter(is_open=True).count() == 3
    assert office.get(reverse("gs_office:switch_lot"), {"batch": ""}).status_code == 404
    with_permissions(client, dana, "view_discountcode")
    assert client.post(address, {"form_name": once.new_name(), "to": "off", "reason": "no"}).status_code == 403


def test_codes_and_their_uses_can_be_read_in_the_administration_and_not_changed(client, dana, clock):
    one = row(clock, batch="Expo")
    with_permissions(client, dana, "view_discountcode", "view_codeuse", "change_discountcode", "delete_discountcode")
    page = client.get(reverse("admin:gs_catalogue_discountcode_changelist"), {"q": "SPR"})
    assert "25 % off, the first payment" in words(page)
    address = reverse("admin:gs_catalogue_discountcode_change", args=[one.pk])
    assert "Expo" in words(client.get(address))
    assert client.post(address, {"text": "FREE"}).status_code == 403
    assert client.get(reverse("admin:gs_checkout_codeuse_changelist")).status_code == 200
    assert client.get(reverse("admin:gs_catalogue_discountcode_add")).status_code == 403
