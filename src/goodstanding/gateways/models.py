"""Our accounts with gateways."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

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
