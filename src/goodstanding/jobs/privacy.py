"""What this app holds about people: nothing. Payloads and keys are ids and figures."""

from __future__ import annotations

from goodstanding.core.privacy import Holding, NotPersonal

HOLDS: tuple[Holding, ...] = ()

NOT_PERSONAL: NotPersonal = {
    "Job": ("kind", "key", "payload", "state", "leased_by", "last_error"),
    "Schedule": ("kind",),
}
