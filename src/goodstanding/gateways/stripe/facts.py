"""What Stripe's events say, in our facts. Pure: the same event gives the same facts, and nothing is asked or written."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from goodstanding.core.facts import CustomerSeen, Fact, PriceSeen, ProductSeen
from goodstanding.gateways.protocol import Event, Reading
from goodstanding.gateways.stripe import invoices, payments, subscriptions
from goodstanding.gateways.stripe.fields import Obj, needed, rank, text
from goodstanding.gateways.stripe.prices import level_named, of_price

# Why an event that we know gives no fact. First match of the type's beginning; the last entry matches all.
_IGNORED: tuple[tuple[str, str], ...] = (
    ("invoice.upcoming", "forecast: it tells what may come, not what happened"),
    ("invoice.deleted", "deleted_draft: nothing was billed"),
    ("invoiceitem.", "told_elsewhere: it comes again as a line of its invoice"),
    ("invoice_payment.", "told_elsewhere: it names no payment"),
    ("payment_intent.", "told_elsewhere: its charge and its invoice tell of it"),
    ("checkout.session.", "told_elsewhere: its subscription and its invoice tell of it"),
    ("customer.discount.", "told_elsewhere: the invoices carry what it takes off"),
    ("customer.", "not_ours_to_keep: nothing in it bears on money or standing"),
    ("payment_method.", "not_ours_to_keep: cards stay with the gateway"),
    ("setup_intent.", "not_ours_to_keep: cards stay with the gateway"),
    ("price.deleted", "price_list: what was sold at it stays as it was"),
    ("plan.deleted", "price_list: what was sold at it stays as it was"),
    ("product.deleted", "price_list: what was sold of it stays as it was"),
    ("subscription_schedule.", "told_elsewhere: its subscription tells when it takes effect"),
    ("credit_note.", "told_elsewhere: refunds and balances tell what it moved"),
    ("payout.", "bank: between the gateway and the bank"),
    ("", "unknown_type: no kind of event that we read"),
)

# Connect sends the events of linked accounts to the platform's endpoint, too; nothing of them belongs to this account.
_CONNECTED = "connected_account: it is another account's, told to us as its platform"


def read(event: Event) -> Reading:
    """Return the facts that ``event`` tells, or for which reason it tells none.

    Raises :class:`goodstanding.gateways.protocol.BadEvent` for a payload that contradicts its own kind.
    """
    if event.body.get("account"):
        return Reading(facts=(), ignored=_CONNECTED)
    told = event.body["data"]["object"]
    kind = _kind(event, told)
    reader = _READERS.get(kind)
    stub = told.get("deleted") is True and kind != "customer"  # what remains of a deleted thing: its id
    if reader is not None and not stub and not event.type.endswith(_UNREAD):
        facts = tuple(reader(event, told))
        if facts:
            return Reading(facts=facts)
    return Reading(facts=(), ignored=next(why for start, why in _IGNORED if event.type.startswith(start)))


_UNREAD = ("invoice.upcoming", "price.deleted", "plan.deleted", "product.deleted")


def _kind(event: Event, told: Obj) -> str:
    """The kind of object: it says so itself; where it does not (some old payloads), the event's type tells."""
    return text(told, "object") or next((kind for start, kind in _EXPECTED if event.type.startswith(start)), "")


_EXPECTED = (
    ("customer.subscription.", "subscription"),
    ("customer.created", "customer"),
    ("customer.updated", "customer"),
    ("customer.deleted", "customer"),
    ("invoice.", "invoice"),
    ("charge.dispute.", "dispute"),
    ("charge.refund.updated", "refund"),
    ("charge.", "charge"),
    ("refund.", "refund"),
)


def _customer(event: Event, told: Obj) -> Iterable[Fact]:
    yield CustomerSeen(
        customer=needed(told, "id"),
        at=event.created_at,
        email=text(told, "email").strip().lower()[:254],
        name=text(told, "name")[:200],
        deleted=event.type == "customer.deleted",
        rank=rank(event),
    )


def _price(event: Event, told: Obj) -> Iterable[Fact]:
    needed(told, "id")
    yield PriceSeen(event.created_at, of_price(told))


def _product(event: Event, told: Obj) -> Iterable[Fact]:
    yield ProductSeen(needed(told, "id"), event.created_at, text(told, "name"), level_named(told))


_READERS: dict[str, Callable[[Event, Obj], Iterable[Fact]]] = {
    "customer": _customer,
    "subscription": lambda event, told: (subscriptions.read_subscription(event, told),),
    "invoice": invoices.read_invoice,
    "invoice_payment": invoices.read_invoice_payment,
    "charge": payments.read_charge,
    "refund": lambda event, told: (payments.read_refund(event, told),),
    "dispute": lambda event, told: (payments.read_dispute(event, told),),
    "payment_intent": payments.read_intent,
    "price": _price,
    "plan": _price,
    "product": _product,
}
