"""Several at once, in one transaction: the records of one after the other, whatever fails and whoever dies meanwhile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from goodstanding.billing import attempts
from goodstanding.billing.models import GatewayCustomer, Invoice, ObjectState, Payment, PaymentAttempt, Turn
from goodstanding.catalogue.models import Price
from goodstanding.clock import StoppedClock
from goodstanding.core.money import Money
from goodstanding.gateways.models import GatewayAccount
from goodstanding.gateways.requests import BeginRequest
from goodstanding.gateways.sandbox.models import Fault
from goodstanding.gateways.sandbox.models import Payment as TheirPayment
from goodstanding.gateways.sandbox.vendor import faults
from goodstanding.jobs import registry
from goodstanding.memberships import buying, paying
from goodstanding.memberships.reading import standing_now
from goodstanding.memberships.rebuilding import rebuild_customers, rebuild_standing
from goodstanding.people.models import Member
from goodstanding.people.services import make_member
from tests.apps.checkout.books import left_open, wrong_in
from tests.apps.checkout.border import killed_at
from tests.scenarios.dump import Dump, differences, dump, tables

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.db_matters]

PriceOf = Callable[..., Price]
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
CARDS = ("sandbox_ok", "sandbox_fails_later", "sandbox_ok", "sandbox_declined", "sandbox_ok")
STRIDE = 7
THEIRS = "gs_sandbox_"
# Whose keys say in which order rows were written, and what each database counts for itself.
NUMBERED = ("gs_sandbox_message", "gs_sandbox_kept", "gs_audit_note")


def join(number: int, price: Price, *, card: str, clock: StoppedClock) -> Member:
    """Have somebody join and pay: whatever names him and his is made from his number."""
    name = f"member{number}"
    now = clock.now
    account = GatewayAccount.objects.get(pk="sandbox")
    member = make_member(email=f"{name}@example.org", name=name, now=now, made_from=(name,))
    customer, quote = buying.customer_for(member, account, now=now), buying.quote(price, now=now)
    with transaction.atomic():
        bought = buying.buy(customer, quote, ref=f"buys-{name}", now=now)
        kind, due = PaymentAttempt.Kind.BEGIN, Money(10000, "EUR")
        attempt = attempts.write_down(customer, pays_for=bought.invoice, kind=kind, amount=due, now=now, held=True)
    request = BeginRequest(
        key=attempt.key, customer=customer.external_id, amount=due, return_url="/", card=card, keep=True,
        invoice=attempt.pays_for,
    )  # fmt: skip
    paying.begin(attempt, request, now=now)
    return member


def joined(
    count: int, price: PriceOf, clock: StoppedClock, *, cards: Sequence[str] = ("sandbox_ok",), first: int = 0
) -> list[Member]:
    month = price("full", "month")
    numbers = range(first, first + count)
    return [join(number, month, card=cards[number % len(cards)], clock=clock) for number in numbers]


def work(clock: StoppedClock, *, most: int = 50) -> int:
    """Renew and charge what is due, so many at a time; return how many rows that took."""
    worked = 0
    while True:
        before = worked
        for source in registry.sources():
            if source.name in ("renewals", "payments"):
                while rows := source.claim(now=clock.now, worker="test", limit=most):
                    assert source.together is not None
                    source.together(rows, now=clock.now)
                    worked += len(rows)
        if worked == before:
            return worked


def everything_is_right() -> None:
    assert wrong_in() == []
    assert left_open() == []
    assert rebuild_customers()[2] == []
    assert rebuild_standing()[2] == []


def months_of(most: int, price: PriceOf, clock: StoppedClock) -> Dump:
    """The rows of a few who join, renew, fail, are tried again and given up on, worked on so many at a time."""
    begun = clock.now
    joined(5, price, clock, cards=CARDS)
    for wait in (31 * DAY, 3 * DAY, 2 * DAY, 2 * DAY + MINUTE, 23 * DAY):
        clock.advance(wait)
        work(clock, most=most)
        clock.advance(11 * MINUTE)
        work(clock, most=most)
    clock.set(begun)
    return dump(without=NUMBERED)


def wipe() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for model in tables():
            cursor.execute(f'DELETE FROM "{model._meta.db_table}"')


def test_many_at_once_leave_the_records_of_one_by_one(price: PriceOf, clock: StoppedClock) -> None:
    """Also of those who never pay, who fail later, are tried again and given up on."""
    held = {model: list(model._default_manager.all()) for model in tables() if model._default_manager.exists()}
    alone = months_of(1, price, clock)
    everything_is_right()
    wipe()
    with transaction.atomic():
        for model, rows in held.items():
            model._default_manager.bulk_create(rows)
    together = months_of(50, price, clock)
    everything_is_right()
    assert Counter(PaymentAttempt.objects.values_list("state", flat=True))["failed"] > 3, "nothing failed"
    assert differences(alone, together) == []


@pytest.mark.parametrize("late", [MINUTE, 25 * HOUR])  # by then they are in grace, which is told
def test_as_many_statements_for_many_as_for_few(price: PriceOf, clock: StoppedClock, late: timedelta) -> None:
    """Of ours: the gateway is asked for each charge by itself, and keeps its own books."""

    def sent(first: int, count: int) -> Counter[str]:
        joined(count, price, clock, first=first)
        clock.set(Turn.objects.open().latest("due_at").due_at + late)
        with CaptureQueriesContext(connection) as captured:
            assert work(clock) == 2 * count
        Turn.objects.update(state="idle")
        told = (each["sql"][:50] for each in captured if THEIRS not in each["sql"])
        return Counter(each for each in told if not each.startswith(("BEGIN", "COMMIT", "SET LOCAL")))

    sent(0, 1)  # what is read once is read
    few = sent(1, 2)
    assert sum(few.values()) < 75, few
    assert sent(3, 9) == few


def test_one_whose_records_cannot_be_read_holds_up_nobody(price: PriceOf, clock: StoppedClock) -> None:
    members = joined(4, price, clock)
    customer = GatewayCustomer.objects.get(member=members[1])
    clock.advance(31 * DAY)
    whole = ObjectState.objects.get(customer=customer, kind="subscription")
    ObjectState.objects.filter(pk=whole.pk).update(facts=[{"is": "something that nobody knows"}])
    work(clock)
    bad = Turn.objects.get(subscription__customer=customer)
    assert (bad.attempts, bad.state) == (1, "open")
    assert "KeyError" in bad.last_error
    assert Payment.objects.filter(status="succeeded").count() == 4 + 3
    whole.save()
    clock.advance(10 * MINUTE)
    work(clock)
    everything_is_right()
    assert [standing_now(each.pk, now=clock.now).status for each in members] == ["good"] * 4


def test_one_whose_gateway_is_away_is_charged_later_and_the_others_now(price: PriceOf, clock: StoppedClock) -> None:
    members = joined(4, price, clock)
    clock.advance(31 * DAY)
    faults.order("sandbox", Fault.Kind.UNREACHABLE, times=1)
    faults.order("sandbox", Fault.Kind.ANSWER_LOST, times=1)
    work(clock)
    assert Counter(PaymentAttempt.objects.values_list("state", flat=True)) == {"succeeded": 4 + 2, "open": 2}
    assert set(PaymentAttempt.objects.filter(state="open").values_list("attempts", flat=True)) == {1}
    clock.advance(10 * MINUTE)
    work(clock)
    everything_is_right()
    assert TheirPayment.objects.filter(status="succeeded").count() == 8
    assert [standing_now(each.pk, now=clock.now).status for each in members] == ["good"] * 4


@pytest.mark.parametrize("first", range(0, STRIDE, 3))
def test_a_batch_dies_anywhere(price: PriceOf, clock: StoppedClock, first: int) -> None:
    """All are due in the same moment; whoever takes up what is left bills and charges each of them once."""
    joined(4, price, clock, cards=("sandbox_ok", "sandbox_ok", "sandbox_fails_later", "sandbox_ok"))
    clock.advance(31 * DAY)
    for number in range(first, 400, STRIDE):
        with killed_at(number) as begun:
            work(clock)
        clock.advance(2 * MINUTE)
        Turn.objects.update(attempts=0), PaymentAttempt.objects.update(attempts=0)
        if len(begun) <= number:
            break
    work(clock)
    everything_is_right()
    assert Invoice.objects.count() == 8
    assert Counter(TheirPayment.objects.values_list("status", flat=True)) == {"succeeded": 7, "failed": 1}
    numbers = sorted(Invoice.objects.values_list("number", flat=True))
    assert numbers == [f"INV-{number:05d}" for number in range(1, 9)], "what is rolled back is given again"


def test_who_lost_the_lease_of_one_writes_nothing_for_it(price: PriceOf, clock: StoppedClock) -> None:
    """The worker was slow: meanwhile another one did what was to be done for one of its batch."""
    joined(3, price, clock)
    clock.advance(31 * DAY)
    (source,) = [each for each in registry.sources() if each.name == "renewals"]
    late = source.claim(now=clock.now, worker="late", limit=50)
    clock.advance(2 * MINUTE)
    (quick,) = source.claim(now=clock.now, worker="quick", limit=1)
    assert source.together is not None
    source.together([quick], now=clock.now)
    bills = Invoice.objects.count()
    source.together(late, now=clock.now)
    assert (bills, Invoice.objects.count()) == (4, 6)
    assert not Turn.objects.exclude(leased_until=None).exists()
    clock.advance(MINUTE)
    work(clock)
    everything_is_right()
