"""Memberships with their history, staff's decisions about them, and the standing that follows.

:class:`Membership`, :class:`LevelSpan` and :class:`MemberStanding` follow from facts and decisions and can be rebuilt;
:class:`Hold`, :class:`Approval`, :class:`Grant` and :class:`Seat` are decisions, and records of their own.
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from goodstanding.billing.models import ID, GatewayCustomer, SubscriptionItem
from goodstanding.catalogue.models import Level, LevelGroup, MoneyBack, known_policies
from goodstanding.core.periods import Unit
from goodstanding.core.records import HoldKind, Status
from goodstanding.core.status import Day
from goodstanding.memberships.closings import Closing  # noqa: F401 - a model of this app
from goodstanding.memberships.level_decisions import LevelDecision  # noqa: F401 - another one
from goodstanding.people.models import Member

DAYS = [(Day.JOINED.value, _("it was joined")), (Day.STARTED.value, _("it began")), (Day.ENDED.value, _("it ends"))]
UNITS = [(unit.value, unit.value) for unit in (Unit.DAY, Unit.WEEK, Unit.MONTH, Unit.YEAR)]
STATUSES = [(status.value, status.value) for status in Status]


class Membership(models.Model):
    """A member's continuous place. ``level`` is the one held last; the history is in the spans.

    ``is_open``: what is bought next at this level (or in this group, where it allows one level) continues this place. Of
    several places that overlap, told by a gateway, the one begun last is open; one that was closed, until another
    begins. ``customer`` is empty where staff made it.
    """

    id = models.CharField(max_length=ID, primary_key=True)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="memberships")
    customer = models.ForeignKey(
        GatewayCustomer, on_delete=models.PROTECT, null=True, blank=True, related_name="memberships"
    )
    level = models.ForeignKey(Level, on_delete=models.PROTECT, related_name="memberships")
    exclusive_group = models.ForeignKey(
        LevelGroup,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Set where it allows one level.",
    )
    begun_at = models.DateTimeField()
    is_open = models.BooleanField(default=True)
    time_zone = models.CharField(max_length=64, default="UTC")

    class Meta:
        ordering: ClassVar = ["member", "begun_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["member", "level"], condition=Q(is_open=True), name="gs_memberships_one_open_per_level"
            ),
            models.UniqueConstraint(
                fields=["member", "exclusive_group"],
                condition=Q(is_open=True, exclusive_group__isnull=False),
                name="gs_memberships_one_open_per_group",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.level_id} since {self.begun_at:%Y-%m-%d}"


class MembershipItem(models.Model):
    """Which subscription item pays for which membership."""

    item = models.OneToOneField(SubscriptionItem, on_delete=models.CASCADE, primary_key=True, related_name="seat")
    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="items")

    class Meta:
        ordering: ClassVar = ["item"]

    def __str__(self) -> str:
        return f"{self.item_id} pays for {self.membership_id}"


class LevelSpan(MoneyBack):
    """From ``since`` on the membership is of ``level``, with the grace that was promised then (days of 24 hours), and what
    was said of refunds and disputes.
    """

    id = models.CharField(max_length=ID, primary_key=True)
    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="spans")
    since = models.DateTimeField()
    level = models.ForeignKey(Level, on_delete=models.PROTECT, related_name="+")
    grace_days = models.PositiveSmallIntegerField()
    prepaid_grace_days = models.PositiveSmallIntegerField()

    class Meta:
        ordering: ClassVar = ["membership", "since", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["membership", "since"], name="gs_memberships_span_since"),
            known_policies("gs_memberships_span_policies"),
        ]

    def __str__(self) -> str:
        return f"{self.level_id} since {self.since:%Y-%m-%d}"


class Hold(models.Model):
    """Keeps a member, or one membership of his, from entering while covered. Lifted at ``released_at``."""

    id = models.CharField(max_length=ID, primary_key=True)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="holds")
    membership = models.CharField(max_length=ID, blank=True)  # empty: all of the member's
    kind = models.CharField(max_length=14, choices=[(kind.value, kind.value) for kind in HoldKind])
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering: ClassVar = ["since", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gt=models.F("since")), name="gs_memberships_hold_forward"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} since {self.since:%Y-%m-%d}"


class Approval(models.Model):
    """A membership that staff must approve before it lets anybody in: held until approved, and when denied."""

    class State(models.TextChoices):
        """How it stands."""

        PENDING = "pending"
        APPROVED = "approved"
        DENIED = "denied"

    id = models.CharField(max_length=ID, primary_key=True)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="approvals")
    membership = models.CharField(max_length=ID, unique=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    asked_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering: ClassVar = ["asked_at", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state="pending", decided_at=None) | (~Q(state="pending") & Q(decided_at__isnull=False)),
                name="gs_memberships_approval_decided",
            )
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.membership}"


class Grant(models.Model):
    """Coverage given by staff: ``[start_at, end_at)``; ``None``: without end."""

    id = models.CharField(max_length=ID, primary_key=True)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="grants")
    membership = models.CharField(max_length=ID)
    start_at = models.DateTimeField()
    end_at = models.DateTimeField(null=True, blank=True)
    given_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering: ClassVar = ["start_at", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(end_at=None) | Q(end_at__gt=models.F("start_at")), name="gs_memberships_grant_forward"
            )
        ]

    def __str__(self) -> str:
        return f"granted from {self.start_at:%Y-%m-%d}"


class StatusOverride(models.Model):
    """What staff say that a membership is called, in the place of what follows: for display, and no more.

    Until the day ``until_on``, on which it is over; ``None``: until staff take it back, or the membership is renewed.
    """

    id = models.CharField(max_length=ID, primary_key=True)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="status_overrides")
    membership = models.CharField(max_length=ID)
    status = models.CharField(max_length=40)
    since = models.DateTimeField()
    until_on = models.DateField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering: ClassVar = ["since", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(status=""), name="gs_memberships_override_says_something")
        ]

    def __str__(self) -> str:
        return f"called {self.status}"


class StatusRule(models.Model):
    """When a membership is called ``status``: the first rule that holds counts, by ``position``; no row, the stock rules.

    From ``since_of`` moved by ``since_count`` units (below zero: earlier) to ``until_of`` likewise, both days included.
    Without ``since_of`` nothing follows from it: staff can say it, and nobody else does.
    """

    status = models.CharField(_("status"), max_length=40)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    since_of = models.CharField(_("from the day on which"), max_length=8, choices=DAYS, blank=True)
    since_count = models.SmallIntegerField(_("plus"), default=0)
    since_unit = models.CharField(_("unit"), max_length=8, choices=UNITS, default=Unit.MONTH.value)
    until_of = models.CharField(_("to the day on which"), max_length=8, choices=DAYS, blank=True)
    until_count = models.SmallIntegerField(_("plus"), default=0)
    until_unit = models.CharField(_("unit"), max_length=8, choices=UNITS, default=Unit.MONTH.value)

    class Meta:
        ordering: ClassVar = ["position", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(status=""), name="gs_memberships_rule_says_something"),
            models.CheckConstraint(
                condition=Q(until_of="") | ~Q(since_of=""), name="gs_memberships_rule_ends_where_it_began"
            ),
        ]

    def __str__(self) -> str:
        return self.status


class MemberStanding(models.Model):
    """What standing comes to, written anew in the transaction of each fact and decision.

    ``outlook``: the answer at ``as_of`` and each later one if nothing new happens; so the row answers for any moment
    from ``as_of`` on, with every worker dead. ``decided``: staff decided something about this member, ever.
    """

    member = models.OneToOneField(Member, on_delete=models.CASCADE, primary_key=True, related_name="standing")
    status = models.CharField(max_length=8, choices=STATUSES)
    covered_until = models.DateTimeField(null=True, blank=True)
    changes_at = models.DateTimeField(null=True, blank=True, db_index=True)
    as_of = models.DateTimeField()
    decided = models.BooleanField(default=False)
    outlook = models.JSONField()

    class Meta:
        ordering: ClassVar = ["member"]
        indexes: ClassVar = [models.Index(fields=["status", "changes_at"], name="gs_memberships_standing_is")]

    def __str__(self) -> str:
        return self.status


class StandingChange(models.Model):
    """That a member's standing changed: at ``at`` by the records' own time, noticed at ``recorded_at``. Only ever added.

    ``cause``: the public id of the event that told it, or what else it was. Levels are ``slug=status``, parted by ``;``.
    """

    id = models.CharField(max_length=ID, primary_key=True)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="standing_changes")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    before = models.CharField(max_length=8, choices=STATUSES)
    after = models.CharField(max_length=8, choices=STATUSES)
    levels_before = models.TextField(blank=True)
    levels_after = models.TextField(blank=True)
    because = models.TextField()
    cause = models.CharField(max_length=60)

    class Meta:
        ordering: ClassVar = ["recorded_at", "at", "id"]
        indexes: ClassVar = [
            models.Index(fields=["member", "recorded_at"], name="gs_memberships_change_member"),
            models.Index(fields=["after", "at"], name="gs_memberships_change_after"),
        ]

    def __str__(self) -> str:
        return f"{self.before} > {self.after}"


class Alarm(models.Model):
    """Something about a customer that staff should look at. Comes and goes with the facts."""

    id = models.CharField(max_length=ID, primary_key=True)
    customer = models.ForeignKey(GatewayCustomer, on_delete=models.CASCADE, related_name="alarms")
    code = models.CharField(max_length=40)
    about = models.CharField(max_length=255)
    words = models.TextField()

    class Meta:
        ordering: ClassVar = ["code", "id"]

    def __str__(self) -> str:
        return f"{self.code}: {self.about}"


class Seat(models.Model):
    """A membership held through somebody else's: ``holder`` has it from ``since`` until it was given up at ``until``.

    ``membership`` is the payer's, by its public id; ``through`` the payer's name when the seat was given. Standing follows
    from the payer's records (:mod:`goodstanding.core.seats`); this row is the decision, like a hold.
    """

    class Ended(models.TextChoices):
        """How it came to an end."""

        REMOVED = "removed", _("removed by the payer")
        LEFT = "left", _("left")
        MOVED = "moved", _("given to somebody else")
        FEWER = "fewer", _("there were fewer seats")
        STAFF = "staff", _("ended by staff")

    id = models.CharField(max_length=ID, primary_key=True)
    membership = models.CharField(max_length=ID, db_index=True)
    payer = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="given_seats")
    holder = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="seats")
    through = models.CharField(max_length=200)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    ended = models.CharField(max_length=8, choices=Ended.choices, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering: ClassVar = ["since", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["membership", "holder"], condition=Q(until=None), name="gs_memberships_one_seat_each"
            ),
            models.CheckConstraint(
                condition=Q(until=None, ended="") | (Q(until__gte=models.F("since")) & ~Q(ended="")),
                name="gs_memberships_seat_forward",
            ),
            models.CheckConstraint(condition=~Q(payer=models.F("holder")), name="gs_memberships_seat_of_another"),
        ]

    def __str__(self) -> str:
        return f"seat since {self.since:%Y-%m-%d}"


class Invitation(models.Model):
    """Somebody was asked by mail to take a seat; open until it is accepted, withdrawn or past ``expires_at``.

    The token itself stands in the mail alone: here is a digest of it with the address that it was sent to.
    """

    id = models.CharField(max_length=ID, primary_key=True)
    membership = models.CharField(max_length=ID, db_index=True)
    payer = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="seat_invitations")
    email = models.EmailField()
    token_digest = models.CharField(max_length=64)
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering: ClassVar = ["sent_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["membership", "email"],
                condition=Q(accepted_at=None, withdrawn_at=None),
                name="gs_memberships_one_invitation_each",
            ),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="gs_memberships_invitation_email_lower"),
            models.CheckConstraint(
                condition=Q(expires_at__gt=models.F("sent_at")), name="gs_memberships_invitation_forward"
            ),
            models.CheckConstraint(
                condition=Q(accepted_at=None) | Q(withdrawn_at=None), name="gs_memberships_invitation_one_end"
            ),
        ]

    def __str__(self) -> str:
        return f"invitation of {self.sent_at:%Y-%m-%d}"
