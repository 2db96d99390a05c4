"""The forms of the member's own pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from goodstanding import conf
from goodstanding.checkout.forms import PayForm, Ways
from goodstanding.core.pausing import Limits
from goodstanding.gateways import registry
from goodstanding.gateways.models import GatewayAccount
from goodstanding.gateways.protocol import Ability
from goodstanding.memberships.pausing import CannotPause


class CardForm(PayForm):
    """A new card to be kept: stored ones are not offered, nothing is paid."""

    def __init__(self, *args: Any, accounts: Sequence[GatewayAccount], **kwargs: Any) -> None:
        super().__init__(*args, ways=_new_cards(accounts), **kwargs)


class ChangeForm(PayForm):
    """Accepting a change of level as it was shown, and by what it is paid where something is due."""

    shown = forms.CharField(widget=forms.HiddenInput, max_length=2000)
    field_order = ("shown", "account", "method", "number", "card")


class PauseForm(forms.Form):
    """From which day on, and until which. An end may be left out where the level allows that."""

    start = forms.DateField(
        label=_("From"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        help_text=_("Today: from this moment on. It begins at the latest where what you paid for ends."),
    )
    end = forms.DateField(
        label=_("Day to go on"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        help_text=_("The first day after the pause."),
    )

    def __init__(self, *args: Any, limits: Limits, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("start", now.astimezone(conf.time_zone()).date())
        self.fields["end"].required = not limits.open_ended
        self.fields["end"].error_messages["required"] = CannotPause("open_ended").words
        if limits.open_ended:
            self.fields["end"].help_text = _("The first day after the pause. Empty: until you go on.")


class InviteForm(forms.Form):
    """Whom to invite to a seat."""

    email = forms.EmailField(
        label=_("E-mail address"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )


class NumberForm(forms.Form):
    """How many further seats to have in all."""

    seats = forms.IntegerField(
        label=_("Further seats in all"),
        min_value=0,
        max_value=10000,
        help_text=_("Beside those that are in the price."),
    )


class WhichCard(forms.Form):
    """Names one stored card: the gateway account's code, and the gateway's reference."""

    account = forms.CharField(max_length=60)
    ref = forms.CharField(max_length=255)


def keeping(accounts: Sequence[GatewayAccount]) -> list[GatewayAccount]:
    """Return those accounts at which a card can be kept."""
    return [each for each in accounts if registry.can(each.gateway, Ability.BEGIN, Ability.METHODS)]


def _new_cards(accounts: Sequence[GatewayAccount]) -> Ways:
    cards = []
    for account in accounts:
        if registry.can(account.gateway, Ability.CARDS):
            cards += [card for card in registry.able(account.gateway, Ability.CARDS).cards() if card not in cards]
    return Ways(accounts, (), cards)


class RedeemForm(forms.Form):
    """The code of a gift card. What is refused is not shown again in full elsewhere, nor logged."""

    code = forms.CharField(
        label=_("Code of the gift card"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
        help_text=_("It stands in the mail: sixteen letters and figures. Dashes and blanks do not matter."),
    )
