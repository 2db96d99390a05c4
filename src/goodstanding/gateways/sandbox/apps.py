"""The sandbox as a Django app: its vendor's side keeps tables."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SandboxConfig(AppConfig):
    """A gateway for trying things."""

    name = "goodstanding.gateways.sandbox"
    label = "gs_sandbox"
    verbose_name = _("sandbox gateway")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell the registry of jobs what this app does by itself."""
        from goodstanding.gateways.sandbox import handlers  # noqa: F401, PLC0415 (models are there only now)
