"""The door panel of a demonstration: choose a door, tap a card, and see it open, or why it stays shut.

It is a reader like any other: it asks the service that answers readers over HTTP, with a token of its own, and each tap
leaves its row. The token is kept nowhere but in this process; a process that has none gives itself a new one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from goodstanding import clock
from goodstanding.catalogue.models import Level
from goodstanding.core.access import Decision
from goodstanding.core.doors import WORDS
from goodstanding.core.records import Status
from goodstanding.doors import services as doors
from goodstanding.doors import taps
from goodstanding.doors.keys import digest_of
from goodstanding.doors.models import Card, Device, Door
from goodstanding.people.models import Member
from goodstanding.site.demo_acts import card_number
from goodstanding.site.demo_pages import in_a_demonstration

READER = "The panel of the demonstration"
NOBODYS = "nobody"  # stands for a card that is nobody's
NOBODYS_CARD = "04DE0000000001"
MEMBERS = 200  # shown to staff to choose from

_tokens: dict[str, str] = {}  # of the panel's reader, by its id


@dataclass(frozen=True, slots=True)
class Tapped:
    """What became of a tap: the answer that the reader got, and what the panel explains beside it."""

    door: Door
    member: Member | None
    answer: taps.Answer
    decision: Decision | None
    names: Mapping[str, str]

    @property
    def in_grace(self) -> bool:
        """Whether the door opened for somebody whose payment failed."""
        return bool(self.answer.open and self.decision and self.decision.status is Status.GRACE)

    @property
    def why(self) -> str:
        """Why it stays shut, for the member alone; empty where the card or the door is the reason."""
        return self.decision.why(names=self.names, translate=_) if self.decision else ""

    @property
    def what_to_do(self) -> str:
        """What to do about it."""
        return (
            self.decision.remedy(translate=_)
            if self.decision
            else _(WORDS[self.answer.code].what_to_do or "Try again.")
        )


@in_a_demonstration
@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def panel(request: HttpRequest) -> HttpResponse:
    """Show the doors and whose card can be tapped; tap it; hand out a card to a member who has none."""
    now = clock.now()
    own = Member.objects.filter(user=request.user.pk).first()
    if request.method == "POST" and "take" in request.POST:
        _hand_out(request, own, now=now)
        return redirect("demo_doors")
    all_doors = list(Door.objects.filter(is_active=True).order_by("name", "id").prefetch_related("levels"))
    chosen = next((door for door in all_doors if door.pk == request.POST.get("door")), None)
    holders = _holders(request.user, own)
    whose = request.POST.get("card", "")
    member = next((each for each in holders if each.pk == whose), None)
    tapped = None
    if chosen is not None and (member is not None or whose == NOBODYS):
        tapped = _tap(chosen, member, all_doors, now=now)
    context = {
        "doors": all_doors,
        "holders": holders,
        "whose": whose,
        "own": own,
        "needs_card": own is not None and own not in holders,
        "nobodys": NOBODYS,
        "tapped": tapped,
    }
    return render(request, "gs_site/demo/doors.html", context)


def _holders(user: Any, own: Member | None) -> list[Member]:
    """Return whose cards may be tapped: one's own; for staff, those of all who have a card of the demonstration."""
    rows = Card.objects.select_related("member").order_by("member__name", "member_id", "id")
    if not user.is_staff:
        rows = rows.filter(member=own)
    found = {
        card.member_id: card.member for card in rows[:MEMBERS] if card.digest == digest_of(card_number(card.member))
    }
    return list(found.values())


def _hand_out(request: HttpRequest, member: Member | None, *, now: datetime) -> None:
    if member is None:
        return
    try:
        doors.add_card(member, uid=card_number(member), by=request.user, now=now, label=_("Card of the demonstration"))
    except doors.CardTaken:
        return  # pressed twice
    messages.success(request, _("Here is your card. Hold it to a door."))


def _tap(door: Door, member: Member | None, all_doors: Sequence[Door], *, now: datetime) -> Tapped:
    asked = taps.Asked(door=door.pk, card=card_number(member) if member else NOBODYS_CARD)
    reader = _reader(all_doors, now=now)
    try:
        answer = taps.tap(asked, token=_token(reader, now=now), now=now)
    except taps.NotAuthorised:  # another process of the site has given itself a token meanwhile
        _tokens.pop(reader.pk, None)
        answer = taps.tap(asked, token=_token(reader, now=now), now=now)
    names = dict(Level.objects.values_list("slug", "name"))
    return Tapped(door, member, answer, _explained(door, member, now=now), names)


def _explained(door: Door, member: Member | None, *, now: datetime) -> Decision | None:
    """Return what standing says about that door, in the words that are for the member alone."""
    if member is None:
        return None
    card = Card.objects.filter(digest=digest_of(card_number(member))).first()
    return next((found.standing for each, found in doors.why(member, now, card=card) if each.pk == door.pk), None)


def _reader(all_doors: Sequence[Door], *, now: datetime) -> Device:
    """Return the panel's own reader, at all doors that there are."""
    reader = Device.objects.filter(name=READER, revoked_at=None).order_by("added_at", "id").first()
    if reader is None:
        return doors.make_device(name=READER, at=all_doors, by=None, now=now)
    if set(reader.doors.values_list("pk", flat=True)) != {door.pk for door in all_doors}:
        return doors.change_device(reader, name=READER, at=all_doors, by=None, now=now)
    return reader


def _token(reader: Device, *, now: datetime) -> str:
    if reader.pk not in _tokens:
        _tokens[reader.pk] = doors.new_device_token(reader, by=None, now=now)
    return _tokens[reader.pk]
