"""Two workers, two browser tabs, a tab and a webhook, each with a connection of its own, at the same moment: one charge."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction

from goodstanding.billing import recording
from goodstanding.billing.models import Errand, GatewayCustomer, Invoice, Payment, PaymentAttempt, Subscription
from goodstanding.catalogue.models import Price
from goodstanding.checkout import quotes, services
from goodstanding.clock import StoppedClock
from goodstanding.communications.models import Mail
from goodstanding.core.money import Money
from goodstanding.gateways.models import GatewayAccount
from goodstanding.gateways.sandbox.models import Payment as TheirPayment
from goodstanding.jobs import registry
from goodstanding.jobs.worker import Worker
from goodstanding.memberships import crediting, giving_back, owing
from goodstanding.memberships.reading import standing_now
from tests.apps.checkout import border
from tests.apps.checkout.books import left_open, wrong_in
from tests.apps.checkout.border import deliver, met
from tests.apps.checkout.test_breaking_killed import person
from tests.apps.checkout.test_joining import buy
from tests.apps.checkout.wishes import give_credit, sold
from tests.apps.inbox.test_two_workers import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.db_matters]

PriceOf = Callable[..., Price]
PATIENCE_SECONDS = 30


@pytest.fixture(autouse=True)
def watched(settings: Any) -> None:
    settings.GOODSTANDING_GATEWAYS = {
        "manual": "goodstanding.gateways.manual.adapter.ManualGateway",
        "sandbox": border.PATH,
    }


def workers(clock: StoppedClock) -> list[Callable[[], int]]:
    sources = [each for each in registry.sources() if each.name != "sandbox"]
    now = clock.now
    return [Worker(sources=sources, name=name, now=lambda: now).drain for name in ("one", "other")]


def test_two_workers_renew_and_charge_each_once(price: PriceOf, clock: StoppedClock) -> None:
    """B82."""
    members = [person(number, clock) for number in range(12)]
    for number, each in enumerate(members):
        buy(each, price("full", "month"), clock, card="sandbox_fails_later" if number % 4 == 0 else "sandbox_ok")
    for days in (31, 3, 28):
        clock.advance(timedelta(days=days, minutes=1))
        at_once(*workers(clock))
    assert wrong_in() == []
    assert left_open() == []
    assert Invoice.objects.count() == 12 + 12 + 9
    assert [standing_now(each.pk, now=clock.now).status for each in members[1:4]] == ["good"] * 3


def test_two_workers_carry_out_an_errand_once(alice: Any, dana: Any, price: PriceOf, clock: StoppedClock) -> None:
    buy(alice, price("full", "month"), clock)
    giving_back.refund(Payment.objects.get(), amount=Money(10000, "EUR"), reason="x", by=dana, now=clock.now)
    at_once(*workers(clock))
    assert Errand.objects.get().state == "done"
    assert TheirPayment.objects.get().refunded_minor == 10000
    assert wrong_in() == []


def test_two_refunds_at_once_give_back_no_more_than_was_paid(
    alice: Any, dana: Any, price: PriceOf, clock: StoppedClock
) -> None:
    buy(alice, price("full", "month"), clock)
    payment, now = Payment.objects.get(), clock.now

    def refund() -> bool:
        try:
            giving_back.refund(payment, amount=Money(6000, "EUR"), reason="x", by=dana, now=now)
        except giving_back.Refused:
            return False
        return True

    assert sorted(at_once(refund, refund)) == [False, True]
    at_once(*workers(clock))
    assert TheirPayment.objects.get().refunded_minor == 6000


@pytest.mark.parametrize("at", ["sandbox", "sandbox-auto"])
def test_two_tabs_pay_one_checkout_once(alice: Any, price: PriceOf, clock: StoppedClock, at: str) -> None:
    now, month = clock.now, price("full", "month")
    account = GatewayAccount.objects.get(pk=at)
    tokens = [quotes.signed(quotes.for_member(month, alice, now=now), now=now) for _ in range(2)]

    def tab(token: str) -> str:
        checkout = services.accept(alice, month, account, shown=quotes.shown(token, now=now), now=now)
        return services.pay(checkout, return_url="/back", now=now, card="sandbox_ok").stage

    at_once(*(partial(tab, token) for token in tokens))
    assert wrong_in() == []
    assert TheirPayment.objects.filter(status="succeeded").count() == 1
    assert standing_now(alice.pk, now=clock.now).status == "good"


def test_i6_two_purchases_at_once_never_spend_a_balance_twice(alice: Any, shop: None, clock: StoppedClock) -> None:
    """Balance of 30.00 at another account, and two terms of 25.00: one is covered, the other one pays the rest, or is shown anew."""
    one, other = (sold(name, amount_minor=2500, interval="year", renews=False) for name in ("one", "other"))
    give_credit(alice, 3000, clock, at="manual")
    account, now = GatewayAccount.objects.get(pk="sandbox"), clock.now
    quoted = [(each, quotes.for_member(each, alice, now=now)) for each in (one, other)]
    begun = [
        services.accept(alice, each, account, shown=quotes.shown(quotes.signed(quote, now=now), now=now), now=now)
        for each, quote in quoted
    ]
    at_once(*(partial(services.pay, each, return_url="/", now=now, card="sandbox_ok") for each in begun))
    assert wrong_in() == []
    used = [bill.credit_minor for bill in Invoice.objects.exclude(status="void")]
    assert sum(used) <= 3000
    assert crediting.balance(alice, "EUR").amount_minor == 3000 - sum(used)


def test_two_clicks_on_a_trial_keep_one_card_and_begin_once(alice: Any, shop: None, clock: StoppedClock) -> None:
    """P15: the same page sent twice at once."""
    trial, now = sold("tried", trial_count=14, trial_unit="day"), clock.now
    token, account = (
        quotes.signed(quotes.for_member(trial, alice, now=now), now=now),
        GatewayAccount.objects.get(pk="sandbox"),
    )

    def click() -> str:
        checkout = services.accept(alice, trial, account, shown=quotes.shown(token, now=now), now=now)
        return services.pay(checkout, return_url="/back", now=now, card="sandbox_ok").stage

    at_once(click, click)
    assert TheirPayment.objects.count() == Subscription.objects.count() == Invoice.objects.count() == 1
    assert standing_now(alice.pk, now=now).status == "good"


def test_two_tabs_and_the_worker_pay_one_bill_once(alice: Any, price: PriceOf, clock: StoppedClock) -> None:
    buy(alice, price("full", "month"), clock, card="sandbox_fails_later")
    clock.advance(timedelta(days=31, minutes=1))
    for drain in workers(clock):
        drain()
    clock.advance(timedelta(days=3))
    (bill,), now = owing.open_invoices(alice), clock.now

    def tab() -> str:
        row = Invoice.objects.select_related("gateway_account", "account").get(pk=bill.pk)
        return owing.pay(row, return_url="/x", now=now, card="sandbox_ok").stage

    at_once(tab, tab, workers(clock)[0])
    clock.advance(timedelta(minutes=15))
    for drain in workers(clock):
        drain()
    for row in owing.open_invoices(alice):  # the worker was first, with the card that fails
        owing.pay(row, return_url="/x", now=clock.now, card="sandbox_ok")
    assert wrong_in() == []
    assert left_open() == []
    assert standing_now(alice.pk, now=clock.now).status == "good"


def test_an_answer_and_its_webhook_at_once_leave_the_same_records(price: PriceOf, clock: StoppedClock) -> None:
    for number in range(6):
        member = person(number, clock)
        at_once(
            partial(buy, member, price("full", "month"), clock, at="sandbox-auto"),
            lambda: deliver("sandbox-auto", clock),
        )
    deliver("sandbox-auto", clock)
    assert wrong_in() == []
    assert left_open() == []
    assert Subscription.objects.filter(status="active").count() == 6


def test_b81_a_renewal_waits_for_the_customers_lock_and_is_done_once(
    alice: Any, price: PriceOf, clock: StoppedClock
) -> None:
    """Another worker has the customer in hand: the renewal waits, or is put off and done later; once."""
    buy(alice, price("full", "month"), clock)
    clock.advance(timedelta(days=31, minutes=1))
    customer, held = GatewayCustomer.objects.select_related("gateway_account").get(), threading.Event()
    one, other = workers(clock)

    def hold() -> None:
        with transaction.atomic():
            recording.locked_customer(customer.gateway_account, customer.external_id, wanted=False)
            held.set()
            if connection.vendor == "postgresql":
                _until_somebody_waits()

    def renew() -> None:
        assert held.wait(PATIENCE_SECONDS)
        one()

    at_once(hold, renew)
    clock.advance(timedelta(minutes=10))
    one, other = workers(clock)
    one()
    other()
    deliver("sandbox", clock)
    assert wrong_in() == []
    assert left_open() == []
    assert Payment.objects.filter(status="succeeded").count() == 2


def test_b84_a_webhook_that_comes_while_a_renewal_is_charged_completes_it_once(
    alice: Any, price: PriceOf, clock: StoppedClock
) -> None:
    buy(alice, price("full", "month"), clock)
    clock.advance(timedelta(days=31, minutes=1))
    with met(after={"charge": lambda: deliver("sandbox", clock)}):  # it is taken in before the answer is
        workers(clock)[0]()
    deliver("sandbox", clock)
    assert wrong_in() == []
    assert left_open() == []
    assert Payment.objects.filter(status="succeeded").count() == 2
    assert [each.state for each in PaymentAttempt.objects.filter(kind="charge")] == ["succeeded"]
    assert Mail.objects.filter(kind="receipt").count() == 2


def test_an_answer_locks_the_customer_before_its_try(alice: Any, price: PriceOf, clock: StoppedClock) -> None:
    """As whoever takes in a webhook does: in the other order each would wait for the other, for good."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer: nobody waits in a circle")
    buy(alice, price("full", "month"), clock, card="sandbox_fails_later")
    clock.advance(timedelta(days=31, minutes=1))
    workers(clock)[0]()
    (bill,), now = owing.open_invoices(alice), clock.now
    customer = GatewayCustomer.objects.select_related("gateway_account").get()

    def webhook() -> None:
        with transaction.atomic():
            recording.locked_customer(customer.gateway_account, customer.external_id, wanted=False)
            _until_somebody_waits()
            PaymentAttempt.objects.filter(pays_for=bill.external_id).update(failure="told by a webhook")

    at_begin: list[bool] = []
    started: list[Any] = []

    def hold() -> None:
        while not at_begin:
            time.sleep(0.005)
        webhook()
        started.append(True)

    # The gateway has answered; before that is written down, the webhook's worker takes the customer's row.
    def answered() -> None:
        at_begin.append(True)
        _until_held(customer.pk)

    with met(after={"begin": answered}):
        stages = at_once(lambda: owing.pay(bill, return_url="/x", now=now, card="sandbox_ok").stage, hold)
    assert stages[0] == owing.Stage.DONE
    assert started


def _until_somebody_waits() -> None:
    """Until another connection waits for a lock; a bound, not a hope."""
    _until("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()", [])


def _until_held(pk: str) -> None:
    """Until somebody holds the customer's row."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        with transaction.atomic():
            if not GatewayCustomer.objects.select_for_update(skip_locked=True).filter(pk=pk).exists():
                return
        assert time.monotonic() < deadline
        time.sleep(0.005)


def _until(statement: str, values: list[Any]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        with connection.cursor() as cursor:
            cursor.execute("select pg_stat_clear_snapshot()")  # what it says is kept for the whole transaction
            cursor.execute(statement, values)
            if cursor.fetchone()[0]:
                return
        assert time.monotonic() < deadline
        time.sleep(0.005)
