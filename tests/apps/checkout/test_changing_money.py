"""Changing the level with tax, codes and the site's convention: what is shown is billed, through the services."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from goodstanding.billing.models import Invoice, Subscription
from goodstanding.catalogue import knowledge
from goodstanding.catalogue.models import Price, TaxRate
from goodstanding.clock import StoppedClock
from goodstanding.memberships import changing
from tests.apps.checkout.house import PriceOf, Until, change, charged, in_order, june
from tests.apps.checkout.test_joining import buy

pytestmark = pytest.mark.django_db(transaction=True)


def test_with_tax_by_days_the_preview_is_the_bill_and_so_is_the_renewal(
    alice: Any, house: PriceOf, clock: StoppedClock, until: Until, settings: Any
) -> None:
    """LAG-025's kind, and I13: nets and taxes are rounded apart; the convention is the one at the beginning."""
    settings.GOODSTANDING_PRORATION = "day-based, half-even"
    TaxRate.objects.create(place="", from_on=date(2020, 1, 1), percent=Decimal("7.5"), name="Tax")
    Price.objects.update(taxed=True)
    knowledge.touch()
    buy(alice, house("basic"), clock)
    settings.GOODSTANDING_PRORATION = "second-exact, half-up"
    clock.set(june(11, 9))
    plan = changing.preview(Subscription.objects.get(), house("plus"), now=clock.now).plan
    found = change(house("plus"), clock)
    assert found.invoice is not None
    bill = Invoice.objects.get(pk=found.invoice.pk)
    credit, charge = bill.lines.order_by("amount_minor")
    assert [(line.amount_minor, line.tax_minor) for line in (credit, charge)] == [(-6667, -500), (20000, 1500)]
    assert [line.said for line in (credit, charge)] == ["20 of 30 days of 100.00 EUR", "20 of 30 days of 300.00 EUR"]
    assert bill.convention == "day-based, half-even, UTC"
    assert charged() == [10750, plan.due_now.amount_minor] == [10750, 14333]
    until(datetime(2026, 7, 2, tzinfo=UTC))
    assert charged()[-1] == plan.next_due.amount_minor == 32250
    in_order()
