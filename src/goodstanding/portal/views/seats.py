"""The payer's page of seats: who holds one, inviting, sending again, taking back, and giving one to somebody else."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from goodstanding import clock
from goodstanding.memberships import seats_buying, seats_giving
from goodstanding.memberships.models import Invitation, Membership, Seat
from goodstanding.memberships.seats_giving import CannotSeat
from goodstanding.memberships.seats_letters import name_of
from goodstanding.people.models import Member
from goodstanding.portal import seats as shown
from goodstanding.portal.forms import InviteForm
from goodstanding.portal.views.own import for_members


@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def seats(request: HttpRequest, member: Member, membership: str) -> HttpResponse:
    """Show the seats of a membership, and invite somebody to one."""
    row, now = own(member, membership), clock.now()
    form = InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = seats_giving.invite(row, form.cleaned_data["email"], by=request.user, now=now)
        except CannotSeat as refusal:
            form.add_error("email" if refusal.code in ("yourself", "held", "invited") else None, refusal.words)
        else:
            messages.success(request, _("%(email)s is invited. The link is in the mail.") % {"email": made.email})
            return redirect("gs_portal:seats", row.pk)
    context = {
        "section": "membership",
        "found": shown.of(row, now=now),
        "offer": shown.offer_words(seats_buying.offer(row)),
        "form": form,
    }
    return render(request, "gs_portal/seats.html", context, status=422 if form.errors else 200)


@require_POST
@for_members
def again(request: HttpRequest, member: Member, invitation: str) -> HttpResponse:
    """Send an invitation once more."""
    row = _invitation(member, invitation)
    try:
        seats_giving.send_again(row, now=clock.now())
    except CannotSeat as refusal:
        messages.error(request, refusal.words)
    else:
        messages.success(request, _("It is sent again, with a new link. The old one works no more."))
    return redirect("gs_portal:seats", row.membership)


@require_POST
@for_members
def withdraw(request: HttpRequest, member: Member, invitation: str) -> HttpResponse:
    """Take an invitation back."""
    row = _invitation(member, invitation)
    try:
        seats_giving.withdraw(row, now=clock.now())
    except CannotSeat as refusal:
        messages.error(request, refusal.words)
    else:
        messages.success(request, _("The invitation is taken back, and its seat is free."))
    return redirect("gs_portal:seats", row.membership)


@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def remove(request: HttpRequest, member: Member, seat: str) -> HttpResponse:
    """Say what it means to take a seat back, and take it; or give it to somebody else."""
    row = _given(member, seat)
    moving = request.method == "POST" and "email" in request.POST
    form = InviteForm(request.POST if moving else None)
    if request.method == "POST" and (not moving or form.is_valid()):
        try:
            said = _move(request, row, form) if moving else _end(request, row)
        except CannotSeat as refusal:
            if moving and refusal.code != "ended":
                form.add_error("email", refusal.words)
            else:
                messages.info(request, refusal.words)
                return redirect("gs_portal:seats", row.membership)
        else:
            messages.success(request, said)
            return redirect("gs_portal:seats", row.membership)
    context = {"section": "membership", "seat": row, "name": name_of(row.holder), "form": form}
    return render(request, "gs_portal/seat_remove.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def leave(request: HttpRequest, member: Member, seat: str) -> HttpResponse:
    """Say what it means to give up a seat that one holds, and give it up."""
    if "\0" in seat:
        raise Http404
    row = get_object_or_404(Seat, pk=seat, holder=member)
    if request.method == "POST":
        try:
            seats_giving.end(row, Seat.Ended.LEFT, by=request.user, now=clock.now())
        except CannotSeat as refusal:
            messages.info(request, refusal.words)
        else:
            messages.success(request, _("You gave up your seat. It is free for somebody else."))
        return redirect("gs_portal:membership")
    return render(request, "gs_portal/seat_leave.html", {"section": "membership", "seat": row})


def _end(request: HttpRequest, row: Seat) -> str:
    seats_giving.end(row, Seat.Ended.REMOVED, by=request.user, now=clock.now())
    return _("The seat is taken back. It is free now.")


def _move(request: HttpRequest, row: Seat, form: InviteForm) -> str:
    made = seats_giving.move(row, form.cleaned_data["email"], by=request.user, now=clock.now())
    return _("The seat is taken back, and %(email)s is invited to it.") % {"email": made.email}


def own(member: Member, membership: str) -> Membership:
    """Return a membership of the member's; there is no page for anybody else's."""
    if "\0" in membership:
        raise Http404
    rows = Membership.objects.select_related("member__user", "level").prefetch_related("level__prices")
    return get_object_or_404(rows, pk=membership, member=member)


def _invitation(member: Member, invitation: str) -> Invitation:
    if "\0" in invitation:
        raise Http404
    return get_object_or_404(Invitation.objects.select_related("payer"), pk=invitation, payer=member)


def _given(member: Member, seat: str) -> Seat:
    if "\0" in seat:
        raise Http404
    return get_object_or_404(Seat.objects.select_related("holder", "payer"), pk=seat, payer=member)
