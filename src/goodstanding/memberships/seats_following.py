"""What follows for those who hold seats when their payer's records change: in the same transaction, a few statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from goodstanding.audit.services import note
from goodstanding.catalogue.knowledge import Knowledge
from goodstanding.core import seats
from goodstanding.memberships import seating, seats_letters
from goodstanding.memberships.models import Membership, MemberStanding, Seat
from goodstanding.memberships.reading import records_of
from goodstanding.memberships.refresh import refresh_all, standing_rows

FEWER = "there are fewer seats than were held: the ones given last have ended"


def locked_rows(member: str) -> tuple[dict[str, MemberStanding], seating.Around]:
    """Return the rows of a member and of those who hold seats of his, locked in the order of ids, and these seats."""
    rows, around = locked_rows_of([member])
    return rows, around[member]


def locked_rows_of(members: Collection[str]) -> tuple[dict[str, MemberStanding], dict[str, seating.Around]]:
    """Return the same of several members: all rows, and the seats around each. As many statements as for one.

    Who gives or ends a seat has the payer's rows locked, too: looked at again under lock, what was read holds.
    """
    rows = standing_rows(members, beside=seating.holders_of(members))
    around = seating.around(members)
    missing = {holder for each in around.values() for holder in each.holders} - {*members, *rows}
    return rows | (standing_rows(missing) if missing else {}), around


def follow(
    around: seating.Around, rows: Mapping[str, MemberStanding], known: Knowledge, *, now: datetime, cause: str
) -> None:
    """End what seats are too many by now, and write the standing of everybody who holds, or held until now, one of these.

    Call it once the payer's own rows are written; ``rows`` are those that :func:`locked_rows` gave.
    """
    if around.given:
        _end_those_too_many(around.given, known, now=now)
        rewrite(around.holders, rows, now=now, cause=cause)


def rewrite(holders: set[str], rows: Mapping[str, MemberStanding], *, now: datetime, cause: str) -> None:
    """Write the standing of some members anew from the records: as many statements for all of them as for one."""
    found = records_of(sorted(holders))
    refresh_all({each: found.get(each, []) for each in holders}, rows=rows, now=now, cause=cause)


def _end_those_too_many(given: Sequence[Seat], known: Knowledge, *, now: datetime) -> None:
    by_membership: defaultdict[str, list[Seat]] = defaultdict(list)
    for seat in given:
        by_membership[seat.membership].append(seat)
    memberships = Membership.objects.filter(pk__in=by_membership)
    for membership, places in seating.places_of(list(memberships), known).items():
        there = by_membership[membership]
        if len(there) > places.total:
            last = {each.ref for each in seats.too_many(map(seating.as_seat, there), places.total)}
            _end([seat for seat in there if seat.pk in last], now=now)


def _end(ended: Sequence[Seat], *, now: datetime) -> None:
    for seat in ended:
        seat.until, seat.ended = max(now, seat.since), Seat.Ended.FEWER
    Seat.objects.bulk_update(ended, ["until", "ended"])
    for seat in ended:
        note(by=None, on=seat, what="end seat", why=FEWER, now=now)
    seats_letters.fewer(ended, now=now)
