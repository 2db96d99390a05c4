"""What the worker does for the office: names of forms are forgotten, by being done."""

from __future__ import annotations

from datetime import datetime

from goodstanding.jobs import registry
from goodstanding.jobs.models import Job
from goodstanding.office import once


def forget(job: Job, *, now: datetime) -> None:
    """Do nothing: the row was there to be found, and goes with those that are done."""


registry.handler(once.SENT)(forget)
