"""What this app holds about people: what was written to whom."""

from __future__ import annotations

from goodstanding.core.privacy import Erase, Holding, NotPersonal

HOLDS = (
    Holding(
        model="Mail",
        fields=("to_address", "to_name", "subject", "text", "html"),
        why="To send it, and to know later what a member was told. That a mail was sent, and when, stays.",
        erase=Erase.BLANK,
        export=True,
    ),
)

NOT_PERSONAL: NotPersonal = {"Mail": ("id", "key", "kind", "language", "about", "leased_by", "last_error")}
