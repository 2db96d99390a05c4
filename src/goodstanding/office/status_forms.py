"""The actions about what a membership is called on lists, and about who died. None of them opens a door."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from goodstanding import conf
from goodstanding.memberships import statuses
from goodstanding.memberships.forms import DayField, Decision
from goodstanding.memberships.models import Membership, StatusOverride

UNTIL, FOR_GOOD = "until", "for_good"
LASTS = ((UNTIL, _("until a day")), (FOR_GOOD, _("until it is taken back, or the membership is renewed")))


class StatusForm(Decision):
    """Call a membership something else than what follows."""

    title, button, done = _("Override the status"), _("Override"), _("It is called that now.")
    permission, about = "gs_memberships.add_statusoverride", Membership
    status = forms.ChoiceField(label=_("Status"))
    lasts = forms.ChoiceField(label=_("How long"), choices=LASTS, widget=forms.RadioSelect, initial=UNTIL)
    until_on = DayField(
        label=_("Until the day"),
        required=False,
        help_text=_("On that day it is over."),
    )
    field_order = ("status", "lasts", "until_on", "reason")

    def prepare(self) -> None:
        """Offer the statuses; a month from now."""
        choice: Any = self.fields["status"]
        choice.choices = [("", "—"), *((name, statuses.WORDS.get(name, name)) for name in statuses.names())]
        day = (self.now + timedelta(days=30)).astimezone(conf.time_zone()).date()
        self.initial.setdefault("until_on", day.isoformat())

    def take(self, *, by: Any) -> None:
        """Override it. Where it lasts for good the proposed day is not meant."""
        given = self.cleaned_data
        for_good = given["lasts"] == FOR_GOOD
        statuses.say(
            self.row,
            status=given["status"],
            until_on=None if for_good else given["until_on"],
            for_good=for_good,
            reason=given["reason"],
            by=by,
            now=self.now,
        )


class PlainStatusForm(Decision):
    """Call it again what follows."""

    title, button, done = _("End the override"), _("End the override"), _("It is called again what follows.")
    permission, about = "gs_memberships.change_statusoverride", StatusOverride

    def take(self, *, by: Any) -> None:
        """Take it back."""
        statuses.take_back(self.row, reason=self.cleaned_data["reason"], by=by, now=self.now)


class DiedForm(Decision):
    """A member died."""

    title, button, done = _("This member died"), _("Record it"), _("Recorded.")
    permission = "gs_people.change_member"
    on = DayField(label=_("Died on"))
    field_order = ("on", "reason")

    def prepare(self) -> None:
        """Say what the reason is for."""
        self.fields["reason"].help_text = _("Who told you, and how. Kept with your name in the audit.")

    def take(self, *, by: Any) -> None:
        """Record it."""
        given = self.cleaned_data
        statuses.died(self.member, on=given["on"], reason=given["reason"], by=by, now=self.now)


class LivesForm(Decision):
    """A member did not die."""

    title, button, done = _("This member lives"), _("Take it back"), _("Taken back.")
    permission = "gs_people.change_member"

    def take(self, *, by: Any) -> None:
        """Take it back."""
        statuses.lives(self.member, reason=self.cleaned_data["reason"], by=by, now=self.now)
