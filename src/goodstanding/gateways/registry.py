"""The adapters, by code. Nobody else imports one: what is to be had stands in the setting ``GOODSTANDING_GATEWAYS``."""

from __future__ import annotations

from functools import lru_cache
from typing import cast

from django.utils.module_loading import import_string

from goodstanding import conf
from goodstanding.gateways.protocol import Ability, AbleGateway, Gateway


class UnknownGateway(Exception):
    """No adapter of this code is in the settings."""


class Unable(Exception):
    """The gateway lacks an ability that was asked for."""

    def __init__(self, code: str, ability: Ability) -> None:
        super().__init__(f"{code} cannot {ability}")
        self.ability = ability


def codes() -> tuple[str, ...]:
    """Return the codes of the gateways that the settings name, sorted."""
    return tuple(sorted(conf.GATEWAYS.value()))


def gateway(code: str) -> Gateway:
    """Return the adapter of ``code``. Raise :class:`UnknownGateway`, or ``ImportError`` if its path leads nowhere."""
    path = conf.GATEWAYS.value().get(code)
    if path is None:
        raise UnknownGateway(code)
    return _load(path)


def able(code: str, *abilities: Ability) -> AbleGateway:
    """Return the adapter of ``code``, which has ``abilities``. Raise :class:`Unable` where it lacks one."""
    found = gateway(code)
    for ability in abilities:
        if ability not in found.abilities:
            raise Unable(code, ability)
    return cast("AbleGateway", found)


def can(code: str, *abilities: Ability) -> bool:
    """Return whether there is an adapter of ``code`` here that has all of ``abilities``."""
    return code in conf.GATEWAYS.value() and gateway(code).abilities.issuperset(abilities)


@lru_cache(maxsize=32)
def _load(path: str) -> Gateway:
    return cast("Gateway", import_string(path)())
