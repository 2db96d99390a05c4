"""The billing app."""

from django.apps import AppConfig


class BillingConfig(AppConfig):
    """Facts, invoices, payments and the journal."""

    name = "goodstanding.billing"
    label = "gs_billing"
    verbose_name = "Billing"
    default_auto_field = "django.db.models.BigAutoField"
