"""Discount codes: what :class:`goodstanding.core.discounts.Code` says, as it is kept. Who used one, the checkout keeps."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from goodstanding.catalogue.models.levels import Level
from goodstanding.catalogue.models.prices import Interval

CODE_LENGTH = 40


class DiscountCode(models.Model):
    """A code that people type. ``text`` is kept as :func:`goodstanding.core.discounts.normalised` says it.

    ``payments``: the first so many that ask for money, ``None`` for ever. ``levels``: those it is for, none for all;
    ``opens``: hidden or closed ones that it opens. ``limit`` and ``limit_each``: uses in all and by one person. ``batch``: the
    name of the lot it was made with.
    """

    class Kind(models.TextChoices):
        """What it does to a price."""

        PERCENTAGE = "percentage", _("a part off")
        FIXED = "fixed", _("an amount off")
        ALTERNATIVE = "alternative", _("another price")

    text = models.CharField(max_length=CODE_LENGTH, unique=True)
    kind = models.CharField(max_length=11, choices=Kind.choices)
    basis_points = models.PositiveIntegerField(default=0)
    amount_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3, blank=True)
    keeps_rest = models.BooleanField(default=False)
    payments = models.PositiveSmallIntegerField(null=True, blank=True, default=1)
    levels = models.ManyToManyField(Level, blank=True, related_name="codes")
    opens = models.ManyToManyField(Level, blank=True, related_name="opened_by")
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    limit = models.PositiveIntegerField(null=True, blank=True)
    limit_each = models.PositiveIntegerField(null=True, blank=True)
    is_open = models.BooleanField(default=True)
    batch = models.CharField(max_length=60, blank=True, db_index=True)
    words = models.CharField(max_length=200, blank=True)  # for staff: what it is for
    made_at = models.DateTimeField()

    class Meta:
        verbose_name = _("discount code")
        ordering: ClassVar = ["-made_at", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kind="percentage", basis_points__gte=1, basis_points__lte=10_000)
                | Q(kind="fixed", amount_minor__gt=0)
                | Q(kind="alternative", amount_minor__gte=0),
                name="gs_catalogue_code_effect",
            ),
            models.CheckConstraint(condition=Q(payments=None) | Q(payments__gte=1), name="gs_catalogue_code_payments"),
            models.CheckConstraint(
                condition=Q(starts_at=None) | Q(ends_at=None) | Q(ends_at__gt=F("starts_at")),
                name="gs_catalogue_code_forward",
            ),
        ]

    def __str__(self) -> str:
        return self.text


class CodePrice(models.Model):
    """A complete other price that an ``alternative`` code gives a level; without one the code's own amount holds."""

    code = models.ForeignKey(DiscountCode, on_delete=models.CASCADE, related_name="prices")
    level = models.ForeignKey(Level, on_delete=models.CASCADE, related_name="+")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    interval = models.CharField(max_length=8, choices=Interval.choices, blank=True)  # empty: the price's own
    interval_count = models.PositiveSmallIntegerField(default=1)

    class Meta:
        ordering: ClassVar = ["code", "level"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["code", "level", "currency"], name="gs_catalogue_code_price_once"),
            models.CheckConstraint(condition=Q(amount_minor__gte=0), name="gs_catalogue_code_price_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.code_id}: {self.level_id}"
