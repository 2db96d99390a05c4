"""Where a member may enter, and where not and why: by the same functions that doors and pages ask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from goodstanding.catalogue.models import Level
from goodstanding.core import access
from goodstanding.core.access import Rule
from goodstanding.doors import services as doors
from goodstanding.doors.models import Card, DoorEvent
from goodstanding.memberships.reading import standing_now
from goodstanding.people.models import Member
from goodstanding.portal import words

TAPS = 10  # the last ones


@dataclass(frozen=True, slots=True)
class Entrance:
    """A door, or the pages for a level: whether it lets in now, why, what to do, and when it will be otherwise."""

    name: str
    place: str
    opens: bool
    why: str
    what_to_do: str
    until: str = ""


@dataclass(frozen=True, slots=True)
class Tap:
    """A tap of one's own card, and what the door answered."""

    at: datetime
    door: str
    card: str
    opened: bool
    answer: str


def at_doors(member: Member, *, now: datetime) -> list[Entrance]:
    """Return what each door in use would answer the member at ``now``."""
    names = _names()
    found = []
    for door, decision in doors.why(member, now):
        why, what_to_do = words.at_door(str(decision.code), decision.standing, names)
        until = words.until(decision.until, now=now) if decision.open and decision.until else ""
        found.append(Entrance(door.name, door.place, decision.open, why, what_to_do, until))
    return found


def for_levels(member: Member, *, now: datetime) -> list[Entrance]:
    """Return whether what is kept for each level lets the member in at ``now``. Hidden levels show to who has them."""
    document = standing_now(member.pk, now=now).document
    names, own = _names(), {level["level"] for level in document["levels"]}
    found = []
    for level in Level.objects.filter(is_hidden=False, is_open=True) | Level.objects.filter(pk__in=own):
        decision = access.decide(document, Rule.of(level.pk), now=now)
        why, what_to_do = words.at_door(str(decision.code), decision, names)
        found.append(Entrance(level.name, "", decision.allowed, why, what_to_do))
    return found


def taps(member: Member) -> list[Tap]:
    """Return the last taps of the member's cards, the latest first."""
    rows = DoorEvent.objects.filter(member=member).select_related("door", "card").order_by("-recorded_at", "-id")
    return [
        Tap(row.at, row.door.name, str(row.card or ""), row.opened, words.of_tap(row.code, opened=row.opened))
        for row in rows[:TAPS]
    ]


def cards(member: Member) -> list[Card]:
    """Return the member's cards for doors."""
    return list(Card.objects.filter(member=member).order_by("added_at", "id"))


def _names() -> dict[str, str]:
    return dict(Level.objects.values_list("slug", "name"))
