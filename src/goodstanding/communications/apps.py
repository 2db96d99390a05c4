"""Mails as a Django app."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CommunicationsConfig(AppConfig):
    """Mails to people: it knows addresses, not members."""

    name = "goodstanding.communications"
    label = "gs_communications"
    verbose_name = _("communications")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have the worker send mails."""
        from goodstanding.communications import handlers  # noqa: F401, PLC0415 (models are there only now)
