"""The staff's form for a gift of a level, among its price's rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.forms.models import model_to_dict
from django.utils.translation import gettext_lazy as _

from goodstanding.catalogue.gifts import MOST_TIMES, fault
from goodstanding.catalogue.models import LevelGift

if TYPE_CHECKING:
    _GiftForm = forms.ModelForm[LevelGift]
else:
    _GiftForm = forms.ModelForm


class LevelGiftForm(_GiftForm):
    """For how long, for how much, and whether it is on sale."""

    class Meta:
        model = LevelGift
        fields = ("times", "amount_minor", "good_for_days", "is_open", "position")

    def clean(self) -> dict[str, Any]:
        """Refuse what can be no gift."""
        data = super().clean() or {}
        if data.get("amount_minor") is not None and data["amount_minor"] < 1:
            self.add_error("amount_minor", _("A gift costs more than nothing."))
        if "times" in data and not 1 <= data["times"] <= MOST_TIMES:
            self.add_error("times", _("A whole number from 1 to 1000."))
        if data.get("good_for_days") == 0:
            self.add_error("good_for_days", _("At least a day; empty: it never expires."))
        if not self.errors and (
            words := fault(model_to_dict(self.instance.price), data["times"], data["amount_minor"])
        ):
            self.add_error(None, str(words))
        return data
