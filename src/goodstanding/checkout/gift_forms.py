"""The forms of gifts: what, for whom, when, and then who pays and by what; and redeeming one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from goodstanding import conf
from goodstanding.billing.models import GiftOffer
from goodstanding.billing.models.gifts import MESSAGE
from goodstanding.catalogue.models import LevelGift
from goodstanding.catalogue.words import money_words
from goodstanding.checkout.forms import JoinForm, Ways
from goodstanding.checkout.gifts import LATEST, Gift
from goodstanding.core.currencies import MoneyRefused
from goodstanding.core.money import Money
from goodstanding.memberships.forms import DayField

OTHER = ""
PAGE = re.compile(r"[A-Za-z0-9_-]{22}")


class GiftForm(JoinForm):
    """A gift. ``shown`` names the page view: the same sent twice is one gift. What it gives, its subclasses say."""

    to_name = forms.CharField(label=_("Name of who gets it"), max_length=200, required=False)
    to_email = forms.EmailField(
        label=_("E-mail of who gets it"),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        help_text=_("The gift is sent there. Choose your own address to print it yourself."),
    )
    from_name = forms.CharField(
        label=_("From"), max_length=200, required=False, help_text=_("As it stands on the gift. Empty: your name.")
    )
    message = forms.CharField(
        label=_("A few words"), max_length=MESSAGE, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    send_on = DayField(
        label=_("Send it on"),
        help_text=_("At eight in the morning; today: once it is paid."),
    )
    what_fields: tuple[str, ...] = ()
    whom_fields = ("to_name", "to_email", "from_name", "message", "send_on")

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order_fields([*self.what_fields, *self.whom_fields, *JoinForm.field_order])
        today = now.astimezone(conf.time_zone()).date()
        self.initial.setdefault("send_on", today)
        self.fields["send_on"].widget.attrs |= {"min": today, "max": today + LATEST}

    def of_gift(self) -> list[Any]:
        """Return the fields about the gift, to be shown first."""
        return [self[name] for name in (*self.what_fields, *self.whom_fields) if name in self.fields]

    def of_payer(self) -> list[Any]:
        """Return the fields about who pays and by what."""
        return [each for each in self.visible_fields() if each.name not in (*self.what_fields, *self.whom_fields)]

    def clean_shown(self) -> str:
        """Let only a name of ours through."""
        name = str(self.cleaned_data["shown"])
        if PAGE.fullmatch(name) is None:
            raise forms.ValidationError(_("This form did not arrive whole. Please send it again."))
        return name

    def gift(self) -> Gift:
        """Return what a valid form asks for."""
        given = self.cleaned_data
        return Gift(
            amount=given["money"],
            to_email=given["to_email"],
            send_on=given["send_on"],
            to_name=given["to_name"],
            from_name=given["from_name"],
            message=given["message"],
            level=given.get("level"),
        )


class CardForm(GiftForm):
    """A gift card: of one of the amounts on offer, or of another one."""

    amount = forms.ChoiceField(label=_("How much"), widget=forms.RadioSelect, required=False)
    other = forms.CharField(
        label=_("Another amount"),
        max_length=20,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    what_fields = ("amount", "other")

    def __init__(self, *args: Any, offer: GiftOffer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer = offer
        listed = [(str(each.amount_minor), money_words(each)) for each in offer.amounts]
        is_free = offer.least_minor is not None and offer.most_minor is not None
        if is_free:
            least, most = Money(offer.least_minor or 0, offer.currency), Money(offer.most_minor or 0, offer.currency)
            said = {"least": money_words(least), "most": money_words(most)}
            self.fields["other"].help_text = _("From %(least)s to %(most)s.") % said
        else:
            del self.fields["other"]
        if not listed:
            del self.fields["amount"]
            self.fields["other"].label = _("How much")
        else:
            self._choose("amount", [*listed, *([(OTHER, str(_("another amount")))] if is_free else [])])
            self.initial.setdefault("amount", listed[0][0])
            self.fields["amount"].is_one_of_several = True  # type: ignore[attr-defined]
        if "other" in self.fields:
            self.fields["other"].is_one_of_several = True  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Find the amount that is meant."""
        data = super().clean()
        chosen, typed = data.get("amount", OTHER), (data.get("other") or "").strip()
        if chosen != OTHER and typed:
            self.add_error(
                "amount", _("You typed an amount, and chose another one. Choose “another amount” if that is meant.")
            )
        elif chosen != OTHER:
            data["money"] = Money(int(chosen), self.offer.currency)
        elif "amount" not in self.errors:
            data["money"] = self._typed(typed)
        return data

    def _typed(self, typed: str) -> Money | None:
        name = "other" if "other" in self.fields else "amount"
        try:
            amount = Money.parse(f"{typed.replace(',', '.')} {self.offer.currency}")
        except MoneyRefused:
            self.add_error(name, _("Write an amount, such as 12.50, without the currency."))
            return None
        if not self.offer.allows(amount):
            self.add_error(name, _("There are no gift cards of this amount."))
        return amount


class LevelGiftForm(GiftForm):
    """A level for a term. What is sent back names the price that was shown."""

    what = forms.ChoiceField(label=_("What"), widget=forms.RadioSelect)
    what_fields = ("what",)

    def __init__(self, *args: Any, sold: Sequence[LevelGift], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sold = {f"{each.pk} {each.amount.amount_minor}": each for each in sold}
        self._choose("what", [(key, _words(each)) for key, each in self.sold.items()])
        self.initial.setdefault("what", next(iter(self.sold)))

    def clean(self) -> dict[str, Any]:
        """Find the gift that is meant."""
        data = super().clean()
        if data.get("what"):
            data["level"] = self.sold[data["what"]]
            data["money"] = data["level"].amount
        return data


def _words(gift: LevelGift) -> str:
    said = {"level": gift.price.level.name, "term": gift.term, "amount": money_words(gift.amount)}
    return gettext("%(level)s, %(term)s: %(amount)s") % said


class CodeForm(forms.Form):
    """The code of a gift, to see what it gives."""

    code = forms.CharField(
        label=_("Code of the gift"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
        help_text=_("It stands in the mail: sixteen letters and figures. Dashes and blanks do not matter."),
    )


class RedeemForm(JoinForm):
    """Who redeems a gift that was looked at. Nothing is to be paid."""

    code = forms.CharField(widget=forms.HiddenInput, max_length=40)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, ways=Ways(()), free=True, **kwargs)
        del self.fields["shown"]
