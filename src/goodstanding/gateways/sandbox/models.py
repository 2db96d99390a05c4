"""What the sandbox's vendor keeps: customers, cards (never a number), payments, subscriptions, invoices, messages.

These are the gateway's books, not ours: nothing outside this folder reads them. ``changed_at`` is the moment of the last
telling of an object, ``next_at`` the moment at which the vendor's own clock has something to do with it.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from goodstanding.gateways.models import GatewayAccount
from goodstanding.jobs import inserting
from goodstanding.jobs.lease import Leased
from goodstanding.jobs.querysets import InsertQuerySet, LeasedQuerySet

ID = 40


class Customer(models.Model):
    """A customer. ``credit_minor``: what later invoices will be less."""

    id = models.CharField(max_length=ID, primary_key=True)
    account = models.ForeignKey(GatewayAccount, on_delete=models.PROTECT, related_name="+")
    email = models.EmailField(blank=True)
    name = models.CharField(max_length=200, blank=True)
    credit_minor = models.BigIntegerField(default=0)
    deleted = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        ordering: ClassVar = ["created_at", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(credit_minor__gte=0), name="gs_sandbox_credit_not_negative")
        ]

    def __str__(self) -> str:
        return self.id


class Method(models.Model):
    """A stored card: the token of what it does, nothing that could be a number."""

    id = models.CharField(max_length=ID, primary_key=True)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="methods")
    token = models.CharField(max_length=40)
    created_at = models.DateTimeField()
    dropped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("stored card")
        verbose_name_plural = _("stored cards")
        ordering: ClassVar = ["created_at", "id"]

    def __str__(self) -> str:
        return f"{self.id} {self.token}"


class Subscription(models.Model):
    """What recurs by the vendor's clock. ``plan`` and ``next_plan``: :mod:`.vendor.plans`' form.

    The running period is the one between boundaries ``number`` and ``number + 1``, counted from ``anchor_at``.
    ``worth_minor``: what the running plan was billed with for a whole period: what a credit starts from.
    """

    class Status(models.TextChoices):
        INCOMPLETE = "incomplete", _("begun, not paid")
        ACTIVE = "active", _("active")
        PAST_DUE = "past_due", _("past due")
        EXPIRED = "expired", _("never paid")
        CANCELLED = "cancelled", _("ended")

    id = models.CharField(max_length=ID, primary_key=True)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="subscriptions")
    method = models.ForeignKey(Method, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.INCOMPLETE)
    plan = models.JSONField()
    next_plan = models.JSONField(null=True, blank=True)
    worth_minor = models.BigIntegerField()
    anchor_at = models.DateTimeField()
    number = models.PositiveIntegerField(default=0)
    period_start = models.DateTimeField()
    period_end = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    rank = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        ordering: ClassVar = ["created_at", "id"]
        indexes: ClassVar = [
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="gs_sandbox_subscription_next")
        ]

    def __str__(self) -> str:
        return self.id


class Invoice(models.Model):
    """A bill of a subscription. ``lines``: facts of lines, as :mod:`goodstanding.core.codec` writes them."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        OPEN = "open", _("open")
        PAID = "paid", _("paid")
        VOID = "void", _("void")
        UNCOLLECTIBLE = "uncollectible", _("given up")
        DELETED = "deleted", _("deleted")

    id = models.CharField(max_length=ID, primary_key=True)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="invoices")
    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="invoices")
    number = models.CharField(max_length=40, blank=True)
    status = models.CharField(max_length=13, choices=Status.choices, default=Status.DRAFT)
    currency = models.CharField(max_length=3)
    lines = models.JSONField()
    total_minor = models.BigIntegerField()
    due_minor = models.BigIntegerField()
    paid_minor = models.BigIntegerField(default=0)
    credit_minor = models.BigIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(default=0)
    first_failed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    finalised_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField()
    next_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        ordering: ClassVar = ["created_at", "id"]
        indexes: ClassVar = [
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="gs_sandbox_invoice_next")
        ]

    def __str__(self) -> str:
        return self.number or self.id


