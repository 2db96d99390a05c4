"""Our accounts with gateways."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from goodstanding.core.facts import Ladder
from goodstanding.core.reminding import MOST_DAYS, Schedule
from goodstanding.gateways.fields import SecretField
from goodstanding.gateways.protocol import Secret
from goodstanding.gateways.querysets import GatewayAccountQuerySet


class GatewayAccount(models.Model):
    """An account with a gateway, of one mode. Live and test never mix: each is an account of its own.

    ``gateway`` is the adapter's code. The secrets are never shown again once given. While the gateway rolls its webhook
    secret, both the new and the old one are good.
    """

    class Mode(models.TextChoices):
        LIVE = "live", _("live")
        TEST = "test", _("test")

    class BilledBy(models.TextChoices):
        GATEWAY = "gateway", _("the gateway")
        US = "us", _("us")

    code = models.SlugField(
        _("code"), max_length=50, primary_key=True, help_text=_("Stands in addresses and public ids; it never changes.")
    )
    gateway = models.CharField(_("gateway"), max_length=50)
    label = models.CharField(_("name"), max_length=100)
    mode = models.CharField(_("mode"), max_length=4, choices=Mode.choices, default=Mode.LIVE)
    billed_by = models.CharField(
        _("renewed by"),
        max_length=7,
        choices=BilledBy.choices,
        default=BilledBy.GATEWAY,
        help_text=_("Whose clock renews what is bought here: never both."),
    )
    is_active = models.BooleanField(_("in use"), default=True)
    is_offered = models.BooleanField(
        _("offered at the checkout"),
        default=False,
        help_text=_("Whether people can choose to pay here, where its gateway can be paid at all."),
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0, help_text=_("Lower numbers come first."))
    writes_to_members = models.BooleanField(
        _("we write to members"),
        default=False,
        help_text=_(
            "Members hear from us by mail what happens here. Unticked where the gateway writes to them itself."
        ),
    )
    webhook_secret = SecretField(_("webhook secret"), default="")
    webhook_secret_old = SecretField(_("former webhook secret"), default="")
    api_key = SecretField(_("API key"), default="")

    objects = GatewayAccountQuerySet.as_manager()

    class Meta:
        verbose_name = _("gateway account")
        verbose_name_plural = _("gateway accounts")
        constraints = [
            models.CheckConstraint(condition=Q(mode__in=["live", "test"]), name="gs_gateway_account_mode"),
            models.CheckConstraint(condition=Q(billed_by__in=["gateway", "us"]), name="gs_gateway_account_billed_by"),
            models.CheckConstraint(condition=~Q(code="") & ~Q(gateway=""), name="gs_gateway_account_named"),
        ]

    def __str__(self) -> str:
        return self.label or self.code

    @property
    def is_live(self) -> bool:
        """Whether real money moves here."""
        return self.mode == self.Mode.LIVE

    def webhook_secrets(self) -> tuple[Secret, ...]:
        """Return the secrets that a message may be signed with, the newest first, without blank ones."""
        return tuple(
            Secret(secret) for secret in (self.webhook_secret, self.webhook_secret_old) if secret and secret.strip()
        )


class HandMethod(models.Model):
    """A way to pay by hand: a transfer, cash at the desk, a cheque, or what else an organisation takes.

    ``code`` stands with every payment that came in this way. ``instructions``: the organisation's words for the payer, with
    blanks for number, reference, amount and day (:mod:`goodstanding.gateways.instructions`). It can be chosen at the
    checkout where it is offered and says how to pay.
    """

    account = models.ForeignKey(GatewayAccount, on_delete=models.CASCADE, related_name="hand_methods")
    code = models.SlugField(_("code"), max_length=20, help_text=_("Kept with each payment; it never changes."))
    title = models.CharField(_("title"), max_length=80, help_text=_("What people choose, such as “Bank transfer”."))
    instructions = models.TextField(
        _("how to pay"),
        max_length=2000,
        blank=True,
        help_text=_(
            "Shown with the bill and mailed. Write {number}, {reference}, {amount} and {due} where these belong."
        ),
    )
    days_until_due = models.PositiveSmallIntegerField(
        _("days to pay"), default=14, validators=[MaxValueValidator(MOST_DAYS)]
    )
    is_offered = models.BooleanField(_("offered at the checkout"), default=False)
    position = models.PositiveSmallIntegerField(_("position"), default=0, help_text=_("Lower numbers come first."))

    class Meta:
        verbose_name = _("way to pay by hand")
        verbose_name_plural = _("ways to pay by hand")
        ordering: ClassVar = ["account", "position", "code"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "code"], name="gs_gateway_hand_method_once"),
            models.CheckConstraint(condition=~Q(code="") & ~Q(title=""), name="gs_gateway_hand_method_named"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def can_be_chosen(self) -> bool:
        """Whether people can choose it at the checkout."""
        return self.is_offered and bool(self.instructions.strip())


class HandTerms(models.Model):
    """When what is paid by hand is billed, asked for again, and given up: one row for an account, else the defaults."""

    account = models.OneToOneField(
        GatewayAccount, on_delete=models.CASCADE, primary_key=True, related_name="hand_terms"
    )
    days_ahead = models.PositiveSmallIntegerField(
        _("renewals are billed ahead, days"), default=14, validators=[MaxValueValidator(MOST_DAYS)]
    )
    give_up_days = models.PositiveSmallIntegerField(
        _("given up after the day for paying, days"), default=21, validators=[MaxValueValidator(MOST_DAYS)]
    )
    remind_before = models.JSONField(_("reminded before it, days"), default=list, blank=True)
    remind_after = models.JSONField(_("reminded after it, days"), default=list, blank=True)
    at_least = models.JSONField(_("asked for again from"), default=dict, blank=True)

    class Meta:
        verbose_name = _("terms of what is paid by hand")
        verbose_name_plural = _("terms of what is paid by hand")

    def __str__(self) -> str:
        return self.account_id

    @property
    def ahead(self) -> timedelta:
        """How long before its period begins a renewal is billed."""
        return timedelta(days=self.days_ahead)

    @property
    def ladder(self) -> Ladder:
        """What follows where a bill is not paid: it is given up some days after the one for paying."""
        return Ladder(again_after=(), end_after=self.give_up_days)

    @property
    def schedule(self) -> Schedule:
        """When people are reminded."""
        return Schedule(tuple(self.remind_before), tuple(self.remind_after), dict(self.at_least))
