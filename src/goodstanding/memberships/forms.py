"""The staff's forms about a member: to ask for a moment, and to decide. Each decision wants its reason."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from goodstanding import conf
from goodstanding.catalogue.models import Level
from goodstanding.core.moments import FIRST_YEAR, LAST_YEAR, NotAMoment, moment
from goodstanding.core.records import HoldKind
from goodstanding.memberships import services
from goodstanding.memberships.models import Approval, Grant, Hold, Membership
from goodstanding.people.models import Member
from goodstanding.people.pages import by_the_clock

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# The other kinds follow from facts (a dispute) or from a process of their own (approval).
BY_HAND = (
    (HoldKind.SUSPENDED, _("suspended by staff")),
    (HoldKind.CONFIRMATION, _("the e-mail is not confirmed")),
    (HoldKind.AGREEMENT, _("an agreement is not accepted")),
)


class MomentField(forms.Field):
    """A moment: picked, or written as ``2025-04-14T10:20:30Z``; without an offset by the site's clock."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"})

    def to_python(self, value: Any) -> datetime | None:
        """Return the moment, or nothing."""
        if value in self.empty_values:
            return None
        try:
            at = moment(str(value), zone=conf.time_zone())
        except NotAMoment as error:
            raise forms.ValidationError(str(error)) from None
        _require_year(at.year)
        return at

    def prepare_value(self, value: Any) -> Any:
        """Write a moment as browsers want it, by the site's clock; leave what is none as it was typed."""
        try:
            at = value if isinstance(value, datetime) else moment(str(value or ""), zone=conf.time_zone())
        except NotAMoment:
            return value
        return by_the_clock(at).replace(tzinfo=None).isoformat(timespec="seconds")


class DayField(forms.DateField):
    """A day, of a year that something can be reckoned with."""

    def __init__(self, **how: Any) -> None:
        super().__init__(**{"widget": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **how})

    def to_python(self, value: Any) -> date | None:
        """Return the day, or nothing."""
        day = super().to_python(value)
        if day is not None:
            _require_year(day.year)
        return day


def _require_year(year: int) -> None:
    """Refuse what is typed for "always" and "never": terms are added to moments, and beyond the last year there is none."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        words = _("Write a year from %(first)d to %(last)d.") % {"first": FIRST_YEAR, "last": LAST_YEAR}
        raise forms.ValidationError(words)


class AskForm(forms.Form):
    """Asks for another moment than now."""

    at = MomentField(label=_("Standing at"), required=False)
    known_at = MomentField(label=_("As it was known at"), required=False)


class Decision(forms.Form):
    """Something that staff decide about a member. ``about``: the model of what is decided about, where there is one."""

    title: ClassVar[StrOrPromise]
    button: ClassVar[StrOrPromise]
    done: ClassVar[StrOrPromise]
    permission: ClassVar[str]
    about: ClassVar[type[Model] | None] = None

    reason = forms.CharField(
        label=_("Reason"),
        widget=AdminTextareaWidget(attrs={"rows": 3}),
        help_text=_("Kept with your name in the audit."),
    )

    def __init__(self, *args: Any, member: Member, row: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.member, self.row, self.now = member, row, now
        self.prepare()

    def prepare(self) -> None:
        """Fill in what depends on the member."""

    def take(self, *, by: Any) -> None:
        """Take the decision. Raises :class:`goodstanding.memberships.services.DecisionRefused`."""
        raise NotImplementedError


class HoldForm(Decision):
    """Keep somebody out for now."""

    title, button, done = _("Hold"), _("Hold"), _("Held.")
    permission = "gs_memberships.add_hold"
    membership = forms.ChoiceField(label=_("What"), required=False)
    kind = forms.ChoiceField(label=_("Why"), choices=BY_HAND)
    until = MomentField(label=_("Until"), required=False, help_text=_("Empty: until somebody releases it."))
    field_order = ("membership", "kind", "reason", "until")

    def prepare(self) -> None:
        """Offer his memberships."""
        self.fields["reason"].help_text = _("The member is shown this.")
        held = (
            Membership.objects.filter(member=self.member)
            .select_related("level")
            .order_by("-is_open", "-begun_at", "id")
        )
        choice: Any = self.fields["membership"]
        choice.choices = [("", _("all memberships")), *((each.pk, str(each)) for each in held)]

    def take(self, *, by: Any) -> None:
        """Hold."""
        given = self.cleaned_data
        services.hold(
            self.member,
            kind=HoldKind(given["kind"]),
            reason=given["reason"],
            by=by,
            now=self.now,
            membership=given["membership"],
            until=given["until"],
        )


class ReleaseForm(Decision):
    """Let somebody in again."""

    title, button, done = _("Release the hold"), _("Release"), _("Released.")
    permission, about = "gs_memberships.change_hold", Hold

    def take(self, *, by: Any) -> None:
        """Release."""
        services.release(self.row, reason=self.cleaned_data["reason"], by=by, now=self.now)


class GrantForm(Decision):
    """Give coverage."""

    title, button, done = _("Grant a level"), _("Grant"), _("Granted.")
    permission = "gs_memberships.add_grant"
    level = forms.ModelChoiceField(label=_("Level"), queryset=Level.objects.none())
    start_at = MomentField(label=_("From"))
    end_at = MomentField(
        label=_("Until"), required=False, help_text=_("Empty: without end. The moment itself is not covered.")
    )
    field_order = ("level", "start_at", "end_at", "reason")

    def prepare(self) -> None:
        """Offer the levels, from now on."""
        choice: Any = self.fields["level"]
        choice.queryset = Level.objects.order_by("slug")
        self.initial.setdefault("start_at", self.now.replace(microsecond=0))

    def take(self, *, by: Any) -> None:
        """Grant."""
        given = self.cleaned_data
        services.grant(
            self.member,
            level=given["level"],
            start_at=given["start_at"],
            end_at=given["end_at"],
            reason=given["reason"],
            by=by,
            now=self.now,
        )


class WithdrawForm(Decision):
    """Take coverage back."""

    title, button, done = _("Withdraw the grant"), _("Withdraw"), _("Withdrawn.")
    permission, about = "gs_memberships.change_grant", Grant

    def take(self, *, by: Any) -> None:
        """Withdraw."""
        services.withdraw(self.row, reason=self.cleaned_data["reason"], by=by, now=self.now)


class ApproveForm(Decision):
    """Let a membership begin."""

    title, button, done = _("Approve"), _("Approve"), _("Approved.")
    permission, about = "gs_memberships.change_approval", Approval

    def take(self, *, by: Any) -> None:
        """Approve."""
        services.decide(self.row, approve=True, reason=self.cleaned_data["reason"], by=by, now=self.now)


class DenyForm(Decision):
    """Keep a membership from beginning."""

    title, button, done = _("Deny"), _("Deny"), _("Denied.")
    permission, about = "gs_memberships.change_approval", Approval

    def prepare(self) -> None:
        """Say who reads it."""
        self.fields["reason"].help_text = _("The member is shown this.")

    def take(self, *, by: Any) -> None:
        """Deny."""
        services.decide(self.row, approve=False, reason=self.cleaned_data["reason"], by=by, now=self.now)


DECISIONS: dict[str, type[Decision]] = {
    "hold": HoldForm,
    "release": ReleaseForm,
    "grant": GrantForm,
    "withdraw": WithdrawForm,
    "approve": ApproveForm,
    "deny": DenyForm,
}
