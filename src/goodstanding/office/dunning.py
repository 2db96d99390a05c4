"""The site's dunning policy as staff see and set it: the form, and the ladder drawn as a table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from goodstanding.billing import policies
from goodstanding.billing.models import DunningPolicy
from goodstanding.core import dunning
from goodstanding.core.currencies import MoneyRefused
from goodstanding.core.facts import Ladder
from goodstanding.core.money import Money

# Which field of the form a refusal is about.
_ABOUT = {"days": "days", "order": "days", "too_many": "days", "end": "end_after", "steps": "silent"}
_ABOUT |= {"least": "least", "notice": "card_notice_days", "at_end": "at_end"}


@dataclass(frozen=True, slots=True)
class Rung:
    """One row of a ladder in words."""

    step: str
    when: str
    what: str
    mail: str


class DaysField(forms.CharField):
    """Whole numbers, with commas or blanks between them."""

    def to_python(self, value: Any) -> list[int]:  # type: ignore[override] # what it is read as
        """Return the numbers."""
        parts = [part for part in re.split(r"[\s,;+]+", str(value or "").strip()) if part]
        if not all(re.fullmatch(r"[0-9]{1,4}", part) for part in parts):
            raise forms.ValidationError(_("Write whole numbers with commas between them, such as 3, 5, 7."))
        return [int(part) for part in parts]


class LeastField(forms.CharField):
    """Amounts, one for each currency: "15.00 EUR, 2000 JPY"."""

    def to_python(self, value: Any) -> dict[str, int]:  # type: ignore[override] # what it is read as
        """Return the amounts in minor units by currency."""
        found: dict[str, int] = {}
        for part in (each.strip() for each in re.split(r"[,;\n]", str(value or "")) if each.strip()):
            try:
                money = Money.parse(part)
            except MoneyRefused:
                raise forms.ValidationError(_("Write amounts such as 15.00 EUR, with commas between them.")) from None
            if money.currency in found:
                raise forms.ValidationError(_("Write one amount for each currency."))
            found[money.currency] = money.amount_minor
        return found


class PolicyForm(forms.Form):
    """What is done about bills that cannot be collected, from now on."""

    days = DaysField(
        label=_("Tried again after … days"),
        required=False,
        help_text=_("Such as 3, 5, 7. Empty: it is not tried again by itself."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    counted = forms.ChoiceField(label=_("Counted"), choices=DunningPolicy.Counted.choices, widget=forms.RadioSelect)
    at_end = forms.ChoiceField(
        label=_("After the last try"), choices=DunningPolicy.AtEnd.choices, widget=forms.RadioSelect
    )
    end_after = forms.IntegerField(
        label=_("It ends … days after the first failure"),
        required=False,
        min_value=0,
        help_text=_("Empty: on the day of the last try. Only where the subscription ends."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    silent = DaysField(
        label=_("Steps without a mail"),
        required=False,
        help_text=_("The first failure is step 1, the first repeated try step 2. Empty: a mail at each step."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    least = LeastField(
        label=_("Nobody is bothered who owes less than"),
        required=False,
        help_text=_("Amounts such as 15.00 EUR, one for each currency. Empty: every bill counts."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    card_notice_days = forms.IntegerField(
        label=_("Written to … days before the card expires"),
        min_value=0,
        max_value=policies.LONGEST_NOTICE,
        help_text=_("Once for each card. 0: never."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    reason = forms.CharField(
        label=_("Reason"),
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Kept with your name in the audit."),
    )

    def policy(self) -> DunningPolicy:
        """Return the policy that the valid form says, unsaved."""
        given = {name: value for name, value in self.cleaned_data.items() if name != "reason"}
        return DunningPolicy(**given)

    def refuse(self, refused: policies.BadPolicy) -> None:
        """Say why a policy cannot be kept, beside the field that it is about."""
        self.add_error(_ABOUT.get(refused.code), str(refused.words))


def initial(policy: DunningPolicy) -> dict[str, Any]:
    """Return what the form begins with: what is in force."""
    return {
        "days": ", ".join(str(day) for day in policy.days),
        "counted": policy.counted,
        "at_end": policy.at_end,
        "end_after": policy.end_after,
        "silent": ", ".join(str(step) for step in policy.silent),
        "least": ", ".join(str(Money(amount, currency)) for currency, amount in sorted(policy.least.items())),
        "card_notice_days": policy.card_notice_days,
    }


def rungs(ladder: Ladder) -> list[Rung]:
    """Return a ladder as a table."""
    days = (0, *ladder.again_after)
    found = [_rung(number, day, ladder) for number, day in enumerate(days, start=1)]
    if ladder.at_end == dunning.KEEP:
        words = gettext("The bill stays open as unpaid. Nothing renews until it is paid; then all goes on.")
        return [*found, Rung("", gettext("after that"), words, "")]
    over = max(days) if ladder.end_after is None else ladder.end_after
    words = gettext("The bill is given up as uncollectible, and the subscription ends.")
    return [*found, Rung("", _day(over), words, gettext("that it has ended"))]


def _rung(number: int, day: int, ladder: Ladder) -> Rung:
    first = gettext("The charge fails: the subscription is past due, grace runs.")
    what = gettext("The card is charged again, unless it was refused for good.") if day else first
    mail = gettext("none") if number in ladder.silent else gettext("that it failed, and what comes next")
    return Rung(str(number), _day(day), what, mail)


def _day(day: int) -> str:
    if not day:
        return gettext("at the first failure")
    return str(ngettext("%(count)d day after it", "%(count)d days after it", day) % {"count": day})


def said(rows: Sequence[DunningPolicy]) -> list[tuple[datetime, str]]:
    """Return earlier and present policies in one line each."""
    return [(each.since, _in_words(each)) for each in rows]


def _in_words(policy: DunningPolicy) -> str:
    days = ", ".join(str(day) for day in policy.days) or gettext("not tried again")
    end = dict(DunningPolicy.AtEnd.choices)[policy.at_end]
    return f"{days} ({policy.get_counted_display()}); {end}"
