"""Asking for taps."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from goodstanding.jobs.querysets import InsertQuerySet

if TYPE_CHECKING:
    from goodstanding.doors.models import DoorEvent  # noqa: F401 - named in the base class, in quotes


class DoorEventQuerySet(InsertQuerySet["DoorEvent"]):
    """Taps by what they are asked for."""

    def unknown_since(self, moment: datetime) -> DoorEventQuerySet:
        """Taps since ``moment`` of cards that were nobody's then, the latest first."""
        return self.filter(recorded_at__gte=moment).exclude(unknown_digest="").order_by("-recorded_at", "-id")

    def unknown_before(self, moment: datetime) -> DoorEventQuerySet:
        """Taps before ``moment`` that still carry the digest of a card that was nobody's."""
        return self.filter(recorded_at__lt=moment).exclude(unknown_digest="")
