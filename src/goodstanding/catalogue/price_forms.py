"""The staff's form for a price. What it refuses it refuses in words; nothing here decides what anything means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.validators import MaxValueValidator
from django.utils.translation import gettext_lazy as _

from goodstanding.catalogue import conditions
from goodstanding.catalogue.models import Interval, Price
from goodstanding.catalogue.services import price_id
from goodstanding.core.currencies import WITHDRAWN, UnknownCurrency, exponent
from goodstanding.core.money import LARGEST_MINOR, Money, MoneyRefused

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    _PriceForm = forms.ModelForm[Price]
else:
    _PriceForm = forms.ModelForm

_AMOUNTS = {
    "trial_amount": "trial_minor",
    "intro_amount": "intro_minor",
    "total_amount": "total_minor",
    "minimum_amount": "minimum_minor",
}


_EMPTY = (None, "")
MOST = dict.fromkeys(("trial_count", "intro_payments", "payments", "keeps_count", "terms_max"), 1000) | {
    "position": 32767
}


def _amount(label: StrOrPromise) -> forms.CharField:
    return forms.CharField(label=label, max_length=40, required=False)


def bound(form: Any, most: Mapping[str, int]) -> None:
    """Have fields refuse numbers above what a catalogue file may say: SQLite would keep any, and days are added to moments."""
    for name, largest in most.items():
        field = form.fields.get(name)
        if field is not None:  # it is not for who may only look
            field.validators.append(MaxValueValidator(largest))
            field.widget.attrs["max"] = largest


def require_window(form: Any) -> None:
    """Say at its end that a time of sale ends before it begins."""
    begins, ends = form.cleaned_data.get("sale_from"), form.cleaned_data.get("sale_until")
    if begins and ends and ends <= begins:
        form.add_error("sale_until", _("It ends later than it begins, or not at all."))


class PriceForm(_PriceForm):
    """A new price. Its id is made of what it is, so another amount is another price."""

    amount = forms.CharField(label=_("Amount"), max_length=40, help_text=_("Such as 12.34, or 500 for yen."))
    currency = forms.CharField(label=_("Currency"), max_length=3, help_text=_("Three letters, such as EUR."))

    trial_amount, intro_amount = _amount(_("costs")), _amount(_("at first"))
    total_amount, minimum_amount = _amount(_("Sum in instalments")), _amount(_("At least"))

    class Meta:
        model = Price
        fields = (
            "level", "currency", "interval_count", "interval", "renews", "is_open", "position", "sale_from", "sale_until",
            "trial_count", "trial_unit", "intro_payments", "payments", "keeps", "keeps_count", "keeps_unit", "terms_max",
            "fixed_start", "fixed_rollover", "fixed_prorated", "fixed_full_until", "ends_on", "taxed", "tax_inclusive",
            "seat_amount_minor",
        )  # fmt: skip
        labels = {
            "interval_count": _("Each"),
            "interval": _("Interval"),
            "renews": _("Renews"),
            "is_open": _("On sale"),
            "seat_amount_minor": _("A further seat, in minor units"),
            "trial_count": _("Trial of"),
            "intro_payments": _("Another amount for the first bills: how many"),
            "payments": _("Number of payments"),
            "keeps": _("After the last payment"),
            "keeps_count": _("whole term: count"),
            "keeps_unit": _("whole term: unit"),
            "terms_max": _("Terms at once, at most"),
            "fixed_start": _("Calendar terms begin on"),
            "fixed_rollover": _("Who joins from this day on has the next term, too"),
            "fixed_prorated": _("A short first term costs"),
            "fixed_full_until": _("Full price until this day of the term"),
            "ends_on": _("Ends with the day"),
            "taxed": _("Taxed"),
            "tax_inclusive": _("The amount contains the tax"),
            "sale_from": _("Sold from"),
            "sale_until": _("Sold until"),
        }
        help_texts = {
            "interval": _("“Once” is for life."),
            "renews": _("Charged again each time. Unticked: one term, bought once. What is for life never renews."),
            "is_open": _("Unticked, nobody new can buy at this price. Whoever has it keeps it."),
            "position": _("Lower numbers come first."),
            "seat_amount_minor": _(
                "Each time, beyond the seats that the level includes: 500 is 5.00 EUR. Empty: none can be bought."
            ),
            "trial_count": _("0 for none."),
            "payments": _("0: it renews without end. The first one counts; a trial does not."),
            "fixed_start": _("MMDD, such as 0301; of monthly terms DD. Empty: terms begin with the member."),
            "fixed_rollover": _("MMDD or DD."),
            "fixed_full_until": _("MMDD or DD."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.amounts: dict[str, int] = {}
        bound(self, MOST)
        for name in self.fields:
            if name in conditions.NONE:
                self.fields[name].required = False

    def clean_currency(self) -> str:
        """Refuse what is no currency, and what was one."""
        code = str(self.cleaned_data["currency"]).upper()
        try:
            exponent(code)
        except UnknownCurrency as refused:
            raise forms.ValidationError(str(refused)) from None
        if code in WITHDRAWN:
            raise forms.ValidationError(_("%(code)s is a currency no more."), params={"code": code})
        return code

    def clean_interval_count(self) -> int:
        """Refuse nothing at all."""
        count = int(self.cleaned_data["interval_count"])
        if not 1 <= count <= 1000:
            raise forms.ValidationError(_("A whole number from 1 to 1000."))
        return count

    def clean_seat_amount_minor(self) -> int | None:
        """Refuse what is below zero."""
        amount: int | None = self.cleaned_data["seat_amount_minor"]
        if amount is not None and not 0 <= amount <= LARGEST_MINOR:
            raise forms.ValidationError(_("A price is not below zero."))
        return amount

    def clean(self) -> dict[str, Any]:
        """Read the amount in its currency, and refuse a price that is there already."""
        super().clean()
        require_window(self)
        data = self.cleaned_data
        data.update({name: plain for name, plain in conditions.NONE.items() if name in data and data[name] in _EMPTY})
        if "amount" in data and "currency" in data:
            try:
                money = Money.parse(f"{data['amount'].strip()} {data['currency']}")
            except MoneyRefused as refused:
                self.add_error("amount", str(refused))
            else:
                self.instance.amount_minor = money.amount_minor
                if money < Money.zero(money.currency):
                    self.add_error("amount", _("A price is not below zero."))
                elif money.amount_minor > LARGEST_MINOR:
                    self.add_error("amount", _("This amount is larger than any that can be charged."))
            self._read_amounts(data["currency"])
        if not self.errors and {"amount", "currency", "interval", "interval_count"} <= data.keys():
            level = data["level"].pk if "level" in data else self.instance.level_id
            terms = (data["currency"], data["interval"], data["interval_count"])
            data["renews"] = bool(data.get("renews")) and data["interval"] != Interval.ONCE
            made = {name: data[name] for name in conditions.NONE if name in data} | self.amounts
            self.instance.id = price_id(level, self.instance.amount_minor, *terms, renews=data["renews"], **made)
            known = {"amount_minor": self.instance.amount_minor, "interval": data["interval"], "renews": data["renews"]}
            for column, words in conditions.faults({**made, **known, "interval_count": data["interval_count"]}):
                field = column.replace("_minor", "_amount")
                self.add_error(field if field in self.fields else None, words)
            if Price.objects.filter(pk=self.instance.id).exists():
                self.add_error(None, _("This level has this price already."))
        return data

    def _read_amounts(self, currency: str) -> None:
        """Read the other amounts in the price's currency; what is left empty is not there."""
        for field, column in _AMOUNTS.items():
            typed = str(self.cleaned_data.get(field, "")).strip()
            if not typed:
                continue
            try:
                money = Money.parse(f"{typed} {currency}")
            except MoneyRefused as refused:
                self.add_error(field, str(refused))
                continue
            if money.amount_minor < 0:
                self.add_error(field, _("An amount is not below zero."))
            elif money.amount_minor > LARGEST_MINOR:
                self.add_error(field, _("This amount is larger than any that can be charged."))
            self.amounts[column] = money.amount_minor
            setattr(self.instance, column, money.amount_minor)
