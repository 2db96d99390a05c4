"""Discount codes in the office: found, made, switched off and on, and who used them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from goodstanding import clock
from goodstanding.audit.services import note
from goodstanding.catalogue import code_file, code_making
from goodstanding.catalogue.code_texts import CodeRefused
from goodstanding.catalogue.code_words import code_words
from goodstanding.catalogue.models import DiscountCode
from goodstanding.checkout.models import CodeUse
from goodstanding.core.discounts import normalised
from goodstanding.office import once
from goodstanding.office.code_forms import CodeForm, FindCodesForm, ManyCodesForm, SwitchForm
from goodstanding.office.guard import require, staff
from goodstanding.office.keyset import page_of
from goodstanding.reports.exporting import guarded

MAY_LOOK, MAY_ADD = "gs_catalogue.view_discountcode", "gs_catalogue.add_discountcode"
MAY_CHANGE = "gs_catalogue.change_discountcode"
WRONG = 422
USED = Count("uses", filter=Q(uses__state=CodeUse.State.SPENT))


@staff(MAY_LOOK)
@require_safe
def codes(request: HttpRequest) -> HttpResponse:
    """List the codes, the latest first, or those that a search finds."""
    form = FindCodesForm(request.GET)
    asked = form.cleaned_data.get("q", "").strip() if form.is_valid() else ""
    batch = request.GET.get("batch", "")
    rows = DiscountCode.objects.prefetch_related("prices")
    if asked:
        rows = rows.filter(Q(text__startswith=normalised(asked)) | Q(batch__icontains=asked))
    if batch:
        rows = rows.filter(batch=batch)
    page = page_of(request, rows, "-id")
    spent = CodeUse.objects.filter(code__in=[row.pk for row in page.rows], state=CodeUse.State.SPENT)
    used = dict(spent.order_by().values_list("code").annotate(count=Count("pk")))
    context = {
        "form": form,
        "page": page,
        "found": [(row, code_words(row), used.get(row.pk, 0)) for row in page.rows],
        "batch": batch,
        "is_asked": bool(asked or batch),
        "may_add": request.user.has_perm(MAY_ADD),
        "may_change": request.user.has_perm(MAY_CHANGE),
    }
    return render(request, "gs_office/codes.html", context, status=200 if form.is_valid() else WRONG)


@staff(MAY_LOOK)
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest, code: int) -> HttpResponse:
    """Show one code with its uses; switch it off, or on again."""
    row = get_object_or_404(DiscountCode.objects.prefetch_related("prices__level", "levels", "opens"), pk=code)
    sent = request.method == "POST"
    if sent:
        require(request.user, MAY_CHANGE)
    form = SwitchForm(request.POST if sent else None)
    name = _named(request, form)
    if sent and not form.non_field_errors() and form.is_valid():
        on = request.POST.get("to") == "on"
        with transaction.atomic():
            if once.is_first(name, by=request.user, now=clock.now()):
                DiscountCode.objects.filter(pk=row.pk).update(is_open=on)
                what = "switch a code on" if on else "switch a code off"
                note(by=request.user, on=row, what=what, why=form.cleaned_data["reason"], now=clock.now())
        messages.success(
            request,
            _("It can be used again.") if on else _("It can no longer be used. Who used it keeps what it gave."),
        )
        return redirect("gs_office:code", code=row.pk)
    context = {
        "row": row,
        "says": code_words(row),
        "form": form,
        "form_name": name,
        "page": page_of(request, CodeUse.objects.filter(code=row).select_related("member"), "-id"),
        "may_change": request.user.has_perm(MAY_CHANGE),
    }
    return render(request, "gs_office/code.html", context, status=WRONG if form.errors else 200)


@staff(MAY_CHANGE)
@require_http_methods(["GET", "HEAD", "POST"])
def switch_lot(request: HttpRequest) -> HttpResponse:
    """Switch all codes of a lot off, or on again, once."""
    batch = request.GET.get("batch", "")
    rows = DiscountCode.objects.filter(batch=batch).exclude(batch="")
    first = rows.order_by("id").first()
    if first is None:
        raise Http404
    form = SwitchForm(request.POST if request.method == "POST" else None)
    name = _named(request, form)
    if form.is_bound and form.is_valid():
        on = request.POST.get("to") == "on"
        with transaction.atomic():
            if once.is_first(name, by=request.user, now=clock.now()):
                count = code_making.switch_lot(batch, on=on)
                what = f"switch {count} codes {'on' if on else 'off'}"
                why = f"{batch}: {form.cleaned_data['reason']}"
                note(by=request.user, on=first, what=what, why=why, now=clock.now())
        messages.success(
            request,
            _("All of the lot can be used again.")
            if on
            else _("None of the lot can be used any more. Who used one keeps what it gave."),
        )
        return redirect(f"{reverse('gs_office:codes')}?{urlencode({'batch': batch})}")
    used = CodeUse.objects.filter(code__batch=batch, state=CodeUse.State.SPENT).count()
    counts = {"on": rows.filter(is_open=True).count(), "off": rows.filter(is_open=False).count(), "used": used}
    context = {"batch": batch, "form": form, "form_name": name, "counts": counts}
    return render(request, "gs_office/code_lot.html", context, status=WRONG if form.errors else 200)


@staff(MAY_ADD)
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Make one code, once."""
    form = CodeForm(request.POST if request.method == "POST" else None)
    name = _named(request, form)
    if form.is_bound and form.is_valid():
        made = _made(form, name=name, by=request.user)
        if made is not None:
            messages.success(request, _("The code is made. It can be used from its beginning on."))
            return redirect("gs_office:codes")
    return _form_page(request, form, name, title=_("Make a code"))


