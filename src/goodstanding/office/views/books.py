"""The books: what each month received, earned and still owes, and the journal to take home."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from goodstanding import clock, conf
from goodstanding.audit.services import note
from goodstanding.office.books_form import JournalForm
from goodstanding.office.guard import staff
from goodstanding.reports.books import Books, Month, books
from goodstanding.reports.exporting import By, Form, Wanted, export

MONTHS = 24  # of a currency, the latest
WRONG = 422
KINDS = {Form.HLEDGER: "journal", Form.BEANCOUNT: "beancount", Form.CSV: "csv"}


@staff("gs_billing.view_transfer")
@require_safe
def months(request: HttpRequest) -> HttpResponse:
    """Show the months of each currency, the latest first."""
    today = clock.now().astimezone(conf.time_zone()).date()
    return _page(request, JournalForm(), _books(today), today)


@staff("gs_billing.view_transfer")
@require_safe
def journal(request: HttpRequest) -> HttpResponseBase:
    """Give the journal as a file; the audit keeps who took which days of it."""
    now, zone = clock.now(), conf.time_zone()
    today = now.astimezone(zone).date()
    form = JournalForm(request.GET)
    found = _books(today)
    if not form.is_valid():
        return _page(request, form, found, today)
    given = form.cleaned_data
    kind, until = Form(given["format"]), given["until"] or today + timedelta(days=1)
    wanted = Wanted(kind, zone, until, given["since"], By(given["by"]))
    days = f"{wanted.since or '…'} to before {until}, {kind} by {wanted.by}"
    by: Any = request.user
    note(by=by, on=by, what="export journal", why=days, now=now)
    lines = export(wanted, found.released, now=now)
    content = "text/csv" if kind is Form.CSV else "text/plain"
    answer = StreamingHttpResponse(lines, content_type=f"{content}; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="goodstanding-{today}.{KINDS[kind]}"'
    return answer


def _books(today: date) -> Books:
    return books(zone=conf.time_zone(), until=today)


def _page(request: HttpRequest, form: JournalForm, found: Books, today: date) -> HttpResponse:
    by_currency: dict[str, list[Month]] = {}
    for row in reversed(found.months):
        by_currency.setdefault(row.currency, []).append(row)
    tables = [(currency, rows[:MONTHS], len(rows) > MONTHS) for currency, rows in sorted(by_currency.items())]
    context = {
        "tables": tables,
        "form": form,
        "wrong": found.wrong,
        "this_month": today.replace(day=1),
        "months": MONTHS,
    }
    return render(request, "gs_office/books.html", context, status=WRONG if form.errors else 200)
