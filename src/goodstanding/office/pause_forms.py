"""Staff's actions about time: pause, go on, and the end of a membership."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from goodstanding.billing.models import Subscription
from goodstanding.memberships import closing, pausing
from goodstanding.memberships.forms import Decision, MomentField
from goodstanding.memberships.models import Membership
from goodstanding.memberships.services import DecisionRefused


class PauseForm(Decision):
    """Pause what we bill."""

    title, button, done = _("Pause"), _("Pause it"), _("It is paused, or will be.")
    permission, about = "gs_billing.change_subscription", Subscription
    start = MomentField(label=_("From"))
    end = MomentField(label=_("Until"), required=False, help_text=_("Empty: until somebody has it go on."))
    field_order = ("start", "end", "reason")

    def prepare(self) -> None:
        """Propose this moment."""
        self.initial.setdefault("start", self.now.replace(microsecond=0))

    def take(self, *, by: Any) -> None:
        """Pause it."""
        given = self.cleaned_data
        try:
            pausing.pause(self.row, start=given["start"], end=given["end"], now=self.now, by=by, reason=given["reason"])
        except pausing.CannotPause as refused:
            raise DecisionRefused(refused.words) from refused


class ResumeForm(Decision):
    """Have a pause end now, or drop one that has not begun."""

    title, button, done = _("End the pause"), _("End the pause"), _("The pause is over, or dropped.")
    permission, about = "gs_billing.change_subscription", Subscription

    def take(self, *, by: Any) -> None:
        """Resume it, or drop the pause."""
        act = pausing.resume if pausing.stands(self.row, now=self.now).runs else pausing.drop
        try:
            act(self.row, now=self.now, by=by, reason=self.cleaned_data["reason"])
        except pausing.CannotPause as refused:
            raise DecisionRefused(refused.words) from refused


class CloseForm(Decision):
    """End a membership at once."""

    title, button, done = _("End the membership now"), _("End it now"), _("It is ended.")
    permission, about = "gs_memberships.add_closing", Membership

    def take(self, *, by: Any) -> None:
        """Close it."""
        if closing.close(self.row, by=by, reason=self.cleaned_data["reason"], now=self.now) is None:
            raise DecisionRefused(_("This is over already."))
