"""The vendor's pages for payers: one to choose a card on, one to approve a payment on. They work without JavaScript."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from goodstanding import clock
from goodstanding.gateways.protocol import Refusal
from goodstanding.gateways.sandbox.vendor import pages
from goodstanding.gateways.sandbox.vendor.cards import CARDS, token_of
from goodstanding.gateways.sandbox.vendor.pages import NoSuchPage, Page

WORDS = {
    Refusal.CARD_DECLINED: _("The card was declined. Choose another one."),
    Refusal.INSUFFICIENT_FUNDS: _("The card has insufficient funds. Choose another one."),
    Refusal.EXPIRED_CARD: _("The card has expired. Choose another one."),
    Refusal.UNKNOWN_CARD: _("This is none of the sandbox's cards. Never type a real card's number here."),
}

# On a page nobody waits for an answer that could be lost.
_CHOICE = tuple(card for card in CARDS.values() if not card.answer_lost)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def pay(request: HttpRequest, page: str) -> HttpResponse:
    """Ask for a card, or for nothing more."""
    found = _shown(page)
    if found.asks != "card":
        return _on(found, page)
    code = ""
    if request.method == "POST":
        if "leave" in request.POST:
            pages.leave(page, now=clock.now())
        else:
            # A typed number goes before the list, and is never shown again.
            given = request.POST.get("number", "").strip() or request.POST.get("card", "")
            code = pages.choose(page, token_of(given[:40]), now=clock.now())
        if not code:
            return _on(_shown(page), page)
    context = {"page": found, "cards": _CHOICE, "problem": WORDS.get(Refusal(code)) if code else ""}
    return render(request, "gs_sandbox/pay.html", context, status=422 if code else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def challenge(request: HttpRequest, page: str) -> HttpResponse:
    """Ask for approval, or for nothing more."""
    found = _shown(page)
    if found.asks != "approval":
        return _on(found, page)
    answer = request.POST.get("answer")
    if answer in ("approve", "refuse"):
        pages.decide(page, approved=answer == "approve", now=clock.now())
        return _on(_shown(page), page)
    return render(request, "gs_sandbox/challenge.html", {"page": found})


def _shown(page: str) -> Page:
    try:
        return pages.shown(page)
    except NoSuchPage:
        raise Http404 from None


def _on(found: Page, page: str) -> HttpResponse:
    """Send the payer to the page that asks for what is wanted, or back to where he came from."""
    if found.asks:
        return redirect("gs_sandbox:challenge" if found.asks == "approval" else "gs_sandbox:pay", page=page)
    return HttpResponseRedirect(found.return_url)  # named by the shop when it began the payment
