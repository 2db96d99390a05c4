"""The office's forms for discount codes: one, or many at once. What cannot be is refused beside what was typed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from goodstanding.catalogue import code_texts
from goodstanding.catalogue.code_making import MOST, OwnPrice, Wanted
from goodstanding.catalogue.code_texts import CodeRefused
from goodstanding.catalogue.models import CODE_LENGTH, Level
from goodstanding.core.discounts import Alternative, Effect, Fixed, Percentage
from goodstanding.memberships.forms import MomentField

KINDS = (
    ("percentage", gettext_lazy("A part off, in percent")),
    ("fixed", gettext_lazy("An amount off")),
    ("alternative", gettext_lazy("Another price instead")),
)
LASTS = (
    ("first", gettext_lazy("the first payment alone")),
    ("some", gettext_lazy("the first so many payments")),
    ("ever", gettext_lazy("each payment")),
)
RESTS = (("lost", gettext_lazy("is forfeited")), ("kept", gettext_lazy("is kept on the balance")))
OWN = "own_"  # before a level's id


def _plain(label: Any, **how: Any) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": "off", **how.pop("attrs", {})})
    return forms.CharField(label=label, widget=widget, required=False, **how)


class FindCodesForm(forms.Form):
    """Finds codes."""

    q = forms.CharField(
        label=gettext_lazy("Code or lot"),
        required=False,
        max_length=60,
        help_text=gettext_lazy("The beginning of a code, or part of the name of a lot."),
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )


class SwitchForm(forms.Form):
    """Switches a code off, or on again."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Kept with your name in the audit."),
    )


