"""The sandbox's messages: delivered, and spoilt on demand."""

from __future__ import annotations

from datetime import timedelta

import pytest

from goodstanding.gateways.sandbox.models import Fault, Message
from goodstanding.gateways.sandbox.vendor import faults, sending
from goodstanding.inbox.models import WebhookEvent
from tests.gateways.living import JOINED, START, Life

pytestmark = pytest.mark.django_db


def test_delivered_in_the_process_they_are_taken_once(auto):
    auto.join()
    assert auto.hear() == len(JOINED)
    assert auto.hear() == 0
    assert WebhookEvent.objects.count() == len(JOINED)
    assert auto.now_stands() == "good"


def test_one_that_is_not_taken_stays_due(auto):
    auto.join()

    def refuse(headers, body) -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        auto.gateway.deliver(refuse, **auto.on)
    assert auto.hear() == len(JOINED)


def ordered(life: Life, kind: Fault.Kind, **more: int) -> None:
    faults.order(life.account.code, kind, **more)


def test_a_message_comes_twice_and_counts_once(auto):
    heard: list[bytes] = []
    ordered(auto, Fault.Kind.DUPLICATE, times=2)
    auto.join()
    auto.gateway.deliver(lambda _, body: heard.append(body), **auto.on)
    assert (len(heard), len(set(heard))) == (len(JOINED) + 2, len(JOINED))


def test_messages_come_late(auto):
    auto.hear()
    ordered(auto, Fault.Kind.DELAY, times=6, seconds=3600)
    auto.join()
    assert auto.hear() == 0
    auto.until(START + timedelta(hours=1))
    assert auto.hear() == 6
    assert auto.standing(START) == "full=good until 2026-04-02T10:00:00Z"


def test_messages_come_in_reverse_order(auto):
    auto.hear()
    ordered(auto, Fault.Kind.REORDER, times=6)
    auto.join()
    auto.until(START + timedelta(minutes=1))
    auto.hear()
    rows = WebhookEvent.objects.exclude(type="customer.created").order_by("closed_at", "received_at")
    sent = Message.objects.exclude(type="customer.created").order_by("due_at").values_list("type", flat=True)
    assert list(sent) == JOINED[:0:-1]
    assert rows.count() == 6
    assert auto.now_stands() == "good"


def test_messages_are_lost_and_found_by_who_asks_what_he_missed(auto):
    auto.hear()
    ordered(auto, Fault.Kind.LOSE, times=6)
    auto.join()
    assert auto.hear() == 0
    assert [event.type for event in auto.gateway.fetch_since(START, **auto.on)] == JOINED


def test_a_fault_is_used_up(auto):
    ordered(auto, Fault.Kind.LOSE, times=8)
    auto.join()
    assert Fault.objects.get().left == 2
    for _ in range(3):
        auto.begin(10_000)
    assert not Fault.objects.exists()
    assert Message.objects.filter(state="waiting").count() == 2  # the enrolment before, and the third payment


def test_old_messages_are_cleared_away_and_those_under_way_are_not(auto):
    auto.join()
    auto.hear()
    auto.begin(10_000)
    later = START + timedelta(days=31)
    assert sending.purge(before=later - sending.KEPT_FOR) == len(JOINED)
    assert Message.objects.count() == 1
