"""A form does its work once, however often it is sent: a double click, a reload, a lost answer.

Each form carries a name made when it was shown. The first to be sent writes that name down in the transaction of the work
itself; a row of work is unique while it is open, so of two that come at once one waits and finds it there. What was
refused is rolled back with its name, and can be sent again. Names are forgotten after :data:`KEPT`.
"""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from goodstanding.jobs import services as jobs
from goodstanding.jobs.models import Job

SENT = "office.form_sent"
KEPT = timedelta(days=30)
_NAME = re.compile(r"[A-Za-z0-9_-]{22}")


def new_name() -> str:
    """Return a name for a form that is about to be shown."""
    return secrets.token_urlsafe(16)


def is_name(text: str) -> bool:
    """Return whether this can be the name of a form of ours."""
    return _NAME.fullmatch(text) is not None


def is_first(name: str, *, by: Any, now: datetime) -> bool:
    """Write down that ``by`` sent the form of this name; return whether it is the first time. In the work's transaction."""
    assert connection.in_atomic_block
    assert is_name(name), "the form checks its name"
    return jobs.add(SENT, key=f"{by.pk}:{name}", due_at=now + KEPT, now=now)


def was_sent(name: str, *, by: Any) -> bool:
    """Return whether the form of this name did its work before."""
    return Job.objects.open().filter(kind=SENT, key=f"{by.pk}:{name}").exists()
