"""What the passing of time changes: written down for those who listen. Nobody waits for it to know the standing."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Min

from goodstanding.memberships.models import MemberStanding
from goodstanding.memberships.refresh import roll, standing_row

BATCH = 500


def roll_due(*, now: datetime) -> int:
    """Write the changes by time of one batch of members; return how many members were looked at."""
    due = MemberStanding.objects.filter(changes_at__lte=now, as_of__lt=now).order_by("changes_at")
    keys = list(due.values_list("pk", flat=True)[:BATCH])
    for key in keys:
        with transaction.atomic():
            row = standing_row(key)
            if row is not None and row.changes_at is not None and row.changes_at <= now and row.as_of < now:
                roll(row, now=now)
    return len(keys)


def next_change() -> datetime | None:
    """Return the moment at which time next changes somebody's standing, if ever; or has changed it, and nobody wrote it."""
    found: dict[str, datetime | None] = MemberStanding.objects.aggregate(at=Min("changes_at"))
    return found["at"]
