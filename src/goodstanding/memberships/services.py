"""Staff's decisions: each is a record of its own, leaves an audit entry, and changes the standing in one transaction."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from goodstanding import conf
from goodstanding.audit.services import note
from goodstanding.catalogue import knowledge
from goodstanding.catalogue.models import Level
from goodstanding.core.ids import derived
from goodstanding.core.records import HoldKind
from goodstanding.jobs.writing import Writes
from goodstanding.memberships import seats_following
from goodstanding.memberships.models import Approval, Grant, Hold, LevelSpan, Membership, MemberStanding
from goodstanding.memberships.placing import terms_columns
from goodstanding.memberships.reading import records_of
from goodstanding.memberships.refresh import ensure_rows, refresh
from goodstanding.memberships.seating import Around
from goodstanding.people.models import Member


class DecisionRefused(ValueError):
    """The decision cannot be taken; the text says why, to staff."""


def hold(
    member: Member,
    *,
    kind: HoldKind,
    reason: str,
    by: Any,
    now: datetime,
    membership: str = "",
    until: datetime | None = None,
) -> Hold:
    """Keep a member (or one membership of his, by public id) out while covered, from ``now`` until lifted or ``until``.

    Raises :class:`DecisionRefused` without a reason, or with an end that is not after ``now``.
    """
    if not reason.strip():
        raise DecisionRefused("Say why: the member is shown the reason.")
    if until is not None and until <= now:
        raise DecisionRefused("The end of a hold must lie ahead.")
    _require_own(member, membership)
    with transaction.atomic():
        row = locked_standing(member, now)
        made = Hold.objects.create(
            id=new_id("hld"),
            member=member,
            membership=membership,
            kind=kind,
            since=now,
            until=until,
            reason=reason,
            by=by,
        )
        note(by=by, on=made, what="hold", why=reason, now=now)
        decided(member, row, now=now, cause=made.pk)
    return made


def release(held: Hold, *, reason: str, by: Any, now: datetime) -> Hold:
    """Lift a hold. Raises :class:`DecisionRefused` where it is lifted already."""
    with transaction.atomic():
        row = locked_standing(held.member, now)
        held.refresh_from_db()
        if held.released_at is not None:
            raise DecisionRefused("This hold is lifted already.")
        held.released_at = now
        held.save(update_fields=["released_at"])
        note(by=by, on=held, what="release", why=reason, now=now)
        decided(held.member, row, now=now, cause=held.pk)
    return held


def grant(
    member: Member,
    *,
    level: Level,
    start_at: datetime,
    end_at: datetime | None,
    reason: str,
    by: Any,
    now: datetime,
) -> Grant:
    """Give coverage at a level for ``[start_at, end_at)`` (``None``: without end), on his open place there or a new one.

    Raises :class:`DecisionRefused` for an end that is not after the start, and without a reason.
    """
    if not reason.strip():
        raise DecisionRefused("Say why: grants are looked at again later.")
    if end_at is not None and end_at <= start_at:
        raise DecisionRefused("The end of a grant must come after its start.")
    with transaction.atomic():
        row = locked_standing(member, now)
        place = Membership.objects.filter(member=member, level=level, is_open=True).first()
        if place is None:
            place = _made_by_staff(member, level, begun_at=min(now, start_at))
        made = Grant.objects.create(
            id=new_id("grt"),
            member=member,
            membership=place.pk,
            start_at=start_at,
            end_at=end_at,
            given_at=now,
            reason=reason,
            by=by,
        )
        note(by=by, on=made, what="grant", why=reason, now=now)
        decided(member, row, now=now, cause=made.pk)
    return made


def withdraw(given: Grant, *, reason: str, by: Any, now: datetime) -> Grant:
    """Take a grant back from ``now`` on. Raises :class:`DecisionRefused` where it was taken back already."""
    with transaction.atomic():
        row = locked_standing(given.member, now)
        given.refresh_from_db()
        if given.withdrawn_at is not None:
            raise DecisionRefused("This grant was taken back already.")
        given.withdrawn_at = now
        given.save(update_fields=["withdrawn_at"])
        note(by=by, on=given, what="withdraw", why=reason, now=now)
        decided(given.member, row, now=now, cause=given.pk)
    return given


def ask_approval(membership: Membership, *, now: datetime) -> Approval:
    """Hold a membership until staff approve it. Asking again changes nothing."""
    with transaction.atomic():
        row = locked_standing(membership.member, now)
        asked, made = Approval.objects.get_or_create(
            membership=membership.pk, defaults={"id": new_id("apr"), "member": membership.member, "asked_at": now}
        )
        if made:
            decided(membership.member, row, now=now, cause=asked.pk)
    return asked


def decide(approval: Approval, *, approve: bool, reason: str, by: Any, now: datetime) -> Approval:
    """Approve a membership, or deny it (it stays held then). Raises :class:`DecisionRefused` where it is decided."""
    with transaction.atomic():
        row = locked_standing(approval.member, now)
        approval.refresh_from_db()
        if approval.state != Approval.State.PENDING:
            raise DecisionRefused(f"This is {approval.state} already.")
        approval.state = Approval.State.APPROVED if approve else Approval.State.DENIED
        approval.decided_at, approval.reason, approval.by = now, reason, by
        approval.save(update_fields=["state", "decided_at", "reason", "by"])
        note(by=by, on=approval, what="approve" if approve else "deny", why=reason, now=now)
        decided(approval.member, row, now=now, cause=approval.pk)
    return approval


def new_id(prefix: str) -> str:
    """Return a new public id with a prefix of its kind."""
    return derived(prefix, secrets.token_hex(16))


def _require_own(member: Member, membership: str) -> None:
    if membership and not Membership.objects.filter(pk=membership, member=member).exists():
        raise DecisionRefused("That membership is not this member's.")


@dataclass(frozen=True, slots=True)
class _Locked:
    """A member's row, and those of who holds seats of his, locked."""

    row: MemberStanding
    rows: Mapping[str, MemberStanding]
    around: Around


def locked_standing(member: Member, now: datetime) -> _Locked:
    """The member's row, locked: decisions and facts about one member come one after the other."""
    ensure_rows([member.pk], now=now)
    rows, around = seats_following.locked_rows(member.pk)
    return _Locked(rows[member.pk], rows, around)


def decided(member: Member, locked: _Locked, *, now: datetime, cause: str) -> None:
    """Write what a decision comes to for a member whose row is locked."""
    locked.row.decided = True
    records, writes = records_of([member.pk]).get(member.pk, []), Writes()
    refresh(member.pk, records, row=locked.row, now=now, cause=cause, writes=writes)
    writes.flush()
    seats_following.follow(locked.around, locked.rows, knowledge.current(), now=now, cause=cause)


def _made_by_staff(member: Member, level: Level, *, begun_at: datetime) -> Membership:
    known = knowledge.current()
    group = known.exclusive.get(level.slug)
    if group:
        Membership.objects.filter(member=member, exclusive_group=group, is_open=True).update(is_open=False)
    made = Membership.objects.create(
        id=new_id("mem"),
        member=member,
        level=level,
        exclusive_group_id=group,
        begun_at=begun_at,
        time_zone=conf.time_zone().key,
    )
    terms = known.terms_at(level.slug, begun_at)
    LevelSpan.objects.create(
        id=derived("lvl", made.pk, begun_at.isoformat()),
        membership=made,
        since=begun_at,
        level=level,
        **terms_columns(terms),
    )
    return made
