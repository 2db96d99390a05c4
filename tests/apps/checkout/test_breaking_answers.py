"""A gateway's answer that is lost, late, overtaken by its webhook, or reaches nobody: the records end up the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from goodstanding.billing.models import GatewayCustomer, Invoice, Payment, PaymentAttempt, Subscription
from goodstanding.catalogue.models import Price
from goodstanding.checkout import services
from goodstanding.checkout.models import Checkout
from goodstanding.clock import StoppedClock
from goodstanding.gateways.sandbox.models import Fault
from goodstanding.gateways.sandbox.models import Payment as TheirPayment
from goodstanding.gateways.sandbox.vendor import faults, pages
from goodstanding.jobs import lease
from goodstanding.memberships import ending, handlers, owing, paying
from goodstanding.memberships.owing import Stage
from goodstanding.memberships.reading import standing_now
from tests.apps.checkout import border
from tests.apps.checkout.border import deliver, met, tick
from tests.apps.checkout.test_joining import buy

pytestmark = pytest.mark.django_db(transaction=True)

PriceOf = Callable[..., Price]
Until = Callable[..., None]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def watched(settings: Any) -> None:
    settings.GOODSTANDING_GATEWAYS = {
        "manual": "goodstanding.gateways.manual.adapter.ManualGateway",
        "sandbox": border.PATH,
    }
    border.asked.clear()


@pytest.mark.parametrize("at", ["sandbox", "sandbox-auto"])
def test_an_answer_that_is_lost_is_asked_for(
    alice: Any, price: PriceOf, clock: StoppedClock, until: Until, at: str
) -> None:
    found = buy(alice, price("full", "month"), clock, card="sandbox_answer_lost", at=at)
    assert found.stage is Stage.WORKING
    until(clock.now + timedelta(minutes=10), step=timedelta(minutes=1))
    assert services.outcome(Checkout.objects.get()).stage is Stage.DONE
    assert standing_now(alice.pk, now=clock.now).status == "good"
    assert set(PaymentAttempt.objects.values_list("state", flat=True)) == {"succeeded"}
    assert TheirPayment.objects.filter(status="succeeded").count() == Payment.objects.count() == 1


@pytest.mark.parametrize("at", ["sandbox", "sandbox-auto"])
def test_a_webhook_that_overtakes_the_answer_changes_nothing(
    alice: Any, price: PriceOf, clock: StoppedClock, at: str
) -> None:
    with met(after={"begin": lambda: deliver(at, clock)}):
        found = buy(alice, price("full", "month"), clock, at=at)
    assert found.stage is Stage.DONE
    assert standing_now(alice.pk, now=clock.now).status == "good"
    assert PaymentAttempt.objects.get().state == "succeeded"
    assert Payment.objects.count() == Invoice.objects.count() == 1


@pytest.mark.parametrize("at", ["sandbox", "sandbox-auto"])
def test_a_webhook_that_overtakes_the_answer_of_a_refusal_changes_nothing(
    alice: Any, price: PriceOf, clock: StoppedClock, at: str
) -> None:
    with met(after={"begin": lambda: deliver(at, clock)}):
        found = buy(alice, price("full", "month"), clock, card="sandbox_declined", at=at)
    assert found.stage is Stage.DECLINED
    again = services.pay(found.checkout, return_url="/back", now=clock.now, card="sandbox_ok")
    assert again.stage is Stage.DONE
    assert TheirPayment.objects.filter(status="succeeded").count() == 1


@pytest.mark.parametrize("at", ["sandbox", "sandbox-auto"])
def test_webhooks_alone_finish_what_nobody_came_back_to(
    alice: Any, price: PriceOf, clock: StoppedClock, work: Callable[[], int], at: str
) -> None:
    found = buy(alice, price("full", "month"), clock, card="sandbox_answer_lost", at=at)
    assert found.stage is Stage.WORKING
    deliver(at, clock)
    assert standing_now(alice.pk, now=clock.now).status == "good"
    clock.advance(timedelta(minutes=3))
    work()
    assert services.outcome(Checkout.objects.get()).stage is Stage.DONE


def test_a_page_that_nobody_answers_does_not_keep_the_worker_busy(
    alice: Any, price: PriceOf, clock: StoppedClock
) -> None:
    """Asked of a payer who is still on the gateway's page, the worker leaves the try alone for a while."""
    found = buy(alice, price("full", "month"), clock, card="")
    assert found.stage is Stage.WAITING
    clock.advance(timedelta(hours=26))
    (claimed,) = handlers.claim_attempts(now=clock.now, worker="one", limit=10)
    paying.carry_out([claimed], now=clock.now)
    assert handlers.claim_attempts(now=clock.now, worker="one", limit=10) == []


def test_a_page_left_while_a_renewal_is_overdue_leaves_the_bill_to_be_paid(
    alice: Any, price: PriceOf, clock: StoppedClock
) -> None:
    """Where the gateway bills: a card that needs approval, which is not given, is not mistaken for a payment."""
    buy(alice, price("full", "month"), clock, card="sandbox_fails_later", at="sandbox-auto")
    clock.advance(timedelta(days=31, hours=2))
    tick("sandbox-auto", clock)
    (bill,) = owing.open_invoices(alice)
    sent = owing.pay(bill, return_url="/x", now=clock.now, card="sandbox_challenge_always")
    assert sent.stage is owing.Stage.WAITING
    deliver("sandbox-auto", clock)
    assert owing.stands(Invoice.objects.get(pk=bill.pk)).stage is owing.Stage.WAITING
    page = TheirPayment.objects.get(status="waiting").page
    pages.decide(page, approved=False, now=clock.now)
    deliver("sandbox-auto", clock)
    assert owing.stands(Invoice.objects.get(pk=bill.pk)).stage is owing.Stage.DECLINED
    paid = owing.pay(bill, return_url="/x", now=clock.now, card="sandbox_ok")
    assert paid.stage is owing.Stage.DONE
    assert standing_now(alice.pk, now=clock.now).status == "good"


