"""A checkout: somebody accepted a quote. It holds no money and no standing, those follow from facts."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from goodstanding.billing.models import ID
from goodstanding.catalogue.models import DiscountCode, Price
from goodstanding.gateways.models import GatewayAccount
from goodstanding.people.models import Member


class Checkout(models.Model):
    """What a member is buying: what was wanted (``basket``: see :mod:`goodstanding.checkout.baskets`), and the whole quote of
    it as it was accepted (``quote``). ``price``: the first one of it.

    ``page``: the one page view that it came from, so that the same page sent twice is the same checkout. ``pays_for``: what
    its tries pay for, by reference. One checkout of a price is open at a time for a member.
    """

    class State(models.TextChoices):
        OPEN = "open", _("to be paid")
        DONE = "done", _("done")
        CLOSED = "closed", _("given up")

    id = models.CharField(max_length=ID, primary_key=True)
    page = models.CharField(max_length=ID, unique=True)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="checkouts")
    price = models.ForeignKey(Price, on_delete=models.PROTECT, related_name="+")
    gateway_account = models.ForeignKey(GatewayAccount, on_delete=models.PROTECT, related_name="+")
    basket = models.JSONField(default=dict)
    quote = models.JSONField()
    pays_for = models.CharField(max_length=100, blank=True)
    state = models.CharField(max_length=6, choices=State.choices, default=State.OPEN)
    begun_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("checkout")
        ordering: ClassVar = ["-begun_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["member", "price"], condition=Q(state="open"), name="gs_checkout_one_open_per_price"
            ),
            models.CheckConstraint(condition=Q(state__in=["open", "done", "closed"]), name="gs_checkout_state"),
        ]

    def __str__(self) -> str:
        return self.id


class CodeUse(models.Model):
    """A use of a code by one checkout: set aside while it is being paid, spent once it is, given back where it is not."""

    class State(models.TextChoices):
        """How it stands."""

        RESERVED = "reserved", _("set aside")
        SPENT = "spent", _("used")
        RELEASED = "released", _("given back")

    code = models.ForeignKey(DiscountCode, on_delete=models.PROTECT, related_name="uses")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="code_uses")
    checkout = models.ForeignKey(Checkout, on_delete=models.CASCADE, related_name="code_uses")
    state = models.CharField(max_length=8, choices=State.choices, default=State.RESERVED)
    reserved_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("use of a code")
        ordering: ClassVar = ["-reserved_at", "id"]
        indexes: ClassVar = [models.Index(fields=["code", "state"], name="gs_checkout_codeuse_state")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["checkout", "code"], name="gs_checkout_codeuse_once"),
            models.CheckConstraint(
                condition=Q(state__in=["reserved", "spent", "released"]), name="gs_checkout_codeuse_known_state"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code_id} by {self.member_id}"
