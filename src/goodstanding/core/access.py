"""Who may enter: the one function that pages, APIs, forward-auth, doors and the "why?" page ask (DESIGN section 2).

It reads standing as it is stored (a member's document, or his outlook: documents in order of time, each with ``from``) and
never works it out anew. What it cannot read it refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from goodstanding.core.records import BEST_FIRST, HoldKind, Status

Document = Mapping[str, Any]

ENTERING: frozenset[Status] = frozenset({Status.GOOD, Status.GRACE})


class Code(StrEnum):
    """What was decided. Stable: interfaces, doors and headers show it."""

    OK = "ok"
    NOT_LOGGED_IN = "not_logged_in"
    NO_MEMBER = "no_member"
    PENDING = "pending"
    HELD = "held"
    LAPSED = "lapsed"
    GRACE = "grace"  # in grace, where only those who have paid may enter
    OTHER_LEVEL = "other_level"
    NOT_NOW = "not_now"  # in too good a standing for what is asked, such as a page for the lapsed
    STALE = "stale"  # what is known is out of date


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may enter: members of any of ``levels`` (``None``: of any level) whose standing there is one of ``statuses``."""

    levels: frozenset[str] | None = None
    statuses: frozenset[Status] = ENTERING

    def __post_init__(self) -> None:
        assert self.levels is None or self.levels, "a rule for no level admits nobody"
        assert self.statuses, "a rule for no status admits nobody"

    @classmethod
    def of(cls, *levels: str) -> Rule:
        """Return the rule for members in good standing (grace included) of any of ``levels``; of any level for none."""
        return cls(frozenset(levels) or None)


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer, and all that words for it are made of.

    ``status`` and ``until`` (the end that was paid for) are those of what decided: of the level asked for, where a rule
    asks for one. ``wanted``: the levels that would do; ``levels``: those in which the member's standing is one of the
    rule's statuses. ``because``: what standing itself says, for the member and the staff only.
    """

    allowed: bool
    code: Code
    status: Status = Status.NONE
    wanted: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    until: str | None = None
    because: str = ""
    holds: tuple[HoldKind, ...] = ()

    @property
    def words(self) -> str:
        """Why, in English, with levels by their slugs."""
        return self.why()

    @property
    def what_to_do(self) -> str:
        """What the person can do about it, in English; empty where there is nothing to do."""
        return self.remedy()

    def why(self, *, names: Mapping[str, str] | None = None, translate: Callable[[str], str] = str) -> str:
        """Say why. ``names`` gives levels their names; ``translate`` looks up our sentences in another language."""
        if self.code is Code.HELD and self.holds:
            return " ".join(translate(HOLD_WORDS[kind].why) for kind in self.holds)
        known = names or {}
        wanted = ", ".join(known.get(level, level) for level in self.wanted)
        return translate(WORDS[self.code].why).format(wanted=wanted)

    def remedy(self, *, translate: Callable[[str], str] = str) -> str:
        """Say what the person can do about it. ``translate`` looks up our sentences in another language."""
        if self.code is Code.HELD and self.holds:
            return " ".join(translate(HOLD_WORDS[kind].what_to_do) for kind in self.holds)
        return translate(WORDS[self.code].what_to_do) if WORDS[self.code].what_to_do else ""


def decide(
    standing: Document | Sequence[Document] | None, rule: Rule, *, now: datetime, logged_in: bool = True
) -> Decision:
    """Return whether ``rule`` lets in at ``now`` the one whose standing this is: his document, or his whole outlook.

    ``None``: no member, or one who never began a purchase. A document alone answers up to its ``changes_at`` and is
    refused as stale after it.
    """
    wanted = tuple(sorted(rule.levels)) if rule.levels is not None else ()
    if not logged_in:
        return Decision(allowed=False, code=Code.NOT_LOGGED_IN, wanted=wanted)
    document: Document | None
    if standing is None or isinstance(standing, Mapping):
        document = standing
        if document is not None and _over(document, now):
            return Decision(allowed=False, code=Code.STALE, wanted=wanted)
    else:
        document = at_moment(standing, now)
    if document is None:
        document = {"status": Status.NONE, "levels": ()}
    return _decided(document, rule, wanted)


def at_moment(outlook: Sequence[Document], at: datetime) -> Document | None:
    """Return the document of an outlook that holds at ``at``: the last one whose ``from`` is not after it.

    The first holds for anything earlier, too. ``None`` where there is none.
    """
    found = outlook[0] if outlook else None
    for entry in outlook[1:]:
        if datetime.fromisoformat(entry["from"]) > at:
            break
        found = entry
    return found


def allowed_until(outlook: Sequence[Document], rule: Rule, *, now: datetime) -> datetime | None:
    """Return the moment at which one whom ``rule`` lets in at ``now`` is let in no more, if nothing new happens.

    ``None``: never. With grace inside, so a list for an offline door needs nothing else. Ask for somebody who is let in.
    """
    assert decide(outlook, rule, now=now).allowed, "not let in"
    for entry in outlook:
        begins = datetime.fromisoformat(entry["from"])
        if begins > now and not decide(outlook, rule, now=begins).allowed:
            return begins
    return None


def _over(document: Document, now: datetime) -> bool:
    changes_at: str | None = document.get("changes_at")
    return changes_at is not None and datetime.fromisoformat(changes_at) <= now


def _decided(document: Document, rule: Rule, wanted: tuple[str, ...]) -> Decision:
    """Decide by a document that holds now.

    Who has the levels asked for is answered by the best of them. Who has not, or no longer, is told so if he is in
    standing elsewhere; else he is answered as the member that he is.
    """
    levels = document["levels"]
    at = document
    code: Code | None = None
    if rule.levels is not None:
        rows = [row for row in levels if row["level"] in rule.levels]
        best = min(rows, key=lambda row: _rank(row, rule), default=None)
        elsewhere = best is None or best["status"] == Status.LAPSED not in rule.statuses
        if elsewhere and document["status"] in rule.statuses:
            code = Code.OTHER_LEVEL
        at = best or document
    status = Status(at["status"])
    allowed = code is None and status in rule.statuses
    return Decision(
        allowed=allowed,
        code=code or (Code.OK if allowed else _REFUSED[status]),
        status=status,
        wanted=wanted,
        levels=tuple(row["level"] for row in levels if row["status"] in rule.statuses),
        until=at.get("covered_until"),
        because=at.get("because", ""),
        holds=tuple(HoldKind(each["kind"]) for each in document.get("holds", ())) if status is Status.HELD else (),
    )


def _rank(row: Document, rule: Rule) -> tuple[bool, int]:
    return row["status"] not in rule.statuses, BEST_FIRST.index(Status(row["status"]))


_REFUSED = {
    Status.NONE: Code.NO_MEMBER,
    Status.PENDING: Code.PENDING,
    Status.HELD: Code.HELD,
    Status.LAPSED: Code.LAPSED,
    Status.GRACE: Code.GRACE,
    Status.GOOD: Code.NOT_NOW,
}


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence on why, and one on what to do."""

    why: str
    what_to_do: str


