"""Bills that cannot be collected, lived through on our own clock: by the site's ladder, to its end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from goodstanding.billing import policies
from goodstanding.billing.models import DunningPolicy, Invoice, PaymentAttempt, Subscription, Turn
from goodstanding.catalogue.models import Price
from goodstanding.clock import StoppedClock
from goodstanding.memberships import owing
from goodstanding.memberships.reading import standing_now
from tests.apps.checkout.test_joining import buy
from tests.apps.checkout.test_our_clock import day

pytestmark = pytest.mark.django_db(transaction=True)

PriceOf = Callable[..., Price]
Until = Callable[..., None]
DAY = timedelta(days=1)
RENEWAL = day(4, 2)


def set_policy(dana: Any, clock: StoppedClock, **values: Any) -> None:
    policies.put(DunningPolicy(**values), reason="test", by=dana, now=clock.now)


def charged_on() -> list[int]:
    tried = PaymentAttempt.objects.filter(kind="charge").order_by("begun_at").values_list("begun_at", flat=True)
    return [(at - RENEWAL) // DAY for at in tried]


def status() -> str:
    return Subscription.objects.get().status


def test_b55_the_sites_ladder_is_followed_to_the_end(
    alice: Any, dana: Any, price: PriceOf, clock: StoppedClock, until: Until
) -> None:
    set_policy(dana, clock, days=[2, 5, 7, 7], counted="previous")
    buy(alice, price("full", "month"), clock, card="sandbox_fails_later")
    until(RENEWAL + DAY)
    assert status() == "past_due"
    set_policy(dana, clock, days=[1])  # for bills to come: the open one keeps its ladder
    until(RENEWAL + 22 * DAY)
    assert charged_on() == [0, 2, 7, 14, 21]
    assert (status(), Invoice.objects.latest("issued_at").status) == ("cancelled", "uncollectible")
    assert standing_now(alice.pk, now=clock.now).status == "lapsed"


def test_b57_a_card_that_is_refused_for_good_is_not_tried_again(
    alice: Any, price: PriceOf, clock: StoppedClock, until: Until
) -> None:
    buy(alice, price("full", "month"), clock, card="sandbox_stolen_later")
    until(RENEWAL + 6 * DAY)
    assert charged_on() == [0]
    assert status() == "past_due"
    until(RENEWAL + 8 * DAY)
    assert charged_on() == [0]
    assert status() == "cancelled"


def test_kept_as_unpaid_nothing_renews_until_it_is_paid_and_then_all_goes_on(
    alice: Any, dana: Any, price: PriceOf, clock: StoppedClock, until: Until
) -> None:
    set_policy(dana, clock, days=[3], at_end="keep")
    buy(alice, price("full", "month"), clock, card="sandbox_fails_later")
    until(day(6, 20), step=DAY)
    assert charged_on() == [0, 3]
    assert status() == "unpaid"
    assert Turn.objects.get().state == "idle"
    assert Invoice.objects.count() == 2
    assert standing_now(alice.pk, now=clock.now).status == "lapsed"
    (bill,) = owing.open_invoices(alice)
    owing.pay(bill, return_url="/x", now=clock.now, card="sandbox_ok")
    until(clock.now + timedelta(hours=1), step=timedelta(minutes=10))
    assert status() == "active"
    found = standing_now(alice.pk, now=clock.now)
    assert (found.status, found.document["covered_until"]) == ("good", "2026-07-02T10:00:00Z")
    until(day(7, 3))
    assert Invoice.objects.filter(status="paid").count() == 4


def test_b54_tries_each_eight_days_and_access_off_before_the_end(
    alice: Any, dana: Any, price: PriceOf, clock: StoppedClock, until: Until
) -> None:
    """Its states are ours: past due (no change of level), lapsed when grace is over, ended; paying returns to clear."""
    set_policy(dana, clock, days=[8, 16, 24, 32, 40, 48], end_after=50)
    buy(alice, price("full", "month"), clock, card="sandbox_fails_later")
    until(RENEWAL + 24 * DAY + timedelta(hours=1), step=DAY)
    assert charged_on() == [0, 8, 16, 24]
    assert status() == "past_due"
    until(RENEWAL + 49 * DAY, step=DAY)
    assert (status(), standing_now(alice.pk, now=clock.now).status) == ("past_due", "lapsed")
    until(RENEWAL + 51 * DAY, step=DAY)
    assert status() == "cancelled"


def test_b59_who_owes_less_than_the_threshold_is_left_alone(
    alice: Any, dana: Any, price: PriceOf, clock: StoppedClock, until: Until
) -> None:
    set_policy(dana, clock, days=[3], at_end="end", least={"EUR": 10001})
    buy(alice, price("full", "month"), clock, card="sandbox_fails_later")
    until(RENEWAL + 20 * DAY, step=DAY)
    assert charged_on() == [0]
    assert status() == "unpaid"
