"""What the pages on seats show: of one's own membership who holds a seat, who is invited, and how many are left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from goodstanding.catalogue import knowledge
from goodstanding.catalogue.models import Price
from goodstanding.core.seats import Places
from goodstanding.memberships import seating, seats_giving
from goodstanding.memberships.models import Invitation, Membership, Seat
from goodstanding.memberships.seats_giving import Taken
from goodstanding.memberships.seats_letters import level_name
from goodstanding.people.models import Member


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything on the page of a membership's seats. ``over``: invitations that ran out and can be sent again."""

    membership: Membership
    taken: Taken
    over: Sequence[Invitation]
    seat_level: str

    @property
    def says(self) -> list[str]:
        """How many seats there are and how many of them are left, in words."""
        there, said = self.taken.places, [places_words(self.taken.places)]
        if there.total:
            said.append(taken_words(len(self.taken.held), len(self.taken.open), self.taken.left))
        return said


def of(membership: Membership, *, now: datetime) -> Shown:
    """Return what the page of a membership's seats shows."""
    over = seats_giving.open_invitations(membership).filter(expires_at__lte=now).order_by("sent_at", "id")
    level = level_name(seats_giving.seat_level(membership, now=now))
    taken = seats_giving.taken(membership, now=now)
    return Shown(membership, taken, list(over), level)


def places_words(there: Places) -> str:
    """Return how many seats a membership has, in words."""
    if not there.total:
        return _("This membership has no seats for others yet.")
    found = ngettext("It has %(total)s seat for others.", "It has %(total)s seats for others.", there.total)
    return found % {"total": there.total}


def taken_words(held: int, promised: int, left: int) -> str:
    """Return what became of them, in words."""
    numbers = {"held": held, "promised": promised, "left": left}
    if promised:
        return _("Taken: %(held)s. Promised to who is invited: %(promised)s. Left: %(left)s.") % numbers
    return _("Taken: %(held)s. Left: %(left)s.") % numbers


def with_seats(memberships: Iterable[Membership]) -> dict[str, str]:
    """Return of those memberships that have seats, or could have some, how many: in words, by id. A few statements."""
    rows = list(memberships)
    if not rows:
        return {}
    found = {}
    sold = Price.objects.filter(level__in={row.level_id for row in rows}, seat_amount_minor__isnull=False)
    levels = set(sold.order_by().values_list("level", flat=True))
    buyable = {row.pk for row in rows if row.level_id in levels}
    for membership, there in seating.places_of(rows, knowledge.current()).items():
        if there.total or membership in buyable:
            found[membership] = places_words(there)
    return found


def held(member: Member) -> list[Seat]:
    """Return the seats that a member holds or held in others' memberships, the latest first."""
    return list(Seat.objects.filter(holder=member).select_related("payer").order_by("-since", "id"))
