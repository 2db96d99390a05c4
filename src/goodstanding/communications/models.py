"""A mail: rendered when it was posted, so that what was said stays as it was said."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from goodstanding.communications.querysets import MailQuerySet
from goodstanding.jobs.lease import Leased

KEY_LENGTH = 200
ADDRESS_LENGTH = 254
NAME_LENGTH = 200
SUBJECT_LENGTH = 200
ABOUT_LENGTH = 64


class Mail(Leased):
    """A mail to one address. ``key`` says which mail about what: of each there is one, ever.

    ``about`` is the public id of what it is about (a member, most often), for lists. Neither holds anything personal.
    """

    class State(models.TextChoices):
        OPEN = "open", _("to be sent")
        SENT = "sent", _("sent")
        PARKED = "parked", _("given up on")

    OPEN: ClassVar[tuple[str, ...]] = (State.OPEN,)
    RETRYING: ClassVar[str] = State.OPEN
    PARKED: ClassVar[str] = State.PARKED
    DUE_ORDER: ClassVar[tuple[str, ...]] = ("due_at", "id")

    id = models.CharField(max_length=40, primary_key=True)
    key = models.CharField(max_length=KEY_LENGTH)
    kind = models.CharField(max_length=40)
    to_address = models.CharField(_("to"), max_length=ADDRESS_LENGTH, blank=True)
    to_name = models.CharField(_("name"), max_length=NAME_LENGTH, blank=True)
    subject = models.CharField(max_length=SUBJECT_LENGTH, blank=True)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    language = models.CharField(max_length=20)
    about = models.CharField(max_length=ABOUT_LENGTH, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)

    objects = MailQuerySet.as_manager()

    class Meta:
        verbose_name = _("mail")
        verbose_name_plural = _("mails")
        constraints = [
            models.UniqueConstraint(fields=["key"], name="gs_mail_once"),
            models.CheckConstraint(condition=Q(state__in=["open", "sent", "parked"]), name="gs_mail_state"),
            models.CheckConstraint(
                condition=Q(state="sent", sent_at__isnull=False) | (~Q(state="sent") & Q(sent_at__isnull=True)),
                name="gs_mail_sent_at",
            ),
            # One whose address was erased can neither be sent nor opened again.
            models.CheckConstraint(condition=~Q(state="open") | ~Q(to_address=""), name="gs_mail_to_somebody"),
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], condition=Q(state="open"), name="gs_mail_due"),
            models.Index(fields=["created_at", "id"], condition=Q(state="parked"), name="gs_mail_parked"),
            models.Index(fields=["-created_at", "-id"], name="gs_mail_newest"),
            models.Index(fields=["about", "-created_at", "-id"], condition=~Q(about=""), name="gs_mail_about"),
            models.Index(fields=["to_address"], name="gs_mail_to"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"