class Payment(models.Model):
    """A try to take money. ``reference``: what whoever asked calls what is paid. ``taken_minor``: what was captured,
    of which the gateway kept ``fee_minor``.

    ``page``: the secret in the address of the page on which its payer chooses a card or approves; empty without one.
    ``token``: the card that was given for it. ``next_at``: when it is given up, or contested.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", _("waits for its payer")
        HELD = "held", _("set aside")
        SUCCEEDED = "succeeded", _("succeeded")
        FAILED = "failed", _("failed")

    id = models.CharField(max_length=ID, primary_key=True)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="payments")
    method = models.ForeignKey(Method, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, null=True, blank=True, related_name="payments")
    reference = models.CharField(max_length=255, blank=True)
    description = models.CharField(max_length=300, blank=True)
    status = models.CharField(max_length=9, choices=Status.choices)
    failure = models.CharField(max_length=40, blank=True)
    amount_minor = models.BigIntegerField()
    taken_minor = models.BigIntegerField(default=0)
    fee_minor = models.BigIntegerField(default=0)
    refunded_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    capture = models.BooleanField(default=True)
    keep = models.BooleanField(default=False)
    token = models.CharField(max_length=40, blank=True)
    page = models.CharField(max_length=ID, blank=True)
    return_url = models.CharField(max_length=2000, blank=True)
    created_at = models.DateTimeField()
    made_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField()
    next_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        ordering: ClassVar = ["created_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["page"], condition=~Q(page=""), name="gs_sandbox_payment_page"),
            models.CheckConstraint(
                condition=Q(
                    amount_minor__gte=0,
                    taken_minor__gte=0,
                    taken_minor__lte=models.F("amount_minor"),
                    refunded_minor__gte=0,
                    refunded_minor__lte=models.F("taken_minor"),
                ),
                name="gs_sandbox_payment_amounts",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="gs_sandbox_payment_next")
        ]

    def __str__(self) -> str:
        return self.id

    def put(self) -> None:
        """Save it, whether it is there already or not."""
        if self._state.adding:
            inserting.insert(Payment, [self])
            self._state.adding = False
        else:
            self.save()


class Refund(models.Model):
    """Money given back."""

    id = models.CharField(max_length=ID, primary_key=True)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    amount_minor = models.BigIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        ordering: ClassVar = ["created_at", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="gs_sandbox_refund_positive")
        ]

    def __str__(self) -> str:
        return self.id


class Dispute(models.Model):
    """A payment that its payer contests; it stays open until somebody decides it on the staff's page."""

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        WON = "won", _("won by the organisation")
        LOST = "lost", _("lost")

    id = models.CharField(max_length=ID, primary_key=True)
    payment = models.OneToOneField(Payment, on_delete=models.PROTECT, related_name="dispute")
    status = models.CharField(max_length=4, choices=Status.choices, default=Status.OPEN)
    amount_minor = models.BigIntegerField()
    opened_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name = _("dispute")
        verbose_name_plural = _("disputes")
        ordering: ClassVar = ["opened_at", "id"]

    def __str__(self) -> str:
        return self.id


class Kept(models.Model):
    """What was answered to a request with a key, to be answered again. ``asked``: a digest of what was asked."""

    account = models.ForeignKey(GatewayAccount, on_delete=models.PROTECT, related_name="+", db_index=False)
    key = models.CharField(max_length=200)
    asked = models.CharField(max_length=64)
    answer = models.JSONField(default=dict)

    objects = InsertQuerySet["Kept"].as_manager()

    class Meta:
        verbose_name = _("answer kept for a key")
        verbose_name_plural = _("answers kept for keys")
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["account", "key"], name="gs_sandbox_key_once")]

    def __str__(self) -> str:
        return self.key


class Message(Leased):
    """A webhook: filed in order, sent when due (the worker draws these rows), kept a while for who asks what he missed.

    ``copies``: how often it is sent.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENT = "sent", _("sent")
        LOST = "lost", _("lost on demand")
        GIVEN_UP = "given_up", _("given up")

    OPEN: ClassVar[tuple[str, ...]] = (State.WAITING,)
    RETRYING: ClassVar[str] = State.WAITING
    PARKED: ClassVar[str] = State.GIVEN_UP
    DUE_ORDER: ClassVar[tuple[str, ...]] = ("due_at", "id")

    account = models.ForeignKey(GatewayAccount, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    external_id = models.CharField(max_length=ID, unique=True)
    type = models.CharField(max_length=60)
    created_at = models.DateTimeField()
    body = models.TextField()
    copies = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = LeasedQuerySet["Message"].as_manager()

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [
            models.Index(fields=["account", "created_at"], name="gs_sandbox_message_created"),
            models.Index(fields=["due_at", "id"], condition=Q(state="waiting"), name="gs_sandbox_message_due"),
            models.Index(fields=["closed_at"], condition=Q(closed_at__isnull=False), name="gs_sandbox_message_closed"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.external_id}"


class Fault(models.Model):
    """Something to go wrong, on demand: the next ``left`` requests, or messages, meet it."""

    class Kind(models.TextChoices):
        UNREACHABLE = "unreachable", _("a request is not answered, and nothing is done")
        ANSWER_LOST = "answer_lost", _("a request is done, and its answer is lost")
        DUPLICATE = "duplicate", _("a webhook is sent twice")
        DELAY = "delay", _("a webhook is sent late")
        REORDER = "reorder", _("webhooks are sent in reverse order")
        LOSE = "lose", _("a webhook is never sent")

    account = models.ForeignKey(GatewayAccount, on_delete=models.CASCADE, related_name="+", verbose_name=_("account"))
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    left = models.PositiveSmallIntegerField(_("how many more"), default=1)
    seconds = models.PositiveIntegerField(_("how late, in seconds"), default=3600)

    class Meta:
        verbose_name = _("fault")
        verbose_name_plural = _("faults")
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.left})"
