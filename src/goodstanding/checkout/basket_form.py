"""The part of the join page that says what is wanted: how often, how much, what beside it. What is not offered is not asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from goodstanding.catalogue import selling
from goodstanding.catalogue.models import DiscountCode, Price
from goodstanding.catalogue.words import money_words
from goodstanding.checkout import codes
from goodstanding.checkout.baskets import LARGEST_MINOR, MOST_ITEMS, MOST_SEATS, Item, Wanted, with_place
from goodstanding.checkout.refusals import Refused
from goodstanding.core.currencies import exponent
from goodstanding.core.money import Money
from goodstanding.memberships import buying

# Which field a refusal is about, where it is about one.
ABOUT = {
    "below_minimum": "amount",
    "bad_amount": "amount",
    "too_many_terms": "times",
    "no_such_term": "times",
    "too_many_seats": "seats",
    "not_a_donation": "donation",
    "bad_place": "place",
    "one_of_group": "also",
    "mixed_currencies": "also",
}


def beside(price: Price, *, now: datetime) -> list[Price]:
    """Return what may be joined together with ``price``: on sale and listed, of groups that allow several, in one currency."""
    found = [
        each
        for offer in selling.offers(now=now)
        if offer.level.group.allows_several and offer.level.pk != price.level_id
        for each in offer.prices
        if each.currency == price.currency
    ]
    return found[: MOST_ITEMS - 1]


class BasketForm(forms.Form):
    """What is wanted of ``price``, and what beside it. Sent or not, :meth:`wanted` says it; :meth:`refuse` says what is wrong."""

    times = forms.IntegerField(label=_("How many terms at once"), min_value=1, initial=1)
    amount = forms.DecimalField(label=_("How much you pay"), min_value=0)
    seats = forms.IntegerField(
        label=_("Further seats"), min_value=0, max_value=MOST_SEATS, required=False, help_text=_("For others of yours.")
    )
    donation = forms.DecimalField(label=_("A donation on top"), min_value=0, required=False)
    donation_recurs = forms.BooleanField(label=_("Give it again with each renewal"), required=False)
    also = forms.MultipleChoiceField(
        label=_("Also join"), widget=forms.CheckboxSelectMultiple, required=False, help_text=_("All on one bill.")
    )
    place = forms.CharField(
        label=_("Where you live"),
        max_length=6,
        required=False,
        widget=forms.TextInput(attrs={"autocapitalize": "characters", "autocomplete": "country"}),
        help_text=_(
            "The country by its two letters, such as DE, or with a region, such as US-CA: the tax depends on it."
        ),
    )
    code = forms.CharField(
        label=_("Code"),
        max_length=codes.TYPED_AT_MOST,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("Several with commas between them."),
    )

    def __init__(self, *args: Any, price: Price, others: Sequence[Price] = (), place: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.price, self.others = price, others
        terms = buying.terms_of(price)
        self._offer("times", wanted=not price.renews and price.terms_max > 1)
        self._offer("amount", wanted=terms.minimum is not None)
        self._offer("seats", wanted=terms.seat is not None)
        self._offer("donation", wanted=price.level.takes_donations)
        self._offer("donation_recurs", wanted=price.level.takes_donations and price.renews)
        self._offer("also", wanted=bool(others))
        self._offer("place", wanted=price.taxed or any(each.taxed for each in others))
        self._offer("code", wanted=DiscountCode.objects.exists())
        if "times" in self.fields:
            self._limit("times", price.terms_max)
        if terms.minimum is not None:
            self._money("amount", terms.amount, least=terms.minimum)
        if "donation" in self.fields:
            self._money("donation", None)
        if terms.seat is not None:
            said = ngettext("%(each)s for each seat.", "%(each)s for each seat.", 1)
            self.fields["seats"].help_text = said % {"each": money_words(terms.seat)}
        if others:
            field = self.fields["also"]
            assert isinstance(field, forms.MultipleChoiceField)
            field.choices = [(each.pk, f"{each.level.name}: {each.words}") for each in others]
        self.initial.setdefault("place", place)

    def wanted(self) -> Wanted:
        """Return what is wanted: as it was sent, if that was right in itself, or before anything is chosen."""
        data = self.cleaned_data if self.is_bound and self.is_valid() else {}
        if not self.is_bound and "code" in self.fields:
            data = {"code": self.initial.get("code", "")}
        by_name = {each.pk: each for each in self.others}
        beside = [by_name[pk] for pk in data.get("also", ())]
        first = Item(
            self.price.level_id,
            self.price.pk,
            self._minor(data.get("amount")),
            seats=data.get("seats") or 0,
            times=data.get("times") or 1,
        )
        wanted = Wanted(
            (first, *(Item(each.level_id, each.pk) for each in beside)),
            donation_minor=self._minor(data.get("donation")) or 0,
            donation_recurs=bool(data.get("donation") and data.get("donation_recurs")),
            code=(data.get("code") or "").strip(),
        )
        place = data["place"] if "place" in data else self.initial["place"]
        return with_place(wanted, [self.price, *beside], place.strip().upper())

    def refuse(self, refusal: Refused) -> None:
        """Note a refusal at the field that it is about."""
        name = ABOUT.get(refusal.code, "code" if "code" in refusal.code else "")
        self.add_error(name if name in self.fields else None, str(refusal.words))

    @property
    def asks(self) -> bool:
        """Whether there is anything to choose."""
        return bool(self.fields)

    def _offer(self, name: str, *, wanted: bool) -> None:
        if not wanted:
            del self.fields[name]

    def _limit(self, name: str, most: int) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.IntegerField)
        field.max_value = most
        field.widget.attrs["max"] = most
        field.help_text = ngettext("At most %(most)d.", "At most %(most)d.", most) % {"most": most}

    def _money(self, name: str, amount: Money | None, *, least: Money | None = None) -> None:
        """Have a field take an amount in the price's currency, as that is written."""
        digits, currency = exponent(self.price.currency), self.price.currency
        words = {"currency": currency, "least": money_words(least) if least is not None else ""}
        said = _("In %(currency)s, %(least)s or more.") if least else _("In %(currency)s.")
        most = Decimal(LARGEST_MINOR).scaleb(-digits)
        self.fields[name] = forms.DecimalField(
            label=self.fields[name].label,
            required=amount is not None,
            min_value=Decimal(0),
            max_value=most,
            decimal_places=digits,
            initial=Decimal(amount.amount_minor).scaleb(-digits) if amount is not None else None,
            help_text=said % words,
            widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": str(Decimal(1).scaleb(-digits))}),
        )

    def _minor(self, amount: Decimal | None) -> int | None:
        return None if amount is None else int(amount.scaleb(exponent(self.price.currency)))
