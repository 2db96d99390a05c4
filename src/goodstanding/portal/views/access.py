"""Why can't I get in: doors and levels, the last taps, one's own cards, and one that was lost."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from goodstanding import clock
from goodstanding.doors import services as doors
from goodstanding.doors.models import Card
from goodstanding.people.models import Member
from goodstanding.portal import entrances
from goodstanding.portal.views.own import for_members


@require_safe
@for_members
def access(request: HttpRequest, member: Member) -> HttpResponse:
    """Show where the member may enter now, and where not and why."""
    now = clock.now()
    context = {
        "section": "access",
        "doors": entrances.at_doors(member, now=now),
        "levels": entrances.for_levels(member, now=now),
        "taps": entrances.taps(member),
        "cards": entrances.cards(member),
    }
    return render(request, "gs_portal/access.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def lost(request: HttpRequest, member: Member, card: str) -> HttpResponse:
    """Ask once more, then have a lost card open nothing from now on."""
    if "\0" in card:
        raise Http404
    found = get_object_or_404(Card, pk=card, member=member)
    if request.method == "POST":
        try:
            doors.mark_lost(found, by=request.user, now=clock.now(), reason="reported by the member")
        except doors.CardRefused:
            messages.info(request, _("This card opens nothing already."))
        else:
            messages.success(request, _("The card opens nothing from now on. Ask the staff for a new one."))
        return redirect("gs_portal:access")
    return render(request, "gs_portal/card_lost.html", {"section": "access", "card": found})
