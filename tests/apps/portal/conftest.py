"""Alice who pays, Bob whose day pass is over, and the pages as they see them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from goodstanding.catalogue.models import Price
from goodstanding.checkout.services import Outcome
from goodstanding.clock import StoppedClock
from goodstanding.jobs import registry
from tests.apps.checkout.conftest import price, shop, until, work  # noqa: F401 - fixtures
from tests.apps.checkout.test_joining import buy

PriceOf = Callable[..., Price]
Buys = Callable[..., Outcome]


@pytest.fixture
def buys(price: PriceOf, clock: StoppedClock) -> Buys:  # noqa: F811 - a fixture
    """``buys(alice, "full", card="sandbox_ok", at="sandbox")``: somebody joins, the whole way."""

    def make(member: Any, level: str = "full", interval: str = "", **how: str) -> Outcome:
        return buy(member, price(level, interval), clock, **how)

    return make


@pytest.fixture
def alice_in(alice: Any, buys: Buys) -> Any:
    """Alice, a full member who pays each month."""
    buys(alice, "full", "month")
    return alice


@pytest.fixture
def bob_out(bob: Any, buys: Buys, clock: StoppedClock) -> Any:
    """Bob, whose day pass ended yesterday."""
    buys(bob, "day")
    clock.advance(timedelta(days=2))
    return bob


@pytest.fixture
def alice_owes(alice: Any, buys: Buys, until: Callable[..., None], clock: StoppedClock) -> Any:  # noqa: F811
    """Alice, whose card was good at first and is declined at the renewal, two days ago."""
    buys(alice, "full", "month", card="sandbox_fails_later")
    until(clock.now + timedelta(days=33))
    return alice


@pytest.fixture
def browsing() -> Callable[[Any], Client]:
    """``browsing(alice)``: a browser in which a member, or a user, is logged in."""

    def make(somebody: Any) -> Client:
        client = Client()
        client.force_login(getattr(somebody, "user", None) or somebody)
        return client

    return make


@pytest.fixture
def everything_until(clock: StoppedClock) -> Callable[[datetime], None]:
    """Let time pass day by day with everybody at work: our worker, and the sandbox's clock with its messages."""

    def pass_to(moment: datetime) -> None:
        while clock.now < moment:
            clock.set(min(clock.now + timedelta(days=1), moment))
            for _round in range(5):
                for run in registry.sweeps().values():
                    run(clock.now)
                for source in registry.sources():
                    process = source.here or source.process
                    for row in source.claim(now=clock.now, worker="test", limit=100):
                        process(row, now=clock.now)

    return pass_to
