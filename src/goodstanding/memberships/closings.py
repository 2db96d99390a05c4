"""The decision that a membership is closed, as a row (read it from :mod:`goodstanding.memberships.models`)."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from goodstanding.billing.models import ID
from goodstanding.people.models import Member


class Closing(models.Model):
    """That a membership was closed at ``closed_at``: by another level of its group (``changed``), or by staff."""

    id = models.CharField(max_length=ID, primary_key=True)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="closings")
    membership = models.CharField(max_length=ID)
    closed_at = models.DateTimeField()
    changed = models.BooleanField(default=False)
    reason = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering: ClassVar = ["closed_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["membership", "closed_at"], name="gs_memberships_closed_once")
        ]

    def __str__(self) -> str:
        return f"closed on {self.closed_at:%Y-%m-%d}"
