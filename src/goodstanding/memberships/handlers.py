"""What the worker does for memberships."""

from __future__ import annotations

from datetime import datetime, timedelta

from goodstanding.catalogue.services import RESOLVE
from goodstanding.jobs import registry
from goodstanding.jobs import services as jobs
from goodstanding.jobs.models import Job
from goodstanding.memberships import intake, passing

ROLL = "memberships.roll"


def resolve(job: Job, *, now: datetime) -> None:
    """Look again at a batch of customers whose prices told no level; ask for the next batch while there is one."""
    after = intake.resolve(after=str(job.payload.get("after", "")), now=now)
    if after:
        jobs.add(RESOLVE, key=after, due_at=now, now=now, payload={"after": after})


def adopt(job: Job, *, now: datetime) -> None:
    """Find the customers of what waits for one."""
    del job
    intake.adopt_waiting(now=now)


def roll(job: Job, *, now: datetime) -> None:
    """Write what time alone changed in members' standing; ask for another batch while there is more."""
    if passing.roll_due(now=now) == passing.BATCH:
        jobs.add(ROLL, key=job.key, due_at=now, now=now)


registry.handler(RESOLVE, atomic=False)(resolve)
registry.handler(intake.ADOPT, atomic=False)(adopt)
registry.handler(ROLL, atomic=False)(roll)
registry.recurring(intake.ADOPT, every=timedelta(minutes=5))
registry.recurring(ROLL, every=timedelta(minutes=1))
