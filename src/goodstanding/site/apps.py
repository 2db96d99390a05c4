"""The app that makes the site out of the rooms."""

from __future__ import annotations

from django.apps import AppConfig


class SiteConfig(AppConfig):
    """The ready-to-run site."""

    name = "goodstanding.site"
    label = "gs_site"
    verbose_name = "Site"

    def ready(self) -> None:
        """Register the system checks."""
        from goodstanding.site import checks  # noqa: F401, PLC0415 - registers itself, once the apps are loaded
