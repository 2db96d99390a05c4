"""All that a database holds, as one value: what changed nothing leaves it the same."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from django.apps import apps

# What a page view itself writes, whatever it does.
PASSING = frozenset({"sessions.Session", "gs_protection.Failure"})


def digest(*, but: Container[str] = PASSING) -> dict[str, list[str]]:
    """Return every row of every table, by table."""
    models: list[Any] = apps.get_models(include_auto_created=True)
    return {
        model._meta.label: sorted(map(repr, model._base_manager.values()))
        for model in models
        if model._meta.managed and model._meta.label not in but
    }
