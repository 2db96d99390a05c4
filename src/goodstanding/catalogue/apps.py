"""The catalogue app."""

from django.apps import AppConfig


class CatalogueConfig(AppConfig):
    """Levels and prices."""

    name = "goodstanding.catalogue"
    label = "gs_catalogue"
    verbose_name = "Catalogue"
    default_auto_field = "django.db.models.BigAutoField"
