"""A makerspace that sells gift cards, too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from goodstanding.billing.models import GiftCard, GiftOffer
from goodstanding.catalogue.models import LevelGift, Price
from goodstanding.checkout import gifts
from goodstanding.clock import StoppedClock
from goodstanding.core.money import Money
from goodstanding.gateways.models import GatewayAccount
from tests.apps.checkout.conftest import house, price, shop, until, work

__all__ = ["house", "price", "shop", "until", "work"]

Bought = Callable[..., GiftCard]
Given = Callable[..., GiftCard]


@pytest.fixture
def offer(shop: None) -> GiftOffer:
    """25, 50, 100 euros, or any amount from 10 to 200."""
    return GiftOffer.objects.create(currency="EUR", choices="25, 50, 100", least_minor=1000, most_minor=20000)


@pytest.fixture
def given(price: Callable[..., Price], clock: StoppedClock) -> Given:
    """``given(alice)``: six months of weekdays for 44.50, as she has paid it; ``given(alice, "day")``: of another level."""

    def buy(member: Any, level: str = "weekday", *, card: str = "sandbox_ok", page: str = "", **more: Any) -> GiftCard:
        found = LevelGift.objects.filter(price__level=level).select_related("price__level__group").first()
        if found is None:
            own = {"amount_minor": 4450, "times": 6} if level == "weekday" else {}
            found = LevelGift.objects.create(price=price(level), **own)
        values: dict[str, Any] = {"to_email": "bob@example.org", "send_on": clock.now.date(), "level": found} | more
        name = page or f"page-{GiftCard.objects.count()}"
        account = GatewayAccount.objects.get(pk="sandbox")
        made = gifts.begin(member, account, gifts.Gift(found.amount, **values), page=name, now=clock.now)
        gifts.pay(made, return_url="/back", now=clock.now, token=card)
        return made

    return buy


@pytest.fixture
def bought(offer: GiftOffer, clock: StoppedClock) -> Bought:
    """``bought(alice, 5000)``: a gift card that she has paid; ``card="sandbox_declined"``: tried to."""

    def buy(member: Any, amount: int = 5000, *, card: str = "sandbox_ok", page: str = "", **more: Any) -> GiftCard:
        given: dict[str, Any] = {"to_email": "bob@example.org", "send_on": clock.now.date()} | more
        gift = gifts.Gift(Money(amount, "EUR"), **given)
        name = page or f"page-{GiftCard.objects.count()}"
        account = GatewayAccount.objects.get(pk="sandbox")
        made = gifts.begin(member, account, gift, page=name, now=clock.now)
        gifts.pay(made, return_url="/back", now=clock.now, token=card)
        return made

    return buy
