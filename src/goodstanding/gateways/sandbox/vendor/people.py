"""Customers of the vendor's, and the cards that they store."""

from __future__ import annotations

from datetime import datetime

from goodstanding.core.ids import derived
from goodstanding.gateways.protocol import Account, GatewayRefused, Refusal
from goodstanding.gateways.requests import Enrolment, StoredMethod
from goodstanding.gateways.sandbox.models import Customer, Message, Method, Subscription
from goodstanding.gateways.sandbox.vendor import subscriptions, telling
from goodstanding.gateways.sandbox.vendor.cards import CARDS
from goodstanding.gateways.sandbox.vendor.keys import Answer
from goodstanding.gateways.sandbox.vendor.telling import Teller
from goodstanding.jobs.prepared import Prepared, made_of

_WITH_CARD = Prepared(
    lambda card, customer, account: (
        Method.objects.select_for_update(of=("customer",))
        .filter(pk=card, customer=customer, dropped_at=None, customer__account=account, customer__deleted=False)
        .select_related("customer")
        .order_by()
    ),
    *("card", "customer", "account"),
)


def require_use(account: Account) -> None:
    """Refuse what is asked for an account that is out of use, or that claims to be one for real money."""
    if not account.is_active or account.is_live:
        raise GatewayRefused(Refusal.BAD_REQUEST, "the sandbox serves accounts of test mode, in use", retry=False)


def enrol(enrolment: Enrolment, *, account: Account, now: datetime) -> Answer:
    """Make a customer."""
    require_use(account)
    customer = Customer.objects.create(
        id=derived("sbcus", account.code, enrolment.key),
        account_id=account.code,
        email=enrolment.email,
        name=enrolment.name[:200],
        created_at=now,
        changed_at=now,
    )
    teller = Teller(customer, now)
    teller.tell("customer.created", telling.of_customer(customer))
    teller.write()
    return Answer(ref=customer.pk)


def locked(account: Account, ref: str) -> Customer:
    """Return a customer, locked for the transaction. Refuses (``unknown_ref``) one who is not there, or forgotten."""
    require_use(account)
    rows = Customer.objects.select_for_update().filter(pk=ref, account_id=account.code, deleted=False)
    customer = rows.first()
    if customer is None:
        raise GatewayRefused(Refusal.UNKNOWN_REF, "there is no such customer", retry=False)
    return customer


def stored(customer: Customer, ref: str) -> Method:
    """Return a card that the customer has stored. Refuses (``unknown_card``) another's, and one that was dropped."""
    method = Method.objects.filter(pk=ref, customer=customer, dropped_at=None).first()
    if method is None:
        raise GatewayRefused(Refusal.UNKNOWN_CARD, "the customer has no such stored card", retry=False)
    return method


def locked_with_card(account: Account, ref: str, card: str) -> tuple[Customer, Method]:
    """Return a customer, locked, and a card of his, as :func:`locked` and :func:`stored` do: one statement, mostly."""
    require_use(account)
    for row in _WITH_CARD.rows(card=card, customer=ref, account=account.code):
        found, customer = made_of(row, Method), made_of(row, Customer, after=[Method])
        found.customer = customer
        return customer, found
    customer = locked(account, ref)
    return customer, stored(customer, card)


def keep(customer: Customer, token: str, *, name: str, now: datetime) -> Method:
    """Store the card of ``token``, once for each ``name``."""
    method, _ = Method.objects.get_or_create(
        id=derived("sbcard", customer.pk, name), defaults={"customer": customer, "token": token, "created_at": now}
    )
    return method


def methods(customer: str, *, account: Account) -> tuple[StoredMethod, ...]:
    """Return the stored cards of a customer, the one kept last first."""
    require_use(account)
    rows = Method.objects.filter(customer=customer, customer__account=account.code, dropped_at=None)
    return tuple(
        StoredMethod(row.pk, CARDS[row.token].brand, CARDS[row.token].last4, CARDS[row.token].expires(row.created_at))
        for row in rows.order_by("-created_at", "-id")
    )


def drop(method: str, *, account: Account, now: datetime) -> Answer:
    """Forget a stored card; what would be paid by it is not paid."""
    require_use(account)
    row = Method.objects.filter(pk=method, customer__account=account.code).first()
    if row is None:
        raise GatewayRefused(Refusal.UNKNOWN_CARD, "there is no such stored card", retry=False)
    Method.objects.filter(pk=method, dropped_at=None).update(dropped_at=now)
    Subscription.objects.filter(method=method).update(method=None)
    return Answer(ref=method)


def forget(ref: str, *, account: Account, now: datetime) -> Answer:
    """Forget who a customer is. What recurs is ended; payments stay, nobody's. Forgotten already: nothing changes."""
    require_use(account)
    gone = Customer.objects.filter(pk=ref, account_id=account.code, deleted=True).first()
    if gone is not None:
        return Answer(ref=ref, facts=(telling.of_customer(gone),))
    customer = locked(account, ref)
    teller = Teller(customer, now)
    for subscription in customer.subscriptions.exclude(status__in=subscriptions.ENDED):
        subscriptions.cancel(subscription, teller, at=now)
    customer.methods.filter(dropped_at=None).update(dropped_at=now)
    customer.email = customer.name = ""
    customer.deleted, customer.changed_at = True, now
    customer.save(update_fields=["email", "name", "deleted", "changed_at"])
    Message.objects.filter(customer=customer, type="customer.created").delete()  # it says the e-mail
    teller.tell("customer.deleted", telling.of_customer(customer))
    teller.write()
    return Answer(ref=ref, facts=tuple(teller.facts))
