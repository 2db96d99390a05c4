"""The reports app."""

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    """What the records come to, for staff and their bookkeeper. It keeps no tables."""

    name = "goodstanding.reports"
    label = "gs_reports"
    verbose_name = "Reports"
    default_auto_field = "django.db.models.BigAutoField"
