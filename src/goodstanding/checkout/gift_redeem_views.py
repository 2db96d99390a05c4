"""The page on which a gift is redeemed: first its code, then what it gives and to whom. Nobody pays anything here."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from goodstanding import clock
from goodstanding.catalogue.words import money_words
from goodstanding.checkout import gift_redeeming, joining, words
from goodstanding.checkout.gift_forms import CodeForm, RedeemForm
from goodstanding.checkout.gift_redeeming import Promised
from goodstanding.checkout.views import BACKEND
from goodstanding.memberships.gift_cards import NotRedeemed
from goodstanding.protection.services import CODE, Signals, judge, note_failure


@never_cache
@sensitive_post_parameters("code", "password")
@require_http_methods(["GET", "HEAD", "POST"])
def redeem(request: HttpRequest) -> HttpResponse:
    """Take a code and show what it gives; take that it is wanted, and by whom, and redeem it."""
    asks = CodeForm(request.POST if request.method == "POST" else None)
    if not asks.is_bound or not asks.is_valid():
        return _page(request, asks, status=422 if asks.errors else 200)
    found = _looked(request, asks)
    if found is None:
        return _page(request, asks, status=422)
    wanted = "redeem" in request.POST
    code = {"code": found.gift.shown_code}
    form = RedeemForm(request.POST if wanted else None, known=request.user.is_authenticated, initial=code)
    if wanted and form.is_valid():
        answer = _redeemed(request, form)
        if answer is not None:
            return answer
    form.show_anew(**code)
    return _page(request, asks, found=found, form=form, status=422 if form.errors else 200)


def _looked(request: HttpRequest, asks: CodeForm) -> Promised | None:
    """What the code gives; where nothing, the form says why. Codes that give nothing are counted: nobody guesses them."""
    now, who = clock.now(), str(request.user.pk) if request.user.is_authenticated else ""
    tries = Signals(CODE, request.META.get("REMOTE_ADDR", ""), who, now)
    verdict = judge(tries)
    if not verdict.passes:
        asks.add_error("code", verdict.words)
        return None
    try:
        return gift_redeeming.look(asks.cleaned_data["code"], member=joining.member_of(request.user), now=now)
    except NotRedeemed as refused:
        note_failure(tries)
        asks.add_error("code", refused.words)
        return None


def _redeemed(request: HttpRequest, form: RedeemForm) -> HttpResponse | None:
    now, came_unknown = clock.now(), not request.user.is_authenticated
    user: Any = joining.user_for(request, form, now=now) if came_unknown else request.user
    if user is None:
        return None
    member = joining.ensure_member(user, now=now)
    if came_unknown:
        login(request, user, backend=BACKEND)
    try:
        got = gift_redeeming.redeem(member, form.cleaned_data["code"], now=now)
    except NotRedeemed as refused:
        if came_unknown:  # the page is another one now
            messages.error(request, refused.words)
            return redirect("gs_gifts:redeem")
        form.add_error(None, refused.words)
        return None
    messages.success(request, _said(got))
    return redirect(_there(got))


def _said(got: Promised) -> str:
    if got.quote is None:
        return _("The gift card is redeemed: %(amount)s are on your balance.") % {
            "amount": money_words(got.gift.amount)
        }
    said = {"level": got.quote.terms.name, "until": words.days_of(got.quote.first)[1]}
    if got.quote.for_life:
        return _("Your gift is redeemed: %(level)s, for life.") % said
    return _("Your gift is redeemed: %(level)s, until %(until)s. It ends by itself.") % said


def _there(got: Promised) -> str:
    try:
        return reverse("gs_portal:balance" if got.quote is None else "gs_portal:membership")
    except NoReverseMatch:  # the member's pages are not in use here
        return reverse("gs_gifts:redeem")


def _page(
    request: HttpRequest,
    asks: CodeForm,
    *,
    found: Promised | None = None,
    form: RedeemForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {"asks": asks, "found": found, "form": form}
    if found is not None:
        gift = found.gift
        context["from"] = gift.from_name or (gift.bought_by.name if gift.bought_by is not None else "")
        context["amount"] = money_words(gift.amount)
    if found is not None and found.quote is not None:
        context["starts_later"] = found.quote.start > clock.now()  # something is held until then
        context["start"], context["until"] = words.days_of(found.quote.first)
        context["what"] = found.gift.what
    return render(request, "gs_checkout/gift_redeem.html", context, status=status)
