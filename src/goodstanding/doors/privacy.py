"""What this app holds about people: their cards, and when they came to which door."""

from __future__ import annotations

from goodstanding.core.privacy import Erase, Holding, NotPersonal

_TAP = "Who came to which door, when, and what was answered: to say why somebody got in, or did not."

HOLDS = (
    Holding(
        model="Card",
        fields=("member", "label", "last_four", "status", "added_at"),
        why="To know whose card it is.",
        erase=Erase.DELETE,
        export=True,
    ),
    Holding(
        model="Card",
        fields=("digest",),
        why="A keyed digest of the card's number, by which it is known; the number itself is kept nowhere.",
        erase=Erase.DELETE,
        export=False,
    ),
    Holding(model="DoorEvent", fields=("member", "card"), why=_TAP, erase=Erase.BLANK, export=True),
    Holding(
        model="DoorEvent",
        fields=("door", "at", "recorded_at", "opened", "code", "standing", "until"),
        why=f"{_TAP} Without member and card it is a count of taps.",
        erase=Erase.KEEP,
        export=True,
    ),
    Holding(
        model="DoorEvent",
        fields=("unknown_digest",),
        why="A keyed digest of a card that nobody knew, to assign it; emptied by itself after ten minutes.",
        erase=Erase.BLANK,
        export=False,
    ),
)

NOT_PERSONAL: NotPersonal = {
    "Door": ("id", "name", "place"),
    "Card": ("id",),
    "Device": ("id", "name", "token_digest"),
    "DoorEvent": ("id", "tap_id"),
}