@staff(MAY_ADD)
@require_http_methods(["GET", "HEAD", "POST"])
def add_many(request: HttpRequest) -> HttpResponse:
    """Make many codes for one use each, once."""
    form = ManyCodesForm(request.POST if request.method == "POST" else None)
    name = _named(request, form)
    if form.is_bound and form.is_valid():
        made = _made(form, name=name, by=request.user)
        if made is not None:
            count, batch = form.cleaned_data["count"], form.cleaned_data["batch"]
            said = ngettext("%(count)d code is made.", "%(count)d codes are made.", count)
            messages.success(request, said % {"count": count})
            return redirect(f"{reverse('gs_office:codes')}?{urlencode({'batch': batch})}")
    return _form_page(request, form, name, title=_("Make many codes"))


@staff(MAY_LOOK)
@require_safe
def lot(request: HttpRequest) -> HttpResponseBase:
    """Give the codes of a lot as a table. Read a thousand at a time; noted in the audit."""
    batch = request.GET.get("batch", "")
    rows = DiscountCode.objects.filter(batch=batch).exclude(batch="").order_by("id")
    first = rows.first()
    if first is None:
        raise Http404
    note(by=request.user, on=first, what="export codes", why=batch, now=clock.now())
    answer = StreamingHttpResponse(_lines(rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="codes.csv"'
    return answer


def _lines(rows: QuerySet[DiscountCode]) -> Iterator[str]:
    """The table, line by line. No cell is taken for a formula by a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(code_file.COLUMNS)
    for row in rows.annotate(used=USED).prefetch_related("prices", "levels", "opens").iterator(chunk_size=1000):
        cells = code_file.cells_of(row, says=code_words(row), used=row.used)
        writer.writerow([guarded(cell) for cell in cells])
        yield text.getvalue()
        text.seek(0)
        text.truncate()


def _made(form: CodeForm, *, name: str, by: Any) -> bool | None:
    """Make what a valid form asks for, once; ``None`` where it is refused, which the form says."""
    data, now = form.cleaned_data, clock.now()
    try:
        with transaction.atomic():
            if not once.is_first(name, by=by, now=now):
                return True
            if isinstance(form, ManyCodesForm):
                lot = {"prefix": data["begins"], "batch": data["batch"]}
                made = code_making.make_many(form.wanted(), data["count"], **lot, now=now)
                what = f"make {data['count']} codes"
            else:
                made, what = [code_making.make(form.wanted(), data["text"], now=now)], "make a code"
            note(by=by, on=made[0], what=what, why=f"{data.get('batch') or made[0].text}: {data['words']}", now=now)
    except CodeRefused as refused:
        form.refuse(refused)
        return None
    return True


def _named(request: HttpRequest, form: Any) -> str:
    """Return the name of the form that is sent, or of one that is about to be shown."""
    if request.method != "POST":
        return once.new_name()
    name = request.POST.get("form_name", "")
    if once.is_name(name):
        return name
    form.add_error(None, _("This form did not arrive whole. Please send it again."))
    return once.new_name()


def _form_page(request: HttpRequest, form: CodeForm, name: str, *, title: str) -> HttpResponse:
    context = {"form": form, "form_name": name, "title": title}
    return render(request, "gs_office/code_form.html", context, status=WRONG if form.errors else 200)
