"""The office app."""

from django.apps import AppConfig


class OfficeConfig(AppConfig):
    """The staff's own pages. It keeps no tables: what is done here is done by the rooms below."""

    name = "goodstanding.office"
    label = "gs_office"
    verbose_name = "Office"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make the job handlers known."""
        from goodstanding.office import handlers  # noqa: F401, PLC0415 (models are not ready before)
