"""What this app holds about people: what they belong to, and what staff said about it."""

from __future__ import annotations

from goodstanding.core.privacy import Erase, Holding, NotPersonal

_REASON = "Staff's own words about a member, shown to the member. That it was decided stays known."
_STAFFS = "Staff's own words about a change of level, not shown on the member's pages. That it was made stays known."
_PLACE = "When the member held which level. The row stays without a name: what was paid must still be for something."

HOLDS = (
    Holding(model="Hold", fields=("reason",), why=_REASON, erase=Erase.BLANK, export=True),
    Holding(model="Approval", fields=("reason",), why=_REASON, erase=Erase.BLANK, export=True),
    Holding(model="Closing", fields=("reason",), why=_REASON, erase=Erase.BLANK, export=True),
    Holding(model="LevelDecision", fields=("reason",), why=_STAFFS, erase=Erase.BLANK, export=True),
    Holding(model="LevelDecision", fields=("before", "after", "made_at"), why=_PLACE, erase=Erase.KEEP, export=True),
    Holding(model="Grant", fields=("reason",), why=_REASON, erase=Erase.BLANK, export=True),
    Holding(
        model="StatusOverride",
        fields=("status", "reason"),
        why="What staff say that a membership is called, and why.",
        erase=Erase.DELETE,
        export=True,
    ),
    Holding(
        model="Seat",
        fields=("through",),
        why="Through whose membership somebody is a member, by the payer's name when the seat was given.",
        erase=Erase.BLANK,
        export=True,
    ),
    Holding(
        model="Seat", fields=("payer", "holder", "since", "until", "ended"), why=_PLACE, erase=Erase.KEEP, export=True
    ),
    Holding(
        model="Invitation",
        fields=("email",),
        why="Who was invited to a seat, so that nobody else can take it.",
        erase=Erase.BLANK,
        export=True,
    ),
    Holding(
        model="MemberStanding",
        fields=("outlook",),
        why="The answer for the doors, with the reasons of holds; written anew once those are gone.",
        erase=Erase.BLANK,
        export=True,
    ),
    Holding(
        model="StandingChange",
        fields=("because",),
        why="Why the standing changed, with the reasons of holds.",
        erase=Erase.BLANK,
        export=True,
    ),
    Holding(
        model="StandingChange", fields=("levels_before", "levels_after"), why=_PLACE, erase=Erase.KEEP, export=True
    ),
    Holding(model="Membership", fields=("level", "begun_at"), why=_PLACE, erase=Erase.KEEP, export=True),
    Holding(model="LevelSpan", fields=("level", "since"), why=_PLACE, erase=Erase.KEEP, export=True),
)

NOT_PERSONAL: NotPersonal = {
    "Membership": ("id", "time_zone"),
    "LevelSpan": ("id",),
    "Hold": ("id", "membership"),
    "Approval": ("id", "membership"),
    "Grant": ("id", "membership"),
    "Closing": ("id", "membership"),
    "LevelDecision": ("id", "about"),
    "StatusOverride": ("id", "membership"),
    "StatusRule": ("status",),
    "Seat": ("id", "membership"),
    "Invitation": ("id", "membership", "token_digest"),
    "StandingChange": ("id", "cause"),
    "Alarm": ("id", "code", "about", "words"),
}
