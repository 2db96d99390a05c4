"""Our own clock: renewals on anchored dates, the ladder after a failure, grace, the end; and paying in between."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from goodstanding.billing.models import Invoice, Payment, PaymentAttempt, Subscription, Turn
from goodstanding.catalogue.models import Price
from goodstanding.clock import StoppedClock
from goodstanding.memberships import ending, owing
from goodstanding.memberships.reading import standing_now
from tests.apps.checkout.test_joining import buy

pytestmark = pytest.mark.django_db(transaction=True)

PriceOf = Callable[..., Price]
Until = Callable[..., None]
DAY = timedelta(days=1)


def day(month: int, number: int, hour: int = 10, year: int = 2026) -> datetime:
    return datetime(year, month, number, hour, tzinfo=UTC)


def periods() -> list[tuple[datetime, datetime]]:
    rows = Invoice.objects.order_by("issued_at", "id").values_list("lines__start_at", "lines__end_at")
    return list(rows)


def test_renewals_return_to_the_anchor(alice: Any, price: PriceOf, clock: StoppedClock, until: Until) -> None:
    clock.set(day(1, 31))
    buy(alice, price("full", "month"), clock)
    until(day(5, 1))
    assert periods() == [
        (day(1, 31), day(2, 28)),
        (day(2, 28), day(3, 31)),
        (day(3, 31), day(4, 30)),
        (day(4, 30), day(5, 31)),
    ]
    assert set(Invoice.objects.values_list("status", flat=True)) == {"paid"}
    assert Payment.objects.filter(status="succeeded").count() == 4
    assert standing_now(alice.pk, now=clock.now).status == "good"


def test_a_card_that_fails_is_tried_by_the_ladder_and_given_up(
    alice: Any, price: PriceOf, clock: StoppedClock, until: Until
) -> None:
    buy(alice, price("full", "month"), clock, card="sandbox_fails_later")
    renewal = day(4, 2)
    until(renewal + timedelta(hours=1), step=timedelta(hours=1))
    assert standing_now(alice.pk, now=clock.now).status == "grace"
    until(renewal + 7 * DAY - timedelta(hours=1))
    assert standing_now(alice.pk, now=clock.now).status == "grace"
    until(renewal + 8 * DAY)
    assert standing_now(alice.pk, now=clock.now).status == "lapsed"
    tried = PaymentAttempt.objects.filter(kind="charge").values_list("begun_at", "state")
    assert [(when - renewal) // DAY for when, _ in tried] == [0, 3, 5, 7]
    assert {state for _, state in tried} == {"failed"}
    assert Subscription.objects.get().status == "cancelled"
    assert list(Invoice.objects.order_by("issued_at").values_list("status", flat=True)) == ["paid", "uncollectible"]
    assert Turn.objects.get().state == "idle"


def test_paying_in_grace_brings_back_and_the_dates_stay(
    alice: Any, price: PriceOf, clock: StoppedClock, until: Until
) -> None:
    buy(alice, price("full", "month"), clock, card="sandbox_fails_later")
    until(day(4, 6))
    (bill,) = owing.open_invoices(alice)
    assert owing.pay(bill, return_url="/x", now=clock.now, card="sandbox_declined").stage is owing.Stage.DECLINED
    assert owing.pay(bill, return_url="/x", now=clock.now, card="sandbox_ok").stage is owing.Stage.DONE
    found = standing_now(alice.pk, now=clock.now)
    assert (found.status, found.document["covered_until"]) == ("good", "2026-05-02T10:00:00Z")
    until(day(5, 3))
    assert Payment.objects.filter(status="succeeded").count() == 3, "the new card pays from now on"
    assert owing.open_invoices(alice) == []


def test_who_cancels_keeps_what_is_paid_and_may_stay_after_all(
    alice: Any, price: PriceOf, clock: StoppedClock, until: Until
) -> None:
    buy(alice, price("full", "month"), clock)
    ending.cancel(Subscription.objects.get(), now=clock.now)
    until(day(3, 20))
    assert standing_now(alice.pk, now=clock.now).status == "good"
    ending.stay(Subscription.objects.get(), now=clock.now)
    until(day(4, 3))
    assert standing_now(alice.pk, now=clock.now).status == "good"
    ending.cancel(Subscription.objects.get(), now=clock.now)
    until(day(5, 2, 11))
    assert standing_now(alice.pk, now=clock.now).status == "lapsed"
    assert Subscription.objects.get().status == "cancelled"
    with pytest.raises(ending.CannotEnd):
        ending.stay(Subscription.objects.get(), now=clock.now)
    assert Payment.objects.count() == 2


def test_a_purchase_that_nobody_pays_expires(alice: Any, price: PriceOf, clock: StoppedClock, until: Until) -> None:
    buy(alice, price("full", "month"), clock, card="sandbox_declined")
    until(clock.now + 2 * DAY)
    assert standing_now(alice.pk, now=clock.now).status == "lapsed"
    assert (Subscription.objects.get().status, Invoice.objects.get().status) == ("expired", "void")


def test_a_clock_that_stood_for_months_bills_the_present_alone(
    alice: Any, price: PriceOf, clock: StoppedClock, work: Callable[[], int]
) -> None:
    buy(alice, price("full", "month"), clock)
    clock.set(day(7, 10))
    work()
    assert periods()[1:] == [(day(7, 2), day(8, 2))]
    assert Payment.objects.count() == 2
    assert standing_now(alice.pk, now=clock.now).status == "good"


def test_an_answer_that_is_lost_is_asked_for_and_charged_once(
    alice: Any, price: PriceOf, clock: StoppedClock, until: Until
) -> None:
    found = buy(alice, price("full", "month"), clock, card="sandbox_answer_lost")
    assert found.stage == "working"
    assert standing_now(alice.pk, now=clock.now).status == "pending"
    until(clock.now + timedelta(minutes=10), step=timedelta(minutes=1))
    assert standing_now(alice.pk, now=clock.now).status == "good"
    assert Payment.objects.get().amount_minor == 10000
