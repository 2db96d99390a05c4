"""Pausing: for how long, what it comes to, and doing it; going on before its time, and dropping what has not begun."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from goodstanding import clock
from goodstanding.billing.models import Subscription
from goodstanding.memberships import pausing
from goodstanding.memberships.pausing import CannotPause, Pausing
from goodstanding.people.models import Member
from goodstanding.portal import overview
from goodstanding.portal import pausing as says
from goodstanding.portal.forms import PauseForm
from goodstanding.portal.views.own import for_members, subscription_of

ABOUT_THE_END = frozenset({"backwards", "open_ended", "too_long"})
ABOUT_THE_START = frozenset({"past", "beyond", "too_often"})


@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def pause(request: HttpRequest, member: Member, subscription: str) -> HttpResponse:
    """Ask for how long, show what that comes to, and do it. Where there is a pause already, show that."""
    now = clock.now()
    row = subscription_of(member, subscription)
    stands = pausing.stands(row, now=now)
    context = {"section": "membership", "subscription": row, "level": _level(member, row)}
    if stands.pause is not None:
        return _there(request, row, stands, context)
    if stands.refusal is not None:
        context["refusal"] = stands.refusal.words
        return render(request, "gs_portal/pause.html", context, status=422 if request.method == "POST" else 200)
    asking = request.method == "POST" and "shown" not in request.POST
    sent = request.POST if asking else request.GET
    form = PauseForm(sent if "start" in sent else None, limits=stands.limits, now=now)
    context |= {"form": form, "limits": says.limit_words(stands)}
    if not form.is_bound or not form.is_valid():
        return render(request, "gs_portal/pause.html", context, status=422 if form.errors else 200)
    return _shown(request, row, form, context, asking=asking)


@require_POST
@for_members
def go_on(request: HttpRequest, member: Member, subscription: str) -> HttpResponse:
    """End a pause now."""
    try:
        pausing.resume(subscription_of(member, subscription), now=clock.now())
    except CannotPause as refusal:
        messages.warning(request, refusal.words)
    else:
        messages.success(request, _("The pause is over: it goes on."))
    return redirect("gs_portal:membership")


@require_POST
@for_members
def drop(request: HttpRequest, member: Member, subscription: str) -> HttpResponse:
    """Take back a pause that has not begun."""
    try:
        pausing.drop(subscription_of(member, subscription), now=clock.now())
    except CannotPause as refusal:
        messages.warning(request, refusal.words)
    else:
        messages.success(request, _("The pause is dropped: everything is as it was before."))
    return redirect("gs_portal:membership")


def _shown(
    request: HttpRequest, row: Subscription, form: PauseForm, context: dict[str, object], *, asking: bool
) -> HttpResponse:
    """Show what the pause comes to that was asked for; set it where that was shown before, and is what it still comes to."""
    now = clock.now()
    given = form.cleaned_data
    try:
        start, end = says.span(given["start"], given["end"], now=now)
        found = pausing.preview(row, start=start, end=end, now=now)
        if asking:
            typed = {name: form.data.get(name, "") for name in ("start", "end")}
            return redirect(f"{request.path}?{urlencode(typed)}")
        shown = says.key(found, now=now)
        if request.method == "POST" and request.POST["shown"] == shown:
            pausing.pause(row, start=start, end=end, now=now)
            messages.success(request, says.done(found, now=now))
            return redirect("gs_portal:membership")
    except CannotPause as refusal:
        field = "end" if refusal.code in ABOUT_THE_END else "start" if refusal.code in ABOUT_THE_START else None
        form.add_error(field, refusal.words)
        return render(request, "gs_portal/pause.html", context, status=422)
    if request.method == "POST":
        form.add_error(None, _("It would come to something else by now. Look at it again, please."))
    context |= {"says": says.says(found, now=now), "shown": shown}
    return render(request, "gs_portal/pause.html", context, status=422 if form.errors else 200)


def _there(request: HttpRequest, row: Subscription, stands: Pausing, context: dict[str, object]) -> HttpResponse:
    now = clock.now()
    context |= {"runs": stands.runs, "about": says.standing_words(row, stands.until, now=now)}
    if stands.runs:
        context["says"] = says.says_of_going_on(pausing.preview_resumed(row, now=now), now=now)
    return render(request, "gs_portal/pause_there.html", context)


def _level(member: Member, row: Subscription) -> str:
    found = overview.of(member, now=clock.now(), with_cards=False).renewal(row.pk)
    return found[0].level.name if found is not None else ""
