"""What this app holds about people: that somebody is logged in, for as long as the session is kept."""

from __future__ import annotations

from goodstanding.core.privacy import Erase, Holding, NotPersonal

HOLDS = (
    Holding(
        model="Pass",
        fields=("id", "user", "session_key", "password_stamp", "made_at"),
        why="To know somebody on hosts that a proxy guards, without showing these his session. Goes with the user.",
        erase=Erase.DELETE,
        export=False,
    ),
)

NOT_PERSONAL: NotPersonal = {}
