"""Reads of mails."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db.models import Min, Q
from django.db.models.functions import Coalesce

from goodstanding.jobs.querysets import LeasedQuerySet

if TYPE_CHECKING:
    from goodstanding.communications.models import Mail  # noqa: F401 - named in the base class


class MailQuerySet(LeasedQuerySet["Mail"]):
    """Mails."""

    def about(self, about: str) -> Self:
        """Those about the object with this public id."""
        return self.filter(about=about)

    def parked(self) -> Self:
        """Those given up on."""
        return self.filter(state="parked")

    def newest_first(self) -> Self:
        """In order of posting, the last one first."""
        return self.order_by("-created_at", "-id")

    def older_than(self, created_at: datetime, pk: str) -> Self:
        """Those that come after this one, newest first."""
        return self.filter(Q(created_at__lt=created_at) | Q(created_at=created_at, id__lt=pk))

    def next_due_at(self) -> datetime | None:
        """When the first of the open ones can be sent: when it is due, or when the lease on it has run out."""
        at: datetime | None = self.open().aggregate(at=Min(Coalesce("leased_until", "due_at")))["at"]
        return at
