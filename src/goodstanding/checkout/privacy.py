"""What this app holds about people: who accepted which quote, and when."""

from __future__ import annotations

from goodstanding.core.privacy import Erase, Holding, NotPersonal

HOLDS = (
    Holding(
        model="Checkout",
        fields=(
            "member",
            "price",
            "basket",
            "quote",
            "state",
            "begun_at",
            "ended_at",
            "gateway_account",
            "page",
            "pays_for",
        ),
        why="What somebody agreed to buy, at which price, and when: the ground of what is charged.",
        erase=Erase.KEEP,
        export=True,
    ),
    Holding(
        model="CodeUse",
        fields=("member", "code", "state", "reserved_at", "ended_at"),
        why="Who used which discount code: a code has a limit, for all and for each person.",
        erase=Erase.KEEP,
        export=True,
    ),
)

NOT_PERSONAL: NotPersonal = {"Checkout": ("id",)}
