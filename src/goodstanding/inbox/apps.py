"""The inbox as a Django app."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InboxConfig(AppConfig):
    """Events of gateways."""

    name = "goodstanding.inbox"
    label = "gs_inbox"
    verbose_name = _("inbox")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have the worker serve this app."""
        from goodstanding.inbox import handlers  # noqa: F401, PLC0415 (models are there only now)
