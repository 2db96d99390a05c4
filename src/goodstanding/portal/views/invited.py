"""What somebody who is invited to a seat sees: the link, then log-in or a new account, then yes.

The link's token goes into the session at once and out of the address, so that it stands in no history and no log of
what comes after. Taking the seat is a POST: no mail program that looks at links takes one.
"""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from goodstanding import clock
from goodstanding.checkout.joining import ensure_member, member_of
from goodstanding.memberships import seats_giving
from goodstanding.memberships.models import Invitation, Membership, Seat
from goodstanding.memberships.seats_giving import CannotSeat
from goodstanding.memberships.seats_letters import level_name, name_of

TOKEN = "gs_invitation"  # noqa: S105 - in the session: the invitation that was followed, and its token


@never_cache
@require_safe
@sensitive_variables("token")
def link(request: HttpRequest, invitation: str, token: str) -> HttpResponse:
    """Take up the link of a mail, and lead to the page without its token."""
    request.session[TOKEN] = [invitation, token]
    return redirect("gs_portal:invitation", invitation)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_variables("token")
def invitation(request: HttpRequest, invitation: str) -> HttpResponse:
    """Show what is offered and by whom, and take it."""
    if "\0" in invitation:
        raise Http404
    kept, token = request.session.get(TOKEN, ["", ""])
    try:
        found = seats_giving.look(invitation, token if kept == invitation else "", now=clock.now())
    except CannotSeat as refusal:
        return _refused(request, refusal, invitation)
    same = request.user.is_authenticated and request.user.email.lower() == found.email
    if request.method == "POST" and same:
        try:
            seats_giving.accept(invitation, token, ensure_member(request.user, now=clock.now()), now=clock.now())
        except CannotSeat as refusal:
            return _refused(request, refusal, invitation)
        del request.session[TOKEN]
        messages.success(request, _("The seat is yours. You are a member through %s.") % name_of(found.payer))
        return redirect("gs_portal:membership")
    return _offered(request, found, same=bool(same))


def _offered(request: HttpRequest, found: Invitation, *, same: bool) -> HttpResponse:
    membership = Membership.objects.filter(pk=found.membership).first()
    there = urlencode({"next": reverse("gs_portal:invitation", args=[found.pk])})
    context = {
        "found": found,
        "payer": name_of(found.payer),
        "level": level_name(seats_giving.seat_level(membership, now=clock.now())) if membership else "",
        "same": same,
        "login": f"{reverse('account_login')}?{there}",
        "signup": f"{reverse('account_signup')}?{there}",
        "logout": reverse("account_logout"),
        "masked": _masked(found.email),
    }
    return render(request, "gs_portal/invitation.html", context)


def _refused(request: HttpRequest, refusal: CannotSeat, invitation: str) -> HttpResponse:
    """Say why not; to who took this very seat before, that it is his."""
    member = member_of(request.user)
    own = Seat.objects.filter(holder=member, until=None) if member else Seat.objects.none()
    theirs = Invitation.objects.filter(pk=invitation, accepted_at__isnull=False).values_list("membership", flat=True)
    if refusal.code in ("used", "held") and own.filter(membership__in=list(theirs)).exists():
        messages.info(request, _("You have taken this seat already."))
        return redirect("gs_portal:membership")
    status = 404 if refusal.code == "unknown" else 410
    status = 409 if refusal.code in ("gone", "not_good", "yourself", "held") else status
    return render(request, "gs_portal/invitation_over.html", {"words": refusal.words}, status=status)


def _masked(email: str) -> str:
    name, _at, domain = email.partition("@")
    return f"{name[:1]}…@{domain}"
