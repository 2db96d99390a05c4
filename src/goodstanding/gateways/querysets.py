"""Reads of gateway accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

if TYPE_CHECKING:
    from goodstanding.gateways.models import GatewayAccount  # noqa: F401 - named in the base class


class GatewayAccountQuerySet(models.QuerySet["GatewayAccount"]):
    """Gateway accounts."""

    def active(self) -> GatewayAccountQuerySet:
        """Those in use."""
        return self.filter(is_active=True)

    def offered(self) -> GatewayAccountQuerySet:
        """Those in use that people may choose, in the order in which they are shown."""
        return self.active().filter(is_offered=True).order_by("position", "code")
