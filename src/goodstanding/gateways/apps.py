"""Gateways as a Django app."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class GatewaysConfig(AppConfig):
    """Gateways and our accounts with them."""

    name = "goodstanding.gateways"
    label = "gs_gateways"
    verbose_name = _("gateways")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have the adapters that the settings name checked at start."""
        from goodstanding.gateways import checks  # noqa: F401, PLC0415 (checks register themselves)
