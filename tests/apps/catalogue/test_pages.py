"""The catalogue on the staff's pages: changed safely, refused in words, noted, and told to every process."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from goodstanding.audit.models import AuditEntry
from goodstanding.catalogue import knowledge, paths
from goodstanding.catalogue.models import GatewayPrice, Level, LevelGroup, LevelTerms, Price
from goodstanding.catalogue.services import RESOLVE, price_id
from goodstanding.core.changes import Manner, Reckoning, When
from goodstanding.jobs import services as jobs
from goodstanding.jobs.models import Job
from goodstanding.memberships import services as decisions
from goodstanding.people.models import Member
from tests import lives
from tests.apps.staff import errors_on, page_of, statements, with_permissions

pytestmark = pytest.mark.django_db
ADD = {kind: reverse(f"admin:gs_catalogue_{kind}_add") for kind in ("levelgroup", "level", "price", "gatewayprice")}


@pytest.fixture(autouse=True)
def desk(client, dana, clock):
    lives.set_up()
    Job.objects.all().delete()
    client.force_login(dana)
    return client


def rows(prefix, count=0, **first):
    """The hidden counters of rows beneath a form, and the first new row."""
    total = count + bool(first)
    counters = {"TOTAL_FORMS": total, "INITIAL_FORMS": count, "MIN_NUM_FORMS": 0, "MAX_NUM_FORMS": 1000}
    return {f"{prefix}-{name}": value for name, value in counters.items()} | {
        f"{prefix}-{count}-{name}": value for name, value in first.items()
    }


def level(**given):
    typed = {"name": "Bench member", "group": "workshop", "legacy_membertype_id": "", "seats": 0, "grace_days": 7}
    typed |= {"on_refund": "end", "on_dispute": "hold", "on_dispute_lost": "revoke"}
    typed |= {"description": "", "is_open": "on", "position": 0, "end_rule": "same_day"}
    return typed | {"prepaid_grace_days": 0, **rows("prices", 1), **rows("paths"), **rows("terms", 1)} | given


def price(**given):
    typed = {"level": "bench", "amount": "12.34", "currency": "eur", "interval_count": 1, "interval": "month"}
    return typed | {"renews": "on", "is_open": "on", "position": 0} | given


def test_a_saved_change_is_told_to_every_process_and_noted(desk, dana):
    before = knowledge.current().revision
    saved = desk.post(page_of(Level.objects.get(pk="bench")), level(name="Bank", legacy_membertype_id="12"))
    assert saved.status_code == 302, errors_on(saved)
    assert knowledge.current().revision > before
    assert Level.objects.get(pk="bench").legacy_membertype_id == "12"
    assert Job.objects.open().filter(kind=RESOLVE).count() == 1
    entry = AuditEntry.objects.get(by=dana, action="change level", object_id="bench")
    assert "Name" in entry.why


def test_a_new_grace_counts_from_now_on(desk, clock):
    clock.advance(timedelta(days=1))
    assert desk.post(page_of(Level.objects.get(pk="bench")), level(grace_days=3)).status_code == 302
    assert set(LevelTerms.objects.filter(level="bench").values_list("since", "grace_days")) == {
        (None, 7),
        (clock.now, 3),
    }
    known = knowledge.current()
    moments = (clock.now - timedelta(microseconds=1), clock.now)
    assert [known.terms_at("bench", at).grace_days for at in moments] == [7, 3]
    assert 'value="3"' in desk.get(page_of(Level.objects.get(pk="bench"))).content.decode()


def test_saving_without_a_change_promises_nothing_anew(desk):
    assert desk.post(page_of(Level.objects.get(pk="bench")), level()).status_code == 302
    assert LevelTerms.objects.filter(level="bench").count() == 1
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": ""}, "This field is required."),
        ({"grace_days": -1}, "greater than or equal to 0"),
        ({"grace_days": 3661}, "less than or equal to 3660"),
        ({"grace_days": "seven"}, "Enter a whole number."),
        ({"legacy_membertype_id": "7"}, "already exists"),
        ({"legacy_membertype_id": "7 a"}, "Use letters and digits"),
        ({"group": "nowhere"}, "valid choice"),
        ({"description": "x" * 2001}, "at most 2000 characters"),
        ({"position": -1}, "greater than or equal to 0"),
        ({"end_rule": "noon"}, "valid choice"),
    ],
)
def test_a_wrong_level_is_refused_in_words_and_nothing_changes(desk, wrong, words):
    before = (list(Level.objects.values()), list(LevelTerms.objects.values()), knowledge.current().revision)
    assert words in errors_on(desk.post(page_of(Level.objects.get(pk="bench")), level(**wrong)))
    assert (list(Level.objects.values()), list(LevelTerms.objects.values()), knowledge.current().revision) == before


def test_changes_that_are_offered_are_typed_on_the_levels_page_x01(desk, dana):
    """X01 upgrade paths: the group says whether only those are offered, the level's page lists them."""
    bench, workshop = Level.objects.get(pk="bench"), LevelGroup.objects.get(pk="workshop")
    other = Level.objects.filter(group="workshop").exclude(pk="bench")[0]
    elsewhere = Level.objects.create(slug="green", name="Green", group=LevelGroup.objects.create(slug="g", name="G"))
    typed = {"name": "Workshop", "only_listed_changes": "on", "change_when": "now", "change_reckoning": "prorated"}
    assert desk.post(page_of(workshop), typed).status_code == 302
    assert paths.paths_from(Level.objects.get(pk="bench")).to(other.pk) is None
    path = rows("paths", to_level=other.pk, when="", reckoning="whole")
    saved = desk.post(page_of(bench), level(**path))
    assert saved.status_code == 302, errors_on(saved)
    offered = paths.paths_from(Level.objects.get(pk="bench"))
    assert offered.to(other.pk) == Manner(When.NOW, Reckoning.WHOLE)
    assert offered.to("bench") == Manner(When.NOW), "another price of it, always"
    assert AuditEntry.objects.filter(by=dana, object_id="bench").exists()
    foreign = desk.post(page_of(bench), level(**path | {"paths-0-to_level": elsewhere.pk}))
    assert "valid choice" in errors_on(foreign) + foreign.content.decode()


