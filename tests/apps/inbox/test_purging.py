"""Bodies are emptied when they are old and no longer needed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from goodstanding.inbox import services
from goodstanding.inbox.handlers import PURGE_BODIES
from goodstanding.inbox.models import WebhookEvent
from goodstanding.jobs import services as jobs
from goodstanding.jobs.models import Job, Schedule

State = WebhookEvent.State
pytestmark = [pytest.mark.django_db, pytest.mark.db_matters]


@pytest.mark.parametrize(
    ("state", "age_days", "purged"),
    [
        (State.DONE, 91, True),
        (State.IGNORED, 91, True),
        (State.DONE, 90, False),
        (State.WAITING, 91, False),
        (State.FAILED, 91, False),
        (State.DEAD, 91, False),
    ],
)
def test_only_old_bodies_of_finished_events_go(filing, clock, state, age_days, purged):
    filing("evt_1", now=clock.now - timedelta(days=age_days))
    WebhookEvent.objects.update(state=state)
    assert services.purge_bodies(before=clock.now - services.KEEP_BODIES) == purged
    assert (WebhookEvent.objects.get().body is None) == purged


def test_a_batch_is_bounded(filing, clock, monkeypatch):
    monkeypatch.setattr(services, "PURGE_BATCH", 2)
    for name in ("evt_1", "evt_2", "evt_3"):
        filing(name, "ignored", now=clock.now)
    WebhookEvent.objects.update(state=State.DONE)
    later = clock.now + timedelta(days=1)
    assert [services.purge_bodies(before=later) for _ in range(3)] == [2, 1, 0]


def test_the_worker_does_it_every_day(filing, clock):
    filing("evt_1", now=clock.now)
    services.work_once(now=clock.now)
    clock.advance(timedelta(days=91))
    jobs.tick(now=clock.now)
    while jobs.work_once(now=clock.now):
        pass
    assert WebhookEvent.objects.get().body is None
    assert Job.objects.get(kind=PURGE_BODIES).state == Job.State.DONE
    assert Schedule.objects.get(kind=PURGE_BODIES).next_at == clock.now + timedelta(days=1)


def test_what_was_purged_cannot_be_taken_in_anew(filing, clock):
    filing("evt_1", now=clock.now)
    services.work_once(now=clock.now)
    WebhookEvent.objects.update(body=None)
    assert services.retry(WebhookEvent.objects.all(), now=clock.now) == 0
    WebhookEvent.objects.update(state=State.WAITING)
    services.work_once(now=clock.now)
    assert WebhookEvent.objects.get().last_error.startswith("body_purged")
