"""Every field that could hold something about a person is declared, in one way or the other, in its app's privacy.py."""

from __future__ import annotations

import importlib
from types import ModuleType

import pytest
from django.apps import AppConfig, apps
from django.contrib.postgres.fields import ArrayField, HStoreField
from django.db import models

from goodstanding.core.privacy import Erase

# Kinds that can hold free text, and so a name, an address or a story. (E-mail, slug and URL are kinds of CharField.)
TEXT_KINDS = (
    models.BinaryField,
    models.CharField,
    models.FileField,
    models.GenericIPAddressField,
    models.JSONField,
    models.TextField,
    ArrayField,
    HStoreField,
)
APPS = [config for config in apps.get_app_configs() if config.name.startswith("goodstanding.") and config.models]


def could_hold(model: type[models.Model]) -> set[str]:
    """Return the names of the fields that could hold something about a person. A list of choices cannot."""
    fields = (field for field in model._meta.local_fields if isinstance(field, TEXT_KINDS) and not field.choices)
    return {field.name for field in fields}


def privacy_of(config: AppConfig) -> ModuleType:
    """Return the declarations of an app."""
    return importlib.import_module(f"{config.name}.privacy")


def declared(module: ModuleType) -> list[tuple[str, str]]:
    """Return (model, field) of everything declared, as often as it is."""
    holds = [(holding.model, field) for holding in module.HOLDS for field in holding.fields]
    return holds + [(model, field) for model, fields in module.NOT_PERSONAL.items() for field in fields]


@pytest.mark.parametrize("config", APPS, ids=lambda config: config.label)
def test_every_field_that_could_be_personal_is_declared(config):
    known = set(declared(privacy_of(config)))
    missing = sorted(
        f"{model.__name__}.{name}"
        for model in config.get_models()
        for name in could_hold(model)
        if (model.__name__, name) not in known
    )
    assert not missing, f"say in {config.name}.privacy what these hold: {missing}"


@pytest.mark.parametrize("config", APPS, ids=lambda config: config.label)
def test_nothing_is_declared_that_is_not_there_or_twice(config):
    there = {(model.__name__, field.name) for model in config.get_models() for field in model._meta.get_fields()}
    listed = declared(privacy_of(config))
    unknown = sorted(set(listed) - there)
    assert not unknown, unknown
    twice = sorted({entry for entry in listed if listed.count(entry) > 1})
    assert not twice, twice


@pytest.mark.parametrize("config", APPS, ids=lambda config: config.label)
def test_every_holding_says_why_and_what_becomes_of_it(config):
    for holding in privacy_of(config).HOLDS:
        assert holding.why, holding
        assert holding.fields, holding
        assert isinstance(holding.erase, Erase), holding
