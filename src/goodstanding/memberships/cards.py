"""A member's stored cards: the gateway keeps them, we know which one pays the renewals."""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from goodstanding.billing.attempts import CARD_SEEN
from goodstanding.billing.models import GatewayCustomer, Invoice, Subscription
from goodstanding.core.cards import good_before
from goodstanding.core.fold import SubscriptionStatus
from goodstanding.core.ids import derived
from goodstanding.core.money import Money
from goodstanding.gateways import registry
from goodstanding.gateways.models import GatewayAccount
from goodstanding.gateways.protocol import Ability, GatewayRefused
from goodstanding.gateways.requests import BeginRequest, Change, Redirect, Taken
from goodstanding.jobs import services as jobs
from goodstanding.memberships import buying, retrying
from goodstanding.people.models import Member

RUNNING = (
    SubscriptionStatus.ACTIVE,
    SubscriptionStatus.PAST_DUE,
    SubscriptionStatus.UNPAID,
    SubscriptionStatus.TRIALING,
)


class CardRefused(ValueError):
    """The card cannot be kept or chosen; ``code`` is the gateway's reason in our words."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class KeptCard:
    """A stored card: ``account`` is the gateway account's code. ``is_default``: renewals are charged to it."""

    account: str
    ref: str
    label: str
    last4: str
    expires: str
    is_default: bool


def kept(member: Member, *, now: datetime) -> list[KeptCard]:
    """Return the stored cards of a member at all gateways in use. May raise ``GatewayUnreachable``."""
    found = []
    for customer in _customers(member):
        account = customer.gateway_account
        if registry.can(account.gateway, Ability.METHODS):
            gateway = registry.able(account.gateway, Ability.METHODS)
            stored = gateway.methods(customer.external_id, account=account, now=now)
            chosen = customer.method or (stored[0].ref if stored else "")
            found += [
                KeptCard(account.pk, each.ref, each.label, each.last4, each.expires, each.ref == chosen)
                for each in stored
            ]
    return found


def keep(member: Member, account: GatewayAccount, *, return_url: str, now: datetime, card: str = "") -> str:
    """Store a card (by its token, or on a page of the gateway's) and have it pay renewals from now on; nothing is taken.

    Returns the address of the page where the member is to go on, or ``""`` where it is done. Raises :class:`CardRefused`;
    may raise ``GatewayUnreachable``. Not to be called in a transaction.
    """
    customer = buying.customer_for(member, account, now=now)
    gateway = registry.able(account.gateway, Ability.BEGIN)
    request = BeginRequest(
        key=derived("key", customer.pk, "keep", secrets.token_hex(16)),
        customer=customer.external_id,
        amount=Money(0, _currency(customer)),
        return_url=return_url,
        card=card,
        keep=True,
    )
    try:
        begun = gateway.begin(request, account=account, now=now)
    except GatewayRefused as refusal:
        raise CardRefused(refusal.code) from None
    if isinstance(begun, Redirect):
        return begun.url  # which card is kept there is known once the member is back
    if isinstance(begun, Taken) and begun.method:
        _use(customer, begun.method, now=now)
        retrying.with_new_card(customer, begun.method, now=now)
    return ""


def prefer(member: Member, account: str, ref: str, *, now: datetime) -> None:
    """Have renewals at ``account`` charged to the stored card ``ref``, and what is overdue there at once.

    Raises :class:`CardRefused` for an unknown one.
    """
    customer = _own(member, account, ref, now=now)
    _use(customer, ref, now=now)
    retrying.with_new_card(customer, ref, now=now)


def overdue(member: Member) -> list[Invoice]:
    """Return what a member owes at gateways that can charge a card for it: another card is charged for it at once."""
    found = []
    for customer in _customers(member):
        if registry.can(customer.gateway_account.gateway, Ability.CHARGE):
            found += retrying.overdue(customer)
    return found


def note_card(customer_id: str, *, newest: bool = False, now: datetime) -> None:
    """Keep how people know the card that pays, and until when it is good: asks the gateway. For the worker.

    ``newest``: a payment was made on a page of the gateway's by a card that was kept there: that one pays from now on.
    May raise ``GatewayUnreachable``. Not to be called in a transaction.
    """
    customer = GatewayCustomer.objects.select_related("gateway_account").filter(pk=customer_id).first()
    if customer is None:
        return  # taken away since it was asked for
    account = customer.gateway_account
    if not registry.can(account.gateway, Ability.METHODS):
        return
    gateway = registry.able(account.gateway, Ability.METHODS)
    try:
        stored = gateway.methods(customer.external_id, account=account, now=now)
    except GatewayRefused:
        return  # its gateway knows this customer no more
    refs = [each.ref for each in stored]
    chosen = refs[0] if refs and (newest or customer.method not in refs) else customer.method
    card = next((each for each in stored if each.ref == chosen), None)
    GatewayCustomer.objects.filter(pk=customer.pk, method=customer.method).update(
        method=chosen if card else customer.method,
        card_label=card.label[:40] if card else "",
        card_last4=card.last4[:4] if card else "",
        card_good_before=good_before(card.expires) if card else None,
    )


def drop(member: Member, account: str, ref: str, *, now: datetime) -> None:
    """Have the gateway forget a stored card. Raises :class:`CardRefused` for an unknown one."""
    customer = _own(member, account, ref, now=now)
    where = customer.gateway_account
    registry.able(where.gateway, Ability.DROP).drop(ref, account=where, now=now)
    if customer.method in (ref, ""):
        left = [
            each.ref
            for each in registry.able(where.gateway, Ability.METHODS).methods(
                customer.external_id, account=where, now=now
            )
        ]
        _use(customer, left[0] if left else "", now=now)


def _use(customer: GatewayCustomer, ref: str, *, now: datetime) -> None:
    """Note which card pays what we bill; where the gateway bills, have it use that card for each subscription."""
    account = customer.gateway_account
    theirs = Subscription.objects.filter(customer=customer, billed_by=Subscription.BilledBy.GATEWAY)
    for subscription in theirs.filter(status__in=[str(status) for status in RUNNING]) if ref else ():
        key = derived("key", subscription.pk, "method", ref, now.isoformat())
        gateway = registry.able(account.gateway, Ability.CHANGE)
        with suppress(GatewayRefused):  # it ended meanwhile; the others are changed all the same
            gateway.change(subscription.external_id, Change(key=key, method=ref), account=account, now=now)
    GatewayCustomer.objects.filter(pk=customer.pk).update(method=ref)
    jobs.add(CARD_SEEN, key=customer.pk, due_at=now, now=now)


def _own(member: Member, account: str, ref: str, *, now: datetime) -> GatewayCustomer:
    for customer in _customers(member):
        where = customer.gateway_account
        if where.pk == account and registry.can(where.gateway, Ability.METHODS):
            gateway = registry.able(where.gateway, Ability.METHODS)
            if ref in {each.ref for each in gateway.methods(customer.external_id, account=where, now=now)}:
                return customer
    raise CardRefused("unknown_card")


def _customers(member: Member) -> list[GatewayCustomer]:
    rows = GatewayCustomer.objects.select_related("gateway_account", "account").filter(member=member)
    return list(rows.filter(gateway_account__is_active=True).order_by("gateway_account__position", "pk"))


def _currency(customer: GatewayCustomer) -> str:
    return (customer.account.currency if customer.account else "") or "EUR"
