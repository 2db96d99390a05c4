"""Seats as standing asks for them: who holds one of whose, and how many a membership has. Reads only."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from goodstanding.billing.models import SubscriptionItem
from goodstanding.catalogue.knowledge import Knowledge
from goodstanding.catalogue.models import Level
from goodstanding.core import seats
from goodstanding.core.records import MembershipRecord
from goodstanding.core.seats import Places
from goodstanding.memberships.models import LevelSpan, Membership, Seat


@dataclass(frozen=True, slots=True)
class Around:
    """The seats that bear on one member: those that he holds or held, and those that others hold through him now."""

    held: Sequence[Seat] = ()
    given: Sequence[Seat] = ()

    @property
    def holders(self) -> set[str]:
        """Who holds a seat of the member's."""
        return {seat.holder_id for seat in self.given}


def around(members: Collection[str]) -> dict[str, Around]:
    """Return the seats that bear on each of some members. One query."""
    bearing = Q(holder__in=members) | Q(payer__in=members, until=None)
    held: defaultdict[str, list[Seat]] = defaultdict(list)
    given: defaultdict[str, list[Seat]] = defaultdict(list)
    for seat in Seat.objects.filter(bearing).order_by("since", "id"):
        held[seat.holder_id].append(seat)
        if seat.until is None:
            given[seat.payer_id].append(seat)
    return {member: Around(held.get(member, []), given.get(member, [])) for member in members}


def holders_of(payers: Collection[str]) -> QuerySet[Seat, str]:
    """Return who holds a seat of one of these members now, for use in another query."""
    return Seat.objects.filter(payer__in=payers, until=None).values_list("holder_id", flat=True)


def held_by(members: Iterable[str], *, known_by: datetime | None = None) -> list[Seat]:
    """Return the seats that members hold or held; with ``known_by`` as they were recorded by then. One query."""
    rows = Seat.objects.filter(holder__in=list(members)).order_by("since", "id")
    if known_by is None:
        return list(rows)
    found = list(rows.filter(since__lte=known_by))
    for seat in found:
        if seat.until is not None and seat.until > known_by:
            seat.until = None
    return found


def last_moments(members: Iterable[str]) -> Iterator[tuple[str, datetime]]:
    """Give the moments at which members came by seats and lost them."""
    for holder, since, until in Seat.objects.filter(holder__in=list(members)).values_list("holder", "since", "until"):
        yield holder, until or since


def derived(
    held: Iterable[Seat], parents: Mapping[str, Sequence[MembershipRecord]], known: Knowledge
) -> list[MembershipRecord]:
    """Return the memberships that seats give. ``parents``: the payers' own records, by member.

    Where the payer's facts turned out to belong to another membership than the one that the seat was given in, it is that of
    the payer's that was begun last before the seat was.
    """
    found = []
    for seat in held:
        record = _parent(seat, parents.get(seat.payer_id, ()))
        if record is not None:
            found.append(seats.derived(record, as_seat(seat), level_of=known.seat_level))
    return found


def as_seat(seat: Seat) -> seats.Seat:
    """Return a row as core reads it."""
    return seats.Seat(seat.pk, seat.membership, seat.since, seat.until, seat.through)


def _parent(seat: Seat, records: Sequence[MembershipRecord]) -> MembershipRecord | None:
    for record in records:
        if record.ref == seat.membership:
            return record
    before = [record for record in records if record.begun_at <= seat.since]
    return max(before, key=lambda record: (record.begun_at, record.ref), default=None)


def places_of(memberships: Collection[Membership], known: Knowledge) -> dict[str, Places]:
    """Return how many seats each membership has. Three queries for all of them.

    In the price are as many as the level promised when it was bought, or promises by now where that is more. What is bought
    besides are the further seats that its subscription is renewed with now.
    """
    keys = [each.pk for each in memberships]
    levels = Level.objects.in_bulk({each.level_id for each in memberships})
    since = dict(LevelSpan.objects.filter(membership__in=keys).order_by("since").values_list("membership", "since"))
    extra = SubscriptionItem.objects.filter(price__endswith=seats.MARK, is_current=True)
    paid = extra.filter(subscription__items__seat__membership__in=keys).order_by()
    bought: Counter[str] = Counter()
    # A subscription may pay for a membership by several items in turn: each further seat counts once.
    for membership, _, many in paid.values_list("subscription__items__seat__membership", "pk", "quantity").distinct():
        bought[str(membership)] += many
    found = {}
    for each in memberships:
        level = levels[each.level_id]
        promised = known.seats_at(each.level_id, since.get(each.pk, each.begun_at)).included
        found[each.pk] = Places(max(promised, level.seats), bought[each.pk], level.seats_max)
    return found
