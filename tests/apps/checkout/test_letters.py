"""What members hear by mail, each thing once, and what they do not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from goodstanding.billing.models import Payment, Subscription
from goodstanding.catalogue.models import Price
from goodstanding.clock import StoppedClock
from goodstanding.communications.models import Mail
from goodstanding.core.money import Money
from goodstanding.gateways.models import GatewayAccount
from goodstanding.memberships import ending, giving_back, owing
from tests.apps.checkout.test_joining import buy

pytestmark = pytest.mark.django_db(transaction=True)

PriceOf = Callable[..., Price]
Until = Callable[..., None]


def kinds() -> list[str]:
    return list(Mail.objects.order_by("created_at", "kind").values_list("kind", flat=True))


def test_a_life_with_a_failing_card_is_told_step_by_step(
    alice: Any, price: PriceOf, clock: StoppedClock, until: Until
) -> None:
    buy(alice, price("full", "month"), clock, card="sandbox_fails_later")
    assert kinds() == ["receipt", "welcome"]
    until(clock.now + timedelta(days=45), step=timedelta(hours=6))
    # The first failure, the tries after 3 and 5 days (grace ends two days later), and the end with the last one.
    assert kinds()[2:] == ["payment_failed", "payment_failed", "grace_ends_soon", "payment_failed", "lapsed"]
    assert set(Mail.objects.values_list("to_address", flat=True)) == {"alice@example.org"}


def test_paying_in_time_stops_the_warnings(alice: Any, price: PriceOf, clock: StoppedClock, until: Until) -> None:
    buy(alice, price("full", "month"), clock, card="sandbox_fails_later")
    until(datetime(2026, 4, 3, tzinfo=UTC), step=timedelta(hours=6))
    (bill,) = owing.open_invoices(alice)
    owing.pay(bill, return_url="/x", now=clock.now, card="sandbox_ok")
    until(datetime(2026, 4, 20, tzinfo=UTC), step=timedelta(hours=6))
    assert kinds() == ["receipt", "welcome", "payment_failed", "receipt"]


def test_cancelling_and_refunding_are_told(alice: Any, price: PriceOf, clock: StoppedClock, until: Until) -> None:
    buy(alice, price("full", "month"), clock)
    ending.cancel(Subscription.objects.get(), now=clock.now)
    assert "cancelled" in kinds()
    giving_back.refund(Payment.objects.get(), amount=Money(10000, "EUR"), reason="moved away", by=None, now=clock.now)
    until(clock.now + timedelta(hours=1), step=timedelta(minutes=10))
    assert {"refunded", "lapsed", "cancelled"} <= set(kinds())


def test_nobody_is_written_to_where_the_gateway_does_it(alice: Any, price: PriceOf, clock: StoppedClock) -> None:
    GatewayAccount.objects.update(writes_to_members=False)
    buy(alice, price("full", "month"), clock)
    assert kinds() == []
