"""Staff have a gateway change what it bills by its own clock: chosen, said what is known of it, and asked once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from goodstanding.billing.models import Subscription
from goodstanding.memberships import changing_by_staff, changing_there
from goodstanding.memberships.changing_words import CannotChange
from goodstanding.memberships.reading import standing_now
from goodstanding.office import once
from goodstanding.office.level_forms import AT_END, AcceptForm, WishForm

WRONG = 422


def change(request: HttpRequest, row: Subscription, asked: WishForm, *, now: datetime) -> HttpResponse:
    """Ask what is wanted, say what is known of it, and have the gateway asked."""
    member = row.customer.member
    assert member is not None, row.pk
    if request.method == "POST" and once.was_sent(request.POST.get("shown", ""), by=request.user):
        messages.info(request, _("This was sent twice. It was done once."))
        return redirect("gs_office:member", member=member.pk)
    asked.ask_gateway()
    asked.initial = {"how": "now"}
    context: dict[str, Any] = {"member": member, "row": row, "asked": asked, "refused": ""}
    try:
        changing_there.require_changeable(row)
    except CannotChange as refusal:
        context["refused"] = refusal.for_staff
    if not context["refused"] and asked.is_valid():
        price, at_end = asked.cleaned_data["price"], asked.cleaned_data["how"] == AT_END
        sent = request.method == "POST"
        form = AcceptForm(request.POST if sent else None, initial={"shown": once.new_name()}, ways=[], may_tell=at_end)
        if sent and form.is_valid() and _asked(request, row, form, now=now, wish=(price, at_end)):
            return redirect("gs_office:member", member=member.pk)
        warnings = changing_by_staff.warnings(row, price)
        context |= {"form": form, "there": price, "at_end": at_end, "warnings": warnings}
    wrong = context["refused"] or asked.errors or ("form" in context and context["form"].errors)
    level = changing_by_staff.held_level(row)
    context |= {"held_level": level, "standing": standing_now(member.pk, now=now).document}
    return render(request, "gs_office/level.html", context, status=WRONG if wrong else 200)


def _asked(request: HttpRequest, row: Subscription, form: AcceptForm, *, now: datetime, wish: tuple[Any, bool]) -> bool:
    """Have the gateway asked, once; where it is refused, the form says why."""
    price, at_end = wish
    try:
        with transaction.atomic():
            if not once.is_first(_name(form.cleaned_data["shown"]), by=request.user, now=now):
                messages.info(request, _("This was sent twice. It was done once."))
                return True
            changing_there.ask(row, price, at_end=at_end, said=form.said(request.user), now=now)
    except CannotChange as refusal:
        form.add_error(None, refusal.for_staff)
        return False
    messages.success(request, _("The gateway is asked. The level follows once it tells of it."))
    return True


def _name(text: str) -> str:
    """The name of the form that was sent. Raises :class:`CannotChange` for what is none of ours."""
    if not once.is_name(text):
        raise CannotChange("tampered")
    return text
