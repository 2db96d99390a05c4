"""What is shown of a change is what is billed, and the records of it are the same in any order, as many times as told."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from goodstanding.billing.models import Fact, Invoice, PaymentAttempt, Subscription, Turn
from goodstanding.clock import StoppedClock
from goodstanding.communications.models import Mail
from goodstanding.core import codec
from goodstanding.core.ledger import Ledger, grouped
from goodstanding.gateways.models import GatewayAccount
from goodstanding.memberships import change_pages, changing, ending, owing, rebuilding
from goodstanding.memberships.intake import take_in
from goodstanding.memberships.owing import Stage
from goodstanding.memberships.timeline import fact_words
from tests.apps.checkout import books
from tests.apps.checkout.house import (
    DAY,
    PriceOf,
    Until,
    change,
    charged,
    in_order,
    june,
    level_of,
)
from tests.apps.checkout.test_joining import buy

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_preview_writes_nothing_and_is_the_bill(alice: Any, house: PriceOf, clock: StoppedClock) -> None:
    """I13."""
    buy(alice, house("basic"), clock)
    clock.set(june(17) + timedelta(hours=3, seconds=7))
    tables = [model for model in apps.get_models() if model._meta.managed]
    before = {model: model._default_manager.count() for model in tables}
    found = changing.preview(Subscription.objects.get(), house("plus"), now=clock.now)
    text = change_pages.signed(found)
    assert {model: model._default_manager.count() for model in tables} == before
    clock.advance(timedelta(minutes=14))
    seen = change_pages.shown(text, now=clock.now)
    made = changing.accept(
        Subscription.objects.get(), house("plus"), seen, return_url="/x", now=clock.now, card="sandbox_ok"
    )
    assert made.invoice is not None
    planned = [(line.amount.amount_minor, line.period.start, line.period.end) for line in found.plan.lines]
    assert sorted(made.invoice.lines.values_list("amount_minor", "start_at", "end_at")) == sorted(planned)
    assert made.invoice.due_minor == found.plan.due_now.amount_minor == charged()[-1]


def test_the_facts_in_any_order_and_told_twice_come_to_the_same(
    alice: Any, house: PriceOf, clock: StoppedClock, until: Until
) -> None:
    """I1, I2: after up, a stop, staying, down and a renewal."""
    buy(alice, house("basic"), clock)
    clock.set(june(10))
    change(house("plus"), clock, card="sandbox_declined")
    until(june(12))
    clock.set(june(16))
    change(house("plus"), clock)
    ending.cancel(Subscription.objects.get(), now=clock.now)
    ending.stay(Subscription.objects.get(), now=clock.now)
    change(house("small"), clock)
    until(datetime(2026, 7, 2, tzinfo=UTC))
    assert level_of(alice, clock) == ("small", "good")
    facts = [codec.decode(row.body) for row in Fact.objects.order_by("id")]
    wanted = Ledger(grouped(facts))
    (subscription,) = wanted.subscriptions
    assert wanted.subscriptions[subscription][-1].items[0].hints.level == "small"
    for seed in range(20):
        told = [*facts, *random.Random(seed).sample(facts, 5)]
        random.Random(seed).shuffle(told)
        found = Ledger(grouped(told))
        assert found.subscriptions == wanted.subscriptions
        assert found.invoices == wanted.invoices


def test_taken_in_one_by_one_in_another_order_the_rows_are_the_same(
    alice: Any, bob: Any, house: PriceOf, clock: StoppedClock
) -> None:
    buy(alice, house("basic"), clock)
    clock.set(june(16))
    change(house("plus"), clock)
    customer = Subscription.objects.select_related("customer").get().customer
    facts = [codec.decode(row.body) for row in Fact.objects.filter(customer=customer).order_by("id")]
    before = list(Invoice.objects.order_by("id").values_list("id", "status", "credit_minor", "due_minor"))
    for number, fact in enumerate(facts[::-1]):
        with transaction.atomic():
            event = f"evt_again{number}"
            take_in([fact], account=customer.gateway_account, event=event, recorded_at=clock.now, now=clock.now)
    assert list(Invoice.objects.order_by("id").values_list("id", "status", "credit_minor", "due_minor")) == before
    assert level_of(alice, clock) == ("plus", "good")
    in_order()


def test_the_number_of_statements_does_not_grow(alice: Any, house: PriceOf, clock: StoppedClock, until: Until) -> None:
    buy(alice, house("basic"), clock)
    found = []
    for months in (1, 8):
        until(june(1) + months * 30 * DAY + 12 * DAY, step=DAY)
        subscription = Subscription.objects.select_related("customer__member", "gateway_account").get()
        with CaptureQueriesContext(connection) as statements:
            changing.preview(subscription, house("plus"), now=clock.now)
        with CaptureQueriesContext(connection) as more:
            change(house("small"), clock)
        changing.take_back(subscription, now=clock.now)
        found.append((len(statements), len(more)))
    assert found[0] == found[1]


def test_no_try_is_left_and_the_clock_has_its_turn(alice: Any, house: PriceOf, clock: StoppedClock) -> None:
    buy(alice, house("basic"), clock)
    clock.set(june(16))
    change(house("plus"), clock, card="sandbox_declined")
    assert Turn.objects.get().due_at == june(17)
    (bill,) = owing.open_invoices(alice)
    assert changing.is_change(bill)
    owing.pay(bill, return_url="/x", now=clock.now, card="sandbox_ok")
    assert Turn.objects.get().due_at == datetime(2026, 7, 1, tzinfo=UTC)
    assert books.left_open() == []
    assert Counter(PaymentAttempt.objects.values_list("state", flat=True)) == {"succeeded": 2, "failed": 1}


def test_money_held_is_money_paid_over_any_changes_in_a_month(alice: Any, house: PriceOf, clock: StoppedClock) -> None:
    """I7, by the second: what was paid for June is each level's price times the time it was held."""
    buy(alice, house("small"), clock)
    moments = [june(3, 7), june(9, 13), june(22, 5)]
    prices = [house("small"), house("basic"), house("plus"), house("other")]
    for moment, wanted in zip(moments, prices[1:], strict=True):
        clock.set(moment)
        change(wanted, clock)
    edges = [june(1), *moments, datetime(2026, 7, 1, tzinfo=UTC)]
    spans = [(end - start) / (30 * DAY) for start, end in itertools.pairwise(edges)]
    worth = sum(price.amount_minor * share for price, share in zip(prices, spans, strict=True))
    assert abs(sum(charged()) - worth) <= 0.5 * 7
    in_order()


