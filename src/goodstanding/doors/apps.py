"""The doors app."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DoorsConfig(AppConfig):
    """Doors, cards and readers."""

    name = "goodstanding.doors"
    label = "gs_doors"
    verbose_name = _("Doors")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make the job handlers and the checks known."""
        from goodstanding.doors import checks, handlers  # noqa: F401, PLC0415 (models are not ready before)
