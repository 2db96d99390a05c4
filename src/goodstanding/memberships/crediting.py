"""What a member's balance holds, and having it where something is paid from it: balances are kept by gateway account.

Balance that is kept elsewhere moves to where it is used by two entries in one transaction, with all customer records locked
in the order of their keys; a purchase moves it once (I6).
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from goodstanding.billing import recording
from goodstanding.billing.models import GatewayCustomer, Invoice, ObjectState
from goodstanding.core.facts import CreditSeen
from goodstanding.core.ids import derived
from goodstanding.core.ledger import Ledger
from goodstanding.core.money import Money
from goodstanding.memberships.intake import take_in
from goodstanding.people.models import Member

MOVED = "moved"


def balance(member: Member, currency: str) -> Money:
    """Return what a member's balance holds in a currency, at all gateway accounts together. Few statements, whatever it is."""
    entries = ObjectState.objects.filter(customer__member=member, kind="credit")
    left = Invoice.objects.filter(
        account__member=member, credit_minor__lt=0
    )  # by a bill that gave more back than it charged
    if not entries.exists() and not left.exists():
        return Money.zero(currency)
    return Money(sum(_by_customer(_customers(member), currency).values()), currency)


def kept_at(member: Member, currency: str) -> GatewayCustomer | None:
    """Return the customer record that holds most of a member's balance, if there is any."""
    rows = _customers(member)
    held = _by_customer(rows, currency)
    found = max(rows, key=lambda row: (held.get(row.pk, 0), row.pk), default=None)
    return found if found is not None and held.get(found.pk, 0) > 0 else None


def held_at(rows: list[GatewayCustomer], currency: str) -> dict[str, int]:
    """Return what each of these customer records holds, in minor units, by public id."""
    return _by_customer(rows, currency)


def lock_all(member: Member) -> list[GatewayCustomer]:
    """Return all customer records of a member, locked for the transaction, in the order of their keys."""
    assert connection.in_atomic_block
    rows = GatewayCustomer.objects.select_for_update(of=("self",)).select_related("gateway_account", "account")
    return list(rows.filter(member=member).order_by("pk"))


def move_here(customer: GatewayCustomer, wanted: Money, *, ref: str, now: datetime) -> bool:
    """Have at least ``wanted`` on the balance at ``customer``, moving what is missing from the member's other records.

    Return whether it is there then; where it is not, nothing moves. ``ref`` names the purchase: it moves once. In the
    caller's transaction, with :func:`lock_all` done.
    """
    assert connection.in_atomic_block
    currency = wanted.currency
    assert customer.member is not None, customer.pk
    rows = {row.pk: row for row in _customers(customer.member)}
    held = _by_customer(list(rows.values()), currency)
    missing = wanted.amount_minor - held.get(customer.pk, 0)
    if missing <= 0:
        return True
    if sum(held.values()) < wanted.amount_minor:
        return False
    for pk in sorted(held):
        part = min(missing, held[pk]) if pk != customer.pk else 0
        if part > 0:
            _enter(rows[pk], -part, currency, ref, about=customer.pk, now=now)
            _enter(customer, part, currency, ref, about=pk, now=now)
            missing -= part
    return True


def _enter(customer: GatewayCustomer, amount_minor: int, currency: str, ref: str, *, about: str, now: datetime) -> None:
    account = customer.gateway_account
    entry = CreditSeen(
        credit=derived("gcrd", ref, MOVED, customer.pk, about),
        customer=customer.external_id,
        at=now,
        amount_minor=amount_minor,
        currency=currency,
        kind=MOVED,
        about=ref,
    )
    event = derived("evt", customer.pk, MOVED, ref, about)
    take_in([entry], account=account, event=event, recorded_at=now, now=now)


def _customers(member: Member) -> list[GatewayCustomer]:
    return list(member.customers.select_related("gateway_account", "account").order_by("pk"))


def _by_customer(rows: list[GatewayCustomer], currency: str) -> dict[str, int]:
    if not rows:
        return {}
    return {
        pk: Ledger(objects).credit_minor(currency)
        for pk, objects in recording.objects_of(row.pk for row in rows).items()
    }
