"""Rows of work of any kind, and when the recurring ones come next."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from goodstanding.jobs.lease import Leased
from goodstanding.jobs.querysets import InsertQuerySet, LeasedQuerySet


class Job(Leased):
    """Something to be done by the handler of its ``kind``. The payload never holds personal data, only ids.

    ``key`` tells what it is about; of one kind and key one is open at a time. ``asked`` counts how often it was asked for
    while open: asked for again while being worked on, it runs again.
    """

    class State(models.TextChoices):
        OPEN = "open", _("open")
        DONE = "done", _("done")
        PARKED = "parked", _("parked")

    OPEN: ClassVar[tuple[str, ...]] = (State.OPEN,)
    RETRYING: ClassVar[str] = State.OPEN
    PARKED: ClassVar[str] = State.PARKED
    DUE_ORDER: ClassVar[tuple[str, ...]] = ("due_at", "id")

    kind = models.CharField(max_length=100)
    key = models.CharField(max_length=200)
    payload = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    asked = models.PositiveIntegerField(default=1)
    added_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = LeasedQuerySet["Job"].as_manager()

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        constraints = [
            models.UniqueConstraint(fields=["kind", "key"], condition=Q(state="open"), name="gs_job_one_open"),
            models.CheckConstraint(condition=Q(state__in=["open", "done", "parked"]), name="gs_job_state"),
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], condition=Q(state="open"), name="gs_job_due"),
            models.Index(fields=["closed_at"], condition=Q(state="done"), name="gs_job_closed"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class Schedule(models.Model):
    """When a recurring kind of job comes next. The interval stands in the code (``registry.recurring``)."""

    kind = models.CharField(max_length=100, primary_key=True)
    next_at = models.DateTimeField()
    last_at = models.DateTimeField(null=True, blank=True)

    objects = InsertQuerySet["Schedule"].as_manager()

    class Meta:
        verbose_name = _("recurring job")
        verbose_name_plural = _("recurring jobs")

    def __str__(self) -> str:
        return self.kind
