"""The billing app."""

from django.apps import AppConfig


class BillingConfig(AppConfig):
    """Facts, invoices, payments and the journal."""

    name = "goodstanding.billing"
    label = "gs_billing"
    verbose_name = "Billing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make the job handlers known."""
        from goodstanding.billing import handlers  # noqa: F401, PLC0415 (models are not ready before)
