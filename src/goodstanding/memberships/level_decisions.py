"""That staff changed what somebody holds, as a row."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from goodstanding.billing.models import ID
from goodstanding.catalogue.models import Level
from goodstanding.people.models import Member


class LevelDecision(models.Model):
    """That staff, at ``made_at``, had a member hold ``after`` in place of ``before``, from ``effect_at`` on (empty: once a bill
    is paid). ``about``: the subscription or the membership, by its id. What follows stands in the records, not here.
    """

    id = models.CharField(max_length=ID, primary_key=True)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="level_decisions")
    about = models.CharField(max_length=ID)
    before = models.ForeignKey(Level, on_delete=models.PROTECT, related_name="+")
    after = models.ForeignKey(Level, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    effect_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering: ClassVar = ["made_at", "id"]

    def __str__(self) -> str:
        return f"{self.before_id} to {self.after_id} on {self.made_at:%Y-%m-%d}"
