"""Giving seats: inviting by mail, accepting, and every way in which a seat ends. The payer's page and the office call these.

How many there are is counted under the payer's lock, late: of two who accept the last seat at once one has it, and the other
is told that it is gone. Nobody holds a seat who did not say yes, except where staff give it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy

from goodstanding.audit.services import note
from goodstanding.billing.models import GatewayCustomer
from goodstanding.catalogue import knowledge
from goodstanding.core.ids import derived
from goodstanding.core.records import Status
from goodstanding.core.seats import Places
from goodstanding.core.standing import judge
from goodstanding.memberships import seating, seats_letters
from goodstanding.memberships.models import Invitation, LevelSpan, Membership, MemberStanding, Seat
from goodstanding.memberships.reading import records_of
from goodstanding.memberships.refresh import ensure_rows, standing_rows
from goodstanding.memberships.seats_following import rewrite
from goodstanding.people.models import Member

GOOD_FOR = timedelta(days=14)  # an invitation
AGAIN_AFTER = timedelta(hours=1)  # the same invitation
A_DAY, MOST = timedelta(days=1), 20  # so many invitations a payer sends in a day, or twice as many as there are seats
GIVES = (Status.GOOD, Status.GRACE)  # the standing in which a membership gives seats

_WORDS = {
    "full": gettext_lazy("All seats are taken or promised. Take one back, or have more of them, first."),
    "gone": gettext_lazy("All seats of this membership are taken by now. Ask who invited you."),
    "no_seats": gettext_lazy("This membership has no seats for others."),
    "not_good": gettext_lazy("This membership is not in good standing at the moment, and gives no seats until it is."),
    "yourself": gettext_lazy("Who pays for the membership needs no seat in it."),
    "held": gettext_lazy("This person holds a seat in it already."),
    "invited": gettext_lazy("There is an open invitation to this address already. You can send it again."),
    "too_soon": gettext_lazy("It was sent within the last hour. Please wait a little before you send it again."),
    "too_many": gettext_lazy("You have invited many people today. Please go on tomorrow."),
    "unknown": gettext_lazy("This link is not right. Follow the one in the mail again, or ask for a new invitation."),
    "expired": gettext_lazy("This invitation has run out. Ask who invited you to send it again."),
    "withdrawn": gettext_lazy("This invitation was taken back. Ask who invited you."),
    "used": gettext_lazy("This invitation was accepted already."),
    "other_address": gettext_lazy(
        "This invitation was sent to another e-mail address than the one that you are logged in with."
    ),
    "ended": gettext_lazy("This seat has ended already."),
    "closed": gettext_lazy("This invitation was accepted or taken back already."),
}


class CannotSeat(ValueError):
    """A seat is not given, or not ended; ``words`` say why. ``code`` is one of those named here. Nothing has changed."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code, self.words = code, str(_WORDS[code])


@dataclass(frozen=True, slots=True)
class Taken:
    """How many seats a membership has, who holds them, and to whom they are promised."""

    places: Places
    held: Sequence[Seat]
    open: Sequence[Invitation]

    @property
    def left(self) -> int:
        """How many more may be promised."""
        return max(self.places.total - len(self.held) - len(self.open), 0)


def taken(membership: Membership, *, now: datetime) -> Taken:
    """Return how the seats of a membership stand. An invitation that has run out promises nothing any more."""
    places = seating.places_of([membership], knowledge.current())[membership.pk]
    held = Seat.objects.filter(membership=membership.pk, until=None).select_related("holder")
    waiting = open_invitations(membership).filter(expires_at__gt=now)
    return Taken(places, list(held.order_by("since", "id")), list(waiting.order_by("sent_at", "id")))


def open_invitations(membership: Membership) -> Any:
    """Return the invitations to seats of a membership that were neither accepted nor withdrawn."""
    return Invitation.objects.filter(membership=membership.pk, accepted_at=None, withdrawn_at=None)


def seat_level(membership: Membership, *, now: datetime) -> str:
    """Return of which level the seats of a membership are, as it was promised when its level was bought."""
    spans = LevelSpan.objects.filter(membership=membership.pk, since__lte=now).order_by("-since")
    since = spans.values_list("since", flat=True).first() or membership.begun_at
    return knowledge.current().seat_level(membership.level_id, since)


