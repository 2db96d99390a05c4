"""What a price is, in words: all that is asked for, when, and what comes after."""

from __future__ import annotations

from datetime import date

import pytest
from django.utils import translation

from goodstanding.catalogue.models import Level, LevelGroup, Price
from goodstanding.catalogue.words import price_words


def price(amount=2500, interval="month", count=1, **given):
    level = Level(slug="full", name="Full", group=LevelGroup(slug="g", name="G"))
    currency = given.pop("currency", "USD")
    return Price(level=level, amount_minor=amount, currency=currency, interval=interval, interval_count=count, **given)


SAID = [
    ("P01: one price, not now and then", price(), "25.00 USD each month"),
    ("every 3 months", price(count=3), "25.00 USD each 3 months"),
    ("yen have no decimals", price(2500, currency="JPY"), "2,500 JPY each month"),
    ("dinars have three", price(2500, currency="KWD"), "2.500 KWD each month"),
    ("P03: once, after a year", price(5000, "year", trial_count=1, trial_unit="year", payments=1),
     "Free for 1 year, then 50.00 USD once, after 1 year"),
    ("P03: with something first", price(5000, "year", intro_minor=1000, intro_payments=1, payments=2),
     "10.00 USD for the first payment, then 50.00 USD once, after 1 year"),
    ("P05: nothing at all", price(0), "Free"),
    ("P06: first ten, then twenty, four payments in all", price(2000, intro_minor=1000, intro_payments=1, payments=4),
     "10.00 USD for the first payment, then 20.00 USD each month, 3 times"),
    ("P06: held for life then", price(2000, payments=3, keeps="life"), "20.00 USD each month, 3 times, then for life"),
    ("held for its year", price(2000, payments=3, keeps="term"), "20.00 USD each month, 3 times, for 1 year in all"),
    ("a free trial", price(trial_count=14), "Free for 14 days, then 25.00 USD each month"),
    ("a priced trial by payments", price(intro_minor=500, intro_payments=3),
     "5.00 USD for each of the first 3 payments, then 25.00 USD each month"),
    ("a priced trial by days", price(trial_count=2, trial_unit="week", trial_minor=100),
     "1.00 USD for 2 weeks, then 25.00 USD each month"),
    ("instalments of a sum", price(833, total_minor=10000, payments=12),
     "100.00 USD in 12 payments: 8.33 USD each month"),
    ("pay what you want", price(1000, minimum_minor=500), "5.00 USD or more (10.00 USD suggested) each month"),
    ("tax on top", price(2000, taxed=True), "20.00 USD each month, plus tax"),
    ("tax within", price(2000, taxed=True, tax_inclusive=True), "20.00 USD each month, tax included"),
    ("calendar years", price(2000, "year", fixed_start="0301"), "20.00 USD each year, from each March 1 on"),
    ("until a day", price(2000, "year", renews=False, ends_on=date(2026, 12, 31)), "20.00 USD once, until Dec. 31, 2026"),
    ("a term", price(1500, "hour", 24, renews=False), "15.00 USD once, for 24 hours"),
    ("for life", price(90000, "once", renews=False), "900.00 USD once, for life"),
]  # fmt: skip


@pytest.mark.parametrize(("sold", "words"), [row[1:] for row in SAID], ids=[row[0] for row in SAID])
def test_the_words_say_all_of_it(sold: Price, words: str) -> None:
    assert price_words(sold) == words


def test_no_two_prices_are_worded_alike() -> None:
    assert len({words for _, _, words in SAID}) == len(SAID)


def test_amounts_follow_the_readers_language() -> None:
    with translation.override("de"):
        assert "2.500,00" in price_words(price(250000, trial_count=14))