def test_a_new_level_has_its_promise_from_the_beginning(desk):
    typed = level(slug="garden", name="Garden", grace_days=5, prepaid_grace_days=1)
    assert desk.post(ADD["level"], typed).status_code == 302
    assert list(LevelTerms.objects.filter(level="garden").values_list("since", "grace_days")) == [(None, 5)]
    assert "Use small letters" in errors_on(desk.post(ADD["level"], typed | {"slug": "Garden"}))


def test_what_is_held_keeps_its_group_and_its_group_how_many_it_allows(desk, alice, dana, clock):
    bench, workshop = Level.objects.get(pk="bench"), LevelGroup.objects.get(pk="workshop")
    LevelGroup.objects.create(slug="green", name="Green")
    assert desk.post(page_of(bench), level(group="green")).status_code == 302
    assert Level.objects.get(pk="bench").group_id == "green"
    assert desk.post(page_of(bench), level(group="workshop")).status_code == 302
    decisions.grant(alice, level=bench, start_at=clock.now, end_at=None, reason="gift", by=dana, now=clock.now)
    desk.post(page_of(bench), level(group="green"))
    desk.post(
        page_of(workshop),
        {"name": "Workshop", "allows_several": "on", "change_when": "by_price", "change_reckoning": "prorated"},
    )
    assert Level.objects.get(pk="bench").group_id == "workshop"
    assert not LevelGroup.objects.get(pk="workshop").allows_several
    deleted = desk.post(page_of(bench, "delete"), {"post": "yes"})
    assert "Cannot delete level" in deleted.content.decode()
    assert Level.objects.filter(pk="bench").exists()


