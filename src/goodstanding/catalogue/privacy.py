"""What this app holds about people: nothing. Levels and prices are the organisation's."""

from __future__ import annotations

from goodstanding.core.privacy import Holding, NotPersonal

HOLDS: tuple[Holding, ...] = ()

NOT_PERSONAL: NotPersonal = {
    "LevelGroup": ("slug", "name"),
    "Level": ("slug", "name", "legacy_membertype_id", "description"),
    "Price": ("id", "currency", "fixed_start", "fixed_rollover", "fixed_full_until"),
    "DiscountCode": ("text", "currency", "batch", "words"),
    "CodePrice": ("currency",),
    "TaxRate": ("place", "name"),
    "GatewayPrice": ("gateway", "external_id", "lookup_key"),
}
