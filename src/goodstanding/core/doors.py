"""Who may enter through which door: one pure function for the server, the member's page and (later) the edge.

Whether a standing enters is :mod:`goodstanding.core.access`'s to say; here are the card, the door and the tap. A card comes
with a row that says what is to come, with grace inside: so a door closes by the clock alone, with every worker dead.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntFlag, StrEnum

from goodstanding.core import access
from goodstanding.core.access import Document, Rule
from goodstanding.core.records import Status

FRESH = timedelta(minutes=2)  # how far a device's clock may be off, and how long a lost answer may be asked for again
DIGEST_LENGTH = 32  # letters: 128 bits, the first half of the HMAC, as the lists for edges carry them
ANY_MEMBER = Rule()


class Code(StrEnum):
    """What was decided. Those up to ``STALE`` are standing's, as :class:`goodstanding.core.access.Code` names them."""

    OK = "ok"
    NO_MEMBER = "no_member"
    PENDING = "pending"
    HELD = "held"
    LAPSED = "lapsed"
    OTHER_LEVEL = "other_level"
    STALE = "stale"
    UNKNOWN_CARD = "unknown_card"
    NO_CARD = "no_card"
    LOST_CARD = "lost_card"
    BLOCKED_CARD = "blocked_card"
    LOCKED_OUT = "locked_out"
    OUT_OF_USE = "out_of_use"
    TOO_LATE = "too_late"
    TOO_EARLY = "too_early"
    REPLAYED = "replayed"


@dataclass(frozen=True, slots=True)
class Words:
    """What a door says where others read along (no amounts, no reasons), and what the member can do about it."""

    why: str
    what_to_do: str = ""


WORDS: Mapping[Code, Words] = {
    Code.OK: Words("Welcome."),
    Code.NO_MEMBER: Words("There is no membership yet."),
    Code.PENDING: Words("The membership has not begun yet."),
    Code.HELD: Words("The membership is on hold. See your membership page."),
    Code.LAPSED: Words("The membership has ended or is paused. See your membership page."),
    Code.OTHER_LEVEL: Words("Your level does not include this door."),
    Code.STALE: Words("This door has not heard of changes for too long."),
    Code.UNKNOWN_CARD: Words("This card is not known.", "Ask the staff to assign it to you."),
    Code.NO_CARD: Words("You have no card yet.", "Ask the staff for a card."),
    Code.LOST_CARD: Words("This card was reported lost.", "Ask the staff for a new card."),
    Code.BLOCKED_CARD: Words("This card is blocked.", "Ask the staff."),
    Code.LOCKED_OUT: Words("This door is locked for everybody at the moment.", "Ask the staff when it opens again."),
    Code.OUT_OF_USE: Words("This door is not in use."),
    Code.TOO_LATE: Words("This tap came too late. Try again."),
    Code.TOO_EARLY: Words("The clock of this reader is wrong.", "Tell the staff."),
    Code.REPLAYED: Words("This tap was answered before. Try again."),
}
IN_GRACE = "Welcome. See your membership page."


class Flag(IntFlag):
    """What is wrong with a card, whoever's it is."""

    NOTHING = 0
    LOST = 1
    BLOCKED = 2
    MISSING = 4  # there is none: asked on a page, never at a door


@dataclass(frozen=True, slots=True)
class CardRow:
    """What a door knows of a card: its member's outlook (``None``: never began a purchase), and what is wrong with it."""

    outlook: Sequence[Document] | None
    flags: Flag = Flag.NOTHING

    @classmethod
    def between(
        cls,
        valid_from: datetime,
        valid_until: datetime | None,
        levels: Iterable[str],
        flags: Flag = Flag.NOTHING,
    ) -> CardRow:
        """Return the row that an edge keeps: from when until when (grace inside; ``None``: no end) which levels enter."""
        good = [{"level": level, "status": Status.GOOD} for level in levels]
        ended = [{"level": each["level"], "status": Status.LAPSED} for each in good]
        found: list[Document] = [
            {"from": "0001-01-01T00:00:00Z", "status": Status.PENDING, "levels": ()},
            {"from": valid_from.isoformat(), "status": Status.GOOD, "levels": good},
        ]
        if valid_until is not None:
            found.append({"from": valid_until.isoformat(), "status": Status.LAPSED, "levels": ended})
        return cls(found, flags)


