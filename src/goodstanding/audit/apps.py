"""The audit app."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Staff's actions, kept."""

    name = "goodstanding.audit"
    label = "gs_audit"
    verbose_name = "Audit"
    default_auto_field = "django.db.models.BigAutoField"
