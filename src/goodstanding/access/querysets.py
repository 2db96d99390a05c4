"""Asking for passes."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    from goodstanding.access.models import Pass  # noqa: F401 - named in the base class, in quotes


class PassQuerySet(models.QuerySet["Pass"]):
    """Passes by what they are asked for."""

    def with_standing(self) -> PassQuerySet:
        """With their users, and what is stored of these users' standing: one statement for all of it."""
        return self.select_related("user__gs_member__standing")

    def made_before(self, moment: datetime, *, user: Any) -> PassQuerySet:
        """A user's passes from before ``moment``."""
        return self.filter(user=user, made_at__lt=moment)