def invite(membership: Membership, email: str, *, by: Any, now: datetime) -> Invitation:
    """Promise a seat to who reads the mail sent to ``email`` (a valid address), until it runs out.

    Raises :class:`CannotSeat`: no seat left, no good standing, the payer's own address, somebody who holds one or is invited,
    too many in a day.
    """
    with transaction.atomic():
        _locked(membership.member_id, now=now)
        return _invite(membership, email.strip().lower(), by=by, now=now)


def send_again(invitation: Invitation, *, now: datetime) -> None:
    """Send an invitation anew, with a new link; the old one works no more. Raises :class:`CannotSeat`: also within an hour."""
    with transaction.atomic():
        _locked(invitation.payer_id, now=now)
        membership = _still_open(invitation)
        if now < invitation.sent_at + AGAIN_AFTER:
            raise CannotSeat("too_soon")
        if invitation.expires_at <= now:  # it promised nothing any more
            _require_left(membership, now=now)
        _require_good(membership, now=now)
        _send(invitation, membership, now=now)


def withdraw(invitation: Invitation, *, now: datetime) -> None:
    """Take an invitation back: its link works no more, and its seat is free. Raises :class:`CannotSeat`."""
    with transaction.atomic():
        _locked(invitation.payer_id, now=now)
        _still_open(invitation)
        invitation.withdrawn_at = now
        invitation.save(update_fields=["withdrawn_at"])


def look(invitation: str, token: str, *, now: datetime) -> Invitation:
    """Return the open invitation that a link names. Raises :class:`CannotSeat`, which tells nobody more than the link's owner."""
    found = Invitation.objects.select_related("payer").filter(pk=invitation).first()
    told = digest_of(invitation, found.email if found else "", token)
    if not hmac.compare_digest(told, found.token_digest if found else "-" * len(told)) or found is None:
        raise CannotSeat("unknown")
    if found.accepted_at is not None:
        raise CannotSeat("used")
    if found.withdrawn_at is not None:
        raise CannotSeat("withdrawn")
    if found.expires_at <= now:
        raise CannotSeat("expired")
    return found


def accept(invitation: str, token: str, holder: Member, *, now: datetime) -> Seat:
    """Take the seat that a link offers: for the member whose log-in has the very address that it was sent to.

    Raises :class:`CannotSeat`: a link that is wrong, used, withdrawn or run out, another address, no seat left.
    """
    with transaction.atomic():
        payer = look(invitation, token, now=now).payer_id
        rows = _locked(payer, holder.pk, now=now)
        found = look(invitation, token, now=now)  # again, under lock
        if holder.user is None or holder.user.email.lower() != found.email:
            raise CannotSeat("other_address")
        membership = Membership.objects.select_related("member", "level").get(pk=found.membership)
        places = seating.places_of([membership], knowledge.current())[membership.pk]
        if Seat.objects.filter(membership=membership.pk, until=None).count() >= places.total:
            raise CannotSeat("gone")
        seat = _give(membership, holder, rows, by=holder.user, now=now)
        found.accepted_at = now
        found.save(update_fields=["accepted_at"])
        seats_letters.accepted(seat, level=membership.level.name, now=now)
    return seat


def give(membership: Membership, holder: Member, *, by: Any, reason: str, now: datetime) -> Seat:
    """Give a seat by hand, as staff. Raises :class:`CannotSeat`."""
    with transaction.atomic():
        rows = _locked(membership.member_id, holder.pk, now=now)
        _require_left(membership, now=now)
        seat = _give(membership, holder, rows, by=by, now=now)
        note(by=by, on=seat, what="give seat", why=reason, now=now)
    return seat


def end(seat: Seat, why: Seat.Ended, *, by: Any, now: datetime, reason: str = "") -> None:
    """End a seat from ``now`` on; ``reason`` is noted where staff do. Raises :class:`CannotSeat` where it has ended."""
    with transaction.atomic():
        _end(seat, why, now=now)
        if why is Seat.Ended.STAFF:
            note(by=by, on=seat, what="end seat", why=reason, now=now)
        if why is not Seat.Ended.LEFT:
            seats_letters.ended(
                seat, level=seats_letters.levels_of({seat.membership}).get(seat.membership, ""), now=now
            )


