"""What this app does by itself: it forgets jobs that are long done."""

from __future__ import annotations

from datetime import datetime, timedelta

from goodstanding.jobs import registry, services
from goodstanding.jobs.models import Job

PURGE = "jobs.purge"


def purge(job: Job, *, now: datetime) -> None:
    """Delete jobs that were done long ago, one batch; ask for another while there are more."""
    if services.purge_done(before=now - services.KEEP_DONE) == services.PURGE_BATCH:
        services.add(PURGE, key=job.key, due_at=now, now=now)


registry.handler(PURGE)(purge)
registry.recurring(PURGE, every=timedelta(days=1))
registry.source(registry.Source("jobs", services.claim, services.process))
registry.agenda("jobs", services.next_due)
