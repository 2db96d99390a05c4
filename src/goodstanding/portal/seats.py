"""What the pages on seats show: of one's own membership who holds a seat, who is invited, and how many are left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from goodstanding.catalogue import knowledge
from goodstanding.catalogue.models import Price
from goodstanding.catalogue.words import money_words
from goodstanding.core.seats import Places
from goodstanding.memberships import seating, seats_giving
from goodstanding.memberships.models import Invitation, Membership, Seat
from goodstanding.memberships.seats_buying import Offer, Preview
from goodstanding.memberships.seats_giving import Taken
from goodstanding.memberships.seats_letters import level_name
from goodstanding.people.models import Member
from goodstanding.portal import words


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


def offer_words(offer: Offer) -> dict[str, Any]:
    """Return what is said of further seats: what one costs, how many there are, and how many from when on."""
    if offer.each is None:
        return {}
    each = {"amount": money_words(offer.each)}
    found = {
        "each": _("A further seat costs %(amount)s each time that the membership renews.") % each,
        "bought": _bought_words(offer.bought),
        "next": "",
    }
    if offer.next_bought is not None and offer.next_at is not None:
        coming = {"bought": offer.next_bought, "day": words.day(offer.next_at)}
        found["next"] = _("From %(day)s on you pay for %(bought)s of them.") % coming
    return found


def _bought_words(bought: int) -> str:
    if not bought:
        return _("You pay for no further seats yet.")
    found = ngettext("You pay for %(bought)s further seat.", "You pay for %(bought)s further seats.", bought)
    return found % {"bought": bought}


def change_says(membership: Membership, found: Preview, *, now: datetime) -> list[tuple[str, str]]:
    """Return what another number of seats means for seats, money and dates: each with what it is about."""
    plan, there = found.plan, seats_giving.taken(membership, now=now)
    total = replace(there.places, bought=found.wanted).total
    from_when = _("at once, when it is paid") if plan.is_now and plan.due_now else _("at once")
    if not plan.is_now:
        from_when = words.moment_words(plan.effect_at)
    facts = [(_("From when"), from_when), (_("Seats then, in all"), str(total))]
    if len(there.held) > total:
        gone = len(there.held) - total
        facts.append((_("What becomes of those who hold them"), _last_end(gone)))
    if plan.from_balance:
        facts.append((_("From your credit"), money_words(plan.from_balance)))
    facts.append((_("To be paid now"), money_words(plan.due_now) if plan.due_now else _("nothing")))
    told = {"amount": money_words(plan.next_asked), "day": words.day(plan.next_charge_at)}
    facts.append((_("Next charge"), _("%(amount)s on %(day)s, all together") % told))
    return facts


def change_line(found: Preview) -> dict[str, str]:
    """Return the line that is billed now, if one is: what for, for which time, and what it comes to."""
    plan = found.plan
    if plan.asked is None or plan.rest.end is None:
        return {}
    what = ngettext("%(more)s further seat", "%(more)s further seats", plan.more) % {"more": plan.more}
    net, tax = plan.asked.net, plan.asked.tax
    return {
        "what": what,
        "period": words.last_day(plan.rest.start, plan.rest.end),
        "amount": money_words(net),
        "tax": f"{plan.asked.tax_name}: {money_words(tax)}" if tax else "",
    }


def change_action(found: Preview) -> str:
    """Return what the button says: the money, or from when."""
    if found.plan.due_now:
        return _("Have them, and pay %(amount)s") % {"amount": money_words(found.plan.due_now)}
    if found.plan.is_now:
        return _("Have them now, for nothing more")
    return _("Have fewer from %(day)s on") % {"day": words.day(found.plan.effect_at)}


def change_done(found: Preview) -> str:
    """Return what is said once it is done, or set."""
    if found.plan.is_now:
        return _("You have them. You can invite somebody at once.")
    return _("It is set: fewer seats from %(day)s on. Until then you can take it back.") % {
        "day": words.day(found.plan.effect_at)
    }


def _last_end(gone: int) -> str:
    said = ngettext(
        "The one given last ends then, and its holder is told.",
        "The %(gone)s given last end then, and their holders are told.",
        gone,
    )
    return said % {"gone": gone}
