"""The pages of gifts: buying one, and what became of it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from goodstanding import clock
from goodstanding.billing.models import GiftCard
from goodstanding.catalogue import gifts as levels
from goodstanding.catalogue.words import money_words
from goodstanding.checkout import gifts, joining, words
from goodstanding.checkout.forms import PayForm, ways_for
from goodstanding.checkout.gift_forms import CardForm, GiftForm, LevelGiftForm
from goodstanding.checkout.refusals import Refused
from goodstanding.checkout.views import BACKEND
from goodstanding.gateways import services as gateways
from goodstanding.memberships import gift_cards, handbills, owing
from goodstanding.memberships.owing import Stage
from goodstanding.protection.services import Signals, judge


@never_cache
@sensitive_post_parameters("password", "number", "card")
@require_http_methods(["GET", "HEAD", "POST"])
def gift(request: HttpRequest) -> HttpResponse:
    """Show which gifts there are, and take what, for whom, and by what it is paid."""
    now = clock.now()
    kinds = _kinds(now)
    if not kinds:
        return render(request, "gs_checkout/gift.html", {"kinds": []}, status=404)
    asked = request.GET.get("what", "")
    kind = next((each for each in kinds if each.name == asked), kinds[0])
    member = joining.member_of(request.user)
    ways = ways_for(member, gateways.offered(), now=now, later=gateways.offered_later())
    page = {"shown": secrets.token_urlsafe(16)}
    sent = request.POST if request.method == "POST" else None
    form = kind.form(sent, now=now, ways=ways, known=request.user.is_authenticated, initial=page)
    if sent is not None and form.is_valid():
        answer = _bought(request, form)
        if answer is not None:
            return answer
    form.show_anew()
    context = {
        "kinds": kinds,
        "kind": kind,
        "form": form,
        "can_pay": bool(ways.choices),
        "log_in": reverse("account_login", query={"next": request.get_full_path()}),
    }
    return render(request, "gs_checkout/gift.html", context, status=422 if form.errors else 200)


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of gift: ``name`` in addresses, ``words`` on the page, and its form."""

    name: str
    words: str
    form: Callable[..., GiftForm]


def _kinds(now: datetime) -> list[_Kind]:
    """The kinds of gifts that are on sale: levels first, then cards by currency."""
    sold = levels.on_sale(now=now)
    found = [_Kind("membership", _("A membership"), partial(LevelGiftForm, sold=sold))] if sold else []
    for offer in gifts.offers():
        words = _("A gift card in %(currency)s") % {"currency": offer.currency}
        found.append(_Kind(offer.currency.lower(), words, partial(CardForm, offer=offer)))
    return found


def _require_let_try(request: HttpRequest, email: str) -> None:
    verdict = judge(Signals("checkout", request.META.get("REMOTE_ADDR", ""), email, clock.now()))
    if not verdict.passes:
        raise Refused("not_let_try", verdict.words)


def _bought(request: HttpRequest, form: GiftForm) -> HttpResponse | None:
    """Go on with a form that is right in itself; ``None`` where it turns out that something is not."""
    now, account = clock.now(), form.cleaned_data["pays_at"]
    came_unknown = not request.user.is_authenticated
    try:
        _require_let_try(request, form.cleaned_data["to_email"])
        gifts.require_on_offer(form.gift(), now=now)
        user: Any = joining.user_for(request, form, now=now) if came_unknown else request.user
        if user is None:
            return None
        member = joining.ensure_member(user, now=now)
        if came_unknown:
            login(request, user, backend=BACKEND)
        later = form.cleaned_data["later"]
        card = gifts.begin(member, account, form.gift(), page=form.cleaned_data["shown"], now=now, method=later)
    except Refused as refusal:
        if came_unknown and request.user.is_authenticated:  # the page is another one now
            messages.error(request, str(refusal.words))
            return redirect(request.get_full_path())
        form.add_error(None, str(refusal.words))
        return None
    return _paid(request, card, form)


@never_cache
@login_required
@sensitive_post_parameters("number", "card")
@require_http_methods(["GET", "HEAD", "POST"])
def bought(request: HttpRequest, card: str) -> HttpResponse:
    """Show its buyer what became of a gift card; where the card was declined, take another one."""
    now = clock.now()
    rows = GiftCard.objects.select_related("gateway_account", "gives__level")
    found = get_object_or_404(rows, pk=card, bought_by__user=request.user.pk)
    stands = gifts.stands(found)
    account = found.gateway_account
    member = joining.member_of(request.user)
    form = PayForm(request.POST or None, ways=ways_for(member, [account] if account.is_active else [], now=now))
    if request.method == "POST" and stands.stage in (Stage.UNPAID, Stage.DECLINED):
        if form.is_valid():
            return _paid(request, found, form)
    elif stands.stage in (Stage.WORKING, Stage.WAITING):
        stands = gifts.ask(found, now=now)
    form.show_anew()
    page = render(
        request,
        "gs_checkout/gift_bought.html",
        _shown(found, stands) | {"form": form},
        status=422 if form.errors else 200,
    )
    if stands.stage is Stage.WORKING:
        page["Refresh"] = "5"
    return page


def _shown(card: GiftCard, stands: owing.Outcome) -> dict[str, Any]:
    told = GiftCard.objects.told().select_related("gives__level").get(pk=card.pk)
    bill = gift_cards.bill_of(card)
    billed = stands.stage is Stage.BILLED
    return {
        "card": told,
        "amount": money_words(told.amount),
        "state": str(gift_cards.state_of(told, now=clock.now())),
        "stage": str(stands.stage),
        "page": stands.page,
        "why": words.why(stands.failure),
        "bill": bill,
        "left": money_words(owing.owed(bill)),
        "ways": handbills.ways_of(bill) if billed else [],
        "due_on": handbills.day_of(bill.due_at) if billed and bill.due_at else None,
    }


def _paid(request: HttpRequest, card: GiftCard, form: PayForm) -> HttpResponse:
    here = reverse("gs_gifts:bought", args=[card.pk])
    given = form.cleaned_data
    stands = gifts.pay(
        card,
        return_url=request.build_absolute_uri(here),
        now=clock.now(),
        token=given["token"],
        method=given["stored"],
    )
    return HttpResponseRedirect(stands.page if stands.stage is Stage.WAITING and stands.page else here)
