"""How people pay by hand: the ways, in the organisation's words, and when it is billed, asked for again and given up."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from goodstanding import clock
from goodstanding.audit.services import note
from goodstanding.billing import turns
from goodstanding.core.money import Money
from goodstanding.core.reminding import MOST_DAYS, read_days
from goodstanding.gateways import services as gateways
from goodstanding.gateways.instructions import BLANKS, unknown_blanks
from goodstanding.gateways.models import GatewayAccount, HandMethod, HandTerms
from goodstanding.office.dunning import LeastField
from goodstanding.office.guard import require, staff

MAY_CHANGE = "gs_gateways.change_handmethod"
WRONG = 422


class DaysText(forms.CharField):
    """Days such as ``7, 14``."""

    def to_python(self, value: Any) -> list[int]:  # type: ignore[override] # what it is read as
        """Return the days."""
        try:
            return list(read_days(str(value or "")))
        except ValueError:
            raise forms.ValidationError(_("Write days with commas between them, such as 7, 14.")) from None


class _WithReason(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Kept with your name in the audit."),
    )


class TermsForm(_WithReason):
    """When what is paid by hand is billed, asked for again and given up."""

    is_offered = forms.BooleanField(label=gettext_lazy("Offered at the checkout"), required=False)
    days_ahead = forms.IntegerField(
        label=gettext_lazy("Renewals are billed … days ahead"), min_value=0, max_value=MOST_DAYS
    )
    remind_before = DaysText(label=gettext_lazy("Reminded … days before the last day to pay"), required=False)
    remind_after = DaysText(label=gettext_lazy("… and days after it"), required=False)
    give_up_days = forms.IntegerField(label=gettext_lazy("Given up … days after it"), min_value=0, max_value=MOST_DAYS)
    at_least = LeastField(
        label=gettext_lazy("Nobody is asked again who owes less than"),
        required=False,
        help_text=gettext_lazy("Amounts such as 15.00 EUR, one for each currency, of all that is overdue together."),
    )
    field_order = ("is_offered", "days_ahead", "remind_before", "remind_after", "give_up_days", "at_least", "reason")


class MethodForm(_WithReason):
    """A way to pay by hand."""

    code = forms.SlugField(
        label=gettext_lazy("Code"), max_length=20, help_text=gettext_lazy("Kept with each payment; it never changes.")
    )
    title = forms.CharField(
        label=gettext_lazy("Title"),
        max_length=80,
        help_text=gettext_lazy("What people choose, such as “Bank transfer”."),
    )
    instructions = forms.CharField(
        label=gettext_lazy("How to pay"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=gettext_lazy(
            "Shown with the bill and mailed. Write {number}, {reference}, {amount} and {due} where these belong."
        ),
    )
    days_until_due = forms.IntegerField(label=gettext_lazy("Days to pay"), min_value=0, max_value=MOST_DAYS, initial=14)
    is_offered = forms.BooleanField(label=gettext_lazy("Offered at the checkout"), required=False)
    position = forms.IntegerField(label=gettext_lazy("Position"), min_value=0, max_value=999, initial=0)
    field_order = ("code", "title", "instructions", "days_until_due", "is_offered", "position", "reason")

    def clean_instructions(self) -> str:
        """Refuse blanks that nobody fills."""
        words = str(self.cleaned_data["instructions"])
        if unknown := unknown_blanks(words):
            said = {
                "unknown": ", ".join(f"{{{each}}}" for each in unknown),
                "known": ", ".join(f"{{{each}}}" for each in BLANKS),
            }
            raise forms.ValidationError(_("%(unknown)s is filled by nothing. There are: %(known)s.") % said)
        return words

    def clean(self) -> dict[str, Any]:
        """Refuse to offer what does not say how to pay."""
        data = super().clean() or {}
        if data.get("is_offered") and not (data.get("instructions") or "").strip():
            self.add_error("instructions", _("Say how to pay, or do not offer it."))
        return data


@staff("gs_gateways.view_handmethod")
@require_http_methods(["GET", "HEAD", "POST"])
def by_hand(request: HttpRequest) -> HttpResponse:
    """Show the ways to pay by hand and their terms, and set the terms."""
    account, now, sent = gateways.ensure_manual_account(), clock.now(), request.method == "POST"
    terms = gateways.hand_terms(account)
    if sent:
        require(request.user, MAY_CHANGE)
    form = TermsForm(request.POST if sent else None, initial=_initial(terms, account))
    if sent and form.is_valid():
        with transaction.atomic():
            given = dict(form.cleaned_data)
            reason, offered = given.pop("reason"), given.pop("is_offered")
            kept, _is_new = HandTerms.objects.update_or_create(account=account, defaults=given)
            GatewayAccount.objects.filter(pk=account.pk).update(is_offered=offered)
            turns.look_again(account, now=now)
            note(by=request.user, on=kept, what="terms of paying by hand", why=reason, now=now)
        messages.success(request, _("Kept. Bills that are out keep their day; reminders follow this from now on."))
        return redirect("gs_office:by_hand")
    context = {
        "form": form,
        "methods": gateways.hand_methods(account),
        "account": account,
        "may_change": request.user.has_perm(MAY_CHANGE),
    }
    return render(request, "gs_office/by_hand.html", context, status=WRONG if form.errors else 200)


@staff(MAY_CHANGE)
@require_http_methods(["GET", "HEAD", "POST"])
def method(request: HttpRequest, code: str = "") -> HttpResponse:
    """Change a way to pay by hand, or add one."""
    account, now, sent = gateways.ensure_manual_account(), clock.now(), request.method == "POST"
    row = get_object_or_404(HandMethod, account=account, code=code) if code else None
    names = ("title", "instructions", "days_until_due", "is_offered", "position")
    initial = {name: getattr(row, name) for name in names} if row else {}
    form = MethodForm(request.POST if sent else None, initial=initial)
    if row is not None:
        del form.fields["code"]
    if (
        sent
        and form.is_valid()
        and row is None
        and HandMethod.objects.filter(account=account, code=form.cleaned_data["code"]).exists()
    ):
        form.add_error("code", _("There is a way to pay with this code already."))
    if sent and form.is_valid():
        values = {name: form.cleaned_data[name] for name in names}
        named = row.code if row is not None else form.cleaned_data["code"]
        with transaction.atomic():
            kept, _is_new = HandMethod.objects.update_or_create(account=account, code=named, defaults=values)
            note(by=request.user, on=kept, what="way to pay by hand", why=form.cleaned_data["reason"], now=now)
        messages.success(request, _("Kept."))
        return redirect("gs_office:by_hand")
    context = {"form": form, "row": row}
    return render(request, "gs_office/hand_method.html", context, status=WRONG if form.errors else 200)


def _initial(terms: HandTerms, account: GatewayAccount) -> dict[str, Any]:
    def days(of: list[int]) -> str:
        return ", ".join(str(day) for day in of)

    return {
        "is_offered": account.is_offered,
        "days_ahead": terms.days_ahead,
        "remind_before": days(terms.remind_before),
        "remind_after": days(terms.remind_after),
        "give_up_days": terms.give_up_days,
        "at_least": ", ".join(str(Money(minor, currency)) for currency, minor in sorted(terms.at_least.items())),
    }