@pytest.mark.parametrize(
    ("typed", "minor"),
    [({}, 1234), ({"amount": "500", "currency": "JPY"}, 500), ({"amount": "1.5", "currency": "kwd"}, 1500)],
)
def test_a_price_is_typed_in_the_currency_s_own_units(desk, typed, minor):
    given = price(**typed) | rows("gateway_prices", gateway="stripe", external_id="price_new", lookup_key="")
    saved = desk.post(ADD["price"], given)
    assert saved.status_code == 302, errors_on(saved)
    made = Price.objects.get(pk=price_id("bench", minor, given["currency"].upper(), "month", 1))
    assert made.amount_minor == minor
    assert knowledge.current().map_for("stripe") is not None
    assert GatewayPrice.objects.get(external_id="price_new").price == made
    assert "12.34 EUR each month" in desk.get(page_of(made)).content.decode() or typed


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"currency": "XYZ"}, "is not a currency that we know"),
        ({"currency": "DEM"}, "is not a currency that we know"),
        ({"currency": "HRK"}, "HRK is a currency no more."),
        ({"amount": "12.345"}, "more decimals than the currency"),
        ({"amount": "12,34"}, "is not an amount"),
        ({"amount": "-1"}, "not below zero"),
        ({"amount": "500.5", "currency": "JPY"}, "more decimals than the currency"),
        ({"interval": "fortnight"}, "valid choice"),
        ({"interval_count": 0}, "A whole number from 1 to 1000."),
        ({"amount": "60", "currency": "USD"}, "This level has this price already."),
    ],
)
def test_a_wrong_price_is_refused_in_words(desk, wrong, words):
    count = Price.objects.count()
    assert words in errors_on(desk.post(ADD["price"], price(**wrong) | rows("gateway_prices")))
    assert Price.objects.count() == count


def test_a_price_that_is_there_never_changes(desk):
    there = Price.objects.get(level="locker")
    given = price(amount="1.00") | rows("gateway_prices", 1) | rows("gifts")
    assert desk.post(page_of(there), given).status_code == 302
    there.refresh_from_db()
    assert (there.amount_minor, there.currency, there.level_id) == (1500, "USD", "locker")


def test_a_price_is_taken_off_sale_and_put_back(desk, dana):
    there = Price.objects.get(level="locker")
    closed = {"position": 3, **rows("gateway_prices", 1), **rows("gifts")}
    assert desk.post(page_of(there), closed).status_code == 302
    there.refresh_from_db()
    assert (there.is_open, there.position, there.renews, there.amount_minor) == (False, 3, True, 1500)
    assert "On sale" in AuditEntry.objects.get(by=dana, object_id=there.pk).why
    assert desk.post(page_of(there), closed | {"is_open": "on"}).status_code == 302
    there.refresh_from_db()
    assert there.is_open


def test_a_term_bought_once_stands_beside_the_price_that_renews(desk):
    typed = price(amount="60", currency="USD", renews="") | rows("gateway_prices")
    saved = desk.post(ADD["price"], typed)
    assert saved.status_code == 302, errors_on(saved)
    made = Price.objects.get(level="bench", renews=False)
    assert made.pk == price_id("bench", 6000, "USD", "month", 1, renews=False)
    assert Price.objects.filter(level="bench", renews=True, amount_minor=6000).exists()
    assert "This level has this price already." in errors_on(desk.post(ADD["price"], typed))
    renewing = price(renews="on", is_open="on") | rows("gateway_prices", 0)
    desk.post(page_of(made), renewing)
    assert Price.objects.filter(level="bench", renews=False).count() == 1


def test_a_price_for_life_never_renews_whatever_is_ticked(desk):
    saved = desk.post(ADD["price"], price(interval="once") | rows("gateway_prices"))
    assert saved.status_code == 302, errors_on(saved)
    made = Price.objects.get(level="bench", interval="once")
    assert (made.renews, made.pk) == (False, price_id("bench", 1234, "EUR", "once", 1, renews=False))


