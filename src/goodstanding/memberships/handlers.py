"""What the worker does for memberships."""

from __future__ import annotations

from datetime import datetime, timedelta

from goodstanding.catalogue.services import RESOLVE
from goodstanding.jobs import registry
from goodstanding.jobs import services as jobs
from goodstanding.jobs.models import Job
from goodstanding.memberships import intake, passing

ROLL = "memberships.roll"
AGAIN = timedelta(minutes=1)  # longer than any transaction of ours


def resolve(job: Job, *, now: datetime) -> None:
    """Look again at a batch of customers whose prices told no level; ask for the next batch while there is one."""
    after = intake.resolve(after=str(job.payload.get("after", "")), now=now)
    if after:
        jobs.add(RESOLVE, key=after, due_at=now, now=now, payload={"after": after})


def adopt(job: Job, *, now: datetime) -> None:
    """Find the customer of what an event told; where it is not known yet, look once more when no transaction is under way."""
    if intake.adopt_waiting(str(job.payload.get("event", job.key)), now=now) and not job.payload.get("again"):
        jobs.add(
            intake.ADOPT, key=f"{job.key}+", due_at=now + AGAIN, now=now, payload={"again": True, "event": job.key}
        )


def roll(job: Job, *, now: datetime) -> None:
    """Write what time alone changed in members' standing; ask for another batch while there is more."""
    if passing.roll_due(now=now) == passing.BATCH:
        jobs.add(ROLL, key=job.key, due_at=now, now=now)


registry.handler(RESOLVE, atomic=False)(resolve)
registry.handler(intake.ADOPT, atomic=False)(adopt)
registry.handler(ROLL, atomic=False)(roll)
registry.recurring(ROLL, every=timedelta(minutes=1))
