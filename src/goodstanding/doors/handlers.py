"""What this app does by itself: it forgets cards that nobody knew."""

from __future__ import annotations

from datetime import datetime, timedelta

from goodstanding.doors import services
from goodstanding.jobs import registry
from goodstanding.jobs.models import Job

FORGET = "doors.forget_unknown"


def forget(job: Job, *, now: datetime) -> None:  # noqa: ARG001 (what handlers are given)
    """Empty the digests of cards that were nobody's and were not assigned in time."""
    services.forget_unknown(now=now)


registry.handler(FORGET)(forget)
registry.recurring(FORGET, every=timedelta(minutes=1))
