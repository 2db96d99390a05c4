"""Staff's decisions about members, as standing asks for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from goodstanding.catalogue.knowledge import terms_of
from goodstanding.core import records
from goodstanding.core.records import HoldKind, LevelSpan, MembershipRecord
from goodstanding.memberships.closings import Closing
from goodstanding.memberships.models import Approval, Grant, Hold, Membership


@dataclass
class Decisions:
    """What staff decided about one member: holds, grants, and memberships that staff made."""

    holds: list[tuple[str, records.Hold]] = field(default_factory=list)  # ("" or membership, hold)
    grants: list[tuple[str, records.Grant]] = field(default_factory=list)
    made: list[MembershipRecord] = field(default_factory=list)
    closings: list[tuple[str, records.Closing]] = field(default_factory=list)


def decisions_of(members: Iterable[str], *, known_by: datetime | None = None) -> dict[str, Decisions]:
    """Return the decisions about each member (by public id). ``known_by``: only those made by then."""
    found: defaultdict[str, Decisions] = defaultdict(Decisions)
    ids = list(members)
    for hold in Hold.objects.filter(member__in=ids):
        made = records.Hold(HoldKind(hold.kind), hold.since, hold.until, hold.released_at, hold.reason)
        found[hold.member_id].holds.append((hold.membership, made))
    for approval in Approval.objects.filter(member__in=ids):
        for made in _approval_holds(approval):
            found[approval.member_id].holds.append((approval.membership, made))
    for grant in Grant.objects.filter(member__in=ids):
        given = records.Grant(grant.id, grant.start_at, grant.end_at, grant.given_at, grant.withdrawn_at)
        found[grant.member_id].grants.append((grant.membership, given))
    for closing in Closing.objects.filter(member__in=ids):
        end = records.Closing(closing.closed_at, changed=closing.changed)
        found[closing.member_id].closings.append((closing.membership, end))
    for membership in Membership.objects.filter(member__in=ids, customer=None).prefetch_related("spans"):
        found[membership.member_id].made.append(_made(membership))
    if known_by is not None:
        return {member: _known_by(decisions, known_by) for member, decisions in found.items()}
    return dict(found)


def with_decisions(bought: Sequence[MembershipRecord], decisions: Decisions) -> list[MembershipRecord]:
    """Return all of a member's membership records with what staff decided about each.

    A decision about a membership that is no more (its facts turned out to belong to another) counts for all of them; but
    no grant for one that is held through somebody else.
    """
    everything = [*bought, *decisions.made]
    refs = {record.ref for record in everything}
    return [
        replace(
            record,
            holds=(*record.holds, *(hold for ref, hold in decisions.holds if ref == record.ref or ref not in refs)),
            grants=(*record.grants, *(grant for ref, grant in decisions.grants if _covers(ref, record, refs))),
            closings=(*record.closings, *(end for ref, end in decisions.closings if ref == record.ref)),
        )
        for record in everything
    ]


def _covers(ref: str, record: MembershipRecord, refs: Container[str]) -> bool:
    return ref == record.ref or (ref not in refs and not record.through)


def _approval_holds(approval: Approval) -> list[records.Hold]:
    holds = [records.Hold(HoldKind.APPROVAL, approval.asked_at, released_at=approval.decided_at)]
    if approval.state == Approval.State.DENIED and approval.decided_at is not None:
        holds.append(records.Hold(HoldKind.DENIED, approval.decided_at, note=approval.reason))
    return holds


def _made(membership: Membership) -> MembershipRecord:
    spans = sorted(membership.spans.all(), key=lambda span: span.since)
    return MembershipRecord(
        ref=membership.id,
        begun_at=membership.begun_at,
        levels=tuple(LevelSpan(span.since, span.level_id, terms_of(span)) for span in spans),
    )


def _known_by(decisions: Decisions, at: datetime) -> Decisions:
    def by(moment: datetime | None) -> datetime | None:
        return moment if moment is not None and moment <= at else None

    return Decisions(
        holds=[
            (ref, replace(hold, released_at=by(hold.released_at))) for ref, hold in decisions.holds if hold.since <= at
        ],
        grants=[
            (ref, replace(grant, withdrawn_at=by(grant.withdrawn_at)))
            for ref, grant in decisions.grants
            if grant.given_at <= at
        ],
        made=[record for record in decisions.made if record.begun_at <= at],
        closings=[(ref, end) for ref, end in decisions.closings if end.at <= at],
    )