def gettext_noop(text: str) -> str:
    """Mark a text: by this name makemessages finds what is looked up where it is shown."""
    return text


WORDS: Mapping[Code, Words] = {
    Code.OK: Words(gettext_noop("You may enter."), ""),
    Code.NOT_LOGGED_IN: Words(
        gettext_noop("You are not logged in."), gettext_noop("Log in. If you are not a member yet, join.")
    ),
    Code.NO_MEMBER: Words(
        gettext_noop("You are logged in, but not a member yet."), gettext_noop("Join: choose a level.")
    ),
    Code.PENDING: Words(
        gettext_noop("Your membership has not begun yet."),
        gettext_noop(
            "If a payment is open, finish it. If you have paid, wait until the payment is confirmed or the term begins."
        ),
    ),
    Code.HELD: Words(gettext_noop("Your membership is held."), gettext_noop("Ask the staff.")),
    Code.LAPSED: Words(
        gettext_noop("Your membership has ended, or is paused."),
        gettext_noop("Renew it: pay what is open, go on after a pause, or buy a new term."),
    ),
    Code.GRACE: Words(gettext_noop("Your membership is not paid at the moment."), gettext_noop("Pay what is open.")),
    Code.OTHER_LEVEL: Words(
        gettext_noop("This is for members of another level: {wanted}."), gettext_noop("Change your level, or add one.")
    ),
    Code.NOT_NOW: Words(
        gettext_noop("This is not for members in your standing."), gettext_noop("There is nothing that you need to do.")
    ),
    Code.STALE: Words(
        gettext_noop("What is known about your membership is out of date."),
        gettext_noop("Try again. If it stays so, ask the staff."),
    ),
}
HOLD_WORDS: Mapping[HoldKind, Words] = {
    HoldKind.APPROVAL: Words(
        gettext_noop("Your membership waits for approval."),
        gettext_noop("Wait for the staff's approval: you need not do anything."),
    ),
    HoldKind.DENIED: Words(
        gettext_noop("Your membership was not approved."),
        gettext_noop("If you think that this is a mistake, ask the staff."),
    ),
    HoldKind.CONFIRMATION: Words(
        gettext_noop("Your e-mail address is not confirmed."),
        gettext_noop("Confirm your e-mail address: follow the link that you were sent."),
    ),
    HoldKind.SUSPENDED: Words(
        gettext_noop("Your membership is suspended by the staff."), gettext_noop("Ask the staff.")
    ),
    HoldKind.AGREEMENT: Words(
        gettext_noop("An agreement is not accepted."), gettext_noop("Read the agreement and accept it.")
    ),
    HoldKind.DISPUTE: Words(
        gettext_noop("A payment of yours is disputed."),
        gettext_noop("Withdraw the dispute at your bank, or settle it with the staff."),
    ),
}
