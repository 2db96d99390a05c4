"""Taking an action: once, in one transaction, or not at all with the reason in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from goodstanding.checkout.refusals import Refused as NotForSale
from goodstanding.memberships import adjusting, byhand, gift_cards, giving_back
from goodstanding.memberships.ending import CannotEnd
from goodstanding.memberships.forms import Decision
from goodstanding.memberships.models import Seat
from goodstanding.memberships.reading import standing_now
from goodstanding.memberships.retrying import CannotRetry
from goodstanding.memberships.seats_giving import CannotSeat
from goodstanding.memberships.services import DecisionRefused
from goodstanding.office import once
from goodstanding.people.models import Member


@dataclass(frozen=True, slots=True)
class Done:
    """What came of an action, in words for staff. ``again``: it was done before, by the same form."""

    words: str
    again: bool = False


class Refused(ValueError):
    """The action is not taken, and nothing has changed; ``words`` say why."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


def take(form: Decision, *, name: str, by: Any) -> Done:
    """Do what a valid form asks for, unless the form of this ``name`` did it before. Raises :class:`Refused`."""
    before = standing_now(form.member.pk, now=form.now).status
    try:
        with transaction.atomic():
            if not once.is_first(name, by=by, now=form.now):
                return Done(_("This was sent twice. It was done once."), again=True)
            form.take(by=by)
    except CannotSeat as refused:
        raise Refused(refused.words) from refused
    except (DecisionRefused, CannotEnd) as refused:
        raise Refused(str(refused)) from refused
    except (
        adjusting.Refused,
        gift_cards.Refused,
        byhand.Refused,
        giving_back.Refused,
        NotForSale,
        CannotRetry,
    ) as refused:
        raise Refused(str(refused.words)) from refused
    after = standing_now(form.member.pk, now=form.now).status
    moved = _("The standing is still: %s.") % after if before == after else f"{before} → {after}."
    return Done(f"{form.done} {moved}")


def belongs(row: Any, member: Member) -> bool:
    """Return whether a row that an action is about is this member's; a seat is its payer's and its holder's."""
    if isinstance(row, Seat):
        return member.pk in (row.payer_id, row.holder_id)
    owner = row if hasattr(row, "member_id") else row.account
    return bool(owner.member_id == member.pk)
