"""The actions about balances and gift cards."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from goodstanding.billing.models import BalanceEntry, GiftCard
from goodstanding.core.currencies import CURRENT
from goodstanding.memberships import adjusting, gift_cards
from goodstanding.memberships.forms import Decision
from goodstanding.office.money_forms import read_amount


class AdjustForm(Decision):
    """Something is put on the member's balance, or taken back from it."""

    title, button, done = _("Adjust the balance"), _("Adjust the balance"), _("The balance is adjusted.")
    permission = "gs_billing.add_balanceentry"
    way = forms.ChoiceField(
        label=_("What"), choices=(("add", _("add")), ("take", _("take back"))), widget=forms.RadioSelect, initial="add"
    )
    amount = forms.CharField(
        label=_("How much"),
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    currency = forms.CharField(label=_("Currency"), max_length=3, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    field_order = ("way", "amount", "currency", "reason")

    def prepare(self) -> None:
        """Propose the currency of what is there, and say that the reason is read."""
        rows = BalanceEntry.objects.filter(account__member=self.member).values_list("currency", flat=True)
        known = list(rows[:1]) or list(
            self.member.customers.exclude(account__currency="").values_list("account__currency", flat=True)[:1]
        )
        if known and known[0]:
            self.initial.setdefault("currency", known[0])
        self.fields["reason"].help_text = _("The member reads it beside the entry.")

    def clean_currency(self) -> str:
        """Read the currency."""
        code = str(self.cleaned_data["currency"]).strip().upper()
        if code not in CURRENT:
            raise forms.ValidationError(_("Write a currency by its three letters, such as EUR."))
        return code

    def clean(self) -> dict[str, Any]:
        """Read the amount in its currency."""
        data = super().clean() or {}
        if "amount" in data and "currency" in data:
            try:
                data["money"] = read_amount(data["amount"], data["currency"])
            except forms.ValidationError as error:
                self.add_error("amount", error)
            else:
                if data["money"].amount_minor <= 0:
                    self.add_error("amount", _("The amount must be more than zero."))
        return data

    def take(self, *, by: Any) -> None:
        """Adjust it."""
        given = self.cleaned_data
        amount = given["money"] if given["way"] == "add" else -given["money"]
        adjusting.adjust(self.member, amount, reason=given["reason"], by=by, now=self.now)


class OfGiftCard(Decision):
    """What is done about a gift, on its buyer's page."""

    permission, about = "gs_billing.change_giftcard", GiftCard


class VoidGiftForm(OfGiftCard):
    """Nobody paid it, and nobody will."""

    title, button, done = _("Take back the gift"), _("Take it back"), _("The gift and its bill are void.")

    def take(self, *, by: Any) -> None:
        """Void it."""
        gift_cards.void_unpaid(self.row, reason=self.cleaned_data["reason"], by=by, now=self.now)


class SendGiftForm(OfGiftCard):
    """Its mail was lost."""

    title, button, done = _("Send the gift again"), _("Send it"), _("It is on its way.")

    def prepare(self) -> None:
        """Say where it goes."""
        self.says = _("It is sent to %(email)s.") % {"email": self.row.to_email}

    def take(self, *, by: Any) -> None:
        """Send it."""
        gift_cards.send_again(self.row, reason=self.cleaned_data["reason"], by=by, now=self.now)