def test_a_level_is_closed_hidden_described_and_ends_its_terms_otherwise(desk, dana):
    bench = Level.objects.get(pk="bench")
    typed = level(is_open="", is_hidden="on", description="A bench.", position=2, end_rule="eve")
    assert desk.post(page_of(bench), typed).status_code == 302
    bench.refresh_from_db()
    assert (bench.is_open, bench.is_hidden, bench.description, bench.position) == (False, True, "A bench.", 2)
    assert bench.end_rule == "eve"
    assert "May be joined" in AuditEntry.objects.get(by=dana, action="change level").why
    assert LevelTerms.objects.filter(level="bench").count() == 1


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"external_id": "price_1QlockerMonthly15Usd0001"}, "This is Locker’s already."),
        ({"external_id": " ", "lookup_key": ""}, "Say what the gateway calls this price"),
        ({"external_id": "x" * 256}, "at most 255 characters"),
    ],
)
def test_a_name_that_is_taken_or_empty_is_refused_in_words(desk, given, words):
    bench = Price.objects.get(level="bench")
    typed = {"price": bench.pk, "gateway": "stripe", "external_id": "", "lookup_key": ""} | given
    count = GatewayPrice.objects.count()
    assert words in errors_on(desk.post(ADD["gatewayprice"], typed)).replace("&#x27;", "'")
    assert GatewayPrice.objects.count() == count


def test_a_name_told_by_hand_makes_members_of_those_who_pay_by_it(desk, clock, tmp_path):
    name = GatewayPrice.objects.get(external_id="price_1QlockerMonthly15Usd0001")
    assert desk.post(page_of(name, "delete"), {"post": "yes"}).status_code == 302
    bench = GatewayPrice.objects.get(external_id="price_1QbenchMonthly60Usd00001")
    typed = {"price": bench.price_id, "gateway": "stripe", "external_id": "price_other", "lookup_key": ""}
    assert desk.post(page_of(bench), typed).status_code == 302
    lives.load(lives.lines(["free-once"]), tmp_path)
    assert not Member.objects.exists()
    assert desk.post(page_of(bench), typed | {"external_id": "price_1QbenchMonthly60Usd00001"}).status_code == 302
    while jobs.work_once(now=clock.now):
        pass
    assert Member.objects.get().email == "free-once@lives.example.org"


def test_limited_staff_change_nothing_that_they_may_only_see(client, dana, desk):
    with_permissions(client, dana, "view_level")
    bench = page_of(Level.objects.get(pk="bench"))
    assert client.get(bench).status_code == 200
    assert client.post(bench, level(name="Mine")).status_code == 403
    assert client.post(ADD["level"], {"slug": "mine"}).status_code == 403
    assert Level.objects.get(pk="bench").name == "Bench member"


@pytest.mark.parametrize("kind", ["level", "price"])
def test_statements_of_the_lists_are_constant(desk, kind):
    address = reverse(f"admin:gs_catalogue_{kind}_changelist")
    few = statements(desk, address)
    for number in range(10):
        more = Level.objects.create(slug=f"more{number}", name="More", group_id="extras")
        LevelTerms.objects.create(level=more)
        made = Price.objects.create(id=f"prc_{number}", level=more, amount_minor=1, currency="EUR", interval="month")
        GatewayPrice.objects.create(price=made, gateway="stripe", external_id=f"price_{number}")
    assert statements(desk, address) == few


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"times": 6}, ""),
        ({"times": 0}, "A whole number from 1 to 1000."),
        ({"times": 6, "amount_minor": 0}, "A gift costs more than nothing."),
        ({"times": 6, "good_for_days": 0}, "At least a day"),
    ],
)
def test_a_level_is_put_on_sale_as_a_gift(desk, typed, words):
    there = Price.objects.get(level="locker")
    gift = {"amount_minor": "", "good_for_days": 365, "is_open": "on", "position": 0, **typed}
    saved = desk.post(page_of(there), {"position": 3, **rows("gateway_prices", 1), **rows("gifts", **gift)})
    assert there.gifts.count() == (0 if words else 1)
    if words:
        assert words in saved.content.decode()
