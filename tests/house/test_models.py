"""What every model of ours keeps to."""

from __future__ import annotations

from django.apps import apps
from django.db import models


def ours() -> list[type[models.Model]]:
    """Return the models of Goodstanding's apps."""
    return [model for model in apps.get_models() if model.__module__.startswith("goodstanding.")]


def test_every_label_carries_the_prefix():
    assert {config.label for config in apps.get_app_configs() if config.name.startswith("goodstanding.")}
    bare = [
        config.label
        for config in apps.get_app_configs()
        if config.name.startswith("goodstanding.") and not config.label.startswith("gs_")
    ]
    assert not bare, bare


def test_every_table_carries_the_prefix():
    bare = [model._meta.db_table for model in ours() if not model._meta.db_table.startswith("gs_")]
    assert not bare, bare


def test_no_field_tells_the_time_by_itself():
    self_telling = [
        f"{model.__name__}.{field.name}"
        for model in ours()
        for field in model._meta.local_fields
        if isinstance(field, models.DateField) and (field.auto_now or field.auto_now_add)
    ]
    assert not self_telling, self_telling


def test_no_amount_is_a_float():
    floats = [
        f"{model.__name__}.{field.name}"
        for model in ours()
        for field in model._meta.local_fields
        if isinstance(field, models.FloatField)
    ]
    assert not floats, floats