@dataclass(frozen=True, slots=True)
class Door:
    """What bears on who may enter through a door."""

    rule: Rule = ANY_MEMBER
    in_use: bool = True
    locked_out: bool = False


@dataclass(frozen=True, slots=True)
class Tap:
    """What a device told of a tap: its own moment of it.

    ``again_after``: how long ago a tap of this name was answered. ``differs``: that one was another card, or elsewhere.
    """

    at: datetime | None = None
    again_after: timedelta | None = None
    differs: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether the door opens, and the code of what decided.

    ``until``: when it will be otherwise if nothing new happens; ``None``: time alone does not change it. ``standing``:
    what access says, with words and reasons for the member and the staff; ``None`` where it did not come to that.
    """

    open: bool
    code: Code
    until: datetime | None = None
    standing: access.Decision | None = None

    @property
    def words(self) -> str:
        """Why, in English, for a display that anybody can read."""
        return words_for(self.code, self.standing.status if self.standing is not None else None)

    @property
    def what_to_do(self) -> str:
        """What the member can do about it, in English; empty where there is nothing to do."""
        return self.standing.what_to_do if self.standing is not None else WORDS[self.code].what_to_do


def decide(row: CardRow | None, door: Door, now: datetime, *, tap: Tap | None = None) -> Decision:
    """Return whether ``door`` opens at ``now`` for the card with ``row`` (``None``: no such card). First match decides."""
    refusal = _refused_tap(tap or Tap(), now) or _refused_door(door) or _refused_card(row)
    if refusal is not None:
        return Decision(open=False, code=refusal)
    assert row is not None, "a card that is not known was refused"
    found = access.decide(row.outlook, door.rule, now=now)
    if found.allowed and Flag.MISSING in row.flags:
        return Decision(open=False, code=Code.NO_CARD)
    return Decision(found.allowed, Code(found.code), _until(row.outlook, door.rule, now, opens=found.allowed), found)


def words_for(code: Code, status: Status | None) -> str:
    """Return what a display says, in English, to one of that standing."""
    return IN_GRACE if code is Code.OK and status is Status.GRACE else WORDS[code].why


class BadCard(ValueError):
    """What was read or typed is no card's number. The text does not repeat it."""

    def __init__(self) -> None:
        super().__init__("A card's number is 4 to 64 letters and digits.")


def normalised(uid: str) -> str:
    """Return a card's UID however a reader or a hand wrote it: ``04:a2-3b c1`` and ``0x04A23BC1`` are ``04A23BC1``.

    Raises :class:`BadCard`.
    """
    text = re.sub(r"[\s:.-]", "", uid).upper().removeprefix("0X") if uid.isascii() else ""
    if not re.fullmatch(r"[0-9A-Z]{4,64}", text):
        raise BadCard
    return text


def digest(uid: str, *, key: str) -> str:
    """Return the digest by which a card is known, here and in the lists of edges. Raises :class:`BadCard`."""
    assert key, "without a key a digest hides nothing"
    message = b"uid\0" + normalised(uid).encode()
    return hmac.new(key.encode(), message, hashlib.sha256).hexdigest()[:DIGEST_LENGTH]


def _refused_tap(tap: Tap, now: datetime) -> Code | None:
    if tap.differs or (tap.again_after is not None and tap.again_after > FRESH):
        return Code.REPLAYED
    if tap.at is not None and tap.at < now - FRESH:
        return Code.TOO_LATE
    if tap.at is not None and tap.at > now + FRESH:
        return Code.TOO_EARLY
    return None


def _refused_door(door: Door) -> Code | None:
    if not door.in_use:
        return Code.OUT_OF_USE
    return Code.LOCKED_OUT if door.locked_out else None


def _refused_card(row: CardRow | None) -> Code | None:
    if row is None:
        return Code.UNKNOWN_CARD
    if Flag.LOST in row.flags:
        return Code.LOST_CARD
    return Code.BLOCKED_CARD if Flag.BLOCKED in row.flags else None


def _until(outlook: Sequence[Document] | None, rule: Rule, now: datetime, *, opens: bool) -> datetime | None:
    if opens:
        return access.allowed_until(outlook or (), rule, now=now)
    begins = (datetime.fromisoformat(entry["from"]) for entry in outlook or ())
    return next((at for at in begins if at > now and access.decide(outlook, rule, now=at).allowed), None)
