"""The cards that the gateways keep for the member: which there are, which one pays, another one, one less."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from goodstanding import clock
from goodstanding.billing.models import Invoice
from goodstanding.checkout import words as checkout_words
from goodstanding.gateways import services as gateways
from goodstanding.gateways.protocol import GatewayError
from goodstanding.memberships import cards as kept
from goodstanding.memberships.cards import KeptCard
from goodstanding.people.models import Member
from goodstanding.portal import again, overview
from goodstanding.portal.forms import CardForm, WhichCard, keeping
from goodstanding.portal.views.own import for_members

AWAITED = "gs_cards_before"  # in the session: the cards that were there before the gateway's page asked for another one


@require_safe
@for_members
def cards(request: HttpRequest, member: Member) -> HttpResponse:
    """List the stored cards, and say which one pays."""
    try:
        found, silent = kept.kept(member, now=clock.now()), False
        if AWAITED in request.session and _took_up(request, member, found):
            found = kept.kept(member, now=clock.now())
    except GatewayError:
        found, silent = [], True
    context = {"section": "cards", "cards": found, "silent": silent, "can_add": bool(keeping(gateways.offered()))}
    context |= again.warnings(member, now=clock.now())
    return render(request, "gs_portal/cards.html", context)


@sensitive_post_parameters("number", "card")
@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def add(request: HttpRequest, member: Member) -> HttpResponse:
    """Take another card, which pays from now on; or lead to the gateway's page where it is typed."""
    form = CardForm(request.POST or None, accounts=keeping(gateways.offered()))
    if request.method == "POST" and form.ways.accounts and form.is_valid():
        back = request.build_absolute_uri(reverse("gs_portal:cards"))
        account, token = form.cleaned_data["pays_at"], form.cleaned_data["token"]
        try:
            known = [card.ref for card in kept.kept(member, now=clock.now())]
            owed = kept.overdue(member)
            page = kept.keep(member, account, return_url=back, now=clock.now(), card=token)
        except kept.CardRefused as refusal:
            form.add_error(None, checkout_words.why(refusal.code))
        except GatewayError:
            form.add_error(
                None, _("The bank did not answer. Look at your cards before you try again: it may have kept this one.")
            )
        else:
            if page:
                request.session[AWAITED] = known
            else:
                messages.success(request, _kept_words(owed))
            return HttpResponseRedirect(page or back)
    form.show_anew()
    context = {"section": "cards", "form": form, **again.warnings(member, now=clock.now())}
    return render(request, "gs_portal/card_add.html", context, status=422 if form.errors else 200)


def _took_up(request: HttpRequest, member: Member, found: list[KeptCard]) -> bool:
    """Have a card that was kept on the gateway's page pay from now on, once its owner is back; return whether there is one."""
    known = request.session[AWAITED]
    new = [card for card in found if card.ref not in known]
    if new:
        owed = kept.overdue(member)
        del request.session[AWAITED]
        kept.prefer(member, new[0].account, new[0].ref, now=clock.now())
        messages.success(request, _kept_words(owed))
    return bool(new)


@require_POST
@for_members
def prefer(request: HttpRequest, member: Member) -> HttpResponse:
    """Have renewals charged to the card that is named."""
    form = WhichCard(request.POST)
    if form.is_valid():
        owed = kept.overdue(member)
        try:
            kept.prefer(member, form.cleaned_data["account"], form.cleaned_data["ref"], now=clock.now())
        except (kept.CardRefused, GatewayError) as refusal:
            messages.error(request, _why(refusal))
        else:
            said = _("This card pays from now on.")
            messages.success(request, f"{said} {_charged_words()}" if owed else said)
    return redirect("gs_portal:cards")


@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def remove(request: HttpRequest, member: Member) -> HttpResponse:
    """Say what it means to remove a card, and remove it."""
    form, now = WhichCard(request.POST or request.GET), clock.now()
    if not form.is_valid():
        return redirect("gs_portal:cards")
    account, ref = form.cleaned_data["account"], form.cleaned_data["ref"]
    try:
        if request.method == "POST":
            kept.drop(member, account, ref, now=now)
            messages.success(request, _("The card is removed."))
            return redirect("gs_portal:cards")
        there = kept.kept(member, now=now)
    except (kept.CardRefused, GatewayError) as refusal:
        messages.error(request, _why(refusal))
        return redirect("gs_portal:cards")
    card = next((each for each in there if (each.account, each.ref) == (account, ref)), None)
    if card is None:
        messages.error(request, checkout_words.why("unknown_card"))
        return redirect("gs_portal:cards")
    others = [each for each in there if each.account == account and each.ref != ref]
    context = {"section": "cards", "card": card, "last": not others, "renewing": _renewing(member, card, now=now)}
    return render(request, "gs_portal/card_remove.html", context)


def _renewing(member: Member, card: KeptCard, *, now: datetime) -> list[str]:
    """The names of what renews where the card is kept."""
    found = overview.of(member, now=now, with_cards=False)
    return [
        place.level.name
        for place in found.places
        if any(each.can_stop and each.subscription.gateway_account_id == card.account for each in place.renewals)
    ]


def _kept_words(owed: list[Invoice]) -> str:
    said = _("The card is kept, and pays from now on.")
    return f"{said} {_charged_words()}" if owed else said


def _charged_words() -> str:
    return _("What is overdue is charged to it now; we write to you what comes of it.")


def _why(refusal: kept.CardRefused | GatewayError) -> str:
    return checkout_words.why(refusal.code)
