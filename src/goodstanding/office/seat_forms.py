"""The office's forms about seats: giving one by hand, and ending one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from goodstanding.memberships import seats_giving
from goodstanding.memberships.forms import Decision
from goodstanding.memberships.models import Membership, Seat
from goodstanding.people.models import Member


class GiveSeatForm(Decision):
    """Give somebody a seat in this member's membership."""

    title, button, done = _("Give a seat"), _("Give"), _("The seat is given.")
    permission = "gs_memberships.add_seat"
    membership = forms.ModelChoiceField(label=_("In the membership"), queryset=Membership.objects.none())
    email = forms.EmailField(
        label=_("E-mail of who gets it"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        help_text=_("Of somebody who is a member here already, if of nothing yet."),
    )
    field_order = ("membership", "email", "reason")

    def prepare(self) -> None:
        """Offer the member's own memberships."""
        choice: Any = self.fields["membership"]
        held = Membership.objects.filter(member=self.member).select_related("level", "member__user")
        choice.queryset = held.order_by("-is_open", "-begun_at", "id")
        choice.empty_label = None

    def clean_email(self) -> str:
        """Find whom it names: one member, no more."""
        found = list(Member.objects.filter(email=str(self.cleaned_data["email"]).lower()).order_by("pk")[:2])
        if not found:
            raise forms.ValidationError(_("There is no member with this e-mail. Add one first."))
        if len(found) > 1:
            raise forms.ValidationError(_("There are several members with this e-mail. Let the payer invite instead."))
        self.holder = found[0]
        return str(found[0].email)

    def take(self, *, by: Any) -> None:
        """Give it."""
        given = self.cleaned_data
        seats_giving.give(given["membership"], self.holder, by=by, reason=given["reason"], now=self.now)


class EndSeatForm(Decision):
    """End a seat."""

    title, button, done = _("End the seat"), _("End it"), _("The seat has ended.")
    permission, about = "gs_memberships.change_seat", Seat

    def take(self, *, by: Any) -> None:
        """End it."""
        seats_giving.end(self.row, Seat.Ended.STAFF, by=by, reason=self.cleaned_data["reason"], now=self.now)
