"""A makerspace with something for sale, and the means to let time pass."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from goodstanding.catalogue.models import Price
from goodstanding.catalogue.services import import_catalogue
from goodstanding.clock import StoppedClock
from goodstanding.gateways.services import ensure_manual_account, ensure_sandbox_accounts
from goodstanding.jobs.worker import Worker
from tests.apps.checkout.house import HOUSE, june

EUR = {"currency": "EUR"}
CATALOGUE = [
    {
        "slug": "full",
        "name": "Full member",
        "group": "membership",
        "prices": [
            {"amount_minor": 10000, "interval": "month", **EUR},
            {"amount_minor": 100000, "interval": "year", **EUR},
        ],
    },
    {
        "slug": "weekday",
        "name": "Weekday",
        "group": "membership",
        "prices": [{"amount_minor": 6000, "interval": "month", **EUR}],
    },
    {
        "slug": "day",
        "name": "Day pass",
        "group": "day",
        "group_allows_several": True,
        "prices": [{"amount_minor": 1500, "interval": "hour", "interval_count": 24, "renews": False, **EUR}],
    },
    {
        "slug": "friend",
        "name": "Friend",
        "group": "friends",
        "prices": [{"amount_minor": 0, "interval": "month", **EUR}],
    },
]


@pytest.fixture
def shop(db: None, clock: StoppedClock) -> None:
    """Levels, prices, and the accounts at which they can be paid."""
    import_catalogue(json.dumps(CATALOGUE), now=clock.now)
    ensure_manual_account()
    ensure_sandbox_accounts()


@pytest.fixture
def price(shop: None) -> Callable[..., Price]:
    """Find a price: ``price("full")``, ``price("full", "year")``."""

    def find(level: str, interval: str = "") -> Price:
        rows = Price.objects.select_related("level__group").filter(level=level)
        return (rows.filter(interval=interval) if interval else rows).order_by("amount_minor")[0]

    return find


def due_for_the_worker(now: datetime) -> datetime | None:
    """Return when the worker of ``work`` has something to do next, if ever."""
    from goodstanding.jobs import registry

    # Those ask for what sweeps and the network see to.
    agendas = [
        next_at
        for name, next_at in registry.agendas().items()
        if name not in {"memberships", "memberships that run out", "sandbox"}
    ]
    return min((at for next_at in agendas if (at := next_at(now)) is not None), default=None)


@pytest.fixture
def work(clock: StoppedClock) -> Callable[[], int]:
    """Have the worker do all that is due, but for what goes over the network."""
    from goodstanding.jobs import registry

    sources = [each for each in registry.sources() if each.name != "sandbox"]
    worker = Worker(sources=sources, name="test", now=lambda: clock.now)
    return worker.drain


@pytest.fixture
def until(clock: StoppedClock, work: Callable[[], int]) -> Callable[[datetime], None]:
    """Let time pass in steps, with the worker at work after each; steps after which it would find nothing are left out."""

    def pass_to(moment: datetime, step: timedelta = timedelta(hours=12)) -> None:
        while clock.now < moment:
            at, due = clock.now + step, due_for_the_worker(clock.now)
            if due is None:
                at = moment
            elif due > at:
                at -= (at - due) // step * step  # the first step at or after it
            clock.set(min(at, moment))
            work()

    return pass_to


@pytest.fixture
def house(shop: None, clock: StoppedClock) -> Callable[..., Price]:
    """``house("plus")``: the prices of a house of its own, on the first of June."""
    clock.set(june(1))
    import_catalogue(json.dumps(HOUSE), now=clock.now)

    def find(level: str, interval: str = "month", currency: str = "EUR") -> Price:
        rows = Price.objects.select_related("level__group")
        return rows.get(level=level, interval=interval, currency=currency)

    return find
