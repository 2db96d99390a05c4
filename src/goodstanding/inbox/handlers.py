"""What the worker does for this app: it takes events in, and empties old bodies."""

from __future__ import annotations

from datetime import datetime, timedelta

from goodstanding.gateways import receiving
from goodstanding.inbox import services
from goodstanding.inbox.models import WebhookEvent
from goodstanding.jobs import registry
from goodstanding.jobs import services as jobs
from goodstanding.jobs.models import Job
from goodstanding.memberships import following

PURGE_BODIES = "inbox.purge_bodies"


def purge_bodies(job: Job, *, now: datetime) -> None:
    """Empty one batch of old bodies; ask for another while there are more."""
    if services.purge_bodies(before=now - services.KEEP_BODIES) == services.PURGE_BATCH:
        jobs.add(PURGE_BODIES, key=job.key, due_at=now, now=now)


EVENTS = registry.together("inbox", services.claim, services.process)

registry.handler(PURGE_BODIES)(purge_bodies)
registry.recurring(PURGE_BODIES, every=timedelta(days=1))
registry.source(EVENTS)
registry.agenda("inbox", WebhookEvent.objects.next_due)
receiving.register(services.receive)
following.on_claim(services.no_longer_foreign)
