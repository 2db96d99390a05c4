"""The staff's pages on gateway accounts."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from goodstanding import clock
from goodstanding.audit.services import note
from goodstanding.gateways.forms import GatewayAccountForm
from goodstanding.gateways.models import GatewayAccount


@admin.register(GatewayAccount)
class GatewayAccountAdmin(admin.ModelAdmin):
    """Accounts are made and changed, never deleted: what came through them names them."""

    form = GatewayAccountForm
    list_display = (
        "code",
        "label",
        "gateway",
        "mode",
        "billed_by",
        "is_active",
        "is_offered",
        "writes_to_members",
        "has_webhook_secret",
        "has_api_key",
    )
    list_filter = ("gateway", "mode", "is_active", "is_offered")
    ordering = ("code",)
    readonly_fields = ("has_webhook_secret", "has_old_webhook_secret", "has_api_key")
    fieldsets = (
        (None, {"fields": ("code", "gateway", "label", "mode", "billed_by", "is_active")}),
        (_("For members"), {"fields": ("is_offered", "position", "writes_to_members")}),
        (
            _("Webhook secret"),
            {
                "fields": (
                    ("has_webhook_secret", "has_old_webhook_secret"),
                    "new_webhook_secret",
                    "forget_old_webhook_secret",
                    "forget_webhook_secrets",
                )
            },
        ),
        (_("API key"), {"fields": ("has_api_key", "new_api_key", "forget_api_key")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: GatewayAccount | None = None) -> tuple[str, ...]:
        """Keep what public ids are made of, and what must not mix, as it was."""
        fixed = ("code", "gateway", "mode", "billed_by") if obj is not None else ()
        return (*self.readonly_fields, *fixed)

    def has_delete_permission(self, request: HttpRequest, obj: GatewayAccount | None = None) -> bool:
        """Nobody; an account is taken out of use instead."""
        return False

    def save_model(self, request: HttpRequest, obj: GatewayAccount, form: Any, change: bool) -> None:  # noqa: FBT001
        """Save, and note who changed what, by the names of the fields."""
        super().save_model(request, obj, form, change)
        note(
            by=request.user,
            on=obj,
            what="change gateway account" if change else "add gateway account",
            why=", ".join(form.changed_data),
            now=clock.now(),
        )

    @admin.display(boolean=True, description=_("webhook secret is set"))
    def has_webhook_secret(self, account: GatewayAccount) -> bool:
        """Whether there is one."""
        return bool(account.webhook_secret)

    @admin.display(boolean=True, description=_("former one is still good"))
    def has_old_webhook_secret(self, account: GatewayAccount) -> bool:
        """Whether there is one."""
        return bool(account.webhook_secret_old)

    @admin.display(boolean=True, description=_("API key is set"))
    def has_api_key(self, account: GatewayAccount) -> bool:
        """Whether there is one."""
        return bool(account.api_key)
