"""What this app holds about people: which of the staff did what, and the reasons they gave."""

from __future__ import annotations

from goodstanding.core.privacy import Erase, Holding, NotPersonal

HOLDS = (
    Holding(
        model="AuditEntry",
        fields=("why",),
        why="Staff's own words on why they did something, often about a member. That it was done stays known.",
        erase=Erase.BLANK,
        export=True,
    ),
    Holding(
        model="AuditEntry",
        fields=("by",),
        why="Whoever decides over others answers for it; the link goes with the user.",
        erase=Erase.KEEP,
        export=True,
    ),
)

NOT_PERSONAL: NotPersonal = {"AuditEntry": ("action", "object_type", "object_id")}
