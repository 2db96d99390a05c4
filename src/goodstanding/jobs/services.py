"""Adding work, doing it, and keeping the table small."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Least

from goodstanding.jobs import lease, registry
from goodstanding.jobs.models import Job, Schedule

log = logging.getLogger(__name__)

BATCH = 20
PURGE_BATCH = 500
KEEP_DONE = timedelta(days=30)
_TRIES_TO_ADD = 5


def add(kind: str, *, key: str, due_at: datetime, now: datetime, payload: Mapping[str, Any] | None = None) -> bool:
    """Have a job of ``kind`` about ``key`` done at ``due_at`` or soon after; return whether it is a new one.

    If one is open already it stays, with its payload, is done no later than ``due_at``, and once more if it is being
    worked on right now. Joins the caller's transaction. ``payload``: ids and figures, never personal data.
    """
    for _ in range(_TRIES_TO_ADD):
        job = Job(kind=kind, key=key, payload=dict(payload or {}), due_at=due_at, added_at=now)
        if Job.objects.insert_new([job]):
            return True
        still_open = Job.objects.open().filter(kind=kind, key=key)
        if still_open.update(asked=F("asked") + 1, due_at=Least(F("due_at"), due_at)):
            return False
        # It was closed in between: add again.
    raise RuntimeError(f"could not add {kind}")


def once(kind: str, *, key: str, due_at: datetime, now: datetime, payload: Mapping[str, Any]) -> Job:
    """Return a job, unsaved, to be written where none of its kind and key is open (``Writes.new``): for many at a time."""
    return Job(kind=kind, key=key, payload=dict(payload), due_at=due_at, added_at=now)


def claim(*, now: datetime, worker: str, limit: int) -> list[Job]:
    """Claim due jobs of the kinds that somebody here can do; others wait for a worker that can."""
    return lease.claim(Job.objects.filter(kind__in=sorted(registry.handlers())), now=now, worker=worker, limit=limit)


def process(job: Job, *, now: datetime) -> None:
    """Do the claimed ``job`` and close it; a failure is booked and tried again later, at last parked."""
    handler = registry.handlers()[job.kind]
    lease.carry(job, partial(_do, handler, job, now=now), now=now)


def work_once(*, now: datetime, worker: str = "work_once") -> int:
    """Do one batch of due jobs; return how many were tried."""
    claimed = claim(now=now, worker=worker, limit=BATCH)
    for job in claimed:
        process(job, now=now)
    return len(claimed)


def tick(*, now: datetime) -> int:
    """Add the recurring jobs that are due; return how many. Several workers at once add each one once."""
    intervals = registry.intervals()
    known = dict(Schedule.objects.filter(kind__in=sorted(intervals)).values_list("kind", "next_at"))
    added = 0
    for kind in sorted(intervals):
        if kind not in known:
            Schedule.objects.insert_new([Schedule(kind=kind, next_at=now)])
        if known.get(kind, now) > now:
            continue
        with transaction.atomic():
            this_turn = Schedule.objects.filter(kind=kind, next_at=known.get(kind, now))
            if this_turn.update(next_at=now + intervals[kind], last_at=now):
                added += add(kind, key="recurring", due_at=now, now=now)
    return added


def next_due(now: datetime) -> datetime | None:
    """Return when the next job of a kind that somebody here can do is due, if there is one."""
    return Job.objects.filter(kind__in=sorted(registry.handlers())).next_due(now)


def retry(jobs: list[int], *, now: datetime) -> int:
    """Open parked ``jobs`` (by id) again, with all attempts before them; return how many.

    One stays parked whose kind and key are open in another row, which does the same.
    """
    opened = 0
    for job in Job.objects.filter(pk__in=jobs, state=Job.State.PARKED):
        if Job.objects.open().filter(kind=job.kind, key=job.key).exists():
            continue
        opened += Job.objects.filter(pk=job.pk, state=Job.State.PARKED).update(
            state=Job.State.OPEN, attempts=0, due_at=now, last_error="", closed_at=None
        )
    return opened


def purge_done(*, before: datetime) -> int:
    """Delete one batch of jobs that were done before ``before``; return how many."""
    old = Job.objects.filter(state=Job.State.DONE, closed_at__lt=before).order_by("closed_at")
    return Job.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:PURGE_BATCH])).delete()[0]


def _do(handler: registry.Handler, job: Job, *, now: datetime) -> None:
    if handler.atomic:
        with transaction.atomic():
            handler.run(job, now=now)
            _done(job, now=now)
    else:
        handler.run(job, now=now)
        _done(job, now=now)


def _done(job: Job, *, now: datetime) -> None:
    unasked = Job.objects.filter(pk=job.pk, lease_token=job.lease_token, asked=job.asked)
    values: dict[str, Any] = {"last_error": "", "leased_until": None, "leased_by": ""}
    if not unasked.update(**values, state=Job.State.DONE, closed_at=now):
        # Asked for again while it ran: what it read may be out of date, so it stays open. Or it is no longer ours.
        lease.close(job, attempts=0, last_error="")
