"""The memberships app."""

from django.apps import AppConfig


class MembershipsConfig(AppConfig):
    """Memberships and standing."""

    name = "goodstanding.memberships"
    label = "gs_memberships"
    verbose_name = "Memberships"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make the job handlers known."""
        from goodstanding.memberships import handlers  # noqa: F401, PLC0415 (models are not ready before)
