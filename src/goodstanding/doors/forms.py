"""The staff's forms for doors, cards and devices. A card's number goes in and never comes out, not even after a mistake."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from goodstanding import conf
from goodstanding.catalogue.models import Level
from goodstanding.core.doors import BadCard
from goodstanding.doors import services
from goodstanding.doors.keys import NoCardKey
from goodstanding.doors.models import Card, Device, Door, DoorEvent
from goodstanding.people.models import Member

if TYPE_CHECKING:
    _DoorForm = forms.ModelForm[Door]
    _CardForm = forms.ModelForm[Card]
    _DeviceForm = forms.ModelForm[Device]
else:
    _DoorForm = _CardForm = _DeviceForm = forms.ModelForm


class DoorForm(_DoorForm):
    """A door, and who may enter."""

    for_levels = forms.ModelMultipleChoiceField(
        label=_("Levels"),
        queryset=Level.objects.order_by("slug"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Members of any of these may enter. None chosen: every member in good standing."),
    )

    class Meta:
        model = Door
        fields = ("name", "place", "is_active", "locked_out")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["for_levels"].initial = list(self.instance.levels.values_list("pk", flat=True))


class CardAddForm(_CardForm):
    """A card for a member: one that was tapped a moment ago, or one whose number is typed (or read by a keyboard reader).

    ``now`` is set by who makes the form's class.
    """

    now: datetime

    seen = forms.ChoiceField(
        label=_("Card just seen"),
        required=False,
        help_text=_("Unknown cards tapped in the last ten minutes, the latest first."),
    )
    number = forms.CharField(
        label=_("Or its number"),
        required=False,
        max_length=200,
        strip=True,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "off"}),
        help_text=_("As the reader gives it. Only a keyed digest is kept: the number is not shown again."),
    )
    keep_last_four = forms.BooleanField(
        label=_("Keep its last four"), required=False, help_text=_("Characters of the number, to tell cards apart.")
    )

    class Meta:
        model = Card
        fields = ("member", "label")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        taps = services.seen_unknown(now=self.now)
        self.fields["seen"] = self._seen_field(self.fields["seen"], taps)

    @staticmethod
    def _seen_field(field: forms.Field, taps: list[DoorEvent]) -> forms.ChoiceField:
        choices = [(tap.pk, _seen_words(tap)) for tap in taps]
        return forms.ChoiceField(
            label=field.label,
            required=False,
            help_text=field.help_text,
            choices=[("", _("none") if taps else _("none was seen")), *choices],
        )

    def clean_number(self) -> str:
        """Refuse what is no number, and a card that is somebody's."""
        number = str(self.cleaned_data["number"])
        if number:
            try:
                services.require_free(number)
            except services.CardTaken as taken:
                words, whose = _("This card is assigned to %(member)s already."), {"member": taken.card.member}
                raise forms.ValidationError(words, params=whose) from None
            except (BadCard, NoCardKey) as error:
                raise forms.ValidationError(str(error)) from None
        return number

    def clean(self) -> dict[str, Any]:
        """Want one of the two ways."""
        given = super().clean() or self.cleaned_data
        if not self.errors and bool(given.get("seen")) == bool(given.get("number")):
            raise forms.ValidationError(_("Choose a card that was just seen, or type a number."))
        if given.get("number") and given.get("keep_last_four"):
            try:
                services.last_four_of(given["number"])
            except services.CardRefused as error:
                self.add_error("keep_last_four", str(error))
        return given

    def take(self, *, by: Any) -> Card:
        """Add the card."""
        given = self.cleaned_data
        member, label = given["member"], given["label"]
        if given["seen"]:
            return services.assign_last_seen(member, seen=given["seen"], label=label, by=by, now=self.now)
        return services.add_card(
            member, uid=given["number"], label=label, keep_last_four=given["keep_last_four"], by=by, now=self.now
        )


class CardChangeForm(_CardForm):
    """What becomes of a card: lost, blocked, in use again, or somebody else's."""

    now: datetime

    become = forms.ChoiceField(label=_("Change to"), required=False)
    reason = forms.CharField(label=_("Reason"), required=False, help_text=_("Kept with your name in the audit."))
    hand_over_to = forms.CharField(
        label=_("Hand over to"),
        required=False,
        help_text=_("The e-mail or the whole id of the member who gets this card from now on."),
    )

    class Meta:
        model = Card
        fields = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "become" in self.fields:  # not where it is only looked at
            others = [choice for choice in Card.Status.choices if choice[0] != self.instance.status]
            self.fields["become"] = forms.ChoiceField(
                label=_("Change to"), required=False, choices=[("", _("as it is")), *others]
            )

    def clean_hand_over_to(self) -> Member | None:
        """Find the member."""
        text = str(self.cleaned_data["hand_over_to"]).strip()
        if not text:
            return None
        found = list(Member.objects.filter(pk=text)[:1]) or list(Member.objects.filter(email=text.lower())[:2])
        if len(found) != 1:
            raise forms.ValidationError(_("There is no such member, or more than one."))
        return found[0]

    def clean(self) -> dict[str, Any]:
        """Want a reason, and one thing at a time."""
        given = super().clean() or self.cleaned_data
        if given.get("become") and given.get("hand_over_to"):
            raise forms.ValidationError(_("Change the card or hand it over: one at a time."))
        if given.get("become") and not str(given.get("reason", "")).strip():
            self.add_error("reason", _("Say why: others will ask."))
        return given

    def take(self, *, by: Any) -> Card:
        """Do what was chosen."""
        given, card = self.cleaned_data, self.instance
        if given["hand_over_to"]:
            return services.hand_over(card, to=given["hand_over_to"], by=by, now=self.now)
        if given["become"]:
            becoming = {
                Card.Status.LOST: services.mark_lost,
                Card.Status.BLOCKED: services.block,
                Card.Status.ACTIVE: services.reactivate,
            }[Card.Status(given["become"])]
            return becoming(card, by=by, now=self.now, reason=given["reason"])
        return card


class DeviceForm(_DeviceForm):
    """A device and its doors."""

    at_doors = forms.ModelMultipleChoiceField(
        label=_("Doors"),
        queryset=Door.objects.order_by("name", "id"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Those that it may ask about."),
    )

    class Meta:
        model = Device
        fields = ("name",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["at_doors"].initial = list(self.instance.doors.values_list("pk", flat=True))


def _seen_words(tap: DoorEvent) -> str:
    # Four letters of the digest tell two unknown cards apart and nothing else.
    at = tap.recorded_at.astimezone(conf.time_zone())
    return f"{tap.door}, {at:%H:%M:%S} ({tap.unknown_digest[:4]})"
