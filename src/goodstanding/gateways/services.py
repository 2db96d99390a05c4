"""Gateway accounts: found, made, given their secrets."""

from __future__ import annotations

from goodstanding.gateways import registry
from goodstanding.gateways.models import GatewayAccount


class UnknownAccount(Exception):
    """No account in use has this code, or it is another gateway's, or its gateway has no adapter here."""


def account_for(gateway: str, code: str) -> GatewayAccount:
    """Return the account ``code`` of ``gateway``, in use. Raise :class:`UnknownAccount`. One statement."""
    account = GatewayAccount.objects.active().filter(pk=code, gateway=gateway).first()
    if account is None or account.gateway not in registry.codes():
        raise UnknownAccount(code)
    return account


def account_named(code: str) -> GatewayAccount:
    """Return the account ``code``, in use or not, whose gateway has an adapter. Raise :class:`UnknownAccount`."""
    account = GatewayAccount.objects.filter(pk=code).first()
    if account is None or account.gateway not in registry.codes():
        raise UnknownAccount(code)
    return account


def ensure_stripe_account() -> GatewayAccount:
    """Return the account ``stripe``; make it, live and without keys, if there is none. Any number of times."""
    defaults = {"gateway": "stripe", "label": "Stripe", "mode": GatewayAccount.Mode.LIVE}
    return GatewayAccount.objects.get_or_create(code="stripe", defaults=defaults)[0]


def roll_webhook_secret(account: GatewayAccount, secret: str) -> None:
    """Have messages signed with ``secret`` accepted from now on, and still those signed with the one before.

    The caller saves ``account``. The same secret again changes nothing.
    """
    if secret != account.webhook_secret:
        account.webhook_secret_old = account.webhook_secret
        account.webhook_secret = secret
