"""Prices, and the names that gateways have for them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from goodstanding.catalogue.models.levels import Level
from goodstanding.catalogue.words import price_words


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

    One that does not renew buys one term of that length (up to ``terms_max`` at once). What it costs never changes: another
    amount is another price.

    First ``trial_count`` ``trial_unit``s for ``trial_minor``, then ``intro_payments`` bills of ``intro_minor``, then the amount.
    After ``payments`` bills that ask for money (0: never) it is completed, and ``keeps`` says what is held then: nothing
    more, for life, or the rest of ``keeps_count`` ``keeps_unit``s from the beginning; with ``total_minor`` the bills are the
    parts of that sum. With ``minimum_minor`` the payer says what to pay, from that on; the amount is suggested.
    ``fixed_start`` (MMDD; of months DD): terms follow the calendar from that day; who joins from ``fixed_rollover`` on has
    the next one, too; ``fixed_prorated``: a first one that is short costs its part, but for who joins on or before
    ``fixed_full_until``. ``ends_on``: it ends with that day.
    ``taxed``: by the rates of the payer's place, within the amount if ``tax_inclusive``, else on top.
    ``seat_amount_minor``: what each seat costs beyond those that the level includes; ``None``: none can be bought.
    """

    class Keeps(models.TextChoices):
        """What is held once the last instalment is paid."""

        NOTHING = "", _("it ends with what was paid")
        TERM = "term", _("it goes on to the end of its term")
        LIFE = "life", _("it goes on for life")

    class ProRated(models.TextChoices):
        """What a first calendar period costs that is short."""

        NOT = "", _("all of it")
        MONTHS = "months", _("its months, a part of one as a whole")
        DAYS = "days", _("its days")

    id = models.CharField(max_length=40, primary_key=True)
    level = models.ForeignKey(Level, on_delete=models.PROTECT, related_name="prices")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    interval = models.CharField(max_length=8, choices=Interval.choices)
    interval_count = models.PositiveSmallIntegerField(default=1)
    renews = models.BooleanField(default=True)
    is_open = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=0)
    trial_count = models.PositiveSmallIntegerField(default=0)
    trial_unit = models.CharField(max_length=8, choices=Interval.choices, default=Interval.DAY)
    trial_minor = models.BigIntegerField(default=0)
    intro_minor = models.BigIntegerField(default=0)
    intro_payments = models.PositiveSmallIntegerField(default=0)
    payments = models.PositiveSmallIntegerField(default=0)
    total_minor = models.BigIntegerField(null=True, blank=True)
    keeps = models.CharField(max_length=4, choices=Keeps.choices, blank=True, default=Keeps.NOTHING)
    keeps_count = models.PositiveSmallIntegerField(default=1)
    keeps_unit = models.CharField(max_length=8, choices=Interval.choices, default=Interval.YEAR)
    minimum_minor = models.BigIntegerField(null=True, blank=True)
    terms_max = models.PositiveSmallIntegerField(default=1)
    fixed_start = models.CharField(max_length=4, blank=True)
    fixed_rollover = models.CharField(max_length=4, blank=True)
    fixed_prorated = models.CharField(max_length=6, choices=ProRated.choices, blank=True, default=ProRated.NOT)
    fixed_full_until = models.CharField(max_length=4, blank=True)
    ends_on = models.DateField(null=True, blank=True)
    taxed = models.BooleanField(default=False)
    tax_inclusive = models.BooleanField(default=False)
    sale_from = models.DateTimeField(null=True, blank=True)
    sale_until = models.DateTimeField(null=True, blank=True)
    seat_amount_minor = models.BigIntegerField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["level", "amount_minor", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(seat_amount_minor=None) | Q(seat_amount_minor__gte=0), name="gs_catalogue_price_seat"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gte=0), name="gs_catalogue_price_not_negative"),
            models.CheckConstraint(condition=Q(interval_count__gte=1), name="gs_catalogue_price_interval"),
            models.CheckConstraint(
                condition=~Q(interval=Interval.ONCE, renews=True), name="gs_catalogue_price_life_renews_not"
            ),
            models.CheckConstraint(
                condition=Q(trial_minor__gte=0, intro_minor__gte=0), name="gs_catalogue_price_first_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(total_minor=None) | Q(total_minor__gt=0, payments__gte=1), name="gs_catalogue_price_parts"
            ),
            models.CheckConstraint(
                condition=Q(minimum_minor=None) | Q(minimum_minor__gte=0, minimum_minor__lte=F("amount_minor")),
                name="gs_catalogue_price_minimum",
            ),
            models.CheckConstraint(
                condition=Q(intro_payments=0, intro_minor=0) | Q(intro_payments__gte=1, intro_minor__gt=0),
                name="gs_catalogue_price_intro",
            ),
            models.CheckConstraint(condition=Q(terms_max__gte=1), name="gs_catalogue_price_terms"),
            models.CheckConstraint(
                condition=Q(renews=True) | Q(trial_count=0, intro_payments=0, payments=0),
                name="gs_catalogue_price_renewing_alone",
            ),
            models.CheckConstraint(
                condition=Q(sale_from=None) | Q(sale_until=None) | Q(sale_until__gt=F("sale_from")),
                name="gs_catalogue_price_sale_forward",
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
