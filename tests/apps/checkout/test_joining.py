"""Joining by the services: paid, declined, free, twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from goodstanding.billing.models import Invoice, Payment, PaymentAttempt, Subscription
from goodstanding.catalogue.models import Price
from goodstanding.checkout import quotes, services
from goodstanding.checkout.models import Checkout
from goodstanding.checkout.services import Outcome
from goodstanding.clock import StoppedClock
from goodstanding.gateways.models import GatewayAccount
from goodstanding.memberships.owing import Stage
from goodstanding.memberships.reading import standing_now

pytestmark = pytest.mark.django_db(transaction=True)

PriceOf = Callable[..., Price]


def buy(member: Any, price: Price, clock: StoppedClock, *, card: str = "sandbox_ok", at: str = "sandbox") -> Outcome:
    """Go the whole way, as the page does."""
    quote = quotes.for_member(price, member, now=clock.now)
    shown = quotes.shown(quotes.signed(quote, now=clock.now), now=clock.now)
    account = GatewayAccount.objects.get(pk=at)
    checkout = services.accept(member, price, account, shown=shown, now=clock.now)
    return services.pay(checkout, return_url="/back", now=clock.now, card=card)


@pytest.mark.parametrize("at", ["sandbox", "sandbox-auto"])
def test_who_pays_is_in_good_standing_at_once(alice: Any, price: PriceOf, clock: StoppedClock, at: str) -> None:
    found = buy(alice, price("full", "month"), clock, at=at)
    assert found.stage is Stage.DONE
    standing = standing_now(alice.pk, now=clock.now)
    assert standing.status == "good"
    assert [level["level"] for level in standing.document["levels"]] == ["full"]
    assert Invoice.objects.get().settled_at is not None
    assert Payment.objects.get().amount_minor == 10000
    assert Subscription.objects.get().status == "active"


def test_a_declined_card_gives_nothing_and_another_one_pays(alice: Any, price: PriceOf, clock: StoppedClock) -> None:
    found = buy(alice, price("full", "month"), clock, card="sandbox_declined")
    assert (found.stage, found.failure) == (Stage.DECLINED, "card_declined")
    assert standing_now(alice.pk, now=clock.now).status == "pending"
    again = services.pay(found.checkout, return_url="/back", now=clock.now, card="sandbox_ok")
    assert again.stage is Stage.DONE
    assert standing_now(alice.pk, now=clock.now).status == "good"
    assert Checkout.objects.count() == Invoice.objects.count() == Subscription.objects.count() == 1
    assert [each.state for each in PaymentAttempt.objects.order_by("number")] == ["failed", "succeeded"]


def test_paying_again_what_is_paid_charges_nothing(alice: Any, price: PriceOf, clock: StoppedClock) -> None:
    found = buy(alice, price("full", "month"), clock)
    again = services.pay(found.checkout, return_url="/back", now=clock.now, card="sandbox_ok")
    assert again.stage is Stage.DONE
    assert Payment.objects.count() == 1


def test_a_free_level_asks_nobody(alice: Any, price: PriceOf, clock: StoppedClock) -> None:
    found = buy(alice, price("friend"), clock)
    assert found.stage is Stage.DONE
    assert standing_now(alice.pk, now=clock.now).status == "good"
    assert Payment.objects.count() == 0


def test_a_day_pass_ends_to_the_second(alice: Any, price: PriceOf, clock: StoppedClock) -> None:
    buy(alice, price("day"), clock)
    begun = clock.now
    assert standing_now(alice.pk, now=begun + timedelta(hours=24, seconds=-1)).status == "good"
    assert standing_now(alice.pk, now=begun + timedelta(hours=24)).status == "lapsed"
