"""Two workers with connections of their own, fed the same events at once: one of each."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections, transaction

from goodstanding import clock as clock_module
from goodstanding.billing.models import Fact
from goodstanding.gateways.models import GatewayAccount
from goodstanding.inbox import services
from goodstanding.inbox.models import WebhookEvent
from goodstanding.jobs import lease
from goodstanding.jobs.worker import Worker
from tests.apps.inbox import brittle
from tests.apps.inbox.support import LIVES

PATIENCE_SECONDS = 60
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.db_matters]


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Run ``works`` in threads that start together; return what they return, or raise what one raised."""
    start = threading.Barrier(len(works), timeout=PATIENCE_SECONDS)
    results: list[Any] = [None] * len(works)
    errors: list[BaseException] = []

    def run(number: int) -> None:
        try:
            start.wait()
            results[number] = works[number]()
        except BaseException as error:  # noqa: BLE001 - handed to the test
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    assert not any(thread.is_alive() for thread in threads)
    if errors:
        raise errors[0]
    return results


@pytest.fixture
def forty(brittle_account: GatewayAccount) -> GatewayAccount:
    gateway = brittle.BrittleGateway()
    bodies = [brittle.body(f"evt_{number:02}") for number in range(40)]
    services.file(brittle_account, [(gateway.parse(body), body) for body in bodies], now=clock_module.now())
    return brittle_account


def test_two_workers_share_the_events_and_take_each_in_once(forty):
    alice, bob = Worker(name="alice"), Worker(name="bob")
    at_once(alice.drain, bob.drain)
    assert set(WebhookEvent.objects.values_list("state", "attempts")) == {("done", 0)}
    assert Fact.objects.count() == 40
    assert sorted(set(brittle.reads)) == [f"evt_{number:02}" for number in range(40)]


def test_two_workers_who_hold_the_same_event_take_it_in_once(forty):
    """One was slow and its lease ran out; now both write at the same moment."""
    now = clock_module.now()
    [slow] = services.claim(now=now, worker="slow", limit=1)
    later = now + lease.LEASE
    WebhookEvent.objects.exclude(pk=slow.pk).delete()
    [quick] = services.claim(now=later, worker="quick", limit=1)
    at_once(lambda: services.process([slow], now=later), lambda: services.process([quick], now=later))
    assert Fact.objects.count() == 1
    row = WebhookEvent.objects.get()
    assert (row.state, row.lease_token, row.leased_by) == ("done", quick.lease_token, "")


def test_a_claim_goes_past_what_another_is_claiming(forty):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer: there is nothing to go past")
    now = clock_module.now()
    with transaction.atomic():
        first = services.claim(now=now, worker="first", limit=10)
        [second] = at_once(lambda: services.claim(now=now, worker="second", limit=10))
    assert len(first) == len(second) == 10
    assert not {event.pk for event in first} & {event.pk for event in second}


def test_b79_the_same_event_received_twice_at_once_is_filed_once(stripe_account):
    """B79: by two servers at once: one row, and that row is the one job."""
    bodies = (LIVES / "steady-monthly.jsonl").read_bytes().splitlines()
    events = [(services.inspect(stripe_account, body), body) for body in bodies]
    now = clock_module.now()

    def receive() -> int:
        return sum(services.file(stripe_account, [each], now=now) for each in events)

    assert sum(at_once(receive, receive)) == len(bodies)
    assert WebhookEvent.objects.count() == len(bodies)


def test_two_workers_leave_nothing_of_a_life_undone(stripe_account):
    bodies = (LIVES / "steady-monthly.jsonl").read_bytes().splitlines()
    services.file(
        stripe_account, [(services.inspect(stripe_account, body), body) for body in bodies], now=clock_module.now()
    )
    at_once(Worker(name="alice").drain, Worker(name="bob").drain)
    assert set(WebhookEvent.objects.values_list("state", "attempts")) <= {("done", 0), ("ignored", 0)}
    assert WebhookEvent.objects.count() == len(bodies)
