"""Staff put something on a member's balance, or take it back: entries that are added once, never below zero (I6)."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from goodstanding.audit.services import note
from goodstanding.billing.models import GatewayCustomer
from goodstanding.catalogue.words import money_words
from goodstanding.core.facts import CreditSeen
from goodstanding.core.ids import derived
from goodstanding.core.money import Money
from goodstanding.memberships import crediting, gift_cards
from goodstanding.memberships.intake import take_in
from goodstanding.people.models import Member


class Refused(ValueError):
    """The balance stays as it is; ``words`` say why, to staff."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


def adjust(member: Member, amount: Money, *, reason: str, by: Any, now: datetime) -> None:
    """Add ``amount`` to a member's balance; below zero, take that back, from wherever it is kept.

    ``reason`` is shown to the member. Raises :class:`Refused` for nothing, for more than is there, without a reason, and in
    another currency than the member's bills.
    """
    if not reason.strip():
        raise Refused(_("Say why: the member reads it."))
    if not amount:
        raise Refused(_("Add or take back something: the amount must be more than zero."))
    with transaction.atomic():
        rows = crediting.lock_all(member)
        if amount.amount_minor > 0:
            _add(member, amount, reason=reason, now=now)
        else:
            _take_back(rows, -amount, reason=reason, now=now)
        note(by=by, on=member, what="adjust balance", why=f"{amount}: {reason}", now=now)


def _add(member: Member, amount: Money, *, reason: str, now: datetime) -> None:
    try:
        customer = gift_cards.place_of(member, amount.currency, now=now)
    except gift_cards.NotRedeemed:
        said = {"currency": amount.currency}
        raise Refused(_("This member’s bills are not in %(currency)s.") % said) from None
    _enter(customer, amount, reason=reason, now=now)


def _take_back(rows: list[GatewayCustomer], amount: Money, *, reason: str, now: datetime) -> None:
    held = crediting.held_at(rows, amount.currency)
    if sum(held.values()) < amount.amount_minor:
        there = money_words(Money(sum(held.values()), amount.currency))
        raise Refused(_("Only %(there)s are on the balance: no more can be taken back.") % {"there": there})
    left = amount.amount_minor
    for row in rows:
        part = min(left, held.get(row.pk, 0))
        if part > 0:
            _enter(row, Money(-part, amount.currency), reason=reason, now=now)
            left -= part


def _enter(customer: GatewayCustomer, amount: Money, *, reason: str, now: datetime) -> None:
    name = derived("gcrd", "adjustment", customer.pk, secrets.token_hex(16))
    entry = CreditSeen(
        credit=name,
        customer=customer.external_id,
        at=now,
        amount_minor=amount.amount_minor,
        currency=amount.currency,
        kind="adjustment",
        words=reason[:300],
    )
    event = derived("evt", customer.gateway_account_id, name)
    take_in([entry], account=customer.gateway_account, event=event, recorded_at=now, now=now)
