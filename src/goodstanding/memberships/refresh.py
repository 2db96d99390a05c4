"""Writing what standing comes to: the member's row with its outlook, and each change, in the transaction of its cause."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.db.models import Q, QuerySet

from goodstanding.core.ids import derived
from goodstanding.core.records import MembershipRecord, Status
from goodstanding.core.standing import outlook
from goodstanding.jobs.writing import Writes
from goodstanding.memberships import letters
from goodstanding.memberships.documents import Document, at_moment, levels_line, of_member
from goodstanding.memberships.models import MemberStanding, StandingChange
from goodstanding.memberships.reading import records_of
from goodstanding.memberships.words import stamp

BY_TIME = "time"  # the cause of a change that no new fact made


def entries(records: Sequence[MembershipRecord], at: datetime) -> list[Document]:
    """Return a member's outlook as it is stored: a document for ``at`` and for each later change, with ``from``."""
    found = []
    for answer in outlook(records, at):
        document = of_member(answer, email="")
        del document["email"]
        found.append({"from": stamp(answer.at), **document})
    return found


def standing_row(member: str) -> MemberStanding | None:
    """Return a member's row, locked for the transaction, or ``None`` where there is none yet."""
    return standing_rows([member]).get(member)


def standing_rows(members: Iterable[str], *, beside: QuerySet[Any, str] | None = None) -> dict[str, MemberStanding]:
    """Return some members' rows, locked for the transaction in the order of their ids, as far as there are any.

    ``beside``: the ids of others whose rows are locked with them.
    """
    wanted = Q(pk__in=list(members))
    if beside is not None:
        wanted |= Q(pk__in=beside)
    rows = MemberStanding.objects.select_for_update(of=("self",)).filter(wanted).order_by("pk")
    return {row.pk: row for row in rows}


def ensure_rows(members: Iterable[str], *, now: datetime) -> None:
    """See to it that each of these members has a row, so that it can be locked."""
    nothing = entries([], now)
    fresh = [MemberStanding(member_id=each, status=str(Status.NONE), as_of=now, outlook=nothing) for each in members]
    MemberStanding.objects.bulk_create(fresh, ignore_conflicts=True)


def refresh(
    member: str,
    records: Sequence[MembershipRecord],
    *,
    row: MemberStanding | None,
    now: datetime,
    cause: str,
    writes: Writes,
    letters_too: bool = False,
) -> MemberStanding:
    """Have a member's standing written anew after something changed, and what changed by it and by time before it.

    ``letters_too``: whether the member hears of it by mail. ``now`` is the moment from which the change is known; knowledge
    never goes back: an earlier one counts as the last.
    """
    written, changes = _refreshed(member, records, row=row, now=now, cause=cause)
    (writes.over if row is not None else writes.first)([written])
    writes.new(changes)
    if changes and letters_too:
        letters.of_changes(member, changes, writes, records=lambda: records)
        letters.of_grace(member, written, writes, now=written.as_of)
    return written


def refresh_all(
    records: Mapping[str, Sequence[MembershipRecord]],
    *,
    rows: Mapping[str, MemberStanding],
    now: datetime,
    cause: str,
) -> None:
    """Write the standing of several members anew, as :func:`refresh` does of one: two statements, however many they are.

    ``records``: of each of them. Who lapses by it is written to by mail; whose grace ends soon is not, he owes nothing.
    """
    writes = Writes()
    for member in sorted(records):
        fresh, changed = _refreshed(member, records[member], row=rows.get(member), now=now, cause=cause)
        writes.over([fresh])
        writes.new(changed)
        letters.of_changes(member, changed, writes, records=partial(records.__getitem__, member))
    writes.flush()


def _refreshed(
    member: str, records: Sequence[MembershipRecord], *, row: MemberStanding | None, now: datetime, cause: str
) -> tuple[MemberStanding, list[StandingChange]]:
    """A member's row as it is to stand, unsaved, and what changed by it."""
    as_of = max(now, row.as_of) if row else now
    fresh = entries(records, as_of)
    changes = [] if row is None else _by_time(row, as_of)
    before = at_moment(row.outlook, as_of) if row else _nothing(as_of)
    changes += _change(member, before, fresh[0], at=as_of, recorded_at=as_of, cause=cause)
    return row_of(member, fresh, as_of, decided=bool(row and row.decided)), changes


def roll(row: MemberStanding, *, now: datetime) -> int:
    """Write what time alone changed in a member's standing by ``now``; return how many changes that were.

    Doors and pages do not wait for this: the row's outlook has told them already. It is for those who listen.
    """
    changes, writes = _by_time(row, now), Writes()
    current = at_moment(row.outlook, now)
    later = [entry for entry in row.outlook if entry["from"] > current["from"]]
    written = row_of(row.member_id, [{**current, "from": stamp(now)}, *later], now, decided=row.decided)
    writes.over([written])
    writes.new(changes)
    if any(change.after in letters.TOLD for change in changes) and letters.writes_to(row.member_id):
        letters.of_changes(row.member_id, changes, writes, records=lambda: records_of([row.member_id])[row.member_id])
        letters.of_grace(row.member_id, written, writes, now=now)
    writes.flush()
    return len(changes)


def row_of(member: str, found: list[Document], as_of: datetime, *, decided: bool) -> MemberStanding:
    """Return the row, unsaved, that tells the outlook ``found``."""
    return MemberStanding(
        member_id=member,
        status=found[0]["status"],
        covered_until=_moment(found[0]["covered_until"]),
        changes_at=_moment(found[0]["changes_at"]),
        as_of=as_of,
        decided=decided,
        outlook=found,
    )


def _by_time(row: MemberStanding, until: datetime) -> list[StandingChange]:
    """The changes that the outlook foretold for the time from ``row.as_of`` to ``until``."""
    changes = []
    before = row.outlook[0]
    for entry in row.outlook[1:]:
        at = datetime.fromisoformat(entry["from"])
        if at > until:
            break
        changes += _change(row.member_id, before, entry, at=at, recorded_at=until, cause=BY_TIME)
        before = entry
    return changes


def _change(
    member: str, before: Document, after: Document, *, at: datetime, recorded_at: datetime, cause: str
) -> list[StandingChange]:
    if (before["status"], levels_line(before)) == (after["status"], levels_line(after)):
        return []
    return [
        StandingChange(
            id=derived("chg", member, at.isoformat(), cause, levels_line(before), levels_line(after)),
            member_id=member,
            at=at,
            recorded_at=recorded_at,
            before=before["status"],
            after=after["status"],
            levels_before=levels_line(before),
            levels_after=levels_line(after),
            because=after["because"],
            cause=cause,
        )
    ]


def _nothing(at: datetime) -> Document:
    return {"from": stamp(at), "status": str(Status.NONE), "levels": []}


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
