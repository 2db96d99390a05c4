"""What this app holds about people."""

from __future__ import annotations

from goodstanding.core.privacy import Erase, Holding, NotPersonal

HOLDS = (
    Holding(
        model="WebhookEvent",
        fields=("body",),
        why="The gateway's message as it came, to be read again after a fault of ours; emptied after 90 days.",
        erase=Erase.BLANK,
        export=False,
    ),
)

NOT_PERSONAL: NotPersonal = {
    "WebhookEvent": (
        "id",
        "external_id",
        "type",
        "state",
        "reason",
        "note",
        "batch",
        "leased_by",
        "last_error",
    ),
}
