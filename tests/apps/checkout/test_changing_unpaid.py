"""Another level while the renewal's bill is open: through the pages' services, with our clock and the sandbox."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse

from goodstanding.billing import attempts
from goodstanding.billing.models import Invoice, PaymentAttempt, Subscription
from goodstanding.clock import StoppedClock
from goodstanding.core.money import Money
from goodstanding.gateways.requests import BeginRequest
from goodstanding.memberships import changing, owing, paying
from goodstanding.memberships.changing_words import CannotChange
from goodstanding.memberships.models import Alarm
from goodstanding.memberships.owing import Stage
from tests.apps.checkout.house import PriceOf, Until, balance, change, charged, in_order, level_of
from tests.apps.checkout.test_joining import buy

pytestmark = pytest.mark.django_db(transaction=True)
STEP = timedelta(hours=12)


def july(number: int, hour: int = 0) -> datetime:
    return datetime(2026, 7, number, hour, tzinfo=UTC)


@pytest.fixture
def owing_july(alice: Any, house: PriceOf, clock: StoppedClock, until: Until) -> Invoice:
    """Alice's renewal of July failed on the first, and is open."""
    buy(alice, house("basic"), clock, card="sandbox_fails_later")
    until(july(2), step=STEP)
    (bill,) = owing.open_invoices(alice)
    assert level_of(alice, clock) == ("basic", "grace")
    return bill


@pytest.mark.parametrize(("level", "minor"), [("plus", 30000), ("small", 4000)], ids=["dearer", "cheaper"])
def test_another_level_takes_the_open_bills_place(
    client: Any,
    alice: Any,
    house: PriceOf,
    clock: StoppedClock,
    until: Until,
    owing_july: Invoice,
    level: str,
    minor: int,
) -> None:
    """I9, I12, I13: said on the page, one charge for July, coverage from its first day on."""
    client.force_login(alice.user)
    subscription = Subscription.objects.get()
    overview = client.get(reverse("gs_portal:membership")).content.decode()
    assert reverse("gs_portal:change", args=[subscription.pk]) in overview
    offered = client.get(reverse("gs_portal:change", args=[subscription.pk])).content.decode()
    assert f"Invoice {owing_july.number} is open. What you choose here takes its place" in offered
    page = client.get(reverse("gs_portal:change_to", args=[subscription.pk, house(level).pk])).content.decode()
    amount = str(Money(minor, "EUR"))
    for said in (
        f"invoice {owing_july.number}, of which 100.00 EUR is open",
        "the days stay as they are",
        f"pay {amount}",
    ):
        assert said in page, said
    assert change(house(level), clock).outcome.stage is Stage.DONE
    assert charged() == [10000, minor]
    assert level_of(alice, clock) == (level, "good")
    assert Invoice.objects.get(pk=owing_july.pk).status == "void"
    until(datetime(2026, 8, 1, 1, tzinfo=UTC), step=STEP)
    assert sorted(line.start_at.month for line in Invoice.objects.latest("issued_at").lines.all()) == [8]
    in_order()


def test_nobody_gains_a_day_by_choosing_anew(
    alice: Any, house: PriceOf, clock: StoppedClock, until: Until, owing_july: Invoice
) -> None:
    """The tries and the grace go on where they stood: tried on the 4th, the 6th and the 8th, then it is over."""
    made = change(house("plus"), clock, card="sandbox_declined")
    assert made.outcome.stage is Stage.DECLINED
    assert level_of(alice, clock) == ("basic", "grace")
    again = change(house("small"), clock, card="sandbox_declined")
    assert again.invoice is not None
    assert Invoice.objects.filter(status="void").count() == 2
    until(july(7, 12), step=STEP)
    assert Invoice.objects.get(pk=again.invoice.pk).status == "open"
    assert level_of(alice, clock) == ("basic", "grace")
    until(july(8, 12), step=STEP)
    assert level_of(alice, clock)[1] == "lapsed"
    assert Invoice.objects.get(pk=again.invoice.pk).status == "uncollectible"
    assert charged() == [10000]
    in_order()


def test_what_came_for_the_old_bill_is_not_lost(
    alice: Any, house: PriceOf, clock: StoppedClock, until: Until, owing_july: Invoice
) -> None:
    """A part that was paid pays the new bill; what comes late for the old one is balance, and staff hear of it."""
    change(house("plus"), clock, card="sandbox_declined")
    clock.advance(timedelta(minutes=5))
    customer = owing.customer_of(owing_july)
    attempt = attempts.write_down(
        customer,
        pays_for=owing_july.external_id,
        kind=PaymentAttempt.Kind.BEGIN,
        amount=Money(10000, "EUR"),
        now=clock.now,
        held=True,
    )
    request = BeginRequest(
        key=attempt.key,
        customer=customer.external_id,
        amount=Money(10000, "EUR"),
        return_url="/x",
        card="sandbox_ok",
        method="",
        keep=False,
        invoice=owing_july.external_id,
        description="late",
    )
    paying.begin(attempt, request, now=clock.now)
    until(july(2, 2), step=timedelta(hours=1))
    assert Invoice.objects.get(pk=owing_july.pk).status == "void"
    assert balance() == 10000
    assert Alarm.objects.filter(code="replaced_paid", about=owing_july.external_id).exists()
    change(house("small"), clock)
    assert charged() == [10000, 10000], "the balance paid it"
    assert balance() == 6000
    assert level_of(alice, clock) == ("small", "good")
    in_order()


def test_a_bill_that_is_being_paid_is_not_replaced(
    alice: Any, house: PriceOf, clock: StoppedClock, owing_july: Invoice
) -> None:
    seen = changing.preview(Subscription.objects.get(), house("plus"), now=clock.now)
    customer = owing.customer_of(owing_july)
    attempts.write_down(
        customer,
        pays_for=owing_july.external_id,
        kind=PaymentAttempt.Kind.BEGIN,
        amount=Money(10000, "EUR"),
        now=clock.now,
        held=True,
    )
    assert seen.plan.replaces == owing_july.external_id
    with pytest.raises(CannotChange, match="under_way"):
        change(house("plus"), clock)
    assert Invoice.objects.get(pk=owing_july.pk).status == "open"
    assert charged() == [10000]
