"""What is kept of pauses beside a subscription, so that rows can be asked: who is paused now?"""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q


class Pausable(models.Model):
    """``pause_from`` and ``pause_until``: the last pause that there is of it, over or not; without an end it lasts.

    ``paused``: so says a gateway that bills it by its own clock; then the two say since when, and until when, if that is told.
    """

    paused = models.BooleanField(default=False)
    pause_from = models.DateTimeField(null=True, blank=True)
    pause_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    def is_paused_at(self, at: datetime) -> bool:
        """Whether a pause is in force at ``at``."""
        return self.pause_from is not None and self.pause_from <= at and self.has_pause_after(at)

    def has_pause_after(self, at: datetime) -> bool:
        """Whether a pause is in force at ``at``, or set for later."""
        return self.pause_from is not None and (self.pause_until is None or self.pause_until > at)


def paused_at(at: datetime) -> Q:
    """Return the condition for subscriptions that are paused at ``at``."""
    return Q(pause_from__lte=at) & (Q(pause_until=None) | Q(pause_until__gt=at))
