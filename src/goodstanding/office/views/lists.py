"""The office's lists: the first page, members, invoices, payments, what is to be decided or looked at."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from goodstanding import clock
from goodstanding.billing.models import Invoice, Payment
from goodstanding.core.cards import last_good_day
from goodstanding.core.records import Status
from goodstanding.memberships import expiring, listing, owing, reminders, statuses
from goodstanding.memberships.models import Alarm, Approval
from goodstanding.office import front, standings
from goodstanding.office.forms import DECEASED, LAPSED_LATELY, FindForm
from goodstanding.office.guard import staff
from goodstanding.office.keyset import page_of
from goodstanding.people.models import Member

PAYMENTS = (("", _("all")), ("failed", _("failed")))
INVOICES = (("", _("to be paid")), ("all", _("all")))


@staff()
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show the counts that matter, each leading to its list."""
    return render(request, "gs_office/front.html", front.shown(now=clock.now()))


@staff("gs_people.view_member")
@require_safe
def members(request: HttpRequest) -> HttpResponse:
    """List members, those with one standing, or those that a search finds."""
    now = clock.now()
    form = FindForm(request.GET)
    asked: dict[str, Any] = form.cleaned_data if form.is_valid() else {}
    rows = Member.objects.select_related("standing")
    if asked.get("q", "").strip():
        rows = rows.matching(asked["q"])
    wanted = asked.get("standing", "")
    if wanted == LAPSED_LATELY:
        rows = rows.filter(standings.lapsed_since(now - front.WEEK, now=now))
    elif wanted == DECEASED:
        rows = rows.exclude(deceased_on=None)
    elif wanted:
        rows = rows.filter(standings.standing_is(Status(wanted), now=now))
    page = page_of(request, rows, "email")
    called = statuses.listed(page.rows, now=now) if asked.get("called") else {}
    found = [
        (member, {**listing.document_of(member, now=now), "called": called.get(member.pk, "")}) for member in page.rows
    ]
    is_asked = any(asked.values())
    context = {"form": form, "page": page, "found": found, "is_asked": is_asked, "called": asked.get("called")}
    return render(request, "gs_office/members.html", context, status=200 if form.is_valid() else 422)


@staff("gs_billing.view_invoice")
@require_safe
def invoices(request: HttpRequest) -> HttpResponse:
    """List the invoices that are to be paid, the latest first, or all."""
    status = request.GET.get("status", "")
    rows: QuerySet[Invoice] = Invoice.objects.all() if status == "all" else front.unpaid()
    page = page_of(request, rows.select_related("account__member", "gateway_account"), "-issued_at")
    told = reminders.counted([invoice.pk for invoice in page.rows if invoice.due_at is not None])
    found = [(invoice, owing.owed(invoice), told.get(invoice.pk, "")) for invoice in page.rows]
    context = {"page": page, "found": found, "status": status, "choices": INVOICES}
    return render(request, "gs_office/invoices.html", context)


@staff("gs_billing.view_payment")
@require_safe
def payments(request: HttpRequest) -> HttpResponse:
    """List payments, the latest first, or those that failed."""
    status = request.GET.get("status", "")
    rows = Payment.objects.select_related("account__member", "gateway_account")
    if status == "failed":
        rows = rows.filter(status="failed")
    context = {"page": page_of(request, rows, "-made_at"), "status": status, "choices": PAYMENTS}
    return render(request, "gs_office/payments.html", context)


@staff("gs_billing.view_gatewaycustomer")
@require_safe
def cards(request: HttpRequest) -> HttpResponse:
    """List the cards that will have expired when something they pay renews next, those that expire first at the top."""
    page = page_of(request, expiring.before_renewal().select_related("member", "gateway_account"), "card_good_before")
    found = [
        (each, expiring.card_words(each), last_good_day(each.card_good_before), each.renews_at)
        for each in page.rows
        if each.card_good_before is not None
    ]
    return render(request, "gs_office/cards.html", {"page": page, "found": found})


@staff("gs_memberships.view_approval")
@require_safe
def approvals(request: HttpRequest) -> HttpResponse:
    """List the memberships that wait for approval, those asked first at the top."""
    rows = Approval.objects.filter(state=Approval.State.PENDING).select_related("member")
    return render(request, "gs_office/approvals.html", {"page": page_of(request, rows, "asked_at")})


@staff("gs_memberships.view_alarm")
@require_safe
def alarms(request: HttpRequest) -> HttpResponse:
    """List what somebody should look at. An alarm goes when its cause does."""
    rows = Alarm.objects.select_related("customer__member", "customer__gateway_account")
    return render(request, "gs_office/alarms.html", {"page": page_of(request, rows, "code")})
