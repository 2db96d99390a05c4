"""The staff's form for gateway accounts. Secrets go in and never come out: not after saving, not after a mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from goodstanding.gateways import registry, services
from goodstanding.gateways.models import GatewayAccount

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    _Form = forms.ModelForm[GatewayAccount]
else:
    _Form = forms.ModelForm  # generic for the type checker only


def _secret(label: StrOrPromise, help_text: StrOrPromise) -> forms.CharField:
    widget = forms.PasswordInput(render_value=False, attrs={"autocomplete": "off"})
    return forms.CharField(label=label, help_text=help_text, required=False, max_length=255, widget=widget)


class GatewayAccountForm(_Form):
    """An empty secret leaves the one that is there; a ticked box takes it away."""

    gateway = forms.ChoiceField(label=_("gateway"))
    new_webhook_secret = _secret(
        _("new webhook secret"), _("Left empty, nothing changes. The one before stays good beside it until taken away.")
    )
    new_api_key = _secret(_("new API key"), _("Left empty, nothing changes."))
    forget_old_webhook_secret = forms.BooleanField(label=_("take away the former webhook secret"), required=False)
    forget_webhook_secrets = forms.BooleanField(
        label=_("take away all webhook secrets: the address then refuses everything"), required=False
    )
    forget_api_key = forms.BooleanField(label=_("take away the API key"), required=False)

    class Meta:
        model = GatewayAccount
        fields = (
            "code", "gateway", "label", "mode", "billed_by", "is_active", "is_offered", "position", "writes_to_members"
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "gateway" in self.fields:  # it is not once the account is made
            self.fields["gateway"] = forms.ChoiceField(
                label=_("gateway"), choices=[(code, registry.gateway(code).label) for code in registry.codes()]
            )

    def save(self, commit: bool = True) -> GatewayAccount:  # noqa: FBT001, FBT002 (Django's signature)
        """Save the account with its new secrets."""
        account = self.instance
        given = self.cleaned_data
        if given["new_webhook_secret"]:
            services.roll_webhook_secret(account, given["new_webhook_secret"])
        if given["new_api_key"]:
            account.api_key = given["new_api_key"]
        if given["forget_old_webhook_secret"] or given["forget_webhook_secrets"]:
            account.webhook_secret_old = ""
        if given["forget_webhook_secrets"]:
            account.webhook_secret = ""
        if given["forget_api_key"]:
            account.api_key = ""
        return super().save(commit=commit)