def test_what_was_cancelled_is_not_charged_later(alice: Any, price: PriceOf, clock: StoppedClock, until: Until) -> None:
    """The gateway was away when the renewal was due; meanwhile the member stopped it."""
    buy(alice, price("full", "month"), clock)
    clock.advance(timedelta(days=31, minutes=1))
    faults.order("sandbox", Fault.Kind.UNREACHABLE, times=2)
    until(clock.now + timedelta(seconds=10), step=timedelta(seconds=10))
    assert PaymentAttempt.objects.filter(kind="charge", state="open").count() == 1
    Fault.objects.all().delete()
    ending.cancel(Subscription.objects.get(), now=clock.now)
    until(clock.now + 3 * DAY)
    assert TheirPayment.objects.filter(status="succeeded").count() == 1
    assert set(Invoice.objects.values_list("status", flat=True)) == {"paid", "void"}
    assert not PaymentAttempt.objects.filter(state__in=PaymentAttempt.UNDER_WAY).exists()
    assert standing_now(alice.pk, now=clock.now).status == "lapsed"


def test_what_was_charged_before_it_was_cancelled_is_recorded(
    alice: Any, price: PriceOf, clock: StoppedClock, until: Until
) -> None:
    """The answer of the charge was lost, then the member cancelled: the money is in the books, and it paid for something."""
    buy(alice, price("full", "month"), clock)
    clock.advance(timedelta(days=31, minutes=1))
    faults.order("sandbox", Fault.Kind.ANSWER_LOST, times=1)
    until(clock.now + timedelta(seconds=1), step=timedelta(seconds=1))
    assert TheirPayment.objects.filter(status="succeeded").count() == 2
    ending.cancel(Subscription.objects.get(), now=clock.now)
    until(clock.now + 2 * DAY)
    assert Payment.objects.filter(status="succeeded").count() == 2
    assert set(Invoice.objects.values_list("status", flat=True)) == {"paid"}
    assert not PaymentAttempt.objects.filter(state__in=PaymentAttempt.UNDER_WAY).exists()


def test_giving_up_waits_for_a_payer_who_is_paying_right_now(
    alice: Any, price: PriceOf, clock: StoppedClock, until: Until
) -> None:
    """His card needs approval; the ladder's last try is long over. What he approves a minute later still counts for all."""
    buy(alice, price("full", "month"), clock, card="sandbox_fails_later")
    until(clock.now + timedelta(days=31 + 7) - HOUR)
    (bill,) = owing.open_invoices(alice)
    sent = owing.pay(bill, return_url="/x", now=clock.now, card="sandbox_challenge")
    assert sent.stage is owing.Stage.WAITING
    until(clock.now + 3 * HOUR, step=HOUR)
    page = TheirPayment.objects.get(status="waiting").page
    pages.decide(page, approved=True, now=clock.now)
    assert owing.ask(Invoice.objects.get(pk=bill.pk), now=clock.now).stage is owing.Stage.DONE
    assert Subscription.objects.get().status == "active"
    assert standing_now(alice.pk, now=clock.now).status == "good"


def test_a_try_that_a_webhook_closed_is_not_opened_again_by_a_failure(
    alice: Any, price: PriceOf, clock: StoppedClock
) -> None:
    """The answer is lost, and before that is booked the webhook tells how the try ended."""
    buy(alice, price("full", "month"), clock)
    clock.advance(timedelta(days=31, minutes=1))
    (turn,) = handlers.claim_turns(now=clock.now, worker="one", limit=1)
    from goodstanding.memberships import renewing

    renewing.carry_out([turn], now=clock.now)
    (claimed,) = handlers.claim_attempts(now=clock.now, worker="one", limit=1)
    faults.order("sandbox", Fault.Kind.ANSWER_LOST, times=1)
    with met(after={"charge": lambda: deliver("sandbox", clock)}):
        paying.carry_out([claimed], now=clock.now)
    assert PaymentAttempt.objects.get(pk=claimed.pk).state == "succeeded"
    assert Payment.objects.filter(status="succeeded").count() == 2


def test_no_stored_card_is_one_failure_however_often_the_worker_dies(
    alice: Any, price: PriceOf, clock: StoppedClock
) -> None:
    """What the records hold is what the facts say (I4)."""
    from goodstanding.memberships import renewing
    from goodstanding.memberships.rebuilding import rebuild_customers

    buy(alice, price("full", "month"), clock)
    from goodstanding.gateways.sandbox.models import Method

    Method.objects.update(dropped_at=clock.now)
    GatewayCustomer.objects.update(method="")
    clock.advance(timedelta(days=31, minutes=1))
    (turn,) = handlers.claim_turns(now=clock.now, worker="one", limit=1)
    renewing.carry_out([turn], now=clock.now)
    for number in range(40):
        clock.advance(lease.LEASE)
        claimed = handlers.claim_attempts(now=clock.now, worker="one", limit=1)
        PaymentAttempt.objects.filter(state="open").update(attempts=0)
        if not claimed:
            break
        claimed[0].attempts = 0
        with border.killed_at(number):
            paying.carry_out(claimed, now=clock.now)
    assert PaymentAttempt.objects.get(kind="charge").failure == "no_card"
    assert rebuild_customers()[2] == []
