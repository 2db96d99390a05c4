"""Many customers, two workers, long histories: the same rows, and no more statements than for one."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import lives
from tests.apps.inbox.test_two_workers import at_once
from tests.conftest import START
from tests.scenarios.dump import differences, dump, undone
from tests.scenarios.stories import shelf
from tests.scenarios.stories.shelf import BENCH
from tests.stripe_steps import Life

pytestmark = [pytest.mark.db_matters]

CUSTOMERS, SHORT = 300, 8
# Not every endpoint listens to everything.
UNHEARD = ("invoice.created", "invoice.finalized", "invoice.payment_succeeded", "invoice_payment.paid")
MOST_STATEMENTS = 15  # DESIGN section 10


def clone(text: str, name: str, number: int) -> str:
    """A story about somebody else: every id and e-mail of his own."""
    for known in (name, name.replace("-", "_")):
        text = text.replace(known, f"{known}{number}")
    return text


def heard(told: list[str]) -> list[str]:
    return [body for body in told if json.loads(body)["type"] not in UNHEARD]


@pytest.mark.django_db
def test_three_hundred_customers_interleaved_get_each_their_own(tmp_path: Path, clock: object) -> None:
    shelf.set_up(tmp_path)
    chance = random.Random(300)
    short = [name for name in shelf.names() if 0 < len(heard(shelf.told(name).bodies())) <= SHORT]
    told, rows = [], []
    for number in range(CUSTOMERS):
        story = shelf.told(chance.choice(short))
        own = heard(story.bodies(old=chance.random() < 0.5))
        told.append([clone(body, story.name, number) for body in own])
        rows += [
            replace(
                row, life=f"{row.life}{number}", emails=tuple(clone(email, story.name, number) for email in row.emails)
            )
            for row in story.expected
        ]
    turns = [number for number, own in enumerate(told) for _ in own]
    chance.shuffle(turns)

    summary = lives.load([told[number].pop(0) for number in turns], tmp_path)

    assert (summary["bad"], summary["processed"]["dead"], summary["processed"]["failed"]) == ([], 0, 0)
    assert shelf.answers_differ(rows) == []
    assert len(short) > 8


@pytest.mark.django_db(transaction=True)
def test_two_workers_fed_the_same_events_at_once_give_one_of_each(tmp_path: Path, clock: Any) -> None:
    from goodstanding.gateways.models import GatewayAccount
    from goodstanding.inbox import services
    from goodstanding.jobs.worker import Worker

    shelf.set_up(tmp_path)
    names = ("paid-late", "refund-that-fails", "dispute-lost", "checkout-tried-twice", "there-and-back-in-one-second",
             "paid-in-two-parts", "twice-the-same-level", "item-swapped-billed-now", "customer-deleted")  # fmt: skip
    told = [body for name in names for body in shelf.told(name).bodies()]
    with undone():
        lives.load(told, tmp_path)
        by_one = dump(without=("gs_memberships_standingchange",))
    account = GatewayAccount.objects.get()
    batch = services.Batch("both", create_members=True, position=0)

    def work(seed: int) -> None:
        filed = [(services.inspect(account, body.encode()), body.encode()) for body in lives.shuffled(told, seed)]
        worker = Worker(name=f"worker {seed}")
        for index in range(0, len(filed), 7):
            services.file(account, list({event.external_id: (event, body) for event, body in filed[index : index + 7]}.values()),
                          now=clock.now, batch=batch)  # fmt: skip
            worker.turn()
        worker.drain()

    at_once(lambda: work(1), lambda: work(2))

    assert set(_states()) <= {"done", "ignored"}
    assert differences(by_one, dump(without=("gs_memberships_standingchange",))) == []


def _states() -> list[str]:
    from goodstanding.inbox.models import WebhookEvent
    from goodstanding.jobs.worker import Worker

    Worker(name="sweeper").drain()
    return list(WebhookEvent.objects.values_list("state", flat=True).distinct())


def _statements(told: list[str], *, of: str) -> list[int]:
    """How many statements each event of a type took: claimed, taken in, closed."""
    from goodstanding.gateways.models import GatewayAccount
    from goodstanding.inbox import handlers, services
    from goodstanding.jobs.worker import Worker

    account, counts = GatewayAccount.objects.get(), []
    worker = Worker(sources=[handlers.EVENTS])
    for body in told:
        event = services.inspect(account, body.encode())
        services.file(account, [(event, body.encode())], now=START, batch=services.Batch("counted", True, 0))
        with CaptureQueriesContext(connection) as queries:
            assert worker.turn() == 1
        if event.type == of:
            work = [
                each for each in queries if each["sql"].partition(" ")[0] in ("SELECT", "INSERT", "UPDATE", "DELETE")
            ]
            counts.append(len(work))
    return counts


@pytest.mark.django_db
def test_statements_of_an_event_depend_on_neither_members_nor_history(tmp_path: Path, clock: object) -> None:
    shelf.set_up(tmp_path)
    ada = Life("counted-ada")
    sub = ada.subscribe(BENCH)
    for _ in range(8):
        ada.renew(sub)
    alone = _statements(ada.bodies(), of="invoice.paid")
    crowd = [clone(body, "in-dinars", number) for number in range(30) for body in shelf.told("in-dinars").bodies()]
    lives.load(crowd, tmp_path)

    among_many = _statements([clone(body, "counted-ada", 2) for body in ada.bodies()], of="invoice.paid")

    assert alone == among_many
    assert len(set(alone[1:])) == 1
    assert alone[-1] <= MOST_STATEMENTS


@pytest.mark.django_db(transaction=True)
def test_a_fact_that_told_nothing_new_follows_an_object_adopted_in_that_very_moment(tmp_path: Path, clock: Any) -> None:
    from goodstanding.billing.models import Fact
    from goodstanding.memberships import intake

    shelf.set_up(tmp_path)
    lives.load(shelf.told("refund-that-fails").bodies(), tmp_path)
    fact = Fact.objects.filter(kind="refund").order_by("pk")[0]
    assert fact.customer_id is not None
    Fact.objects.filter(pk=fact.pk).update(customer=None)  # as the other worker, who could not see it, left it

    assert intake.adopt_waiting(fact.event, now=clock.now) is False
    assert Fact.objects.get(pk=fact.pk).customer_id == fact.customer_id
