"""Changing the level: to what, what it comes to, and doing it; and taking back what is set for later."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from goodstanding import clock
from goodstanding.billing.models import Invoice, Subscription
from goodstanding.catalogue.models import Price
from goodstanding.checkout.forms import ways_for
from goodstanding.memberships import change_pages, changing
from goodstanding.memberships.change_pages import Preview
from goodstanding.memberships.changing_words import CannotChange
from goodstanding.memberships.owing import Stage
from goodstanding.people.models import Member
from goodstanding.portal import changing as says
from goodstanding.portal.forms import ChangeForm
from goodstanding.portal.views.own import for_members, subscription_of


@require_safe
@for_members
def targets(request: HttpRequest, member: Member, subscription: str) -> HttpResponse:
    """Show to what the member may change."""
    row = subscription_of(member, subscription)
    try:
        prices = changing.targets(member, row, now=clock.now())
    except CannotChange as refusal:
        return _refused(request, refusal)
    bill = changing.open_renewal(row, now=clock.now())
    context = {"section": "membership", "subscription": row, "prices": prices, "bill": bill}
    return render(request, "gs_portal/change.html", context)


@sensitive_post_parameters("number", "card")
@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def change(request: HttpRequest, member: Member, subscription: str, price: str) -> HttpResponse:
    """Show what a change comes to, and make it; then lead to what became of its payment."""
    now = clock.now()
    row, wanted = subscription_of(member, subscription), _price(price)
    answer = _sent_again(request, row, wanted)
    if answer is not None:
        return answer
    ahead = request.GET.get("ahead") == "1"
    try:
        found = changing.preview(row, wanted, now=now, ahead=ahead)
        other = _other_way(found, ahead=ahead, now=now)
    except CannotChange as refusal:
        return _refused(request, refusal)
    ways = ways_for(member, [row.gateway_account] if found.plan.due_now else [], now=now)
    free, anew = not found.plan.due_now, change_pages.signed(found)
    if request.method == "POST":
        form = ChangeForm(request.POST, ways=ways, free=free)
        answer = _accepted(request, found, form) if form.is_valid() else None
        if answer is not None:
            return answer
        form.show_anew(shown=anew)
    else:
        form = ChangeForm(initial={"shown": anew}, ways=ways, free=free)
    context = {
        "section": "membership",
        "subscription": row,
        "price": wanted,
        "lines": says.lines(found),
        "counting": says.counting(found),
        "says": says.says(found),
        "action": says.action(found),
        "form": form,
        "other": other,
    }
    return render(request, "gs_portal/change_to.html", context, status=422 if form.errors else 200)


def _other_way(found: Preview, *, ahead: bool, now: datetime) -> Preview | None:
    """What it comes to paid ahead, where it would wait; or to wait for it, where it is paid ahead."""
    if not ahead and not changing.may_pay_ahead(found.plan, found.manner):
        return None
    other = changing.preview(found.subscription, found.price, now=now, ahead=not ahead)
    return other if other.plan.is_now != found.plan.is_now else None


@require_POST
@for_members
def keep(request: HttpRequest, member: Member, subscription: str) -> HttpResponse:
    """Take back the change that is set for the period's end."""
    changing.take_back(subscription_of(member, subscription), now=clock.now())
    messages.success(request, _("The change is taken back: it renews as before."))
    return redirect("gs_portal:membership")


def _sent_again(request: HttpRequest, row: Subscription, wanted: Price) -> HttpResponse | None:
    """Lead a page that was sent before to the bill that came of it."""
    if request.method != "POST":
        return None
    try:
        seen = change_pages.shown(request.POST.get("shown", ""), now=clock.now())
    except CannotChange:
        return None
    bill = changing.bill_of(row, seen)
    sent = seen.price == wanted.pk and Invoice.objects.filter(pk=bill).exists()
    return redirect("gs_portal:pay", bill) if sent else None


def _accepted(request: HttpRequest, found: Preview, form: ChangeForm) -> HttpResponse | None:
    """Make the change as it was shown; ``None`` where it turns out that it would be another one by now."""
    row, now = found.subscription, clock.now()
    try:
        seen = change_pages.shown(form.cleaned_data["shown"], now=now)
        there = reverse("gs_portal:pay", args=[changing.bill_of(row, seen)])
        made = changing.accept(
            row,
            found.price,
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
        messages.success(request, says.done(found, at=found.plan.effect_at))
        return redirect("gs_portal:membership")
    elsewhere = made.outcome.page if made.outcome.stage is Stage.WAITING else ""
    return HttpResponseRedirect(elsewhere or there)


def _refused(request: HttpRequest, refusal: CannotChange) -> HttpResponse:
    messages.warning(request, refusal.words)
    return redirect("gs_portal:membership")


def _price(price: str) -> Price:
    if "\0" in price:
        raise Http404
    return get_object_or_404(Price.objects.select_related("level__group"), pk=price)
