"""What we want a gateway to do, written down and committed before it is asked; and when our own clock has its turn.

Rows of work (:class:`goodstanding.jobs.lease.Leased`): whoever dies in the middle leaves a row that somebody else takes up,
under the same key, so that the gateway does it once.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from goodstanding.billing.models.ledger import ID, GatewayCustomer, Subscription
from goodstanding.jobs.lease import Leased
from goodstanding.jobs.querysets import LeasedQuerySet


class PaymentAttempt(Leased):
    """One try to have something paid. Of one thing to be paid (``pays_for``) one try is under way or good, ever.

    ``key`` is what the gateway knows the try by: the same key again does nothing twice. ``pays_for``: our invoice by its
    reference, or the checkout where the gateway itself draws up the invoice. ``kind``: begun with its payer there, or
    charged to a stored ``method``. ``ref``: the gateway's reference; ``page``: where its payer is to go on.
    """

    class Kind(models.TextChoices):
        BEGIN = "begin", _("begun by its payer")
        CHARGE = "charge", _("charged to what is stored")

    class State(models.TextChoices):
        OPEN = "open", _("under way")
        WAITING = "waiting", _("waits for its payer")
        SUCCEEDED = "succeeded", _("succeeded")
        FAILED = "failed", _("failed")
        PARKED = "parked", _("needs staff")

    OPEN: ClassVar[tuple[str, ...]] = (State.OPEN, State.WAITING)
    RETRYING: ClassVar[str] = State.OPEN
    PARKED: ClassVar[str] = State.PARKED
    DUE_ORDER: ClassVar[tuple[str, ...]] = ("due_at", "id")
    UNDER_WAY: ClassVar[tuple[str, ...]] = (State.OPEN, State.WAITING, State.PARKED)

    id = models.CharField(max_length=ID, primary_key=True)
    key = models.CharField(max_length=100, unique=True)
    customer = models.ForeignKey(GatewayCustomer, on_delete=models.PROTECT, related_name="attempts")
    pays_for = models.CharField(max_length=100)
    number = models.PositiveSmallIntegerField(default=0)  # of this try among those for the same thing
    kind = models.CharField(max_length=6, choices=Kind.choices)
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    method = models.CharField(max_length=255, blank=True)
    ref = models.CharField(max_length=255, blank=True)
    page = models.CharField(max_length=500, blank=True)
    failure = models.CharField(max_length=100, blank=True)
    begun_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = LeasedQuerySet["PaymentAttempt"].as_manager()

    class Meta:
        verbose_name = _("payment attempt")
        ordering: ClassVar = ["begun_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["customer", "pays_for"],
                condition=~Q(state="failed"),
                name="gs_billing_attempt_one_at_a_time",
            ),
            models.CheckConstraint(condition=Q(amount_minor__gte=0), name="gs_billing_attempt_not_negative"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["due_at", "id"], condition=Q(state__in=["open", "waiting"]), name="gs_billing_attempt_due"
            ),
            models.Index(fields=["due_at", "id"], condition=Q(state="parked"), name="gs_billing_attempt_parked"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pays_for}"


class Errand(Leased):
    """Something else that a gateway is to do: give money back, end or change a subscription, take a set end back.

    Tried until the gateway confirms it; until then people see that it is on its way. A refusal closes it, with the code.
    """

    class Kind(models.TextChoices):
        REFUND = "refund", _("give back")
        END = "end", _("end with what is paid")
        END_NOW = "end_now", _("end now")
        RESUME = "resume", _("do not end")
        CHANGE = "change", _("change the level")

    class State(models.TextChoices):
        OPEN = "open", _("on its way")
        DONE = "done", _("confirmed")
        REFUSED = "refused", _("refused")
        PARKED = "parked", _("needs staff")

    OPEN: ClassVar[tuple[str, ...]] = (State.OPEN,)
    RETRYING: ClassVar[str] = State.OPEN
    PARKED: ClassVar[str] = State.PARKED
    DUE_ORDER: ClassVar[tuple[str, ...]] = ("due_at", "id")

    id = models.CharField(max_length=ID, primary_key=True)
    key = models.CharField(max_length=100, unique=True)
    customer = models.ForeignKey(GatewayCustomer, on_delete=models.PROTECT, related_name="errands")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    target = models.CharField(max_length=255)  # the payment or the subscription, by its reference at the gateway
    amount_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3, blank=True)
    wish = models.JSONField(default=dict, blank=True, editable=False)  # of a change: the price, by its id, and when
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    failure = models.CharField(max_length=100, blank=True)
    asked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = LeasedQuerySet["Errand"].as_manager()

    class Meta:
        verbose_name = _("errand at a gateway")
        verbose_name_plural = _("errands at gateways")
        ordering: ClassVar = ["asked_at", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0) | ~Q(kind="refund"), name="gs_billing_errand_refund_positive"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at", "id"], condition=Q(state="open"), name="gs_billing_errand_due"),
            models.Index(fields=["due_at", "id"], condition=Q(state="parked"), name="gs_billing_errand_parked"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.target}"


class Turn(Leased):
    """When our clock next has something to do for a subscription of ours: follows from its records, kept to be found."""

    class State(models.TextChoices):
        OPEN = "open", _("to be done")
        IDLE = "idle", _("nothing to do")
        PARKED = "parked", _("needs staff")

    OPEN: ClassVar[tuple[str, ...]] = (State.OPEN,)
    RETRYING: ClassVar[str] = State.OPEN
    PARKED: ClassVar[str] = State.PARKED
    DUE_ORDER: ClassVar[tuple[str, ...]] = ("due_at", "subscription_id")

    subscription = models.OneToOneField(Subscription, on_delete=models.CASCADE, primary_key=True, related_name="turn")
    state = models.CharField(max_length=6, choices=State.choices, default=State.OPEN)

    objects = LeasedQuerySet["Turn"].as_manager()

    class Meta:
        verbose_name = _("turn of our clock")
        verbose_name_plural = _("turns of our clock")
        ordering: ClassVar = ["due_at", "subscription"]
        indexes: ClassVar = [
            models.Index(fields=["due_at", "subscription"], condition=Q(state="open"), name="gs_billing_turn_due"),
            models.Index(fields=["due_at", "subscription"], condition=Q(state="parked"), name="gs_billing_turn_parked"),
        ]

    def __str__(self) -> str:
        return f"{self.subscription_id} at {self.due_at:%Y-%m-%d %H:%M}"


class Counter(models.Model):
    """The number that was given last, of each kind of number (those of invoices)."""

    name = models.CharField(max_length=40, primary_key=True)
    last = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return f"{self.name} {self.last}"
