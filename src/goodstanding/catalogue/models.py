"""Levels, their groups, their promises over time, their prices, and the names that gateways have for these."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from goodstanding.catalogue.words import price_words
from goodstanding.core.periods import EndRule

DESCRIPTION_LENGTH = 2000
END_RULES = [
    (EndRule.SAME_DAY.value, _("with the end of the anniversary’s day")),
    (EndRule.EVE.value, _("with the end of the day before it")),
    (EndRule.EXACT.value, _("at the same time of the day")),
]


class LevelGroup(models.Model):
    """Levels of which a member holds one at a time, or several."""

    slug = models.SlugField(max_length=60, primary_key=True)
    name = models.CharField(max_length=200)
    allows_several = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar = ["slug"]

    def __str__(self) -> str:
        return self.name


class Level(models.Model):
    """Something that a member can be. ``legacy_membertype_id``: the number in old plans named ``membertype_X-…``.

    Closed, nobody new may buy it; whoever holds it keeps it. Hidden, it is in no list and open to who knows its address.
    """

    slug = models.SlugField(max_length=60, primary_key=True)
    name = models.CharField(max_length=200)
    group = models.ForeignKey(LevelGroup, on_delete=models.PROTECT, related_name="levels")
    legacy_membertype_id = models.CharField(max_length=40, null=True, blank=True, unique=True)
    description = models.TextField(max_length=DESCRIPTION_LENGTH, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    is_open = models.BooleanField(default=True)
    is_hidden = models.BooleanField(default=False)
    end_rule = models.CharField(max_length=8, choices=END_RULES, default=EndRule.SAME_DAY.value)

    class Meta:
        ordering: ClassVar = ["slug"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(end_rule__in=[rule for rule, _words in END_RULES]), name="gs_catalogue_level_end_rule"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class LevelTerms(models.Model):
    """What a level promises to those who buy it (or change to it) from ``since`` on; ``None``: from the beginning.

    Who bought earlier keeps what was promised then, and so does a rebuild of the records.
    """

    level = models.ForeignKey(Level, on_delete=models.CASCADE, related_name="terms")
    since = models.DateTimeField(null=True, blank=True)
    grace_days = models.PositiveSmallIntegerField(default=7)
    prepaid_grace_days = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name_plural = "level terms"
        ordering: ClassVar = ["level", "since", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["level", "since"], name="gs_catalogue_terms_since"),
            models.UniqueConstraint(fields=["level"], condition=Q(since=None), name="gs_catalogue_terms_first"),
        ]

    def __str__(self) -> str:
        return f"{self.level_id}: grace of {self.grace_days} days"


class Interval(models.TextChoices):
    """How often a price is charged, or how long the term is that it buys. ``once``: it buys a life."""

    ONCE = "once"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


class Price(models.Model):
    """What a level costs. ``amount_minor`` in minor units of ``currency`` (ISO 4217), each ``interval_count`` intervals.

    One that does not renew buys one term of that length. What it costs never changes: another amount is another price.
    """

    id = models.CharField(max_length=40, primary_key=True)
    level = models.ForeignKey(Level, on_delete=models.PROTECT, related_name="prices")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    interval = models.CharField(max_length=8, choices=Interval.choices)
    interval_count = models.PositiveSmallIntegerField(default=1)
    renews = models.BooleanField(default=True)
    is_open = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["level", "amount_minor", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount_minor__gte=0), name="gs_catalogue_price_not_negative"),
            models.CheckConstraint(condition=Q(interval_count__gte=1), name="gs_catalogue_price_interval"),
            models.CheckConstraint(
                condition=~Q(interval=Interval.ONCE, renews=True), name="gs_catalogue_price_life_renews_not"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.level_id}: {self.words}"

    @property
    def words(self) -> str:
        """The price without its level, in the reader's language: ``60.00 USD each month``."""
        return price_words(self)


class GatewayPrice(models.Model):
    """The names that a gateway has for a price of ours. ``gateway`` is the adapter's code, such as ``stripe``."""

    price = models.ForeignKey(Price, on_delete=models.CASCADE, related_name="gateway_prices")
    gateway = models.CharField(max_length=40)
    external_id = models.CharField(max_length=255, blank=True)
    lookup_key = models.CharField(max_length=255, blank=True)

    class Meta:
        ordering: ClassVar = ["gateway", "external_id", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["gateway", "external_id"], condition=~Q(external_id=""), name="gs_catalogue_gateway_price"
            ),
            models.UniqueConstraint(
                fields=["gateway", "lookup_key"], condition=~Q(lookup_key=""), name="gs_catalogue_gateway_lookup"
            ),
            models.CheckConstraint(
                condition=~Q(external_id="", lookup_key=""), name="gs_catalogue_gateway_price_named"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.gateway}: {self.external_id or self.lookup_key}"


class Revision(models.Model):
    """One row that counts the changes of the catalogue, so that processes know when what they remember is old."""

    number = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.number)