class CodeForm(forms.Form):
    """A code that is to be made; the texts of many are drawn."""

    text = _plain(
        gettext_lazy("What people type"),
        max_length=CODE_LENGTH,
        help_text=gettext_lazy("Letters A to Z, digits, hyphens and underscores. Capitals or not, it is the same."),
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("It gives"), choices=KINDS, initial="percentage", widget=forms.RadioSelect
    )
    percent = _plain(gettext_lazy("Percent off"), max_length=8, attrs={"inputmode": "decimal"})
    amount = _plain(
        gettext_lazy("Amount off, or price instead"),
        max_length=20,
        attrs={"inputmode": "decimal"},
        help_text=gettext_lazy("Such as 12.50."),
    )
    currency = _plain(gettext_lazy("Currency"), max_length=3, help_text=gettext_lazy("Three letters, such as EUR."))
    rest = forms.ChoiceField(
        label=gettext_lazy("What is more than the price"),
        choices=RESTS,
        initial="lost",
        widget=forms.RadioSelect,
        help_text=gettext_lazy("Of an amount off. Only a code for the first payment alone can keep it."),
    )
    lasts = forms.ChoiceField(label=gettext_lazy("It is for"), choices=LASTS, initial="first", widget=forms.RadioSelect)
    payments = forms.IntegerField(label=gettext_lazy("How many payments"), min_value=1, max_value=999, required=False)
    levels = forms.ModelMultipleChoiceField(
        label=gettext_lazy("For the levels"),
        queryset=Level.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None ticked: for all."),
    )
    opens = forms.ModelMultipleChoiceField(
        label=gettext_lazy("It opens the levels"),
        queryset=Level.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Hidden or closed ones that whoever has the code can join."),
    )
    starts_at = MomentField(label=gettext_lazy("From"), required=False)
    ends_at = MomentField(
        label=gettext_lazy("Until"),
        required=False,
        help_text=gettext_lazy("By the site’s clock; from then on no more."),
    )
    limit = forms.IntegerField(
        label=gettext_lazy("Uses in all"),
        min_value=0,
        max_value=10**9,
        required=False,
        help_text=gettext_lazy("Empty: any number."),
    )
    limit_each = forms.IntegerField(
        label=gettext_lazy("Uses by one person"),
        min_value=0,
        max_value=10**9,
        required=False,
        help_text=gettext_lazy("Empty: any number."),
    )
    words = forms.CharField(
        label=gettext_lazy("What it is for"),
        max_length=200,
        help_text=gettext_lazy("For staff; kept with your name in the audit."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows = list(Level.objects.order_by("position", "slug"))
        for name in ("levels", "opens"):
            self.fields[name].queryset = Level.objects.order_by("position", "slug")  # type: ignore[attr-defined]
        if "text" in self.fields:
            self.fields["text"].required = True
            self.fields["text"].error_messages["required"] = _("Write what people are to type.")
        for name in ("percent", "amount", "currency", "payments"):  # which of them, the kind says
            self.fields[name].is_one_of_several = True  # type: ignore[attr-defined] # for the page
        for level in self.rows:
            self.fields[f"{OWN}{level.pk}"] = _plain(level.name, max_length=40)

    def parts(self) -> list[tuple[str, list[Any]]]:
        """The fields as the page has them, under their headings."""
        first = [name for name in ("text", "count", "begins", "batch") if name in self.fields]
        grouped = (
            (_("The code"), [*first, "words"]),
            (_("What it gives"), ["kind", "percent", "amount", "currency", "rest", "lasts", "payments"]),
            (_("Where, when and how often"), ["levels", "opens", "starts_at", "ends_at", "limit", "limit_each"]),
        )
        return [(title, [self[name] for name in names if name in self.fields]) for title, names in grouped]

    def own_prices(self) -> list[Any]:
        """The fields of the levels' own other prices."""
        return [self[f"{OWN}{level.pk}"] for level in self.rows]

    def has_own_prices(self) -> bool:
        """Whether one of them was typed."""
        return any(field.value() for field in self.own_prices())

    def clean(self) -> dict[str, Any]:
        """Read it whole; what is wrong is said at its field."""
        data = super().clean() or {}
        data["effect"] = self._effect(data) if "kind" in data else None
        own = [self._own(level, str(data.get(f"{OWN}{level.pk}") or "").strip()) for level in self.rows]
        data["own"] = [each for each in own if each is not None]
        if data["own"] and data.get("kind") != "alternative":
            self.add_error("kind", _("Prices of levels are for a code that gives another price."))
        if data.get("lasts") == "some" and not data.get("payments"):
            self.add_error("payments", _("Say for how many payments."))
        starts, ends = data.get("starts_at"), data.get("ends_at")
        if starts and ends and ends <= starts:
            self.add_error("ends_at", _("A code must end later than it starts."))
        return data

    def wanted(self) -> Wanted:
        """Return the code that a valid form asks for."""
        data = self.cleaned_data
        payments = {"first": 1, "some": data.get("payments"), "ever": None}[data["lasts"]]
        return Wanted(
            effect=data["effect"],
            payments=payments,
            levels=list(data["levels"]),
            opens=list(data["opens"]),
            own=data["own"],
            starts_at=data["starts_at"],
            ends_at=data["ends_at"],
            limit=data.get("limit"),
            limit_each=data.get("limit_each"),
            words=data["words"],
        )

    def refuse(self, refused: CodeRefused) -> None:
        """Say at its field why it is not made."""
        self.add_error(refused.about if refused.about in self.fields else None, refused.words)

    def _effect(self, data: dict[str, Any]) -> Effect | None:
        try:
            if data["kind"] == "percentage":
                return Percentage(code_texts.read_percent(str(data.get("percent") or "")))
            text = str(data.get("amount") or "").strip()
            if not text and data["kind"] == "alternative":
                return None
            amount = code_texts.read_amount(text, code_texts.read_currency(str(data.get("currency") or "")))
            if data["kind"] == "fixed":
                return Fixed(code_texts.above_zero(amount), keeps_rest=data.get("rest") == "kept")
            return Alternative(code_texts.a_price(amount))
        except CodeRefused as refused:
            self.refuse(refused)
            return None

    def _own(self, level: Level, text: str) -> OwnPrice | None:
        """Read ``200.00 EUR``, or ``200.00 EUR / year``."""
        if not text:
            return None
        try:
            amount, interval = code_texts.read_own_price(text)
        except CodeRefused as refused:
            self.add_error(f"{OWN}{level.pk}", refused.words)
            return None
        return OwnPrice(level, amount, interval)


class ManyCodesForm(CodeForm):
    """Many codes for one use each."""

    count = forms.IntegerField(label=gettext_lazy("How many"), min_value=1, max_value=MOST)
    begins = _plain(
        gettext_lazy("They begin with"),
        max_length=CODE_LENGTH - 10,
        help_text=gettext_lazy("Ten letters and digits are drawn for each, none that are mistaken for another."),
    )
    batch = forms.CharField(
        label=gettext_lazy("Name of the lot"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("The list finds them by it."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("text", "limit", "limit_each"):
            del self.fields[name]
