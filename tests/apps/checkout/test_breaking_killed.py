"""I12 by killing: whoever dies between any two writes, at our side or at the gateway's, leaves one charge and right books.

Each trial has a member of its own, so that the worker brings all of them to their end together.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from goodstanding.billing.models import Errand, Invoice, Payment, PaymentAttempt, Subscription
from goodstanding.catalogue.models import Price
from goodstanding.checkout import services
from goodstanding.checkout.models import Checkout
from goodstanding.clock import StoppedClock
from goodstanding.core.money import Money
from goodstanding.gateways.models import GatewayAccount
from goodstanding.gateways.sandbox.models import Payment as TheirPayment
from goodstanding.memberships import crediting, giving_back, owing
from goodstanding.memberships.owing import Stage
from goodstanding.memberships.reading import standing_now
from goodstanding.people import services as people
from goodstanding.people.models import Member
from tests.apps.checkout import border
from tests.apps.checkout.books import left_open, wrong_in
from tests.apps.checkout.border import deliver, killed, killed_at, met, tick
from tests.apps.checkout.test_joining import buy
from tests.apps.checkout.wishes import buy as buy_basket
from tests.apps.checkout.wishes import give_credit, sold, wish

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.db_matters]

PriceOf = Callable[..., Price]
Until = Callable[..., None]
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
STRIDE = 3  # of the writes every third is tried, and others in the next flow


@pytest.fixture(autouse=True)
def watched(settings: Any) -> None:
    settings.GOODSTANDING_GATEWAYS = {
        "manual": "goodstanding.gateways.manual.adapter.ManualGateway",
        "sandbox": border.PATH,
    }


def person(number: int, clock: StoppedClock) -> Member:
    email = f"member{number}@example.org"
    user = people.make_user(email=email, name="Member", now=clock.now)
    return people.make_member(user=user, email=email, name="Member", now=clock.now)


def deaths(act: Callable[[int], Any], *, first: int, stride: int = STRIDE) -> int:
    """Do ``act`` again and again, dying one write later each time (by strides), until it ends alive; how often it died."""
    for number in range(first, 1000, stride):
        alive = []
        with killed_at(number):
            act(number)
            alive.append(True)
        if alive:
            return number
    raise AssertionError("it never ends")


def everybody_is_right() -> None:
    assert wrong_in() == []
    assert left_open() == []


@pytest.mark.parametrize("at", ["sandbox", "sandbox-auto"])
def test_joining_dies_anywhere(price: PriceOf, clock: StoppedClock, until: Until, at: str) -> None:
    """Who was charged is in good standing and has one bill; who was not can pay on the same page, and is charged once."""

    def join(number: int) -> None:
        buy(member[number], price("full", "month"), clock, at=at)

    member = {number: person(number, clock) for number in range(1, 240, STRIDE)}
    last = deaths(join, first=1)
    assert last > 30, "there is more than that to die between"
    until(clock.now + 10 * MINUTE, step=2 * MINUTE)
    deliver(at, clock)
    everybody_is_right()
    for number in range(1, last + 1, STRIDE):
        taken = TheirPayment.objects.filter(status="succeeded", customer__email=member[number].email).count()
        assert taken <= 1, number
        if taken:
            assert standing_now(member[number].pk, now=clock.now).status == "good", number
            assert services.outcome(Checkout.objects.get(member=member[number])).stage is Stage.DONE, number
        else:
            assert buy(member[number], price("full", "month"), clock, at=at).stage is Stage.DONE, number
    everybody_is_right()
    assert Payment.objects.filter(status="succeeded").count() == len(range(1, last + 1, STRIDE))


def test_p14_keeping_a_card_for_a_trial_dies_anywhere(shop: None, clock: StoppedClock, until: Until) -> None:
    """Balance elsewhere, a card to be kept, then the purchase: whoever dies between has begun all of it, or can do it again."""
    stride, price = 11, sold("tried", level={"needs_card": True})
    member = {number: person(number, clock) for number in range(2, 150, stride)}
    for number, each in member.items():
        give_credit(each, 6000, clock, at="manual", name=str(number))

    def join(number: int) -> None:
        buy_basket(member[number], wish(price), clock)

    last = deaths(join, first=2, stride=stride)
    assert last > 20, "there is more than that to die between"
    until(clock.now + 10 * MINUTE, step=2 * MINUTE)
    everybody_is_right()
    for number in range(2, last + 1, stride):
        begun = Checkout.objects.filter(member=member[number], state=Checkout.State.DONE).exists()
        assert begun or buy_basket(member[number], wish(price), clock).stage is Stage.DONE, number
        assert standing_now(member[number].pk, now=clock.now).status == "good", number
        assert crediting.balance(member[number], "EUR").amount_minor == 3500, number
    everybody_is_right()
    assert Subscription.objects.filter(status="active").count() == len(range(2, last + 1, stride))
    assert not Payment.objects.exists()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("at", ["sandbox", "sandbox-auto"])
def test_joining_dies_at_the_border(
    alice: Any, price: PriceOf, clock: StoppedClock, until: Until, at: str, when: str
) -> None:
    with pytest.raises(border.Killed), met(**{when: {"begin": killed}}):
        buy(alice, price("full", "month"), clock, at=at)
    until(clock.now + 10 * MINUTE, step=2 * MINUTE)
    stands = services.outcome(Checkout.objects.get()).stage
    assert stands is (Stage.DECLINED if when == "before" else Stage.DONE)
    assert (
        standing_now(alice.pk, now=clock.now).status == ("none" if at == "sandbox-auto" else "pending")
        if (when == "before")
        else "good"
    )
    everybody_is_right()


def test_renewing_dies_anywhere(price: PriceOf, clock: StoppedClock, until: Until, work: Callable[[], int]) -> None:
    """G10: the worker dies at every write of a renewal and its charge; at last each period was billed and charged once."""
    members = []
    for number in range(24):
        members.append(person(number, clock))
        buy(members[-1], price("full", "month"), clock)
        clock.advance(HOUR)
    clock.advance(MINUTE)
    work()
    clock.set(Invoice.objects.order_by("issued_at")[0].issued_at + 31 * DAY)
    for number in range(24):
        clock.advance(HOUR - 5 * MINUTE if number else timedelta())
        with killed_at(2 + number * 5):
            work()
        clock.advance(5 * MINUTE if number else timedelta())
        work()
    until(clock.now + 2 * DAY)
    everybody_is_right()
    assert Payment.objects.filter(status="succeeded").count() == Invoice.objects.count() == 48
    assert {standing_now(each.pk, now=clock.now).status for each in members} == {"good"}


def test_a_failing_renewal_dies_anywhere(price: PriceOf, clock: StoppedClock, work: Callable[[], int]) -> None:
    """The ladder climbs on, is climbed once, and ends."""
    buy(person(0, clock), price("full", "month"), clock, card="sandbox_fails_later")
    begun, number = clock.now, 0
    while clock.now < begun + 45 * DAY:
        clock.advance(3 * HOUR)
        with killed_at(number % 60):
            work()
        number += 7
    clock.advance(HOUR)
    work()
    everybody_is_right()
    assert Subscription.objects.get().status == "cancelled"
    assert PaymentAttempt.objects.filter(kind="charge").count() == 4
    assert TheirPayment.objects.filter(status="failed").count() == 4


def test_paying_a_bill_dies_anywhere(price: PriceOf, clock: StoppedClock, until: Until) -> None:
    members = {number: person(number, clock) for number in range(0, 120, STRIDE)}
    for each in members.values():
        buy(each, price("full", "month"), clock, card="sandbox_fails_later")
    until(clock.now + 32 * DAY)

    def pay(number: int) -> None:
        (bill,) = owing.open_invoices(members[number])
        owing.pay(bill, return_url="/x", now=clock.now, card="sandbox_ok")

    last = deaths(pay, first=0)
    assert last > 15
    until(clock.now + 10 * MINUTE, step=2 * MINUTE)
    everybody_is_right()
    for number in range(0, last + 1, STRIDE):
        for bill in owing.open_invoices(members[number]):
            assert owing.pay(bill, return_url="/x", now=clock.now, card="sandbox_ok").stage is owing.Stage.DONE
        assert standing_now(members[number].pk, now=clock.now).status == "good"
    everybody_is_right()


@pytest.mark.parametrize("at", ["sandbox", "sandbox-auto"])
def test_giving_back_dies_anywhere(
    dana: Any, price: PriceOf, clock: StoppedClock, work: Callable[[], int], at: str
) -> None:
    member = person(0, clock)
    buy(member, price("full", "month"), clock, at=at)
    deliver(at, clock)
    giving_back.refund(Payment.objects.get(), amount=Money(10000, "EUR"), reason="x", by=dana, now=clock.now)
    for number in range(0, 60, STRIDE):
        Errand.objects.update(attempts=0)
        with killed_at(number):
            work()
        clock.advance(2 * MINUTE)
    assert set(Errand.objects.values_list("state", flat=True)) == {"done"}
    everybody_is_right()
    assert TheirPayment.objects.get().refunded_minor == 10000
    assert standing_now(member.pk, now=clock.now).status == "lapsed"


def test_a_gateway_that_bills_loses_doubles_and_shuffles_its_messages(
    price: PriceOf, clock: StoppedClock, work: Callable[[], int]
) -> None:
    """The same records at the end, by one reconcile, as with messages in order."""
    from goodstanding.gateways.sandbox.models import Fault
    from goodstanding.gateways.sandbox.vendor import faults
    from goodstanding.inbox import services as inbox

    for kind in (Fault.Kind.DUPLICATE, Fault.Kind.REORDER, Fault.Kind.LOSE, Fault.Kind.DELAY):
        faults.order("sandbox-auto", kind, times=2)
    member = person(0, clock)
    buy(member, price("full", "month"), clock, at="sandbox-auto")
    for _ in range(5):
        clock.advance(8 * DAY)
        for kind in (Fault.Kind.LOSE, Fault.Kind.DUPLICATE, Fault.Kind.REORDER):
            faults.order("sandbox-auto", kind, times=3)
        tick("sandbox-auto", clock)
        work()
    Fault.objects.all().delete()
    clock.advance(2 * HOUR)
    account = GatewayAccount.objects.get(pk="sandbox-auto")
    inbox_reconciled(account, clock)
    tick("sandbox-auto", clock)
    everybody_is_right()
    assert standing_now(member.pk, now=clock.now).status == "good"
    assert Payment.objects.filter(status="succeeded").count() == 2
    assert inbox.work_once(now=clock.now) == 0


def inbox_reconciled(account: GatewayAccount, clock: StoppedClock) -> None:
    """Take in what the gateway lists: what ``goodstanding reconcile`` will do."""
    import json

    from goodstanding.gateways import registry
    from goodstanding.gateways.protocol import Ability
    from goodstanding.inbox import services as inbox

    gateway = registry.able(account.gateway, Ability.FETCH_SINCE)
    events = list(gateway.fetch_since(clock.now - 90 * DAY, account=account, now=clock.now))
    inbox.file(account, [(event, json.dumps(event.body).encode()) for event in events], now=clock.now)
    while inbox.work_once(now=clock.now):
        pass
