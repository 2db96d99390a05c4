"""Gateway accounts: found, made, given their secrets."""

from __future__ import annotations

import secrets

from goodstanding import conf
from goodstanding.gateways import registry
from goodstanding.gateways.models import GatewayAccount, HandMethod, HandTerms
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


def offered_later() -> list[HandMethod]:
    """Return the ways to be billed and pay later that people can choose, in order, each with its account. One statement."""
    rows = HandMethod.objects.select_related("account").filter(
        is_offered=True, account__is_active=True, account__is_offered=True
    )
    found = rows.order_by("account__position", "account", "position", "code")
    able = [each for each in found if each.can_be_chosen and is_paid_later(each.account)]
    return [each for each in able if each.account.is_live or conf.is_for_trying()]


def is_paid_later(account: GatewayAccount) -> bool:
    """Return whether what is bought at an account is billed, and paid later by hand."""
    return registry.can(account.gateway, Ability.BILL)


def hand_terms(account: GatewayAccount) -> HandTerms:
    """Return when what is paid by hand at an account is billed, asked for again and given up; the defaults unless told."""
    there = HandTerms.objects.filter(account=account).first()
    return there or HandTerms(account=account, remind_before=[3], remind_after=[7, 14])


def hand_methods(account: GatewayAccount) -> list[HandMethod]:
    """Return all ways to pay by hand at an account, in order."""
    return list(HandMethod.objects.filter(account=account).order_by("position", "code"))


def ensure_manual_account() -> GatewayAccount:
    """Return the account ``manual``, where staff record what was paid by hand; make it, with the usual ways to pay, if there
    is none.

    Any number of times. Nobody else writes to members about it, so we do. Nothing is offered at the checkout before staff
    have said how it is to be paid.
    """
    defaults = {
        "gateway": "manual",
        "label": "By hand",
        "mode": GatewayAccount.Mode.LIVE,
        "billed_by": GatewayAccount.BilledBy.US,
        "writes_to_members": True,
    }
    account, is_new = GatewayAccount.objects.get_or_create(code=MANUAL, defaults=defaults)
    if is_new:
        usual = (("transfer", "Bank transfer", 14), ("cash", "At the desk", 7), ("cheque", "Cheque", 14))
        HandMethod.objects.bulk_create(
            HandMethod(account=account, code=code, title=title, days_until_due=days, position=position)
            for position, (code, title, days) in enumerate(usual)
        )
    return account


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
