"""Gift cards: which are on offer, and each one that was bought."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from goodstanding.billing.models.ledger import ID, BalanceEntry, Dispute, Invoice, Refund
from goodstanding.catalogue.models import Price
from goodstanding.catalogue.words import length_words, money_words
from goodstanding.core.currencies import MoneyRefused
from goodstanding.core.money import LARGEST_MINOR, Money
from goodstanding.gateways.models import GatewayAccount
from goodstanding.people.models import Member

CODE = 16  # letters and figures
MESSAGE = 500
MOST_DAYS = 36_500


class GiftOffer(models.Model):
    """Of which amounts gift cards can be bought in a currency: those of ``choices`` (``25, 50, 100``), and, where both are
    set, any from ``least_minor`` to ``most_minor``. ``good_for_days``: after so many days nobody can redeem one; empty, never.
    """

    currency = models.CharField(_("currency"), max_length=3, primary_key=True)
    choices = models.CharField(
        _("amounts"), max_length=200, blank=True, help_text=_("Such as: 25, 50, 100. Without the currency.")
    )
    least_minor = models.BigIntegerField(
        _("the least, where people choose"), null=True, blank=True, help_text=_("In minor units: 1000 for 10.00.")
    )
    most_minor = models.BigIntegerField(_("the most, where people choose"), null=True, blank=True)
    good_for_days = models.PositiveIntegerField(_("days until it expires"), null=True, blank=True)
    is_open = models.BooleanField(_("on offer"), default=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("offer of gift cards")
        verbose_name_plural = _("offers of gift cards")
        ordering: ClassVar = ["position", "currency"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(least_minor=None, most_minor=None) | Q(least_minor__gt=0, most_minor__gte=F("least_minor")),
                name="gs_billing_gift_offer_range",
            )
        ]

    def __str__(self) -> str:
        return self.currency

    def clean(self) -> None:
        """Say in words what is wrong."""
        try:
            amounts = self.amounts
        except MoneyRefused as refused:
            raise ValidationError(str(refused)) from refused
        if any(each.amount_minor <= 0 for each in amounts):
            raise ValidationError({"choices": _("Each amount must be more than zero.")})
        if any(each.amount_minor > LARGEST_MINOR for each in amounts) or (self.most_minor or 0) > LARGEST_MINOR:
            raise ValidationError(_("This amount is larger than any that can be charged."))
        if self.good_for_days is not None and not 1 <= self.good_for_days <= MOST_DAYS:
            words = _("Write 1 to %(most)d days, or leave it empty.") % {"most": MOST_DAYS}
            raise ValidationError({"good_for_days": words})
        if (self.least_minor is None) != (self.most_minor is None):
            raise ValidationError(_("Set both the least and the most, or neither."))
        if self.least_minor is not None and self.most_minor is not None and not 0 < self.least_minor <= self.most_minor:
            raise ValidationError(_("The least must be more than zero, and no more than the most."))
        if not amounts and self.least_minor is None:
            raise ValidationError(_("Name amounts, or let people choose between a least and a most."))

    @property
    def amounts(self) -> list[Money]:
        """The amounts to choose from. Raises ``MoneyRefused`` for what is none."""
        words = self.choices.replace(",", " ").split()
        return [Money.parse(f"{each} {self.currency}") for each in words]

    def allows(self, amount: Money) -> bool:
        """Return whether a card of this amount can be bought."""
        if amount.currency != self.currency:
            return False
        free = self.least_minor is not None and self.most_minor is not None
        return amount in self.amounts or (
            free and (self.least_minor or 0) <= amount.amount_minor <= (self.most_minor or 0)
        )


class GiftCardQuerySet(QuerySet["GiftCard"]):
    """Gift cards, with what the records say of them."""

    def told(self) -> GiftCardQuerySet:
        """Say of each when it was paid (``paid_at``), how its bill stands (``bill_status``), and whether anything of what
        was paid went back, or is contested (``went_back``).
        """
        same = {"gateway_account": OuterRef("gateway_account"), "external_id": OuterRef("invoice")}
        about = {"gateway_account": OuterRef("gateway_account"), "invoice": OuterRef("invoice")}
        bill = Invoice.objects.filter(**same)
        back = Refund.objects.filter(**about).exclude(status__in=["failed", "cancelled"])
        credit = BalanceEntry.objects.filter(
            gateway_account=OuterRef("gateway_account"), about=OuterRef("invoice"), kind="refund"
        )
        contested = Dispute.objects.filter(**about).exclude(status="won")
        return self.annotate(
            paid_at=Subquery(bill.values("settled_at")[:1]),
            bill_status=Subquery(bill.values("status")[:1]),
            went_back=Exists(back) | Exists(credit) | Exists(contested),
        )


class GiftCard(models.Model):
    """A gift card: money that somebody paid, for whoever types its ``code``, once; or a level: that of ``gives``, for ``times``
    the interval of that price, for which ``amount`` was paid.

    It is paid once its ``invoice`` (by reference, at ``gateway_account``) is settled: that is read, and kept nowhere. The code
    is kept as it is (``docs/decisions/0036-gift-cards-are-kept-plain.md``). ``page``: the one page view that it was bought on.
    ``sent_at``: when its mail was written, on ``send_on`` or once it was paid. ``method``: how it is to be paid by hand.
    """

    id = models.CharField(max_length=ID, primary_key=True)
    page = models.CharField(max_length=ID, unique=True)
    code = models.CharField(max_length=CODE, unique=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    gives = models.ForeignKey(Price, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    times = models.PositiveSmallIntegerField(default=0)
    bought_by = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="gift_cards_bought")
    gateway_account = models.ForeignKey(GatewayAccount, on_delete=models.PROTECT, related_name="+")
    invoice = models.CharField(max_length=255)
    from_name = models.CharField(max_length=200, blank=True)
    to_name = models.CharField(max_length=200, blank=True)
    to_email = models.EmailField()
    message = models.CharField(max_length=MESSAGE, blank=True)
    send_on = models.DateField()
    made_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    redeemed_by = models.ForeignKey(
        Member, on_delete=models.PROTECT, null=True, blank=True, related_name="gift_cards_redeemed"
    )
    redeemed_at = models.DateTimeField(null=True, blank=True)
    voided_at = models.DateTimeField(null=True, blank=True)

    objects = GiftCardQuerySet.as_manager()

    class Meta:
        verbose_name = _("gift card")
        verbose_name_plural = _("gift cards")
        ordering: ClassVar = ["-made_at", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="gs_billing_gift_card_positive"),
            models.CheckConstraint(
                condition=Q(redeemed_at=None, redeemed_by=None) | Q(redeemed_at__isnull=False, voided_at=None),
                name="gs_billing_gift_card_one_fate",
            ),
            models.CheckConstraint(
                condition=Q(gives=None, times=0) | Q(gives__isnull=False, times__gte=1),
                name="gs_billing_gift_card_gives",
            ),
            models.UniqueConstraint(fields=["gateway_account", "invoice"], name="gs_billing_gift_card_one_bill"),
        ]
        indexes: ClassVar = [models.Index(fields=["made_at", "id"], name="gs_billing_gift_card_latest")]

    def __str__(self) -> str:
        return f"… {self.ending}"

    @property
    def ending(self) -> str:
        """The end of its code, by which staff and buyers speak of it: nobody redeems it by that."""
        return self.code[-4:]

    @property
    def shown_code(self) -> str:
        """Its code as people read it, in fours."""
        return "-".join(self.code[at : at + 4] for at in range(0, len(self.code), 4))

    @property
    def amount(self) -> Money:
        """What was paid for it; what it is worth, where it is money."""
        return Money(self.amount_minor, self.currency)

    @property
    def what(self) -> str:
        """What it gives, in words: ``50.00 EUR``, ``Year, 6 months``. Needs the price and its level."""
        if self.gives is None:
            return money_words(self.amount)
        return f"{self.gives.level.name}, {length_words(self.gives, self.times)}"

    @property
    def member_id(self) -> Any:
        """Whose page its actions stand on: its buyer's."""
        return self.bought_by_id
