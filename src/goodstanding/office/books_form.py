"""What of the journal is asked for."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from goodstanding.memberships.forms import DayField
from goodstanding.reports.exporting import By, Form

_FORMS = ((str(Form.HLEDGER), "hledger"), (str(Form.BEANCOUNT), "beancount"), (str(Form.CSV), _("table (CSV)")))
_BY = (
    (str(By.TRANSFER), _("each by itself")),
    (str(By.DAY), _("those of a day added up")),
    (str(By.MONTH), _("those of a month added up")),
)


class JournalForm(forms.Form):
    """Which days, for which program."""

    format = forms.ChoiceField(label=_("For"), choices=_FORMS, initial=str(Form.HLEDGER))
    by = forms.ChoiceField(label=_("Transfers"), choices=_BY, initial=str(By.TRANSFER))
    since = DayField(label=_("From"), required=False)
    until = DayField(
        label=_("To before"),
        required=False,
        help_text=_("The day after the last one. Empty: all until today."),
    )

    def clean(self) -> dict[str, Any]:
        """Refuse days that end before they begin."""
        data = super().clean() or {}
        since, until = data.get("since"), data.get("until")
        if since and until and since >= until:
            self.add_error("until", _("The end must be after the beginning."))
        return data
