"""Asking for standing: now (from the stored row), at any moment, and as it was known at any moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.db import connections, router

from goodstanding.billing import recording
from goodstanding.billing.models import Fact, GatewayCustomer
from goodstanding.billing.objects import States
from goodstanding.catalogue import knowledge
from goodstanding.catalogue.knowledge import Knowledge
from goodstanding.core import codec
from goodstanding.core.ledger import Ledger, grouped
from goodstanding.core.records import MembershipRecord, Status
from goodstanding.core.standing import MemberAnswer, judge_member
from goodstanding.memberships import placing, seating
from goodstanding.memberships.decisions import Decisions, decisions_of, with_decisions
from goodstanding.memberships.documents import Document, at_moment, of_member
from goodstanding.memberships.models import MemberStanding, Seat
from goodstanding.people.models import Member

BATCH = 500


@dataclass(frozen=True, slots=True)
class Standing:
    """A member's standing as a page, an API or a door needs it: one row read, nothing computed."""

    status: Status
    document: Document

    @property
    def enters(self) -> bool:
        """Whether this standing lets in, by default: good and grace do."""
        return self.status in (Status.GOOD, Status.GRACE)


def standing_now(member: str, *, now: datetime) -> Standing:
    """Return a member's standing at ``now``: one query, whatever the length of his history.

    The row answers for any moment from the last fact on; who has none never began a purchase.
    """
    outlook = _outlook(member)
    if outlook is None:
        return Standing(Status.NONE, {"status": str(Status.NONE), "levels": [], "holds": []})
    document = at_moment(outlook, now)
    return Standing(Status(document["status"]), document)


def _outlook(member: str) -> list[Document] | None:
    using = router.db_for_read(MemberStanding)
    statement, read = _asking(using)
    with connections[using].cursor() as cursor:
        cursor.execute(statement, [member])
        row = cursor.fetchone()
    return None if row is None else read(row[0], None, connections[using])


@cache
def _asking(using: str) -> tuple[str, Callable[..., Any]]:
    """The statement that asks for an outlook, and what reads the answer.

    Every page and every door asks this, and to have the statement written anew takes ten times as long as the answer.
    """
    rows = MemberStanding.objects.using(using).filter(pk="").order_by().values_list("outlook")
    field: Any = MemberStanding._meta.get_field("outlook")
    return rows.query.get_compiler(using).as_sql()[0], field.from_db_value


class StandingCache:
    """Standing as it is asked for again and again within one request: each member's is read once.

    Whoever serves a request makes one with the request's ``now`` and drops it with the request; it never outlives it.
    """

    __slots__ = ("_found", "_now")

    def __init__(self, *, now: datetime) -> None:
        self._found: dict[str, Standing] = {}
        self._now = now

    def of(self, member: str) -> Standing:
        """Return a member's standing at the request's moment."""
        found = self._found.get(member)
        if found is None:
            found = self._found[member] = standing_now(member, now=self._now)
        return found


def documents_now(members: Sequence[Member], *, now: datetime) -> list[Document]:
    """Return the standing at ``now`` of some members, from their rows: one query."""
    rows = dict(MemberStanding.objects.filter(pk__in=[member.pk for member in members]).values_list("pk", "outlook"))
    found = []
    for member in members:
        if member.pk in rows:
            entry = dict(at_moment(rows[member.pk], now))
            del entry["from"]
            found.append({"email": member.email, **entry})
        else:
            found.append(of_member(judge_member([], now), email=member.email))
    return found


def answers(
    members: Sequence[Member], moments: Sequence[datetime], *, known_by: datetime | None = None
) -> Iterator[tuple[Member, list[MemberAnswer]]]:
    """Give each member's standing at each of ``moments``, from the records; a few queries for all of them.

    Each answer uses what had happened by its moment by its own time; with ``known_by`` only what was recorded by then.
    """
    records = records_of([member.pk for member in members], known_by=known_by)
    for member in members:
        yield member, [judge_member(records.get(member.pk, []), at) for at in moments]


def records_of(members: Iterable[str], *, known_by: datetime | None = None) -> dict[str, list[MembershipRecord]]:
    """Return all membership records of each member (by public id), with those that are held through somebody else."""
    ids = list(members)
    held = seating.held_by(ids, known_by=known_by)
    known = knowledge.current()
    everybody = sorted({*ids, *(seat.payer_id for seat in held)})
    bought = _bought(everybody, known, known_by=known_by)
    decided = decisions_of(everybody, known_by=known_by)
    own = _own(bought, decided)
    seated: defaultdict[str, list[Seat]] = defaultdict(list)
    for seat in held:
        seated[seat.holder_id].append(seat)
    through = {member: seating.derived(seats, own, known) for member, seats in seated.items()}
    for member, given in through.items():
        own[member] = with_decisions([*bought.get(member, ()), *given], decided.get(member, Decisions()))
    return {member: own[member] for member in ids if member in own}


def through_others(held: Sequence[Seat], known: Knowledge) -> list[MembershipRecord]:
    """Return the memberships that seats give, without what staff decided about their holders. No query where there are none."""
    if not held:
        return []
    payers = sorted({seat.payer_id for seat in held})
    return seating.derived(held, _own(_bought(payers, known), decisions_of(payers)), known)


def _own(
    bought: Mapping[str, Sequence[MembershipRecord]], decided: Mapping[str, Decisions]
) -> dict[str, list[MembershipRecord]]:
    members = {*bought, *decided}
    return {each: with_decisions(bought.get(each, ()), decided.get(each, Decisions())) for each in members}


def _bought(
    ids: Sequence[str], known: Knowledge, *, known_by: datetime | None = None
) -> dict[str, list[MembershipRecord]]:
    """The memberships that gateways, and our own bills, tell of."""
    customers = list(GatewayCustomer.objects.filter(member__in=ids).select_related("gateway_account").order_by("pk"))
    keys = [customer.pk for customer in customers]
    objects: Mapping[str, States] = recording.objects_of(keys) if known_by is None else objects_as_known(keys, known_by)
    bought: defaultdict[str, list[MembershipRecord]] = defaultdict(list)
    for customer in customers:
        assert customer.member_id, customer.pk
        found = placing.placed(Ledger(objects.get(customer.pk, {})), customer, known)
        bought[customer.member_id] += placing.records_of(found, customer)
    return dict(bought)


def objects_as_known(customers: Sequence[str], known_by: datetime) -> dict[str, States]:
    """Return the objects of each customer as they come to from the facts recorded by ``known_by``."""
    return {
        customer: grouped(codec.decode(body) for body in bodies)
        for customer, bodies in facts_of(customers, known_by=known_by).items()
    }


def facts_of(customers: Sequence[str], *, known_by: datetime | None = None) -> dict[str, list[dict[str, object]]]:
    """Return the bodies of the facts of each customer, in no particular order."""
    rows = Fact.objects.filter(customer__in=customers).order_by()
    if known_by is not None:
        rows = rows.filter(recorded_at__lte=known_by)
    found: defaultdict[str, list[dict[str, object]]] = defaultdict(list)
    for customer, body in rows.values_list("customer_id", "body"):
        assert customer is not None, body
        found[customer].append(body)
    return dict(found)
