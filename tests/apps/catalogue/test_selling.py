"""What is for sale: listed in order, refused by name, and worded in the reader's language."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import translation

from goodstanding.catalogue.models import Level, LevelGroup, Price
from goodstanding.catalogue.selling import NotForSale, Refusal, money_words, offer, offered, offers, price_words
from goodstanding.catalogue.services import price_id
from goodstanding.core.money import Money
from goodstanding.core.periods import EndRule


def make_level(slug, *amounts, **given):
    level = Level.objects.create(slug=slug, name=slug.title(), group_id="green", **given)
    for amount in amounts:
        make_price(level, amount)
    return level


def make_price(level, amount=1000, interval="month", count=1, **given):
    terms = (amount, "EUR", interval, count)
    pk = price_id(level.pk, *terms, renews=given.get("renews", True))
    return Price.objects.create(
        id=pk,
        level=level,
        amount_minor=amount,
        currency="EUR",
        interval=interval,
        interval_count=count,
        **given,
    )


@pytest.fixture
def green(db):
    return LevelGroup.objects.create(slug="green", name="Green")


def listed(now):
    return [(each.level.pk, [price.amount_minor for price in each.prices]) for each in offers(now=now)]


def test_what_is_open_and_listed_is_offered_in_its_order(green, clock):
    make_level("shed", 300, position=2)
    make_level("bed", 900, 200, position=2)
    first = make_level("plot", 500, position=1)
    make_price(first, 700)
    Price.objects.filter(amount_minor=500).update(position=1)
    assert listed(clock.now) == [("plot", [700, 500]), ("bed", [200, 900]), ("shed", [300])]


def test_what_is_closed_hidden_or_without_a_price_is_not_listed(green, clock):
    make_level("closed", 100, is_open=False)
    make_level("hidden", 100, is_hidden=True)
    make_level("priceless")
    withdrawn = make_level("withdrawn", 100)
    half = make_level("half", 100, 200)
    Price.objects.filter(level=withdrawn).update(is_open=False)
    Price.objects.filter(level=half, amount_minor=200).update(is_open=False)
    assert listed(clock.now) == [("half", [100])]


def test_nothing_is_offered_where_there_is_nothing(db, clock):
    assert offers(now=clock.now) == []


def test_the_list_takes_two_statements_however_long(green, clock, django_assert_num_queries):
    for number in range(5):
        make_level(f"level{number}", 100, 200, 300)
    with django_assert_num_queries(2):
        found = offers(now=clock.now)
        assert {each.level.group.name for each in found} == {"Green"}
        assert {price.level.name for each in found for price in each.prices} == {f"Level{each}" for each in range(5)}
    with django_assert_num_queries(2):
        assert len(offer("level3", now=clock.now).prices) == 3


def test_who_knows_the_address_of_a_hidden_level_sees_it(green, clock):
    make_level("hidden", 100, is_hidden=True)
    assert [price.amount_minor for price in offer("hidden", now=clock.now).prices] == [100]
    assert offers(now=clock.now) == []


@pytest.mark.parametrize(("slug", "code"), [("closed", Refusal.LEVEL_CLOSED), ("nowhere", Refusal.UNKNOWN_LEVEL)])
def test_a_level_that_is_closed_or_not_there_is_not_shown(green, clock, slug, code):
    make_level("closed", 100, is_open=False)
    with pytest.raises(NotForSale) as refused:
        offer(slug, now=clock.now)
    assert refused.value.code == code
    assert refused.value.words


@pytest.mark.parametrize("level", ["plot", "hidden"])
def test_a_price_on_sale_is_had_with_its_level_in_one_statement(green, level, clock, django_assert_num_queries):
    there = make_level(level, 100, is_hidden=level == "hidden")
    pk = there.prices.get().pk
    with django_assert_num_queries(1):
        price = offered(level, pk, now=clock.now)
        assert (price.pk, price.level, price.level.group) == (pk, there, green)


@pytest.mark.parametrize(
    ("change", "asked", "code"),
    [
        ({}, ("plot", "prc_nowhere"), Refusal.UNKNOWN_PRICE),
        ({}, ("plot", ""), Refusal.UNKNOWN_PRICE),
        ({}, ("bed", None), Refusal.OTHER_LEVEL),
        ({}, ("nowhere", None), Refusal.OTHER_LEVEL),
        ({"price": {"is_open": False}}, ("plot", None), Refusal.PRICE_CLOSED),
        ({"level": {"is_open": False}}, ("plot", None), Refusal.LEVEL_CLOSED),
        ({"level": {"is_open": False, "is_hidden": True}}, ("plot", None), Refusal.LEVEL_CLOSED),
    ],
)
def test_what_is_not_for_sale_is_refused_by_name(green, clock, change, asked, code):
    make_level("bed", 100)
    plot = make_level("plot", 100)
    pk = plot.prices.get().pk
    assert offered("plot", pk, now=clock.now).pk == pk
    Price.objects.filter(pk=pk).update(**change.get("price", {"position": 0}))
    Level.objects.filter(pk="plot").update(**change.get("level", {"position": 0}))
    with pytest.raises(NotForSale) as refused:
        offered(asked[0], pk if asked[1] is None else asked[1], now=clock.now)
    assert refused.value.code == code
    assert refused.value.words.endswith((".", "list."))


def test_a_window_of_sale_opens_at_its_beginning_and_shuts_before_its_end(green, clock):
    """A level's and a price's; who looks at the moment of the beginning may buy, at the moment of the end no more."""
    day = timedelta(days=1)
    for what in ("level", "price"):
        slug = f"of-{what}"
        level = make_level(slug, 100)
        sold = level if what == "level" else level.prices.get()
        sold.sale_from, sold.sale_until = clock.now + day, clock.now + 2 * day
        sold.save()
        pk = level.prices.get().pk
        for at, code in (
            (clock.now + day - timedelta(microseconds=1), Refusal.NOT_YET),
            (clock.now + day, None),
            (clock.now + 2 * day - timedelta(microseconds=1), None),
            (clock.now + 2 * day, Refusal.NO_LONGER),
        ):
            assert (slug in [each.level.pk for each in offers(now=at)]) == (code is None)
            if code is None:
                assert offered(slug, pk, now=at).pk == pk
                continue
            with pytest.raises(NotForSale) as refused:
                offered(slug, pk, now=at)
            assert refused.value.code == code


def test_a_code_opens_a_closed_level_and_no_closed_price(green, clock):
    """P22, the catalogue's side."""
    level = make_level("plot", 100, is_open=False)
    pk = level.prices.get().pk
    assert offered("plot", pk, now=clock.now, opened={"plot"}).pk == pk
    with pytest.raises(NotForSale):
        offered("plot", pk, now=clock.now, opened={"bed"})
    level.prices.update(is_open=False)
    with pytest.raises(NotForSale):
        offered("plot", pk, now=clock.now, opened={"plot"})


