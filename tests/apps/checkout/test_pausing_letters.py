"""What members hear of a pause, and what they do not hear while it lasts."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from goodstanding.billing.models import GatewayCustomer, Subscription
from goodstanding.clock import StoppedClock
from goodstanding.communications.models import Mail
from goodstanding.gateways.models import GatewayAccount
from goodstanding.memberships import expiring, pausing
from tests.apps.checkout.house import DAY, PriceOf, Until, june
from tests.apps.checkout.test_joining import buy

pytestmark = pytest.mark.django_db(transaction=True)


def kinds() -> list[str]:
    rows = Mail.objects.exclude(kind__in=("receipt", "welcome")).order_by("created_at", "id")
    return list(rows.values_list("kind", flat=True))


def pause(member: Any, clock: StoppedClock, start: datetime, end: datetime | None) -> None:
    pausing.pause(Subscription.objects.get(), start=start, end=end, now=clock.now, by=member.user, reason="abroad")


def test_a_card_that_expires_is_told_before_it_goes_on_and_not_while_it_is_paused(
    alice: Any, house: PriceOf, clock: StoppedClock, until: Until
) -> None:
    buy(alice, house("basic"), clock)
    until(june(11), step=10 * DAY)
    pause(alice, clock, june(11), datetime(2026, 8, 20, tzinfo=UTC))
    GatewayCustomer.objects.update(card_good_before=date(2026, 8, 1), card_label="Visa", card_last4="4242")
    clock.set(datetime(2026, 7, 20, tzinfo=UTC))
    assert expiring.sweep(now=clock.now) == 0
    assert list(expiring.before_renewal()) == list(GatewayCustomer.objects.all()), "staff see it all the same"
    until(datetime(2026, 8, 18, tzinfo=UTC), step=7 * DAY)
    assert kinds() == ["paused", "goes_on_soon"]
    assert "Your card Visa … 4242 is good until July 31, 2026." in Mail.objects.get(kind="goes_on_soon").text
    pausing.resume(Subscription.objects.get(), now=clock.now)
    assert kinds() == ["paused", "goes_on_soon", "goes_on"]


def test_a_pause_without_an_end_is_reminded_of_by_nobody_and_charges_no_card(
    alice: Any, house: PriceOf, clock: StoppedClock, until: Until
) -> None:
    buy(alice, house("basic"), clock)
    until(june(11), step=10 * DAY)
    pause(alice, clock, june(11), None)
    GatewayCustomer.objects.update(card_good_before=date(2026, 9, 1), card_label="Visa", card_last4="4242")
    until(datetime(2026, 8, 30, tzinfo=UTC), step=20 * DAY)
    assert (expiring.sweep(now=clock.now), list(expiring.before_renewal())) == (0, [])
    assert kinds() == ["paused"]
    assert "until you have it go on" in Mail.objects.get(kind="paused").text


def test_an_end_that_moved_is_reminded_of_at_its_new_day_alone(
    alice: Any, house: PriceOf, clock: StoppedClock, until: Until
) -> None:
    buy(alice, house("basic"), clock)
    clock.set(june(2))
    pause(alice, clock, june(5), june(20))
    pausing.drop(Subscription.objects.get(), now=clock.advance(DAY))
    pause(alice, clock, june(5), june(25))
    until(june(28), step=2 * DAY)
    assert kinds().count("goes_on_soon") == 1
    assert "June 25, 2026" in Mail.objects.get(kind="goes_on_soon").subject


def test_nobody_is_written_to_where_the_gateway_does_it(
    alice: Any, house: PriceOf, clock: StoppedClock, until: Until
) -> None:
    GatewayAccount.objects.update(writes_to_members=False)
    buy(alice, house("basic"), clock)
    clock.set(june(11))
    pause(alice, clock, june(11), june(21))
    until(june(22), step=3 * DAY)
    assert kinds() == []
