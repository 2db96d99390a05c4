"""Having more or fewer further seats: how many, what it comes to, and doing it; and taking back what is set for later."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from goodstanding import clock
from goodstanding.billing.models import Invoice
from goodstanding.checkout.forms import ways_for
from goodstanding.memberships import changing, seats_buying
from goodstanding.memberships.changing_words import CannotChange
from goodstanding.memberships.models import Membership
from goodstanding.memberships.owing import Stage
from goodstanding.memberships.seats_buying import Preview
from goodstanding.people.models import Member
from goodstanding.portal import seats as says
from goodstanding.portal.forms import ChangeForm, NumberForm
from goodstanding.portal.views.own import for_members
from goodstanding.portal.views.seats import own


@sensitive_post_parameters("number", "card")
@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def number(request: HttpRequest, member: Member, membership: str) -> HttpResponse:
    """Ask how many, show what that comes to, and do it; then lead to what became of its payment."""
    row, now = own(member, membership), clock.now()
    answer = _sent_again(request)
    if answer is not None:
        return answer
    offer = seats_buying.offer(row)
    asking = request.method == "POST" and "shown" not in request.POST
    sent = request.POST if asking else request.GET
    asked = NumberForm(sent if "seats" in sent else None, initial={"seats": offer.bought})
    context = {"section": "membership", "membership": row, "asked": asked, "offer": says.offer_words(offer)}
    if not asked.is_bound or not asked.is_valid():
        return render(request, "gs_portal/seats_number.html", context, status=422 if asked.errors else 200)
    if asking:
        return redirect(f"{request.path}?{urlencode({'seats': asked.cleaned_data['seats']})}")
    try:
        found = seats_buying.preview(row, asked.cleaned_data["seats"], now=now)
    except CannotChange as refusal:
        asked.add_error("seats", refusal.words)
        return render(request, "gs_portal/seats_number.html", context, status=422)
    return _shown(request, row, found, context)


@require_POST
@for_members
def keep(request: HttpRequest, member: Member, membership: str) -> HttpResponse:
    """Take back that there are fewer seats from the next period on."""
    row = own(member, membership)
    subscription = seats_buying.offer(row).subscription
    if subscription is not None:
        changing.take_back(subscription, now=clock.now())
        messages.success(request, _("It is taken back: the seats are renewed as before."))
    return redirect("gs_portal:seats", row.pk)


def _shown(request: HttpRequest, row: Membership, found: Preview, context: dict[str, object]) -> HttpResponse:
    ways = ways_for(row.member, [found.subscription.gateway_account] if found.plan.due_now else [], now=clock.now())
    free, anew = not found.plan.due_now, seats_buying.signed(found)
    if request.method == "POST":
        form = ChangeForm(request.POST, ways=ways, free=free)
        answer = _accepted(request, row, found, form) if form.is_valid() else None
        if answer is not None:
            return answer
        form.show_anew(shown=anew)
    else:
        form = ChangeForm(initial={"shown": anew}, ways=ways, free=free)
    context |= {
        "form": form,
        "says": says.change_says(row, found, now=clock.now()),
        "line": says.change_line(found),
        "action": says.change_action(found),
    }
    return render(request, "gs_portal/seats_number.html", context, status=422 if form.errors else 200)


def _sent_again(request: HttpRequest) -> HttpResponse | None:
    """Lead a page that was sent before to the bill that came of it."""
    if request.method != "POST":
        return None
    try:
        seen = seats_buying.shown(request.POST.get("shown", ""), now=clock.now())
    except CannotChange:
        return None
    bill = Invoice.objects.filter(external_id=seats_buying.reference_of(seen)).first()
    return redirect("gs_portal:pay", bill.pk) if bill is not None else None


def _accepted(request: HttpRequest, row: Membership, found: Preview, form: ChangeForm) -> HttpResponse | None:
    """Do what was shown; ``None`` where it turns out that it would be something else by now."""
    now = clock.now()
    try:
        seen = seats_buying.shown(form.cleaned_data["shown"], now=now)
        there = reverse("gs_portal:pay", args=[seats_buying.bill_of(found.subscription, seen)])
        made = seats_buying.accept(
            row,
            seen,
            return_url=request.build_absolute_uri(there),
            now=now,
            card=form.cleaned_data["token"],
            method=form.cleaned_data["stored"],
        )
    except CannotChange as refusal:
        form.add_error(None, refusal.words)
        return None
    if made.outcome.stage is Stage.DONE:
        messages.success(request, says.change_done(found))
        return redirect("gs_portal:seats", row.pk)
    elsewhere = made.outcome.page if made.outcome.stage is Stage.WAITING else ""
    return HttpResponseRedirect(elsewhere or there)
