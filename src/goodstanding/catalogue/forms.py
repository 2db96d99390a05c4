"""The staff's forms for the catalogue. What they refuse they refuse in words; nothing here decides what anything means."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from goodstanding.catalogue.entries import GATEWAYS, MEMBERTYPE
from goodstanding.catalogue.file_reading import SLUG
from goodstanding.catalogue.models import POLICIES, GatewayPrice, Level, LevelGroup, LevelTerms, Price, TaxRate
from goodstanding.catalogue.price_forms import bound, require_window
from goodstanding.core.moments import FIRST_YEAR, LAST_YEAR
from goodstanding.core.records import Terms
from goodstanding.core.tax import NoSuchPlace, read_place

if TYPE_CHECKING:
    _GroupForm = forms.ModelForm[LevelGroup]
    _LevelForm = forms.ModelForm[Level]
    _NameForm = forms.ModelForm[GatewayPrice]
    _RateForm = forms.ModelForm[TaxRate]
else:
    _GroupForm = _LevelForm = _NameForm = _RateForm = forms.ModelForm

LONGEST = 3660  # days
MOST_PERCENT = 100
MOST = {
    "position": 32767,
    "capacity": 10**9,
    "seats": 10_000,
    "seats_max": 10_000,
    "pause_days_max": LONGEST,
    "pauses_max": LONGEST,
}


def _slug(text: str) -> str:
    if not SLUG.fullmatch(text):
        raise forms.ValidationError(_("Use small letters, digits, - and _ (up to 60)."))
    return text


def promised_last(level: Level) -> LevelTerms | None:
    """Return what the level promises to those who buy it from now on, where it has promised anything yet."""
    terms = level.terms.all() if level.pk else ()
    return max(terms, key=lambda each: (each.since is not None, each.since), default=None)


class GroupForm(_GroupForm):
    """A group of levels."""

    class Meta:
        model = LevelGroup
        fields = ("slug", "name", "allows_several", "only_listed_changes", "change_when", "change_reckoning")
        labels = {
            "only_listed_changes": _("Only the changes that are listed"),
            "change_when": _("A change of level is made"),
            "change_reckoning": _("A change at once comes to"),
        }
        help_texts = {
            "slug": _("Stands in files and addresses; it never changes."),
            "allows_several": _(
                "Whether a member may hold several of its levels at a time. Fixed once levels are held."
            ),
            "only_listed_changes": _(
                "Ticked: from a level only to those that are listed on the level’s page. Unticked: from each to each."
            ),
            "change_when": _("A level’s page may say something else for one change."),
        }

    def clean_slug(self) -> str:
        """Keep to what files and addresses can hold."""
        return _slug(self.cleaned_data["slug"])


class LevelForm(_LevelForm):
    """A level with what it promises to those who buy it from now on."""

    grace_days = forms.IntegerField(
        label=_("Grace, days"),
        min_value=0,
        max_value=LONGEST,
        help_text=_("After an unpaid renewal. Days of 24 hours. Whoever bought earlier keeps what was promised then."),
    )
    prepaid_grace_days = forms.IntegerField(
        label=_("Grace after a prepaid term, days"),
        min_value=0,
        max_value=LONGEST,
        help_text=_("For terms bought once."),
    )

    class Meta:
        model = Level
        fields = (
            "slug", "name", "group", "legacy_membertype_id", "description", "is_open", "is_hidden", "position", "end_rule",
            "seats", "seats_max", "seat_level",
            "capacity", "sale_from", "sale_until", "takes_donations", "needs_card",
            "pause_days_max", "pauses_max", "pause_open_ended", *POLICIES,
        )  # fmt: skip
        labels = {
            "legacy_membertype_id": _("Old number"),
            "is_open": _("May be joined"),
            "is_hidden": _("Not listed"),
            "end_rule": _("A prepaid term ends"),
            "seats": _("Seats in the price"),
            "seats_max": _("Seats at most"),
            "seat_level": _("Seats are of the level"),
            "capacity": _("Places"),
            "sale_from": _("Sold from"),
            "sale_until": _("Sold until"),
            "takes_donations": _("A donation may be added"),
            "needs_card": _("Always ask for a card"),
            "pause_days_max": _("Days that its members may pause it"),
            "pauses_max": _("Pauses within a year"),
            "pause_open_ended": _("May be paused without an end"),
            "on_refund": _("All given back, the membership"),
            "on_dispute": _("While a dispute is open, it"),
            "on_dispute_lost": _("Once a dispute is lost, it"),
        }
        help_texts = {
            "slug": _("Stands in files and addresses; it never changes."),
            "group": _("Fixed once the level is held."),
            "legacy_membertype_id": _("The number in old plans named membertype_X-…: their payers become members."),
            "description": _("Plain text, for those who think of joining."),
            "is_open": _("Unticked, nobody new can buy it. Whoever holds it keeps it, and renewals go on."),
            "is_hidden": _("It stands in no list; who knows its address can join."),
            "position": _("Lower numbers come first."),
            "end_rule": _("For terms bought from now on. Terms of hours end at the same time of the day, always."),
            "seats": _("How many others may be members through who pays. Fewer count for those who buy from now on."),
            "seats_max": _("With those that are bought besides. Empty: any number."),
            "seat_level": _("Empty: of this level. Another one counts for those who buy from now on."),
            "capacity": _("How many may hold it at a time; empty for any number. Who holds it keeps it."),
            "sale_until": _("From this moment on nobody new can buy it."),
            "needs_card": _("Also of who pays with credit alone, so that the renewal after it can be charged."),
            "pause_days_max": _("At a time. Empty: only staff can pause it."),
            "pauses_max": _(
                "Empty: any number. Counted are those that began within the 365 days before, also by staff."
            ),
            "pause_open_ended": _("Until its member goes on: the days above hold only for a pause with a set end."),
            "on_refund": _("For those who buy from now on. A part given back changes nothing about access."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        promised = promised_last(self.instance) or Terms()
        self.initial.setdefault("grace_days", promised.grace_days)
        self.initial.setdefault("prepaid_grace_days", promised.prepaid_grace_days)
        bound(self, MOST)
        if "seats" in self.fields:  # it is not for who may only look
            self.fields["seats"].required = False

    def clean_slug(self) -> str:
        """Keep to what files and addresses can hold."""
        return _slug(self.cleaned_data["slug"])

    def clean_seats(self) -> int:
        """Take nothing for none."""
        return self.cleaned_data["seats"] or 0

    def clean_seats_max(self) -> int | None:
        """Refuse a cap below what is in the price."""
        most: int | None = self.cleaned_data["seats_max"]
        if most is not None and most < (self.cleaned_data.get("seats") or 0):
            raise forms.ValidationError(_("More are in the price than are allowed at most."))
        return most

    def clean(self) -> dict[str, Any]:
        """Refuse a time of sale that ends before it begins."""
        super().clean()
        require_window(self)
        return self.cleaned_data

    def clean_legacy_membertype_id(self) -> str | None:
        """Keep to what a plan's name can hold."""
        number: str | None = self.cleaned_data["legacy_membertype_id"]
        if number and not MEMBERTYPE.fullmatch(number):
            raise forms.ValidationError(_("Use letters and digits (up to 40)."))
        return number


