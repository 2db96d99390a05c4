"""Gateway accounts: found, made, given their secrets."""

from __future__ import annotations

import secrets

from goodstanding import conf
from goodstanding.gateways import registry
from goodstanding.gateways.models import GatewayAccount
from goodstanding.gateways.protocol import Ability

SANDBOX, SANDBOX_AUTO = "sandbox", "sandbox-auto"
MANUAL = "manual"


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


def offered() -> list[GatewayAccount]:
    """Return where people can choose to pay, in order: in use, offered, and able to begin a payment. One statement.

    Those of test mode only on a site for trying: their cards cost nobody anything.
    """
    able = [account for account in GatewayAccount.objects.offered() if registry.can(account.gateway, Ability.BEGIN)]
    return [account for account in able if account.is_live or conf.is_for_trying()]


def ensure_stripe_account() -> GatewayAccount:
    """Return the account ``stripe``; make it, live and without keys, if there is none. Any number of times."""
    defaults = {"gateway": "stripe", "label": "Stripe", "mode": GatewayAccount.Mode.LIVE}
    return GatewayAccount.objects.get_or_create(code="stripe", defaults=defaults)[0]


def ensure_manual_account() -> GatewayAccount:
    """Return the account ``manual``, where staff record what was paid by hand; make it if there is none.

    Any number of times. Nobody else writes to members about it, so we do.
    """
    defaults = {
        "gateway": "manual",
        "label": "By hand",
        "mode": GatewayAccount.Mode.LIVE,
        "billed_by": GatewayAccount.BilledBy.US,
        "writes_to_members": True,
    }
    return GatewayAccount.objects.get_or_create(code=MANUAL, defaults=defaults)[0]


def ensure_sandbox_accounts() -> tuple[GatewayAccount, GatewayAccount]:
    """Return the accounts ``sandbox`` (our clock renews) and ``sandbox-auto`` (its own does); make what is missing.

    Both are offered at the checkout. Any number of times; what is there stays as it is. On a site in use they are not
    wanted: their cards pay nothing.
    """
    return (
        _sandbox(SANDBOX, "Sandbox", GatewayAccount.BilledBy.US, position=0),
        _sandbox(SANDBOX_AUTO, "Sandbox with a clock of its own", GatewayAccount.BilledBy.GATEWAY, position=1),
    )


def _sandbox(code: str, label: str, billed_by: GatewayAccount.BilledBy, *, position: int) -> GatewayAccount:
    defaults = {
        "gateway": "sandbox",
        "label": label,
        "mode": GatewayAccount.Mode.TEST,
        "billed_by": billed_by,
        "is_offered": True,
        "position": position,
        "writes_to_members": True,
        "webhook_secret": f"sbsec_{secrets.token_urlsafe(32)}",
    }
    return GatewayAccount.objects.get_or_create(code=code, defaults=defaults)[0]


def roll_webhook_secret(account: GatewayAccount, secret: str) -> None:
    """Have messages signed with ``secret`` accepted from now on, and still those signed with the one before.

    The caller saves ``account``. The same secret again changes nothing.
    """
    if secret != account.webhook_secret:
        account.webhook_secret_old = account.webhook_secret
        account.webhook_secret = secret
