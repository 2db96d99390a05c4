"""The mails about seats: to who is invited, to who pays, and to whose seat has ended. Rows, in the transaction of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from goodstanding.catalogue.models import Level
from goodstanding.memberships import letters
from goodstanding.memberships.models import Invitation, Membership, Seat
from goodstanding.people.models import Member

INVITED, SEATS = "gs_portal:invited", "gs_portal:seats"


def invited(invitation: Invitation, token: str, *, level: str, now: datetime) -> None:
    """Write to who is invited, with the link that takes the seat."""
    context = {
        "payer": name_of(invitation.payer),
        "level": level,
        "until": invitation.expires_at,
        "link": letters.address(INVITED, invitation.pk, token),
    }
    key = f"{invitation.pk}|{invitation.token_digest}"
    letters.write("seat_invited", key, invitation.payer, context, to=invitation.email, now=now)


def accepted(seat: Seat, *, level: str, now: datetime) -> None:
    """Tell the payer who took a seat."""
    context = {"person": name_of(seat.holder), "level": level, "link": letters.address(SEATS, seat.membership)}
    letters.write("seat_accepted", seat.pk, seat.payer, context, now=now)


def ended(seat: Seat, *, level: str, now: datetime) -> None:
    """Tell the holder that his seat has ended."""
    context = {"payer": seat.through, "level": level, "since": now, "link": letters.address(letters.JOIN)}
    letters.write("seat_ended", seat.pk, seat.holder, context, now=now)


def fewer(seats: Sequence[Seat], *, now: datetime) -> None:
    """Tell the holders of those seats that ended because there are fewer by now, and their payers."""
    holders = Member.objects.in_bulk({each for seat in seats for each in (seat.holder_id, seat.payer_id)})
    levels = levels_of({seat.membership for seat in seats})
    by_membership: defaultdict[str, list[Seat]] = defaultdict(list)
    for seat in seats:
        seat.holder, seat.payer = holders[seat.holder_id], holders[seat.payer_id]
        ended(seat, level=levels.get(seat.membership, ""), now=now)
        by_membership[seat.membership].append(seat)
    for membership, gone in by_membership.items():
        people = ", ".join(name_of(seat.holder) for seat in gone)
        context = {"people": people, "level": levels.get(membership, ""), "link": letters.address(SEATS, membership)}
        letters.write("seats_fewer", f"{membership}|{now.isoformat()}", gone[0].payer, context, now=now)


def levels_of(memberships: set[str]) -> dict[str, str]:
    """Return what the levels of memberships are called."""
    return dict(Membership.objects.filter(pk__in=memberships).values_list("pk", "level__name"))


def level_name(slug: str) -> str:
    """Return what a level is called."""
    return Level.objects.filter(pk=slug).values_list("name", flat=True).first() or slug


def name_of(member: Member) -> str:
    """Return what a member is called by others."""
    return member.name or member.email
