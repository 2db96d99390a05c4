"""The member's balance, and redeeming a gift card."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from goodstanding import clock
from goodstanding.catalogue.words import money_words
from goodstanding.checkout.gifts import are_on_sale
from goodstanding.checkout.joining import ensure_member, member_of
from goodstanding.memberships import gift_cards
from goodstanding.portal import balance as balances
from goodstanding.portal.forms import RedeemForm
from goodstanding.protection.services import CODE, Signals, judge, note_failure


@never_cache
@login_required
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def balance(request: HttpRequest) -> HttpResponse:
    """Show the balance with what it paid, and redeem a gift card. Who is no member becomes one, without a level."""
    member = member_of(request.user)
    form = RedeemForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _redeemed(request, form):
        return redirect("gs_portal:balance")
    found = balances.balances(member) if member is not None else []
    context = {
        "section": "balance",
        "gifts_are_sold": are_on_sale(now=clock.now()),
        "form": form,
        "balances": found,
        "coming": balances.coming(member, found) if member is not None else [],
    }
    return render(request, "gs_portal/balance.html", context, status=422 if form.errors else 200)


def _redeemed(request: HttpRequest, form: RedeemForm) -> bool:
    """Redeem what was typed; where that is refused, the form says why."""
    now = clock.now()
    tries = Signals(CODE, request.META.get("REMOTE_ADDR", ""), str(request.user.pk), now)
    verdict = judge(tries)
    if not verdict.passes:
        form.add_error("code", verdict.words)
        return False
    try:
        member = ensure_member(request.user, now=now)
        card = gift_cards.redeem(member, form.cleaned_data["code"], now=now)
    except gift_cards.NotRedeemed as refused:
        note_failure(tries)
        form.add_error("code", refused.words)
        return False
    said = _("The gift card is redeemed: %(amount)s are on your balance.")
    messages.success(request, said % {"amount": money_words(card.amount)})
    return True
