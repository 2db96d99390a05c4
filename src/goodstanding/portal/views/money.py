"""Invoices, and paying one that is open."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from goodstanding import clock, conf
from goodstanding.billing.models import Invoice
from goodstanding.checkout import words as checkout_words
from goodstanding.checkout.forms import NEW_CARD, PayForm, Ways, ways_for
from goodstanding.gateways.protocol import Refusal
from goodstanding.memberships import owing
from goodstanding.memberships.owing import Stage
from goodstanding.people.models import Member
from goodstanding.portal import again, bills
from goodstanding.portal.views.own import for_members

LOOK_AGAIN_SECONDS = "5"
PAYABLE = (Stage.UNPAID, Stage.DECLINED)


@require_safe
@for_members
def invoices(request: HttpRequest, member: Member) -> HttpResponse:
    """List the member's invoices, the latest first."""
    after = request.GET.get("after", "").replace("\0", "")
    rows, then = bills.page(member, after=after)
    first = reverse("gs_portal:invoices")
    context = {
        "section": "invoices",
        "rows": rows,
        "newest": first if after else "",
        "older": f"{first}?{urlencode({'after': then})}" if then else "",
    }
    return render(request, "gs_portal/invoices.html", context)


@require_safe
@for_members
def invoice(request: HttpRequest, member: Member, invoice: str) -> HttpResponse:
    """Show one invoice, for the screen and for paper."""
    found = _own(member, invoice)
    context = {
        "section": "invoices",
        "bill": bills.bill(found),
        "member": member,
        "issuer": conf.ORGANISATION.value(),
        "can_pay": owing.can_be_paid_here(found),
    }
    return render(request, "gs_portal/invoice.html", context)


@require_safe
@for_members
def pay_next(_request: HttpRequest, member: Member) -> HttpResponse:
    """Lead to the oldest bill that is open; to the membership where there is none."""
    waiting = owing.open_invoices(member)
    return redirect("gs_portal:pay", waiting[0].pk) if waiting else redirect("gs_portal:membership")


@sensitive_post_parameters("number", "card")
@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def pay(request: HttpRequest, member: Member, invoice: str) -> HttpResponse:
    """Show what is owed and take the payment; then what became of it, as the gateway says."""
    now = clock.now()
    found = _own(member, invoice)
    stands = owing.stands(found)
    form = None
    if stands.stage in (Stage.WORKING, Stage.WAITING) and request.method != "POST":
        stands = owing.ask(found, now=now)
    card = None
    if stands.stage in PAYABLE and owing.can_be_paid_here(found):
        ways = _ways(member, found, now=now)
        card = again.card_of(found, ways)
        form = PayForm(request.POST or None, ways=ways, initial={"method": NEW_CARD} if card else None)
        if request.method == "POST" and form.is_valid():
            return _paid(request, found, form)
        form.show_anew()
    context = {
        "section": "invoices",
        "bill": bills.bill(found),
        "stage": str(stands.stage),
        "page": stands.page,
        "why": checkout_words.why(stands.failure),
        "form": form,
        "again": card,
        "approve": stands.failure == Refusal.NEEDS_CHALLENGE,
    }
    answer = render(request, "gs_portal/pay.html", context, status=422 if form is not None and form.errors else 200)
    if stands.stage is Stage.WORKING:
        answer["Refresh"] = LOOK_AGAIN_SECONDS
    return answer


@require_POST
@for_members
def pay_again(request: HttpRequest, member: Member, invoice: str) -> HttpResponse:
    """Charge the kept card that the page named once more, with its owner there; one try at a time."""
    found = _own(member, invoice)
    if owing.can_be_paid_here(found) and owing.stands(found).stage in PAYABLE:
        card = again.card_of(found, _ways(member, found, now=clock.now()))
        if card is not None and card.ref == request.POST.get("card"):
            return _tried(request, found, method=card.ref)
        messages.error(request, _("The card that pays was changed meanwhile. Look which one is charged now."))
    return redirect("gs_portal:pay", found.pk)


def _paid(request: HttpRequest, found: Invoice, form: PayForm) -> HttpResponse:
    return _tried(request, found, card=form.cleaned_data["token"], method=form.cleaned_data["stored"])


def _tried(request: HttpRequest, found: Invoice, *, card: str = "", method: str = "") -> HttpResponse:
    here = reverse("gs_portal:pay", args=[found.pk])
    back = request.build_absolute_uri(here)
    try:
        stands = owing.pay(found, return_url=back, now=clock.now(), card=card, method=method)
    except owing.NotPaidHere as refused:  # its gateway was put out of use while the page was open
        messages.error(request, str(refused))
        return HttpResponseRedirect(here)
    return HttpResponseRedirect(stands.page if stands.stage is Stage.WAITING and stands.page else here)


def _ways(member: Member, found: Invoice, *, now: datetime) -> Ways:
    return ways_for(member, [found.gateway_account], now=now)


def _own(member: Member, invoice: str) -> Invoice:
    if "\0" in invoice:
        raise Http404
    return get_object_or_404(bills.mine(member), pk=invoice)