def move(seat: Seat, email: str, *, by: Any, now: datetime) -> Invitation:
    """End a seat and invite somebody else to it, both or neither. Raises :class:`CannotSeat`."""
    with transaction.atomic():
        end(seat, Seat.Ended.MOVED, by=by, now=now)
        membership = Membership.objects.select_related("member", "level").get(pk=seat.membership)
        return _invite(membership, email.strip().lower(), by=by, now=now)


def _invite(membership: Membership, email: str, *, by: Any, now: datetime) -> Invitation:
    if email in {membership.member.email, getattr(membership.member.user, "email", "")}:
        raise CannotSeat("yourself")
    if Seat.objects.filter(membership=membership.pk, until=None, holder__email=email).exists():
        raise CannotSeat("held")
    there = open_invitations(membership).filter(email=email).first()
    if there is not None and there.expires_at > now:
        raise CannotSeat("invited")
    left = _require_left(membership, now=now)
    _require_good(membership, now=now)
    sent = Invitation.objects.filter(payer=membership.member_id, sent_at__gt=now - A_DAY).count()
    if sent >= max(MOST, 2 * left.places.total):  # nobody's mailbox is filled from here
        raise CannotSeat("too_many")
    found = there or Invitation(
        id=derived("sin", secrets.token_hex(16)), membership=membership.pk, payer=membership.member, email=email
    )
    found.by = by
    _send(found, membership, now=now)
    return found


def _send(invitation: Invitation, membership: Membership, *, now: datetime) -> None:
    token = secrets.token_urlsafe(32)
    invitation.token_digest = digest_of(invitation.pk, invitation.email, token)
    invitation.sent_at, invitation.expires_at = now, now + GOOD_FOR
    invitation.save()
    level = seats_letters.level_name(seat_level(membership, now=now))
    seats_letters.invited(invitation, token, level=level, now=now)


def digest_of(invitation: str, email: str, token: str) -> str:
    """Return what is kept of a token: tied to its invitation and to the address that it was sent to."""
    return hashlib.sha256(f"{invitation}|{email}|{token}".encode()).hexdigest()


def _still_open(invitation: Invitation) -> Membership:
    invitation.refresh_from_db()
    if invitation.accepted_at is not None or invitation.withdrawn_at is not None:
        raise CannotSeat("closed")
    return Membership.objects.select_related("member", "level").get(pk=invitation.membership)


def _give(membership: Membership, holder: Member, rows: dict[str, MemberStanding], *, by: Any, now: datetime) -> Seat:
    if holder.pk == membership.member_id:
        raise CannotSeat("yourself")
    if Seat.objects.filter(membership=membership.pk, holder=holder, until=None).exists():
        raise CannotSeat("held")
    _require_good(membership, now=now)
    seat = Seat.objects.create(
        id=derived("sea", secrets.token_hex(16)),
        membership=membership.pk,
        payer=membership.member,
        holder=holder,
        through=seats_letters.name_of(membership.member)[:200],
        since=now,
        by=by,
    )
    rewrite({holder.pk}, rows, now=now, cause=seat.pk)
    return seat


def _end(seat: Seat, why: Seat.Ended, *, now: datetime) -> None:
    rows = _locked(seat.payer_id, seat.holder_id, now=now)
    seat.refresh_from_db()
    if seat.until is not None:
        raise CannotSeat("ended")
    seat.until, seat.ended = max(now, seat.since), why
    seat.save(update_fields=["until", "ended"])
    rewrite({seat.holder_id}, rows, now=now, cause=f"{seat.pk}:end")


def _require_left(membership: Membership, *, now: datetime) -> Taken:
    found = taken(membership, now=now)
    if not found.places.total and not found.held:
        raise CannotSeat("no_seats")
    if not found.left:
        raise CannotSeat("full")
    return found


def _require_good(membership: Membership, *, now: datetime) -> None:
    records = records_of([membership.member_id]).get(membership.member_id, [])
    record = next((each for each in records if each.ref == membership.pk), None)
    if record is None or judge(record, now).status not in GIVES:
        raise CannotSeat("not_good")


def _locked(payer: str, *others: str, now: datetime) -> dict[str, MemberStanding]:
    """Lock all that a payer's records follow from, then the rows of standing in the order of ids: as taking in does."""
    assert connection.in_atomic_block
    customers = GatewayCustomer.objects.select_for_update(of=("self",)).filter(member=payer).order_by("pk")
    list(customers.values_list("pk", flat=True))
    ensure_rows(sorted({payer, *others}), now=now)
    return standing_rows({payer, *others})
