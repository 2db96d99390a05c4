"""What the site does about bills that cannot be collected, as staff set it: data, each version from a moment on."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class DunningPolicy(models.Model):
    """The ladder of bills drawn up from ``since`` on. Rows are only ever added; the last one counts (audit says who and why).

    ``days``: when a bill that failed is tried again, counted as ``counted`` says. ``silent``: of which steps no mail is
    written, the first failure is 1. ``least``: by currency what somebody must owe, in minor units, to be bothered at all.
    ``card_notice_days``: how long before a card expires its owner is written to; 0 for never.
    """

    class Counted(models.TextChoices):
        FIRST = "first", _("from the first failure")
        PREVIOUS = "previous", _("each from the try before it")

    class AtEnd(models.TextChoices):
        END = "end", _("the bill is given up, and the subscription ends")
        KEEP = "keep", _("the bill stays open, and nothing renews until it is paid")

    since = models.DateTimeField(unique=True)
    days = models.JSONField(default=list, blank=True)
    counted = models.CharField(max_length=8, choices=Counted.choices, default=Counted.FIRST)
    at_end = models.CharField(max_length=4, choices=AtEnd.choices, default=AtEnd.END)
    end_after = models.PositiveSmallIntegerField(null=True, blank=True)
    silent = models.JSONField(default=list, blank=True)
    least = models.JSONField(default=dict, blank=True)
    card_notice_days = models.PositiveSmallIntegerField(default=30)

    class Meta:
        verbose_name = _("dunning policy")
        verbose_name_plural = _("dunning policies")
        ordering: ClassVar = ["-since"]

    def __str__(self) -> str:
        return f"from {self.since:%Y-%m-%d %H:%M} on"
