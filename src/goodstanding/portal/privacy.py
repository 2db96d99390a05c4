"""What this app holds about people: nothing. It shows what other apps hold."""

from __future__ import annotations

from goodstanding.core.privacy import Holding, NotPersonal

HOLDS: tuple[Holding, ...] = ()

NOT_PERSONAL: NotPersonal = {}
