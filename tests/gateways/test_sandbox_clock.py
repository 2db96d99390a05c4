"""The sandbox's own clock: what it does by itself, in which order it tells it, and changes on the way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from goodstanding.core.money import Money
from goodstanding.core.periods import Interval, Unit
from goodstanding.gateways import services
from goodstanding.gateways.protocol import GatewayRefused, Refusal
from goodstanding.gateways.requests import Change, Recurring, Redirect, When
from goodstanding.gateways.sandbox.models import Customer, Invoice, Message, Payment, Subscription
from goodstanding.gateways.sandbox.vendor import clock
from tests.gateways.living import FULL, JOINED, START, WEEKDAY, Life, at

pytestmark = pytest.mark.django_db


def test_joining_is_told_in_the_order_in_which_stripe_tells_it(auto):
    auto.join()
    assert auto.told() == JOINED


def test_a_renewal_is_drawn_up_at_the_periods_end_and_collected_an_hour_later(auto):
    auto.join()
    auto.until(at(4, 2, 10, 59))
    assert auto.told()[len(JOINED) :] == ["invoice.created", "subscription.updated"]
    auto.until(at(4, 2, 11))
    assert auto.told()[len(JOINED) + 2 :] == ["invoice.finalised", "payment.succeeded", "invoice.paid"]
    assert clock.next_step(auto.account) == at(5, 2)


def test_what_fails_is_tried_again_after_3_5_and_7_days_and_then_given_up(auto):
    auto.join(card="sandbox_fails_later")
    auto.until(at(6, 1))
    failed = Payment.objects.filter(status="failed").order_by("created_at").values_list("created_at", flat=True)
    assert list(failed) == [at(4, 2, 11), at(4, 5, 11), at(4, 7, 11), at(4, 9, 11)]
    assert auto.told()[-4:] == [
        "payment.failed",
        "invoice.payment_failed",
        "subscription.deleted",
        "invoice.uncollectible",
    ]
    assert auto.told().count("subscription.updated") == 3  # active, renewed, past due
    assert clock.next_step(auto.account) is None


@pytest.mark.parametrize("card", ["sandbox_ok", "sandbox_fails_later", "sandbox_disputed"])
def test_many_small_steps_and_one_big_one_come_to_the_same(alice, bob, card):
    def lived(life: Life, steps: int) -> list[tuple[str, str]]:
        life.join(card=card)
        for step in range(steps):
            life.until(START + timedelta(days=120) * (step + 1) / steps)
        rows = Message.objects.filter(customer=life.customer).order_by("id")
        return [(row.type, row.created_at.isoformat()) for row in rows]

    once, often = lived(Life(alice), 1), lived(Life(bob, code=services.SANDBOX), 120)
    assert once == often
    assert len(once) > 20 or card == "sandbox_fails_later"


def test_nothing_happens_at_the_account_that_our_clock_bills(ours):
    ours.kept("sandbox_ok")
    assert clock.next_step(ours.account) is None
    assert ours.gateway.advance(account=ours.account, until=at(12, 1)) == 0


def test_an_hourly_plan_renews_each_hour(auto):
    hourly = Recurring("prc_hour", "full", "An hour", Money(500, "EUR"), Interval(Unit.HOUR))
    auto.join(hourly)
    auto.until(START + timedelta(hours=5))
    assert Invoice.objects.filter(status="paid").count() == 5
    assert auto.subscription().period_end == START + timedelta(hours=6)


def test_a_change_that_cannot_be_paid_changes_nothing(auto):
    ref = auto.join(WEEKDAY, card="sandbox_fails_later")
    before = Subscription.objects.values().get()
    with pytest.raises(GatewayRefused) as caught:
        auto.gateway.change(ref, Change(auto.key(), FULL), **auto.on)
    assert caught.value.code == Refusal.CARD_DECLINED
    assert Subscription.objects.values().get() == before
    other = auto.kept("sandbox_ok")
    assert auto.gateway.change(ref, Change(auto.key(), FULL, method=other), **auto.on).facts
    assert auto.subscription().method_id == other


def test_there_and_back_at_one_instant_nets_to_zero(auto):
    """I7, for a share that does not come out even."""
    ref = auto.join(FULL)
    auto.until(at(3, 9, 17, 13))
    for plan in (WEEKDAY, FULL):
        auto.gateway.change(ref, Change(auto.key(), plan), **auto.on)
    assert sum(Invoice.objects.values_list("total_minor", flat=True)) == 10_000
    assert sum(Invoice.objects.values_list("paid_minor", flat=True)) == 10_000
    assert Customer.objects.get().credit_minor == 0


def test_a_change_set_for_the_end_can_be_taken_back(auto):
    ref = auto.join(FULL)
    auto.gateway.change(ref, Change(auto.key(), WEEKDAY, when=When.PERIOD_END), **auto.on)
    auto.gateway.resume(ref, **auto.on)
    auto.until(at(4, 3))
    assert list(Invoice.objects.values_list("total_minor", flat=True)) == [10_000, 10_000]


def test_who_leaves_while_something_is_unpaid_leaves_at_once_and_is_not_asked_for_it(auto):
    ref = auto.join(card="sandbox_fails_later")
    auto.until(at(4, 3))
    auto.gateway.end(ref, When.PERIOD_END, **auto.on)
    assert auto.told()[-2:] == ["subscription.deleted", "invoice.void"]
    assert clock.next_step(auto.account) is None


def test_an_invoice_is_paid_once_though_two_ways_lead_to_it(auto):
    from goodstanding.gateways.sandbox.vendor import pages

    ref = auto.join(card="sandbox_fails_later")
    auto.until(at(4, 4, 18))
    waiting = auto.pay_open_invoice(card="sandbox_challenge", keep=True)
    assert isinstance(waiting, Redirect)
    auto.pay_open_invoice(keep=True)
    pages.decide(waiting.url.split("/")[-2], approved=True, now=auto.now)
    invoice = Invoice.objects.order_by("created_at").last()
    assert invoice is not None
    assert list(invoice.payments.filter(status="succeeded").values_list("amount_minor", flat=True)) == [10_000]
    assert invoice.payments.filter(failure="not_open").count() == 1
    assert Subscription.objects.get(pk=ref).status == "active"


@pytest.mark.parametrize(("amount", "code"), [(9_999, Refusal.AMOUNT_MISMATCH), (10_001, Refusal.AMOUNT_MISMATCH)])
def test_an_invoice_is_paid_whole(auto, amount, code):
    auto.join(card="sandbox_fails_later")
    auto.until(at(4, 3))
    invoice = Invoice.objects.get(status="open")
    with pytest.raises(GatewayRefused) as caught:
        auto.begin(amount, invoice=invoice.pk)
    assert caught.value.code == code
