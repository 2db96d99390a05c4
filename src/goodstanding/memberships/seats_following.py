"""What follows for those who hold seats when their payer's records change: in the same transaction, a few statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef

from goodstanding.audit.services import note
from goodstanding.billing.models import GatewayCustomer
from goodstanding.catalogue.knowledge import Knowledge
from goodstanding.core import seats
from goodstanding.memberships import seating, seats_letters
from goodstanding.memberships.models import Membership, MemberStanding, Seat
from goodstanding.memberships.reading import records_of
from goodstanding.memberships.refresh import refresh_all, standing_rows
from goodstanding.people.models import Member

FEWER = "there are fewer seats than were held: the ones given last have ended"


def locked_rows(member: str) -> tuple[dict[str, MemberStanding], seating.Around]:
    """Return the rows of a member and of those who hold seats of his, locked in the order of ids, and these seats."""
    rows, around, _ = locked_rows_of([member])
    return rows, around[member]


def locked_rows_of(
    members: Collection[str], *, apart_from: Iterable[str] | None = None
) -> tuple[dict[str, MemberStanding], dict[str, seating.Around], set[str]]:
    """Return the same of several members: all rows, and the seats around each. As many statements as for one.

    And which of them have no customer at a gateway ``apart_from`` those (public ids), where that is asked for. Who gives or
    ends a seat has the payer's rows locked, too: looked at again under lock, what was read holds.
    """
    rows = standing_rows(members, beside=seating.holders_of(members))
    seated, alone = (members, set()) if apart_from is None else _bearing_on(members, apart_from)
    around = {each: seating.Around([], []) for each in members} | (seating.around(seated) if seated else {})
    missing = {holder for each in around.values() for holder in each.holders} - {*members, *rows}
    return rows | (standing_rows(missing) if missing else {}), around, alone


def _bearing_on(members: Collection[str], apart_from: Iterable[str]) -> tuple[Collection[str], set[str]]:
    """Those around whom there may be seats, and those who have no customer but these: nearly nobody, and nearly all. One query."""
    held = Seat.objects.filter(holder=OuterRef("pk"))
    given = Seat.objects.filter(payer=OuterRef("pk"), until=None)
    others = GatewayCustomer.objects.filter(member=OuterRef("pk")).exclude(pk__in=list(apart_from))
    told = Member.objects.filter(pk__in=list(members)).annotate(seated=Exists(held) | Exists(given))
    rows = told.order_by().values_list("pk", "seated", Exists(others))
    found = {pk: (seated, has_others) for pk, seated, has_others in rows}
    seated = [each for each in members if found.get(each, (True, True))[0]]
    return seated, {each for each, (_, has_others) in found.items() if not has_others}


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
