"""Staff's change of what a member holds: what is wanted, and that it is to be made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from goodstanding.catalogue.models import Level, Price
from goodstanding.core.changes import Manner, Reckoning, When
from goodstanding.memberships import changing_by_staff
from goodstanding.memberships.changing_by_staff import Said, Wish
from goodstanding.memberships.forms import Decision
from goodstanding.memberships.models import Membership

AT_END = str(When.AT_END)
HOW = (
    (str(Reckoning.PRORATED), _("now; the rest of what was paid is given back, the rest of the time is charged")),
    (str(Reckoning.NEXT_BILL), _("now; the same, but it is billed with the next bill")),
    (str(Reckoning.WHOLE), _("now; nothing is given back, and a new period begins at its whole price")),
    (str(Reckoning.NOTHING), _("now; nothing is charged or given back before the next renewal")),
    (AT_END, _("at the end of what is paid")),
)
THERE = (
    ("now", _("now; the gateway reckons what it comes to, and charges it to the card that it has")),
    (AT_END, _("at the end of what is paid; nothing is charged before that")),
)
CARD, BILL = "card", "bill"
TELL = _("Write to the member")


class WishForm(forms.Form):
    """What is to be held, from when, and what it comes to. Only asks: nothing is changed by it."""

    price = forms.ModelChoiceField(label=_("To"), queryset=Price.objects.none(), empty_label=_("choose one"))
    how = forms.ChoiceField(label=_("When, and how it is reckoned"), choices=HOW, widget=forms.RadioSelect)
    renewal = forms.ChoiceField(
        label=_("The renewal"),
        choices=(("keep", _("goes on, at the new price")), ("stop", _("is stopped: it ends with what is paid"))),
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, prices: Sequence[Price], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice: Any = self.fields["price"]
        choice.queryset = Price.objects.select_related("level__group").filter(pk__in=[each.pk for each in prices])
        choice.queryset = choice.queryset.order_by("level__position", "level_id", "position", "amount_minor", "id")
        choice.label_from_instance = _named
        choice.error_messages["invalid_choice"] = _("This price or its level is closed, or is not of this group.")

    def ask_gateway(self) -> None:
        """Ask only what a gateway that bills by its own clock can be asked."""
        how: Any = self.fields["how"]
        how.choices = THERE
        del self.fields["renewal"]

    @property
    def wish(self) -> Wish:
        """What a valid form asks for."""
        given = self.cleaned_data
        at_end = given["how"] == AT_END
        manner = Manner(When.AT_END) if at_end else Manner(When.NOW, Reckoning(given["how"]))
        return Wish(given["price"], manner, stops=given["renewal"] == "stop")


class AcceptForm(forms.Form):
    """That a change is made as it was shown: why, how it is paid, and whether the member is told."""

    shown = forms.CharField(widget=forms.HiddenInput)
    pays = forms.ChoiceField(label=_("How it is paid"), widget=forms.RadioSelect)
    tells = forms.BooleanField(
        label=TELL, required=False, help_text=_("That it was changed, and from when; no reason.")
    )
    reason = forms.CharField(
        label=_("Reason"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("For staff: kept with your name in the audit. The member is not shown it."),
    )

    def __init__(self, *args: Any, ways: Sequence[tuple[str, str]], may_tell: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if ways:
            pays: Any = self.fields["pays"]
            pays.choices = ways
            self.initial.setdefault("pays", ways[0][0])
        else:
            del self.fields["pays"]
        if not may_tell:
            del self.fields["tells"]

    def said(self, by: Any) -> Said:
        """What a valid form says."""
        given = self.cleaned_data
        return Said(by, given["reason"], tells=given.get("tells", False), charges=given.get("pays") == CARD)

    def show_anew(self, text: str) -> None:
        """Have the form that is shown again carry what the page shows now."""
        self.data = {**self.data.dict(), "shown": text} if isinstance(self.data, QueryDict) else self.data


class MoveForm(Decision):
    """What is left of a term or a grant, at another level."""

    title, button, done = _("Change the level"), _("Change it"), _("It is changed.")
    permission, about = "gs_memberships.add_grant", Membership
    level = forms.ModelChoiceField(label=_("To"), queryset=Level.objects.none(), empty_label=_("choose one"))
    tells = forms.BooleanField(label=TELL, required=False, help_text=_("That it was changed; no reason."))
    field_order = ("level", "tells", "reason")

    def prepare(self) -> None:
        """Offer the other levels of its group."""
        levels = changing_by_staff.movable_to(self.row)
        choice: Any = self.fields["level"]
        choice.queryset = Level.objects.filter(pk__in=[each.pk for each in levels]).order_by("position", "slug")
        self.fields["reason"].help_text = _("For staff: kept with your name in the audit.")

    def take(self, *, by: Any) -> None:
        """Change it."""
        given = self.cleaned_data
        said = Said(by, given["reason"], tells=given["tells"])
        changing_by_staff.move(self.row, given["level"], said, now=self.now)


def _named(price: Price) -> str:
    """A price as the choice names it, with what is unusual of its level."""
    name = f"{price.level.name}: {price.words}"
    return f"{name} ({_('hidden')})" if price.level.is_hidden else name
