"""What the worker does for billing: it forgets who strangers are."""

from __future__ import annotations

from datetime import datetime, timedelta

from goodstanding.billing import services
from goodstanding.jobs import registry
from goodstanding.jobs import services as jobs
from goodstanding.jobs.models import Job

FORGET_STRANGERS = "billing.forget_strangers"


def forget_strangers(job: Job, *, now: datetime) -> None:
    """Forget one batch of strangers; ask for another while there are more."""
    if services.forget_strangers(before=now - services.KEEP_STRANGERS, now=now) == services.FORGET_BATCH:
        jobs.add(FORGET_STRANGERS, key=job.key, due_at=now, now=now)


registry.handler(FORGET_STRANGERS)(forget_strangers)
registry.recurring(FORGET_STRANGERS, every=timedelta(days=1))
