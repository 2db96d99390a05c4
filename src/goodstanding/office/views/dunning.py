"""What is done about bills that cannot be collected: seen and set by staff."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from goodstanding import clock
from goodstanding.billing import policies
from goodstanding.office import dunning as ladders
from goodstanding.office import once
from goodstanding.office.guard import require, staff

MAY_CHANGE = "gs_billing.add_dunningpolicy"
WRONG = 422


@staff("gs_billing.view_dunningpolicy")
@require_http_methods(["GET", "HEAD", "POST"])
def dunning(request: HttpRequest) -> HttpResponse:
    """Show the ladder that is in force, and set another one for bills to come."""
    now, sent = clock.now(), request.method == "POST"
    policy = policies.in_force(now)
    if sent:
        require(request.user, MAY_CHANGE)
    form = ladders.PolicyForm(request.POST if sent else None, initial=ladders.initial(policy))
    name = request.POST.get("form_name", "") if sent else once.new_name()
    if sent and not once.is_name(name):
        form.add_error(None, _("This form did not arrive whole. Please send it again."))
        name = once.new_name()
    elif sent and form.is_valid() and _kept(form, name=name, by=request.user):
        messages.success(request, _("Bills from now on follow this. Those that are open keep the ladder they have."))
        return redirect("gs_office:dunning")
    context = {
        "form": form,
        "form_name": name,
        "rungs": ladders.rungs(policies.ladder(policy, "")),
        "policy": policy,
        "earlier": ladders.said(policies.latest()),
        "may_change": request.user.has_perm(MAY_CHANGE),
    }
    return render(request, "gs_office/dunning.html", context, status=WRONG if form.errors else 200)


def _kept(form: ladders.PolicyForm, *, name: str, by: Any) -> bool:
    """Keep what the valid form says, once; a refusal is said in the form."""
    now = clock.now()
    try:
        with transaction.atomic():
            if once.is_first(name, by=by, now=now):
                policies.put(form.policy(), reason=form.cleaned_data["reason"], by=by, now=now)
    except policies.BadPolicy as refused:
        form.refuse(refused)
        return False
    return True
