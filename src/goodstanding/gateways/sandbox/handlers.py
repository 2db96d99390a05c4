"""What the worker does for the sandbox: it sends its webhooks, lets its clock run, and clears away old messages."""

from __future__ import annotations

from datetime import datetime, timedelta

from goodstanding.gateways.models import GatewayAccount
from goodstanding.gateways.querysets import GatewayAccountQuerySet
from goodstanding.gateways.sandbox.models import Message
from goodstanding.gateways.sandbox.vendor import clock, sending
from goodstanding.jobs import registry
from goodstanding.jobs import services as jobs
from goodstanding.jobs.models import Job

ADVANCE = "sandbox.advance"
PURGE = "sandbox.purge"
STEPS = 500  # in one job: less than a lease takes


def advance(job: Job, *, now: datetime) -> None:
    """Let the clocks of all sandbox accounts in use run until now, a number of steps; ask for more while there are some."""
    if run_clocks(now) >= STEPS:
        jobs.add(ADVANCE, key=job.key, due_at=now, now=now)


def run_clocks(now: datetime) -> int:
    """Let the clocks run until ``now``, a number of steps of each at most; return how many steps that took."""
    return sum(clock.advance(account, until=now, steps=STEPS) for account in _accounts())


def next_at(now: datetime) -> datetime | None:
    """Return when one of the clocks has something to do, or a message is to be sent, if ever."""
    moments = [Message.objects.next_due(now), *(clock.next_step(account) for account in _accounts())]
    return min((moment for moment in moments if moment is not None), default=None)


def purge(job: Job, *, now: datetime) -> None:
    """Delete one batch of old messages; ask for another while there are more."""
    if sending.purge(before=now - sending.KEPT_FOR) == sending.PURGE_BATCH:
        jobs.add(PURGE, key=job.key, due_at=now, now=now)


def _accounts() -> GatewayAccountQuerySet:
    return GatewayAccount.objects.active().filter(gateway="sandbox").order_by("code")


registry.handler(ADVANCE, atomic=False)(advance)
registry.recurring(ADVANCE, every=timedelta(minutes=1))
registry.handler(PURGE)(purge)
registry.recurring(PURGE, every=timedelta(days=1))
registry.source(registry.Source("sandbox", sending.claim, sending.process, here=sending.process_here))
registry.agenda("sandbox", next_at)
registry.sweep("sandbox clock", run_clocks)
