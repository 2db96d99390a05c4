"""What lies ahead of a subscription that we bill: what is set for it, and what its next bill comes to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from goodstanding.billing import turns
from goodstanding.billing.models import Subscription
from goodstanding.catalogue import knowledge
from goodstanding.catalogue.models import Price
from goodstanding.core import carrying, replacing
from goodstanding.core.asking import total_of
from goodstanding.core.dunning import Step
from goodstanding.core.facts import CodeHeld, SubscriptionSeen
from goodstanding.core.ledger import Ledger
from goodstanding.core.money import Money
from goodstanding.core.renewals import asked_of, payments_before
from goodstanding.memberships import crediting
from goodstanding.memberships.coming import Ledgers
from goodstanding.people.models import Member


@dataclass(frozen=True, slots=True)
class Ahead:
    """What lies ahead of a subscription of ours: the price (with its level) that is set for ``at``, and the balance.

    ``price`` is ``None`` where none is set, ``at`` the end of what is paid; ``step``: what our clock does next by itself. ``asked``: what the next bill of what is held now comes to, codes
    and tax in it, before the balance, where it is known; ``paid``: how many bills asked for money before; ``codes``: those held. ``waits``: what
    of it is of changes before (:mod:`goodstanding.core.carrying`), ``unpaid``: those and what of them an open bill asks for.
    ``can_replace``: whether the bill of its renewal is open, and another level may take its place.
    """

    price: Price | None
    at: datetime | None
    balance: Money
    step: Step | None = None
    asked: Money | None = None
    paid: int = 0
    codes: tuple[CodeHeld, ...] = ()
    waits: Money | None = None
    unpaid: Money | None = None
    can_replace: bool = False


def ahead(subscriptions: Iterable[Subscription], ledgers: Ledgers, *, now: datetime) -> dict[str, Ahead]:
    """Return what lies ahead of those of ``subscriptions`` that we bill, by their ids. One statement at most.

    ``ledgers``: of those who pay for them (:func:`goodstanding.memberships.coming.ledgers_of`).
    """
    billed = [each for each in subscriptions if each.billed_by == Subscription.BilledBy.US]
    tellings = {each.pk: ledgers[each.customer_id].subscriptions[each.external_id][-1] for each in billed}
    wanted = {item.hints.price for last in tellings.values() for item in last.next_items}
    prices = Price.objects.select_related("level").in_bulk(wanted) if wanted else {}
    found = {}
    for each in billed:
        last, ledger = tellings[each.pk], ledgers[each.customer_id]
        other = bool(last.next_items) and last.next_items[0].hints != last.items[0].hints  # not fewer seats alone
        price = prices.get(last.next_items[0].hints.price) if other else None
        balance = Money(ledger.credit_minor(last.currency), last.currency)
        step = turns.step_of(ledger, each.external_id)
        at, paid = (
            paid_until(ledger, each.external_id),
            payments_before(last, turns.invoices_of(ledger, each.external_id)),
        )
        waits = carrying.total_of(carrying.to_bill(ledger, last), last.currency)
        unpaid = carrying.total_of(carrying.unpaid(last, ledger.invoices.values()), last.currency)
        old = replacing.open_renewal(ledger, each.external_id, at=now) is not None
        asked = next_bill(ledger, last, paid + 1, at)
        found[each.pk] = Ahead(price, at, balance, step, asked, paid, last.contract.codes, waits, unpaid, old)
    return found


def with_balance(member: Member, ahead: dict[str, Ahead]) -> dict[str, Ahead]:
    """Return what lies ahead with all that the member's balance holds, wherever it is kept: renewals find it."""
    held = {
        currency: crediting.balance(member, currency) for currency in {each.balance.currency for each in ahead.values()}
    }
    return {pk: replace(each, balance=held[each.balance.currency]) for pk, each in ahead.items()}


def next_bill(ledger: Ledger, last: SubscriptionSeen, payment: int, at: datetime | None) -> Money | None:
    """Return what the next bill comes to, as the clock will draw it up, with what it takes along of changes before; ``None``
    where an amount is not known, or another one is set.
    """
    if at is None or last.next_items or any(item.amount_minor is None for item in last.items):
        return None
    lines = [line for _, line in asked_of(last, payment=payment, at=at, levy_at=knowledge.current().levy_at)]
    return total_of(lines, last.currency) + carrying.total_of(carrying.to_bill(ledger, last), last.currency)


def paid_until(ledger: Ledger, subscription: str) -> datetime | None:
    """Return the end of the period of a subscription (by reference) that was begun last of those that are paid for."""
    begun = turns.last_period(ledger, subscription)
    return begun.end if begun is not None else None
