"""The bank's statement: handed in, looked at line by line, recorded."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from goodstanding import clock
from goodstanding.billing.models import BankStatement
from goodstanding.core.bank import LARGEST, Fault, NotAStatement
from goodstanding.core.currencies import CURRENT
from goodstanding.core.matching import TAKEN, Fit, Match
from goodstanding.memberships import bank
from goodstanding.office import once
from goodstanding.office.guard import staff

PERMISSION = "gs_billing.add_bankstatement"
LISTED = 20
WRONG = 422
OPEN = (Fit.UNKNOWN, Fit.AMBIGUOUS)  # where staff may say which invoice is meant


class StatementForm(forms.Form):
    """A statement as a file."""

    statement = forms.FileField(
        label=gettext_lazy("The bank’s statement"),
        help_text=gettext_lazy(
            "A CSV file of up to 1 MiB, as your bank gives it. It is looked at before anything is recorded."
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,text/csv,text/plain"}),
        allow_empty_file=True,
    )
    currency = forms.CharField(
        label=gettext_lazy("Currency of the account"),
        max_length=3,
        initial="EUR",
        help_text=gettext_lazy("Used where the file does not say it."),
    )

    def clean_currency(self) -> str:
        """Refuse what is no currency."""
        code = str(self.cleaned_data["currency"]).strip().upper()
        if code not in CURRENT:
            raise forms.ValidationError(_("Write a currency such as EUR."))
        return code


@staff(PERMISSION)
@require_http_methods(["GET", "HEAD", "POST"])
def statements(request: HttpRequest) -> HttpResponse:
    """Take a statement in, to be looked at; list those handed in before."""
    sent = request.method == "POST"
    form = StatementForm(request.POST if sent else None, request.FILES if sent else None)
    if sent and form.is_valid():
        found = _kept(form, request)
        if found is not None:
            return redirect("gs_office:statement", statement=found.pk)
    rows = BankStatement.objects.select_related("by").order_by("-uploaded_at", "id")[:LISTED]
    return render(
        request, "gs_office/statements.html", {"form": form, "rows": rows}, status=WRONG if form.errors else 200
    )


@staff(PERMISSION)
@require_http_methods(["GET", "HEAD", "POST"])
def statement(request: HttpRequest, statement: str) -> HttpResponse:
    """Show which bill each line pays, and record what fits; what does not is named, and can be said by hand."""
    row = get_object_or_404(BankStatement, pk=statement)
    lines, sent = bank.kept(row), request.method == "POST"
    chosen = {line.row: said for line in lines if (said := _said(request, line.row))} if sent else {}
    matches = bank.matched(lines, chosen=chosen)
    if sent and "record" in request.POST and once.is_name(request.POST.get("form_name", "")):
        return _recorded(request, row, matches)
    counts = [(fit, sum(each.fit is fit for each in matches)) for fit in Fit]
    context = {
        "row": row,
        "found": [
            (each, bank.fit_words(each), each.fit in OPEN or each.line.row in chosen, chosen.get(each.line.row, ""))
            for each in matches
        ],
        "fits": sum(each.fit in TAKEN for each in matches),
        "counts": [(str(fit), count) for fit, count in counts if count],
        "form_name": once.new_name(),
    }
    return render(request, "gs_office/statement.html", context)


def _kept(form: StatementForm, request: HttpRequest) -> BankStatement | None:
    upload: Any = form.cleaned_data["statement"]
    if upload.size > LARGEST:
        form.add_error("statement", bank.fault_words(Fault.TOO_LARGE))
        return None
    try:
        with transaction.atomic():
            return bank.keep(
                upload.read(),
                name=upload.name,
                currency=form.cleaned_data["currency"],
                by=request.user,
                now=clock.now(),
            )
    except NotAStatement as refused:
        form.add_error("statement", bank.fault_words(refused.fault))
        return None


def _said(request: HttpRequest, row: int) -> str:
    return request.POST.get(f"number_{row}", "").strip().upper()[:40].replace("\0", "")


def _recorded(request: HttpRequest, row: BankStatement, matches: list[Match]) -> HttpResponse:
    now = clock.now()
    with transaction.atomic():
        is_first = once.is_first(request.POST["form_name"], by=request.user, now=now)
    if not is_first:
        messages.info(request, _("This was sent twice. It was done once."))
        return redirect("gs_office:statement", statement=row.pk)
    done = bank.record(matches, by=request.user, now=now)
    bank.finish(row, done, by=request.user, now=now)
    for each in done:
        if each.refused:
            messages.error(request, _("Line %(row)d: %(words)s") % {"row": each.row, "words": each.refused})
    count = sum(not each.refused for each in done)
    words = ngettext("%(count)d payment was recorded.", "%(count)d payments were recorded.", count)
    messages.success(request, words % {"count": count})
    return redirect("gs_office:statement", statement=row.pk)
