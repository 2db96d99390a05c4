"""The access app."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccessConfig(AppConfig):
    """Guards and the forward-auth check."""

    name = "goodstanding.access"
    label = "gs_access"
    verbose_name = _("access")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks."""
        from goodstanding.access import checks  # noqa: F401, PLC0415 - registers itself, once the apps are loaded
