"""What this app holds about people: nothing. It has no tables."""

from __future__ import annotations

from goodstanding.core.privacy import Holding, NotPersonal

HOLDS: tuple[Holding, ...] = ()

NOT_PERSONAL: NotPersonal = {}
