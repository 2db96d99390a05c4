"""Our rows as :mod:`goodstanding.core.doors` asks for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from goodstanding.core import doors
from goodstanding.core.access import Rule
from goodstanding.core.doors import Flag
from goodstanding.doors.models import Card

FLAGS = {Card.Status.ACTIVE: Flag.NOTHING, Card.Status.LOST: Flag.LOST, Card.Status.BLOCKED: Flag.BLOCKED}


def door_of(*, levels: Iterable[str], is_active: bool, locked_out: bool) -> doors.Door:
    """Return what bears on who may enter through a door."""
    return doors.Door(Rule.of(*levels), in_use=is_active, locked_out=locked_out)


def flag_of(status: str) -> Flag:
    """Return what is wrong with a card of this status."""
    return FLAGS[Card.Status(status)]


def best_flag(statuses: Sequence[str]) -> Flag:
    """Return what is wrong with all of a member's cards: nothing, where one of them counts."""
    if not statuses:
        return Flag.MISSING
    if Card.Status.ACTIVE in statuses:
        return Flag.NOTHING
    return flag_of(statuses[-1])
