"""What is paid by hand: statements of the bank, which of their lines were recorded, and the reminders that were sent."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from goodstanding.billing.models.ledger import ID


class BankStatement(models.Model):
    """A file that staff handed in, as it was read: looked at, then recorded. Its lines are forgotten after a while.

    ``lines``: :func:`goodstanding.memberships.bank.kept` writes them. ``done_at``: when it was recorded; ``recorded`` says how
    many of its lines were.
    """

    id = models.CharField(max_length=ID, primary_key=True)
    name = models.CharField(max_length=200)
    lines = models.JSONField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    uploaded_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    recorded = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("bank statement")
        verbose_name_plural = _("bank statements")
        ordering: ClassVar = ["-uploaded_at", "id"]
        indexes: ClassVar = [models.Index(fields=["uploaded_at", "id"], name="gs_billing_statement_age")]

    def __str__(self) -> str:
        return self.name


class BankLine(models.Model):
    """A line of a bank's statement that was recorded: each once, in whichever file it comes again.

    ``digest`` is made of the line's content. ``payment``: what it was recorded as, by reference; another one where that was
    taken back as a mistake.
    """

    digest = models.CharField(max_length=ID, primary_key=True)
    payment = models.CharField(max_length=255)
    recorded_at = models.DateTimeField()

    class Meta:
        verbose_name = _("line of a bank statement")
        verbose_name_plural = _("lines of bank statements")
        ordering: ClassVar = ["recorded_at", "digest"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["payment"], name="gs_billing_bank_line_payment_once")]

    def __str__(self) -> str:
        return self.digest


class Reminder(models.Model):
    """Somebody was reminded of a bill (by its public id): ``days`` after the day for paying, below zero before it.

    Of each step one, for each day that was set for paying. ``is_last``: nobody is reminded of it again.
    """

    invoice = models.CharField(max_length=ID)
    due_at = models.DateTimeField()
    days = models.SmallIntegerField()
    is_last = models.BooleanField(default=False)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        ordering: ClassVar = ["at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["invoice", "due_at", "days"], name="gs_billing_reminder_once")
        ]

    def __str__(self) -> str:
        return f"{self.invoice} {self.days:+d}"
