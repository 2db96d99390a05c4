"""My membership: how one stands, what happens next, and stopping or keeping the renewal."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from goodstanding import clock
from goodstanding.memberships import ending
from goodstanding.people.models import Member
from goodstanding.portal import again, bills, overview, stopping
from goodstanding.portal.views.own import for_members, subscription_of


@require_safe
@for_members
def membership(request: HttpRequest, member: Member) -> HttpResponse:
    """Show how the member stands, why and until when, and what happens next with each membership."""
    now = clock.now()
    found = overview.of(member, now=now)
    open_bills = [bills.row_of(bill, 0) for bill in found.bills]
    context = {
        "section": "membership",
        "found": found,
        "open_bills": open_bills,
        "expiring": again.soon(member, now=now),
        "overdue": again.overdue(found),
    }
    return render(request, "gs_portal/membership.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def stop(request: HttpRequest, member: Member, subscription: str) -> HttpResponse:
    """Say what it means to stop a renewal, and stop it."""
    now = clock.now()
    row = subscription_of(member, subscription)
    if request.method == "POST":
        try:
            ending.cancel(row, now=now)
        except ending.CannotEnd:
            messages.warning(request, _("This has ended already."))
        else:
            messages.success(request, _("The renewal is stopped. What you paid for stays yours until its end."))
        return redirect("gs_portal:membership")
    found = overview.of(member, now=now, with_cards=False).renewal(row.pk)
    if found is None or not found[1].can_stop:
        messages.info(request, _("This does not renew any more."))
        return redirect("gs_portal:membership")
    place, renewal = found
    context = {"section": "membership", "place": place, "says": stopping.means(place, renewal, now=now)}
    return render(request, "gs_portal/stop.html", context)


@require_POST
@for_members
def stay(request: HttpRequest, member: Member, subscription: str) -> HttpResponse:
    """Have what was to end renew again."""
    row = subscription_of(member, subscription)
    try:
        ending.stay(row, now=clock.now())
    except ending.CannotEnd:
        messages.error(request, _("This has ended already, and cannot go on. You can join again."))
    else:
        messages.success(request, _("You stay: it renews as before."))
    return redirect("gs_portal:membership")
