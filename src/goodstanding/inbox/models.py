"""A message of a gateway, as it came, and what became of it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from goodstanding.gateways.models import GatewayAccount
from goodstanding.inbox.querysets import WebhookEventQuerySet
from goodstanding.jobs.lease import Leased


class WebhookEvent(Leased):
    """An event, filed once per gateway account and the gateway's own id, from which its public id is derived.

    ``created_at`` is the gateway's moment, ``received_at`` ours. ``recorded_at`` is the moment at which its facts count
    as recorded: when they were taken in first, or ``created_at`` for one loaded by hand; a replay keeps it. ``body`` is
    the message as it came, ``None`` once purged. ``reason`` is the code of why it was ignored, ``note`` says in words what
    became of it. ``batch`` and ``position``: the load that it came with, and its line there.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        FAILED = "failed", _("failed, will be tried again")
        DONE = "done", _("taken in")
        IGNORED = "ignored", _("ignored")
        DEAD = "dead", _("given up on")

    OPEN: ClassVar[tuple[str, ...]] = (State.WAITING, State.FAILED)
    RETRYING: ClassVar[str] = State.FAILED
    PARKED: ClassVar[str] = State.DEAD
    # Live events first: a load of a million lines must not hold up a payment of today.
    DUE_ORDER: ClassVar[tuple[str, ...]] = ("loaded_by_hand", "due_at", "position", "id")

    id = models.CharField(max_length=40, primary_key=True)
    # Its unique constraint is the index for lookups by account.
    gateway_account = models.ForeignKey(GatewayAccount, on_delete=models.PROTECT, related_name="+", db_index=False)
    external_id = models.CharField(max_length=200)
    type = models.CharField(max_length=100)
    created_at = models.DateTimeField()
    received_at = models.DateTimeField()
    livemode = models.BooleanField()
    body = models.TextField(null=True, blank=True)  # noqa: DJ001 (purged is not the same as empty)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    reason = models.CharField(max_length=60, blank=True)
    note = models.TextField(blank=True)
    recorded_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    loaded_by_hand = models.BooleanField(default=False)
    create_members = models.BooleanField(default=False)
    batch = models.CharField(max_length=40, blank=True)
    position = models.PositiveBigIntegerField(default=0)

    objects = WebhookEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        constraints = [
            models.UniqueConstraint(fields=["gateway_account", "external_id"], name="gs_event_once"),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "failed", "done", "ignored", "dead"]), name="gs_event_state"
            ),
        ]
        indexes = [
            models.Index(
                fields=["loaded_by_hand", "due_at", "position", "id"],
                condition=Q(state__in=["waiting", "failed"]),
                name="gs_event_due",
            ),
            models.Index(fields=["gateway_account", "received_at"], name="gs_event_received"),
            models.Index(fields=["gateway_account", "received_at"], condition=Q(state="dead"), name="gs_event_dead"),
            models.Index(fields=["batch"], condition=~Q(batch=""), name="gs_event_batch"),
            models.Index(
                fields=["received_at", "id"],
                condition=Q(state__in=["done", "ignored"], body__isnull=False),
                name="gs_event_body",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.external_id}"


class GatewayHealth(WebhookEvent):
    """No rows of its own: the staff's page on how the gateways are, and the permission to see it."""

    class Meta:
        proxy = True
        default_permissions = ("view",)
        verbose_name = _("gateway health")
        verbose_name_plural = _("gateway health")