# The constraints


@pytest.mark.db_matters
@pytest.mark.parametrize("interval", ["once", "month"])
def test_the_database_refuses_a_price_for_life_that_renews(green, interval):
    level = make_level("plot")
    price = make_price(level, interval=interval, renews=False)
    if interval == "once":
        with pytest.raises(IntegrityError), transaction.atomic():
            Price.objects.filter(pk=price.pk).update(renews=True)
    else:
        assert Price.objects.filter(pk=price.pk).update(renews=True) == 1


@pytest.mark.db_matters
def test_the_database_refuses_an_end_rule_that_there_is_not(green):
    make_level("plot")
    for rule in EndRule:
        assert Level.objects.update(end_rule=rule) == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        Level.objects.update(end_rule="noon")


# The words


def price(amount=10000, interval="month", count=1, *, renews=True, currency="EUR"):
    return Price(amount_minor=amount, currency=currency, interval=interval, interval_count=count, renews=renews)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (price(), "100.00 EUR each month"),
        (price(100000, "year"), "1,000.00 EUR each year"),
        (price(123456789, "week", 2), "1,234,567.89 EUR each 2 weeks"),
        (price(500, "day", currency="JPY"), "500 JPY each day"),
        (price(1500, "day", 10, currency="KWD"), "1.500 KWD each 10 days"),
        (price(1, "hour", 3), "0.01 EUR each 3 hours"),
        (price(1500, "hour", 24, renews=False), "15.00 EUR once, for 24 hours"),
        (price(1500, "month", 1, renews=False), "15.00 EUR once, for 1 month"),
        (price(50000, "once", renews=False), "500.00 EUR once, for life"),
        (price(0), "Free"),
        (price(0, "once", renews=False), "Free"),
        (price(0, "day", 30, renews=False), "Free, for 30 days"),
        (price(0, "week", 1, renews=False), "Free, for 1 week"),
    ],
)
def test_a_price_in_words(given, words):
    assert price_words(given) == given.words == words


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "1,234.50 EUR"), ("de", "1.234,50 EUR"), ("fr", "1\u202f234,50 EUR")],
)
def test_an_amount_is_written_as_the_reader_s_language_writes_numbers(language, words):
    with translation.override(language):
        assert money_words(Money(123450, "EUR")).replace("\xa0", "\u202f") == words


def test_an_amount_below_zero_and_a_very_large_one_lose_nothing():
    assert money_words(Money(-123450, "EUR")) == "-1,234.50 EUR"
    assert money_words(Money(10**30 + 1, "EUR")).replace(",", "") == f"{'1' + '0' * 28}.01 EUR"
