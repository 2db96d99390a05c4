"""Rates of tax by place and date (:mod:`goodstanding.core.tax`)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q


class TaxRate(models.Model):
    """The tax of a ``place`` from a day on: a country (``DE``), a region (``US-CA``), or empty for everywhere else."""

    place = models.CharField(max_length=20, blank=True)
    from_on = models.DateField()
    percent = models.DecimalField(max_digits=9, decimal_places=6)
    name = models.CharField(max_length=60, blank=True)  # as bills call it

    class Meta:
        verbose_name = "tax rate"
        ordering: ClassVar = ["place", "from_on"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["place", "from_on"], name="gs_catalogue_tax_once"),
            models.CheckConstraint(condition=Q(percent__gte=0), name="gs_catalogue_tax_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.place or 'everywhere'}: {self.percent.normalize():f} % from {self.from_on}"
