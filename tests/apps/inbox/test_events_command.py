"""``events retry|show|purge``."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from goodstanding.inbox import services
from goodstanding.inbox.models import WebhookEvent
from goodstanding.jobs import lease

State = WebhookEvent.State
pytestmark = pytest.mark.django_db


def events(*arguments: str) -> str:
    out = io.StringIO()
    call_command("events", *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


@pytest.fixture
def three(filing: Any, clock: Any) -> None:
    """One taken in, one given up on, one that waits for its next attempt."""
    filing("evt_fine", now=clock.now)
    filing("evt_dead", "bad", now=clock.now)
    filing("evt_later", "broken 1", now=clock.now)
    services.work_once(now=clock.now)


def shown(*arguments: str) -> list[str]:
    return sorted(row["external_id"] for row in json.loads(events("show", *arguments, "--json"))["events"])


def test_show_tells_how_many_there_are(three):
    counts = json.loads(events("show", "--json"))["counts"]
    assert {(row["account"], row["state"], row["events"]) for row in counts} == {
        ("brittle", "done", 1),
        ("brittle", "dead", 1),
        ("brittle", "failed", 1),
    }
    assert "brittle  dead  1" in events("show")


def test_show_lists_the_dead_and_the_waiting(three):
    assert shown("--dead") == ["evt_dead"]
    assert shown("--waiting") == ["evt_later"]
    assert "last_error=bad_amount: The amount is no integer." in events("show", "--dead")


def test_show_finds_an_event_by_either_id_and_never_shows_its_body(three):
    row = WebhookEvent.objects.get(external_id="evt_dead")
    assert shown(row.pk) == shown("evt_dead") == ["evt_dead"]
    assert row.body
    assert row.body not in events("show", row.pk, "--json")


def test_retry_of_the_dead(three, clock):
    assert events("retry", "--dead").startswith("1 ")
    row = WebhookEvent.objects.get(external_id="evt_dead")
    assert (row.state, row.attempts, row.due_at) == (State.WAITING, 0, clock.now)


def test_retry_by_id_brings_the_next_attempt_forward(three, clock):
    events("retry", "evt_later")
    services.work_once(now=clock.now)
    assert WebhookEvent.objects.get(external_id="evt_later").state == State.DONE


@pytest.mark.parametrize(
    "arguments", [["retry"], ["retry", "--dead", "evt_dead"], ["retry", "evt_none"], ["show", "evt_no"]]
)
def test_usage_errors_do_nothing(three, arguments):
    before = list(WebhookEvent.objects.order_by("pk").values())
    with pytest.raises(CommandError) as caught:
        events(*arguments)
    assert caught.value.returncode == 2
    assert list(WebhookEvent.objects.order_by("pk").values()) == before


def test_retry_says_whose_body_is_gone(three):
    WebhookEvent.objects.filter(external_id="evt_dead").update(body=None)
    with pytest.raises(CommandError, match="body_purged: 1"):
        events("retry", "evt_dead")


def test_purge_empties_old_bodies(three, clock):
    clock.advance(timedelta(days=91))
    assert events("purge").startswith("1 ")
    assert list(WebhookEvent.objects.filter(body=None).values_list("external_id", flat=True)) == ["evt_fine"]


def test_work_once_works_off_what_is_due(three, clock):
    clock.advance(lease.PAUSES[0])
    out = io.StringIO()
    call_command("work", "--once", stdout=out)
    assert out.getvalue().startswith("worked on ")
    assert WebhookEvent.objects.get(external_id="evt_later").state == State.DONE
