"""The people app."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """Users and members."""

    name = "goodstanding.people"
    label = "gs_people"
    verbose_name = "People"
    default_auto_field = "django.db.models.BigAutoField"
