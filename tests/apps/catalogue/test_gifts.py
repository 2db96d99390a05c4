"""Levels as gifts in the catalogue file: what is read, what stays, and what can be no gift."""

from __future__ import annotations

import json
from typing import Any

import pytest

from goodstanding.catalogue import gifts
from goodstanding.catalogue.entries import CatalogueRefused
from goodstanding.catalogue.models import Level, LevelGift
from goodstanding.catalogue.services import import_catalogue
from goodstanding.clock import StoppedClock

pytestmark = pytest.mark.django_db


def take(clock: StoppedClock, listed: Any, **price: Any) -> None:
    sold = {"amount_minor": 1000, "currency": "EUR", "interval": "month", "gifts": listed} | price
    level = {"slug": "year", "name": "Year", "group": "membership", "prices": [sold]}
    import_catalogue(json.dumps([level]), now=clock.now)


def test_b70_a_gift_has_its_own_price_or_so_many_times_the_price(clock: StoppedClock) -> None:
    """B70: 6 x the monthly price, or 44.50; once more, what the file leaves out stays."""
    take(clock, [{"times": 6}, {"times": 12, "amount_minor": 4450, "good_for_days": 90}])
    take(clock, [{"times": 12, "open": False}, {"times": 6}])
    six, twelve = LevelGift.objects.order_by("times")
    assert [(str(each.amount), each.term) for each in (six, twelve)] == [
        ("60.00 EUR", "6 months"),
        ("44.50 EUR", "12 months"),
    ]
    assert [(each.is_open, each.good_for_days) for each in (six, twelve)] == [(True, 365), (False, 90)]
    assert [each.pk for each in gifts.on_sale(now=clock.now)] == [six.pk]


@pytest.mark.parametrize(
    ("listed", "price", "said"),
    [
        ({}, {}, "gifts is no list"),
        ([3], {}, "gifts is no list"),
        ([{"times": 0}], {}, "times is no whole number"),
        ([{"amount_minor": 0}], {}, "amount_minor is no whole number"),
        ([{"good_for_days": 0}], {}, "good_for_days is no whole number"),
        ([{"times": 2}, {"times": 2}], {}, "stands twice"),
        ([{"times": 2}], {"interval": "once"}, "given once"),
        ([{}], {"amount_minor": 0}, "costs nothing"),
        ([{}], {"payments": 3}, "instalments"),
        ([{}], {"minimum_minor": 100}, "as the payer chooses"),
        ([{"amount_minor": 100}], {"renews": False, "ends_on": "2030-12-31"}, "ends on a day"),
    ],
)
def test_what_can_be_no_gift_is_refused(clock: StoppedClock, listed: Any, price: dict[str, Any], said: str) -> None:
    with pytest.raises(CatalogueRefused) as why:
        take(clock, listed, **price)
    assert said in str(why.value)
    assert not Level.objects.exists()


def test_what_is_closed_or_hidden_is_not_given(clock: StoppedClock) -> None:
    take(clock, [{"times": 6}])
    for change in (
        {"is_open": False},
        {"is_open": True, "is_hidden": True},
        {"is_hidden": False, "sale_until": clock.now},
    ):
        Level.objects.update(**change)
        assert gifts.on_sale(now=clock.now) == []
