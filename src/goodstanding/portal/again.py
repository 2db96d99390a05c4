"""Trying an overdue bill again with its owner there: which card is charged, said before it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from goodstanding.billing.models import Invoice
from goodstanding.checkout.forms import Ways
from goodstanding.core.cards import last_good_day
from goodstanding.gateways import registry
from goodstanding.gateways.protocol import Ability
from goodstanding.gateways.requests import StoredMethod
from goodstanding.memberships import cards, expiring, owing, retrying
from goodstanding.people.models import Member
from goodstanding.portal import bills
from goodstanding.portal.overview import Overview


@dataclass(frozen=True, slots=True)
class Expiring:
    """A card that pays and expires soon, as people know it."""

    words: str
    good_until: date


def warnings(member: Member, *, now: datetime) -> dict[str, Any]:
    """Return what is said above a member's cards: those that expire soon, and bills that another card would pay at once."""
    return {"expiring": soon(member, now=now), "overdue": [bills.row_of(bill, 0) for bill in cards.overdue(member)]}


def soon(member: Member, *, now: datetime) -> list[Expiring]:
    """Return the member's cards that pay what renews and expire soon."""
    return [
        Expiring(expiring.card_words(each), last_good_day(each.card_good_before))
        for each in expiring.soon(member, now=now)
        if each.card_good_before is not None
    ]


def overdue(found: Overview) -> set[str]:
    """Return the ids of those of the bills on the membership's page that can be tried again: without asking anew."""
    return {
        renewal.bill.pk
        for place in found.places
        for renewal in place.renewals
        if renewal.bill is not None
        and renewal.subscription.status in retrying.OVERDUE
        and registry.can(renewal.subscription.gateway_account.gateway, Ability.CHARGE, Ability.METHODS)
    }


def card_of(invoice: Invoice, ways: Ways) -> StoredMethod | None:
    """Return the kept card that pays what renews, where the bill is overdue; else nothing is tried again, only paid."""
    stored = [card for _, card in ways.stored]
    if not stored:
        return None
    customer = owing.customer_of(invoice)
    if invoice not in retrying.overdue(customer):
        return None
    return next((card for card in stored if card.ref == customer.method), stored[0])
