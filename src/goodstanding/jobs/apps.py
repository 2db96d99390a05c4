"""Jobs as a Django app."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class JobsConfig(AppConfig):
    """Durable work."""

    name = "goodstanding.jobs"
    label = "gs_jobs"
    verbose_name = _("jobs")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell the registry what this app does by itself."""
        from goodstanding.jobs import handlers  # noqa: F401, PLC0415 (models are there only now)
