"""The form of the checkout: who, and by what it is paid. What was typed is kept, but for passwords and cards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from goodstanding.gateways import registry
from goodstanding.gateways.models import GatewayAccount, HandMethod
from goodstanding.gateways.protocol import Ability, GatewayError
from goodstanding.gateways.requests import StoredMethod, TryCard
from goodstanding.people.models import Member

NEW_CARD = ""


@dataclass(frozen=True, slots=True)
class Ways:
    """By what a buyer may pay: the accounts that are offered, cards kept before, and cards for trying things; and how to be
    billed and pay ``later``.
    """

    accounts: Sequence[GatewayAccount]
    stored: Sequence[tuple[str, StoredMethod]] = ()  # (account's code, the card)
    try_cards: Sequence[TryCard] = ()
    later: Sequence[HandMethod] = ()

    @property
    def choices(self) -> list[tuple[str, str]]:
        """What may be chosen: a code (of an account, or of one and its way to pay by hand) and its name."""
        named = [(_code(each), f"{each.title} ({gettext('you get the bill, and pay later')})") for each in self.later]
        return [*((each.code, each.label) for each in self.accounts), *named]

    def chosen(self, code: str) -> tuple[GatewayAccount | None, str]:
        """Return the offered account of this code, and its way to pay by hand; where none is asked for, the first."""
        later = next((each for each in self.later if _code(each) == code), None)
        account = next((each for each in self.accounts if not code or each.code == code), None)
        if later is None and account is None and not code:
            later = next(iter(self.later), None)
        return (later.account, later.code) if later is not None else (account, "")


def _code(method: HandMethod) -> str:
    return f"{method.account_id} {method.code}"


def ways_for(
    member: Member | None, accounts: Sequence[GatewayAccount], *, now: datetime, later: Sequence[HandMethod] = ()
) -> Ways:
    """Return by what somebody may pay. A gateway that does not answer offers no stored cards, and nothing else is lost."""
    stored: list[tuple[str, StoredMethod]] = []
    for account in accounts if member is not None else ():
        customer = member.customers.filter(gateway_account=account).first() if member else None
        if customer is None or not registry.can(account.gateway, Ability.METHODS):
            continue
        gateway = registry.able(account.gateway, Ability.METHODS)
        try:
            stored += [(account.code, each) for each in gateway.methods(customer.external_id, account=account, now=now)]
        except GatewayError:
            continue
    cards: list[TryCard] = []
    for account in accounts:
        if registry.can(account.gateway, Ability.CARDS):
            cards += [card for card in registry.able(account.gateway, Ability.CARDS).cards() if card not in cards]
    return Ways(accounts, stored, cards, later)


class PayForm(forms.Form):
    """By what it is paid."""

    account = forms.ChoiceField(label=_("Pay by"), widget=forms.RadioSelect, required=False)
    method = forms.ChoiceField(label=_("Card"), widget=forms.RadioSelect, required=False)
    number = forms.CharField(
        label=_("Card number"),
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        help_text=_("This is a demonstration: never type a real card’s number here. 4242 4242 4242 4242 succeeds."),
    )
    card = forms.ChoiceField(label=_("… or choose a card that"), required=False)

    def __init__(self, *args: Any, ways: Ways, free: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ways, self.free = ways, free
        if free or len(ways.choices) < 2:
            del self.fields["account"]
        else:
            self._choose("account", ways.choices)
            if ways.later:
                words = _("Whoever gets the bill and pays later needs no card: leave it empty.")
                self.fields["account"].help_text = words if ways.accounts else ""
            self.initial.setdefault("account", ways.choices[0][0])
        if free or not ways.stored:
            del self.fields["method"]
        else:
            kept = [(f"{code} {each.ref}", f"{each.label} … {each.last4}") for code, each in ways.stored]
            self._choose("method", [*kept, (NEW_CARD, gettext("another card"))])
            self.initial.setdefault("method", kept[0][0])
        if free or not ways.try_cards:
            del self.fields["number"], self.fields["card"]
        else:
            listed = [(card.token, f"{gettext(card.label)} ({card.number})") for card in ways.try_cards]
            self._choose("card", [("", gettext("the number above")), *listed])
        for name in ("account", "method", "number", "card"):
            if name in self.fields:
                self.fields[name].is_one_of_several = True  # type: ignore[attr-defined] # so pages call none optional

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField), name
        field.choices = choices

    def clean(self) -> dict[str, Any]:
        """Find the account, and the one card that is meant."""
        data = super().clean() or {}
        code, stored = data.get("account", ""), data.get("method", NEW_CARD)
        data["stored"], data["token"] = "", ""
        data["pays_at"], data["later"] = self.ways.chosen(code)
        if data["later"]:
            return data  # whatever card is kept or was named: none is charged
        if stored != NEW_CARD and (data.get("number") or data.get("card")):
            words = _("You chose a card that is kept, and named another one. Choose “another card” if that is meant.")
            self.add_error("method", words)
        elif stored != NEW_CARD:
            code, _blank, data["stored"] = stored.partition(" ")
            data["pays_at"], _later = self.ways.chosen(code)
        elif self.ways.try_cards and not self.free:
            data["token"] = self._token(data)
        return data

    def _token(self, data: dict[str, Any]) -> str:
        typed = (data.get("number") or "").strip()
        if not typed:
            if not data.get("card"):
                self.add_error("number", _("Type a card’s number, or choose a card from the list."))
            return str(data.get("card") or "")
        for card in self.ways.try_cards:
            if card.meant_by(typed):
                return card.token
        self.add_error("number", _("This is none of the demonstration’s cards. Never type a real card’s number here."))
        return ""

    def show_anew(self, **values: str) -> None:
        """Have a typed number not shown again, and ``values`` shown instead of what was sent."""
        if self.is_bound:
            kept = {name: value for name, value in self.data.items() if name not in ("number", "password")}
            self.data = {**kept, **values}


class JoinForm(PayForm):
    """Who joins, and by what it is paid. Who is logged in is not asked who they are."""

    shown = forms.CharField(widget=forms.HiddenInput, max_length=20_000)
    name = forms.CharField(label=_("Name"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    email = forms.EmailField(label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "email"}))
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 10 characters. If you have an account already, its password."),
    )
    field_order = ("shown", "name", "email", "password", "account", "method", "number", "card")

    def __init__(self, *args: Any, known: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if known:
            del self.fields["name"], self.fields["email"], self.fields["password"]

    @classmethod
    def looking(cls, sent: QueryDict, *, shown: str, **how: Any) -> JoinForm:
        """Return the form of somebody who only looks: what was typed is there, but for passwords and cards; nothing is checked."""
        kept = {name: sent[name] for name in ("name", "email", "account", "method", "card") if sent.get(name)}
        return cls(initial={**kept, "shown": shown}, **how)

    def require_good_password(self) -> bool:
        """Note what is wrong with a new person's password; return whether nothing is."""
        try:
            validate_password(self.cleaned_data["password"])
        except ValidationError as error:
            self.add_error("password", error)
            return False
        return True
