"""What a member's balance holds, and having it where something is paid from it: balances are kept by gateway account.

Balance that is kept elsewhere moves to where it is used by two entries in one transaction, with all customer records locked
in the order of their keys; a purchase or a renewal moves it once (I6).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from django.db import connection
from django.db.models import Exists, OuterRef

from goodstanding.billing import recording
from goodstanding.billing.models import GatewayCustomer, Invoice, ObjectState
from goodstanding.core.facts import CreditSeen, InvoiceSeen
from goodstanding.core.ids import derived
from goodstanding.core.ledger import Ledger
from goodstanding.core.money import Money
from goodstanding.memberships.intake import Telling, take_in
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


def beside(customers: Iterable[GatewayCustomer]) -> list[GatewayCustomer]:
    """Return the other customer records of these customers' members at which something is or was on a balance. One statement."""
    known = list(customers)
    members = {each.member_id for each in known if each.member_id is not None}
    entered = Exists(ObjectState.objects.filter(customer=OuterRef("pk"), kind="credit"))
    left = Exists(Invoice.objects.filter(account=OuterRef("account"), credit_minor__lt=0))
    rows = GatewayCustomer.objects.filter(entered | left, member__in=members).exclude(
        pk__in=[each.pk for each in known]
    )
    return list(rows.select_related("gateway_account").order_by("pk"))


def brought(
    bill: InvoiceSeen, customer: GatewayCustomer, others: Mapping[GatewayCustomer, int], *, now: datetime
) -> tuple[InvoiceSeen, list[tuple[str, Telling]]]:
    """Return a renewal's bill as balances elsewhere pay it, too, and what is to be told first: that they moved to ``customer``.

    ``others``: the member's other records, locked, with what each holds in the bill's currency. Nothing moves that the bill
    does not ask for.
    """
    moved: list[tuple[str, Telling]] = []
    for other, held in sorted(others.items(), key=lambda each: each[0].pk):
        part = min(bill.due_minor, held)
        if part > 0:
            there, here = (other, -part, customer.pk), (customer, part, other.pk)
            for row, amount, about in (there, here):
                told = _entry(row, amount, bill.currency, bill.invoice, about=about, now=now)
                moved.append((row.external_id, told))
            bill = replace(bill, credit_minor=bill.credit_minor + part, due_minor=bill.due_minor - part)
    return bill, moved


def _enter(customer: GatewayCustomer, amount_minor: int, currency: str, ref: str, *, about: str, now: datetime) -> None:
    told = _entry(customer, amount_minor, currency, ref, about=about, now=now)
    take_in(told.facts, account=told.account, event=told.event, recorded_at=now, now=now)


def _entry(
    customer: GatewayCustomer, amount_minor: int, currency: str, ref: str, *, about: str, now: datetime
) -> Telling:
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
    return Telling(customer.gateway_account, event, [entry], now)


def _customers(member: Member) -> list[GatewayCustomer]:
    return list(member.customers.select_related("gateway_account", "account").order_by("pk"))


def _by_customer(rows: list[GatewayCustomer], currency: str) -> dict[str, int]:
    if not rows:
        return {}
    return {
        pk: Ledger(objects).credit_minor(currency)
        for pk, objects in recording.objects_of(row.pk for row in rows).items()
    }