class RateForm(_RateForm):
    """A rate of tax of a place, from a day on."""

    class Meta:
        model = TaxRate
        fields = ("place", "from_on", "percent", "name")
        labels = {
            "place": _("Place"),
            "from_on": _("From the day"),
            "percent": _("Percent"),
            "name": _("Name on bills"),
        }
        help_texts = {
            "place": _("A country (DE), a region of one (US-CA), or empty: everywhere else."),
            "from_on": _("Until the next row of this place begins."),
        }

    def clean_place(self) -> str:
        """Keep places as they are looked up: two spellings of one would contradict each other."""
        try:
            return read_place(self.cleaned_data["place"])
        except NoSuchPlace:
            words = _("Write the country by its two letters, such as DE, or with a region, such as US-CA.")
            raise forms.ValidationError(words) from None

    def clean_from_on(self) -> date:
        """Refuse a day that nothing is reckoned with."""
        day: date = self.cleaned_data["from_on"]
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            words = _("Write a year from %(first)d to %(last)d.") % {"first": FIRST_YEAR, "last": LAST_YEAR}
            raise forms.ValidationError(words)
        return day

    def clean_percent(self) -> Decimal:
        """Refuse what is no part of a price."""
        percent: Decimal = self.cleaned_data["percent"]
        if not 0 <= percent <= MOST_PERCENT:
            raise forms.ValidationError(_("A tax is 0 to 100 percent."))
        return percent


class NameForm(_NameForm):
    """What a gateway calls a price of ours."""

    gateway = forms.ChoiceField(label=_("Gateway"), choices=[(code, code) for code in GATEWAYS], initial=GATEWAYS[0])

    class Meta:
        model = GatewayPrice
        fields = ("price", "gateway", "external_id", "lookup_key")
        labels = {"external_id": _("Price id"), "lookup_key": _("Lookup key")}
        help_texts = {
            "external_id": _(
                "Such as price_…. Whoever pays by a name that stands here no more loses the level at the next event."
            ),
            "price": _(
                "Who pays by this name already follows at the next event, or with “goodstanding check --rebuild”."
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice: Any = self.fields.get("price")
        if choice is not None:  # it is not beside the price that it names
            choice.queryset = Price.objects.select_related("level")
            choice.label_from_instance = lambda price: f"{price.level.name}: {price.words}"

    def clean(self) -> dict[str, Any]:
        """Refuse a name that is another price's, saying whose, and a row that names nothing."""
        super().clean()
        data = self.cleaned_data
        names = {field: data.get(field, "").strip() for field in ("external_id", "lookup_key")}
        if not any(names.values()):
            self.add_error(None, _("Say what the gateway calls this price: its id, its lookup key, or both."))
        for field, name in names.items():
            data[field] = name
            taken = GatewayPrice.objects.filter(gateway=data.get("gateway"), **{field: name}).exclude(
                pk=self.instance.pk
            )
            holder = taken.select_related("price__level").first() if name else None
            if holder is not None:
                self.add_error(field, _("This is %(level)s’s already.") % {"level": holder.price.level.name})
        return data

    def validate_constraints(self) -> None:
        """Leave it at the words above; the database keeps the constraints themselves."""
