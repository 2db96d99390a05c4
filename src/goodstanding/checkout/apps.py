"""The checkout app."""

from django.apps import AppConfig


class CheckoutConfig(AppConfig):
    """Joining: what was quoted, who accepted it, and what became of it."""

    name = "goodstanding.checkout"
    label = "gs_checkout"
    verbose_name = "Checkout"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make the job handlers known."""
        from goodstanding.checkout import handlers  # noqa: F401, PLC0415 (models are not ready before)
