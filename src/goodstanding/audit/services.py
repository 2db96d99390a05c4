"""Writing audit entries."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models

from goodstanding.audit.models import AuditEntry


def note(*, by: Any, on: models.Model, what: str, why: str, now: datetime) -> AuditEntry:
    """Record that ``by`` (a user, or ``None`` for a command) did ``what`` to ``on``, because of ``why``."""
    return AuditEntry.objects.create(
        at=now, by=by, action=what, object_type=on._meta.label_lower, object_id=str(on.pk), why=why
    )
