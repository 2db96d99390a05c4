"""What this app holds about people: who they are, and how they log in."""

from __future__ import annotations

from goodstanding.core.privacy import Erase, Holding, NotPersonal

HOLDS = (
    Holding(
        model="User",
        fields=("email", "name", "joined_at"),
        why="To log in, and to be written to; the member stays, without a log-in.",
        erase=Erase.DELETE,
        export=True,
    ),
    Holding(
        model="User",
        fields=("password", "last_login"),
        why="To log in; the password's hash is nobody's to see.",
        erase=Erase.DELETE,
        export=False,
    ),
    Holding(
        model="Member",
        fields=("email", "name"),
        why="To know who belongs. The row stays: what was paid must still belong to somebody.",
        erase=Erase.BLANK,
        export=True,
    ),
    Holding(
        model="Member",
        fields=("created_at",),
        why="Since when the member is known: the ledger's, not a person's, once the name is gone.",
        erase=Erase.KEEP,
        export=True,
    ),
    Holding(
        model="Member",
        fields=("deceased_on",),
        why="So that nobody writes to the dead, whatever becomes of the rest.",
        erase=Erase.KEEP,
        export=True,
    ),
)

NOT_PERSONAL: NotPersonal = {"Member": ("id",)}