def test_the_records_say_nothing_else_when_they_are_rebuilt(
    alice: Any, house: PriceOf, clock: StoppedClock, until: Until
) -> None:
    buy(alice, house("basic", "year"), clock)
    clock.set(june(10))
    change(house("plus"), clock)
    clock.set(june(12))
    change(house("small"), clock)
    assert rebuilding.rebuild_customers()[2] == []
    until(datetime(2026, 8, 1, tzinfo=UTC))
    assert level_of(alice, clock) == ("small", "good")
    assert rebuilding.rebuild_customers()[2] == []
    assert rebuilding.rebuild_standing()[2] == []


def test_staff_read_what_was_set_and_what_waited_for_its_payment(
    alice: Any, house: PriceOf, clock: StoppedClock
) -> None:
    buy(alice, house("basic"), clock)
    change(house("small"), clock)
    clock.set(june(16))
    bill = change(house("plus"), clock).invoice
    assert bill is not None
    facts = [codec.decode(row.body) for row in Fact.objects.filter(kind="subscription").order_by("happened_at")]
    said = [fact_words(fact) for fact in facts]
    assert any(words.endswith(f"from its next period on {house('small').pk}") for words in said)
    assert any(words.endswith(f"once invoice {bill.external_id} is paid") for words in said)


def test_a_change_begun_is_no_failure_of_what_is_held(alice: Any, house: PriceOf, clock: StoppedClock) -> None:
    """No letter says that the renewal failed, and standing knows of no failure."""
    GatewayAccount.objects.update(writes_to_members=True)
    buy(alice, house("basic"), clock)
    clock.set(june(16))
    change(house("plus"), clock, card="sandbox_declined")
    assert not Mail.objects.filter(kind="payment_failed").exists()
    found = Invoice.objects.get(status="open")
    assert owing.pay(found, return_url="/x", now=clock.now, card="sandbox_ok").stage is Stage.DONE
    assert Mail.objects.filter(kind="receipt").count() == 2
