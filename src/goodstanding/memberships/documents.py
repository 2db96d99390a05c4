"""Standing as documents: what the command line and the API print, and what is stored as a member's outlook."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from goodstanding.core.records import BEST_FIRST, Status
from goodstanding.core.standing import Answer, MemberAnswer
from goodstanding.memberships.words import because, hold_words, member_because, stamp

Document = dict[str, Any]


def of_member(answer: MemberAnswer, *, email: str) -> Document:
    """Return a member's standing: one entry a level (the best of its memberships), best first."""
    return {
        "email": email,
        "status": str(answer.status),
        "covered_until": stamp(answer.covered_until),
        "changes_at": stamp(answer.changes_at),
        "levels": _levels(answer),
        "holds": [
            {
                "kind": str(hold.kind),
                "since": stamp(hold.since),
                "until": stamp(hold.until),
                "because": hold_words(hold),
            }
            for hold in dict.fromkeys(hold for _, each in answer.memberships for hold in each.holds)
        ],
        "because": member_because(answer),
    }


def _levels(answer: MemberAnswer) -> list[Document]:
    best: dict[str, list[Answer]] = {}
    for _, each in answer.memberships:  # best first
        found = best.setdefault(each.level, [])
        if not found or found[0].status is each.status:
            found.append(each)
    rows: list[Document] = []
    for level, answers in best.items():
        ends = [each.covered_until for each in answers]
        rows.append(
            {
                "level": level,
                "status": str(answers[0].status),
                "since": stamp(min((each.since for each in answers if each.since), default=None)),
                "covered_until": stamp(None if None in ends else max(end for end in ends if end is not None)),
                "because": because(answers[0]),
            }
        )
    rows.sort(key=lambda row: (BEST_FIRST.index(Status(row["status"])), row["level"]))
    return rows


def levels_line(document: Document) -> str:
    """Return the levels of a document in one line, sorted: ``bench=good;locker=lapsed``."""
    return ";".join(sorted(f"{row['level']}={row['status']}" for row in document["levels"]))


def at_moment(outlook: list[Document], at: datetime) -> Document:
    """Return the entry of a stored outlook that holds at ``at``: the last one whose ``from`` is not after it.

    Each entry is a member's document without the e-mail, with ``from``; the first holds for anything earlier, too.
    """
    wanted = stamp(at) or ""
    found = outlook[0]
    for entry in outlook:
        if _before_or_at(entry["from"], wanted):
            found = entry
    return found


def from_moment(outlook: list[Document], at: datetime) -> list[Document]:
    """Return the entry of a stored outlook that holds at ``at``, and each later one as foreseen."""
    return [at_moment(outlook, at), *(each for each in outlook if not _before_or_at(each["from"], stamp(at) or ""))]


def _before_or_at(one: str, other: str) -> bool:
    return datetime.fromisoformat(one) <= datetime.fromisoformat(other)
