"""What this app holds about people: nothing. Secrets are the organisation's."""

from __future__ import annotations

from goodstanding.core.privacy import Holding, NotPersonal

HOLDS: tuple[Holding, ...] = ()

NOT_PERSONAL: NotPersonal = {
    "GatewayAccount": ("code", "gateway", "label", "mode", "webhook_secret", "webhook_secret_old", "api_key"),
    "HandMethod": ("code", "title", "instructions"),
    "HandTerms": ("remind_before", "remind_after", "at_least"),
}
