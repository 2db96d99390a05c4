"""The same news by two connections, the same page sent twice, at the same moment: it counts once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from goodstanding.billing.models import Dispute, GiftCard, GiftOffer, Invoice, Payment, Subscription, Transfer
from goodstanding.catalogue.models import Price
from goodstanding.checkout import gifts
from goodstanding.clock import StoppedClock
from goodstanding.core.money import Money
from goodstanding.gateways import receiving, registry
from goodstanding.gateways.models import GatewayAccount
from goodstanding.gateways.protocol import Ability
from goodstanding.gateways.sandbox.models import Message
from goodstanding.gateways.sandbox.models import Payment as TheirPayment
from goodstanding.gateways.sandbox.vendor import sending
from goodstanding.inbox import services as inbox
from goodstanding.inbox.models import WebhookEvent
from goodstanding.memberships import change_pages, changing
from goodstanding.memberships.changing_words import CannotChange
from goodstanding.memberships.reading import standing_now
from tests.apps.checkout.books import wrong_in
from tests.apps.checkout.house import in_order
from tests.apps.checkout.test_breaking_two_at_once import workers
from tests.apps.checkout.test_joining import buy
from tests.apps.inbox.test_two_workers import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.db_matters]

PriceOf = Callable[..., Price]


def hear_twice(clock: StoppedClock) -> None:
    """Have the vendor's clock run until now, and two servers receive and take in all of its messages at once."""
    row, now = GatewayAccount.objects.get(pk="sandbox-auto"), clock.now
    registry.able(row.gateway, Ability.ADVANCE).advance(account=row, until=now)
    bodies = [body.encode() for body in Message.objects.order_by("id").values_list("body", flat=True)]

    def server() -> None:
        for body in bodies:
            receiving.receive(row, sending.headers(row, body, at=now), body, now=now)
            inbox.work_once(now=now)

    at_once(server, server)
    while inbox.work_once(now=now):
        pass
    assert WebhookEvent.objects.exclude(state__in=("done", "ignored")).count() == 0


def test_g2_a_renewal_told_twice_at_the_same_instant_is_one(alice: Any, price: PriceOf, clock: StoppedClock) -> None:
    """G2, B79: two servers, two workers, one renewal."""
    buy(alice, price("full", "month"), clock, at="sandbox-auto")
    clock.advance(timedelta(days=31, hours=2))
    hear_twice(clock)
    assert (Invoice.objects.count(), Payment.objects.count()) == (2, 2)
    standing = standing_now(alice.pk, now=clock.now)
    assert (standing.status, standing.document["covered_until"]) == ("good", "2026-05-02T10:00:00Z")
    assert wrong_in() == []


def test_b83_a_dispute_told_to_two_at_once_is_one(alice: Any, price: PriceOf, clock: StoppedClock) -> None:
    """B83: the second one does nothing; its money is booked once."""
    buy(alice, price("full", "month"), clock, at="sandbox-auto", card="sandbox_disputed")
    clock.advance(timedelta(days=2))
    hear_twice(clock)
    assert Dispute.objects.get().status == "open"
    before = Transfer.objects.count()
    hear_twice(clock)
    assert (Dispute.objects.count(), Transfer.objects.count()) == (1, before)
    assert standing_now(alice.pk, now=clock.now).status == "held"


def test_a_change_sent_twice_at_once_is_billed_and_charged_once(
    alice: Any, house: PriceOf, clock: StoppedClock
) -> None:
    buy(alice, house("basic"), clock)
    clock.advance(timedelta(days=10))
    subscription, plus, now = Subscription.objects.select_related("gateway_account").get(), house("plus"), clock.now
    page = change_pages.signed(changing.preview(subscription, plus, now=now))
    codes: list[str] = []

    def click() -> None:
        seen = change_pages.shown(page, now=now)
        row = Subscription.objects.select_related("gateway_account", "customer__member").get()
        try:
            changing.accept(row, plus, seen, return_url="/x", now=now, card="sandbox_ok")
        except CannotChange as refused:
            codes.append(refused.code)

    at_once(click, click)
    assert set(codes) <= {"under_way", "unpaid", "held"}
    clock.advance(timedelta(minutes=10))
    for drain in workers(clock):
        drain()
    assert Invoice.objects.count() == TheirPayment.objects.filter(status="succeeded").count() == 2
    (level,) = standing_now(alice.pk, now=clock.now).document["levels"]
    assert level["level"] == "plus"
    in_order()


def test_a_gift_card_bought_by_two_clicks_is_one(alice: Any, shop: None, clock: StoppedClock) -> None:
    GiftOffer.objects.create(currency="EUR", choices="25", least_minor=1000, most_minor=20000)
    gift = gifts.Gift(Money(2500, "EUR"), to_email="bob@example.org", send_on=clock.now.date())
    account, now = GatewayAccount.objects.get(pk="sandbox"), clock.now

    def click(page: str) -> None:
        made = gifts.begin(alice, account, gift, page=page, now=now)
        gifts.pay(made, return_url="/x", now=now, token="sandbox_ok")

    at_once(*[partial(click, "one page")] * 2)
    assert TheirPayment.objects.filter(status="succeeded").count() == 1
    assert (GiftCard.objects.count(), Invoice.objects.get().status) == (1, "paid")
    assert wrong_in() == []
