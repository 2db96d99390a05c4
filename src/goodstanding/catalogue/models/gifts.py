"""Levels that are sold as gifts: for how long, and for how much."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from goodstanding.catalogue.models.prices import Price
from goodstanding.catalogue.words import length_words
from goodstanding.core.money import Money


class LevelGift(models.Model):
    """The level of a price as a gift: ``times`` its interval, bought by one for another.

    It costs ``amount_minor``, or without one so many times the price. ``good_for_days``: so long its code can be redeemed,
    counted from the purchase; ``None``, for ever. What was bought stays what it was, whatever becomes of this.
    """

    price = models.ForeignKey(Price, on_delete=models.CASCADE, related_name="gifts", verbose_name=_("price"))
    times = models.PositiveSmallIntegerField(_("how many of its intervals"), default=1)
    amount_minor = models.BigIntegerField(
        _("price of the gift, in minor units"),
        null=True,
        blank=True,
        help_text=_("4450 is 44.50 EUR. Empty: so many times the price."),
    )
    good_for_days = models.PositiveIntegerField(
        _("days until the code expires"), null=True, blank=True, default=365, help_text=_("Empty: it never does.")
    )
    is_open = models.BooleanField(_("on sale"), default=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("gift of a level")
        verbose_name_plural = _("gifts of levels")
        ordering: ClassVar = ["position", "price", "times"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["price", "times"], name="gs_catalogue_gift_once"),
            models.CheckConstraint(condition=Q(times__gte=1), name="gs_catalogue_gift_times"),
            models.CheckConstraint(
                condition=Q(amount_minor=None) | Q(amount_minor__gt=0), name="gs_catalogue_gift_positive"
            ),
            models.CheckConstraint(
                condition=Q(good_for_days=None) | Q(good_for_days__gte=1), name="gs_catalogue_gift_days"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.price.level_id}: {self.term}"

    @property
    def amount(self) -> Money:
        """What it costs."""
        own = self.price.amount_minor * self.times if self.amount_minor is None else self.amount_minor
        return Money(own, self.price.currency)

    @property
    def term(self) -> str:
        """How long it lasts, in words: ``6 months``, ``for life``."""
        return length_words(self.price, self.times)
