"""What the worker does for the sandbox: it sends its webhooks, lets its clock run, and clears away old messages."""

from __future__ import annotations

from datetime import datetime, timedelta

from goodstanding.gateways.models import GatewayAccount
from goodstanding.gateways.sandbox.vendor import clock, sending
from goodstanding.jobs import registry
from goodstanding.jobs import services as jobs
from goodstanding.jobs.models import Job

ADVANCE = "sandbox.advance"
PURGE = "sandbox.purge"
STEPS = 500  # in one job: less than a lease takes


def advance(job: Job, *, now: datetime) -> None:
    """Let the clocks of all sandbox accounts in use run until now, a number of steps; ask for more while there are some."""
    for account in GatewayAccount.objects.active().filter(gateway="sandbox").order_by("code"):
        if clock.advance(account, until=now, steps=STEPS) == STEPS:
            jobs.add(ADVANCE, key=job.key, due_at=now, now=now)


def purge(job: Job, *, now: datetime) -> None:
    """Delete one batch of old messages; ask for another while there are more."""
    if sending.purge(before=now - sending.KEPT_FOR) == sending.PURGE_BATCH:
        jobs.add(PURGE, key=job.key, due_at=now, now=now)


registry.handler(ADVANCE, atomic=False)(advance)
registry.recurring(ADVANCE, every=timedelta(minutes=1))
registry.handler(PURGE)(purge)
registry.recurring(PURGE, every=timedelta(days=1))
registry.source(registry.Source("sandbox", sending.claim, sending.process))
