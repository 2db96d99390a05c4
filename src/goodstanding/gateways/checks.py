"""Checks of the gateways' settings, at start."""

from __future__ import annotations

from django.core import checks

from goodstanding import conf
from goodstanding.gateways import registry


@checks.register("goodstanding")
def check_adapters(**_kwargs: object) -> list[checks.CheckMessage]:
    """Find gateways whose adapter cannot be had."""
    found: list[checks.CheckMessage] = []
    for code in registry.codes():
        hint = f"Correct {conf.GATEWAYS.name}: a gateway's code, and the dotted path of its adapter."
        try:
            named = registry.gateway(code).code
        except ImportError as error:
            found.append(checks.Error(f"The gateway {code} has no adapter: {error}.", hint=hint, id="gs.E021"))
            continue
        if named != code:
            found.append(checks.Error(f"The adapter of {code} is that of {named}.", hint=hint, id="gs.E022"))
    return found
