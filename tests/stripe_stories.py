"""Stories of made-up Stripe customers, told step by step on a small clock, as an endpoint of today and one of 2020 hear them.

The objects are those of the recorded lives (``payloads/stripe/lives``), trimmed to what says something. A story also keeps
what must be answered at its telling moments (:meth:`Story.expect`), so that cause and answer stand side by side.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.lives import Row

TODAY, OLD = "2026-10-28.endive", "2020-08-27"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
START = datetime(2025, 1, 10, 12, 0, tzinfo=UTC)
Obj = dict[str, Any]


@dataclass(frozen=True)
class Price:
    """A price of the gateway's; ``every``: months that a period of it lasts."""

    id: str
    amount: int
    every: int = 1
    currency: str = "usd"
    product: str = "prod_some"
    lookup_key: str | None = None
    nickname: str | None = None
    metadata: tuple[tuple[str, str], ...] = ()

    def shown(self) -> Obj:
        """The price object, as subscription items of both shapes carry it."""
        interval, count = ("year", self.every // 12) if self.every % 12 == 0 else ("month", self.every)
        return {
            "object": "price", "id": self.id, "active": True, "currency": self.currency, "product": self.product,
            "lookup_key": self.lookup_key, "nickname": self.nickname, "metadata": dict(self.metadata), "type": "recurring",
            "recurring": {"interval": interval, "interval_count": count, "usage_type": "licensed"}, "unit_amount": self.amount,
        }  # fmt: skip

    def plan(self) -> Obj:
        """The same as the plan that it was once called."""
        shown = self.shown()
        names = ("id", "active", "currency", "product", "nickname", "metadata")
        interval = {name: shown["recurring"][name] for name in ("interval", "interval_count")}
        return {"object": "plan", "amount": self.amount, **interval, **{name: shown[name] for name in names}}


@dataclass
class Item:
    """A subscription's item with its running period."""

    id: str
    price: Price
    start: datetime
    end: datetime
    quantity: int = 1


@dataclass
class Subscription:
    """A subscription as it stands; change it and say :meth:`Story.updated`."""

    id: str
    created: datetime
    items: list[Item]
    status: str = "incomplete"
    anchor: datetime = START
    cancel_at: datetime | None = None
    at_period_end: bool = False
    ended_at: datetime | None = None
    pause: Obj | None = None
    trial_end: datetime | None = None
    collection: str = "charge_automatically"


@dataclass
class Line:
    """A line of an invoice: ``kind`` is regular, proration or other."""

    kind: str
    amount: int
    start: datetime
    end: datetime
    price: Price
    item: str = ""


@dataclass
class Charge:
    """A try to pay, with its intent."""

    id: str
    intent: str
    amount: int
    at: datetime
    status: str
    refunds: list[Obj] = field(default_factory=list)
    refunded: int = 0


@dataclass
class Invoice:
    """An invoice as it stands."""

    id: str
    subscription: Subscription
    created: datetime
    lines: list[Line]
    currency: str
    status: str = "draft"
    moved: dict[str, datetime] = field(default_factory=dict)
    intents: list[str] = field(default_factory=list)
    out_of_band: bool = False
    charges: list[Charge] = field(default_factory=list)

    @property
    def total(self) -> int:
        """What it comes to."""
        return sum(line.amount for line in self.lines)

    @property
    def paid(self) -> int:
        """What came in."""
        return sum(charge.amount for charge in self.charges if charge.status == "succeeded")


def months_later(at: datetime, months: int) -> datetime:
    """The same day some months later, or that month's last."""
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    last = (datetime(year + (month == 11), (month + 1) % 12 + 1, 1, tzinfo=UTC) - DAY).day
    return at.replace(year=year, month=month + 1, day=min(at.day, last))


def stamp(at: datetime | None) -> int | None:
    """Seconds since 1970."""
    return None if at is None else int(at.timestamp())


def iso(at: datetime | None) -> str:
    """A moment as answers show it."""
    return "" if at is None else f"{at:%Y-%m-%dT%H:%M:%SZ}"


class Shapes:
    """How the things of one customer look in today's shape and (``old``) in that of before Basil."""

    def __init__(self, customer: str) -> None:
        self.customer = customer

    def subscription(self, sub: Subscription, *, old: bool) -> Obj:
        shown: Obj = {
            "object": "subscription", "id": sub.id, "customer": self.customer, "created": stamp(sub.created),
            "currency": sub.items[0].price.currency if sub.items else "usd", "status": sub.status, "livemode": True,
            "billing_cycle_anchor": stamp(sub.anchor), "cancel_at": stamp(sub.cancel_at), "metadata": {},
            "cancel_at_period_end": sub.at_period_end, "ended_at": stamp(sub.ended_at), "pause_collection": sub.pause,
            "trial_end": stamp(sub.trial_end), "collection_method": sub.collection, "start_date": stamp(sub.created),
            "items": {"object": "list", "data": [self.item(item, sub, old=old) for item in sub.items]},
        }  # fmt: skip
        if old and sub.items:
            shown["current_period_start"], shown["current_period_end"] = (
                stamp(sub.items[0].start),
                stamp(sub.items[0].end),
            )
            shown["plan"] = sub.items[0].price.plan() if len(sub.items) == 1 else None
        return shown

    def item(self, item: Item, sub: Subscription, *, old: bool) -> Obj:
        period = {} if old else {"current_period_start": stamp(item.start), "current_period_end": stamp(item.end)}
        prices = {"price": item.price.shown(), "plan": item.price.plan()}
        told = {
            "object": "subscription_item",
            "id": item.id,
            "quantity": item.quantity,
            "subscription": sub.id,
            "metadata": {},
        }
        return {**told, **prices, **period}

    def invoice(self, inv: Invoice, *, old: bool) -> Obj:
        moved = {f"{name}_at": stamp(at) for name, at in inv.moved.items()}
        shown: Obj = {
            "object": "invoice", "id": inv.id, "customer": self.customer, "created": stamp(inv.created), "livemode": True,
            "currency": inv.currency, "status": inv.status, "total": inv.total, "amount_due": max(inv.total, 0),
            "amount_paid": inv.paid, "amount_remaining": max(inv.total, 0) - inv.paid, "number": f"N-{inv.id[-3:]}",
            "starting_balance": 0, "ending_balance": None if inv.status == "draft" else 0, "metadata": {},
            "status_transitions": {
                name: moved.get(name) for name in ("finalized_at", "paid_at", "voided_at", "marked_uncollectible_at")
            },
            "lines": {"object": "list", "data": [self.line(row, number, inv, old=old) for number, row in enumerate(inv.lines)]},
        }  # fmt: skip
        if old:
            charge = inv.charges[-1].id if inv.charges else None
            intent = inv.intents[0] if inv.intents else None
            paid = {
                "charge": charge,
                "payment_intent": intent,
                "paid": inv.status == "paid",
                "paid_out_of_band": inv.out_of_band,
            }
            return {**shown, **paid, "subscription": inv.subscription.id}
        payments = [
            {"object": "invoice_payment", "payment": {"type": "payment_intent", "payment_intent": intent}}
            for intent in inv.intents
        ]
        parent = {"type": "subscription_details", "subscription_details": {"subscription": inv.subscription.id}}
        off = inv.total if inv.out_of_band else 0
        return {
            **shown,
            "parent": parent,
            "payments": {"object": "list", "data": payments},
            "amount_paid_off_stripe": off,
        }

    def line(self, line: Line, number: int, inv: Invoice, *, old: bool) -> Obj:
        shown: Obj = {
            "object": "line_item", "id": f"il_{inv.id}_{number}", "amount": line.amount, "currency": inv.currency, "quantity": 1,
            "period": {"start": stamp(line.start), "end": stamp(line.end)}, "description": f"{line.kind} {line.price.id}",
        }  # fmt: skip
        sub, proration = inv.subscription.id, line.kind == "proration"
        if old:
            kind = "invoiceitem" if line.kind != "regular" else "subscription"
            names = {"type": kind, "proration": proration, "subscription": sub, "subscription_item": line.item or None}
            return {**shown, **names, "price": line.price.shown(), "plan": line.price.plan()}
        details: Obj = {"proration": proration, "subscription": sub}
        if line.kind == "other":
            parent: Obj = {"type": "invoice_item_details", "invoice_item_details": details}
        else:
            parent = {
                "type": "subscription_item_details",
                "subscription_item_details": {**details, "subscription_item": line.item},
            }
        price = {"price": line.price.id, "product": line.price.product}
        return {**shown, "parent": parent, "pricing": {"type": "price_details", "price_details": price}}

    def charge(self, charge: Charge, inv: Invoice, *, old: bool) -> Obj:
        shown: Obj = {
            "object": "charge", "id": charge.id, "customer": self.customer, "created": stamp(charge.at), "livemode": True,
            "amount": charge.amount, "amount_captured": charge.amount if charge.status == "succeeded" else 0, "captured": True,
            "amount_refunded": charge.refunded, "refunded": charge.refunded == charge.amount, "currency": inv.currency,
            "paid": charge.status == "succeeded", "status": charge.status, "payment_intent": charge.intent,
            "failure_code": "card_declined" if charge.status == "failed" else None,
        }  # fmt: skip
        return {**shown, "invoice": inv.id, "refunds": {"object": "list", "data": charge.refunds}} if old else shown


class Story:
    """One customer's story. Steps move ``now``; each event is told in both shapes, where the old one can say it."""

    def __init__(self, name: str, *, at: datetime = START) -> None:
        self.name, self.now = name, at
        self.email = f"{name}@stories.example.org"
        self.customer = f"cus_{name.replace('-', '_')}"
        self.shapes = Shapes(self.customer)
        self.old_can_say_it = True
        self.expected: list[Row] = []
        self.alarms: set[str] = set()
        self._told: list[tuple[Obj, Obj | None]] = []
        self._before: dict[tuple[str, bool], Obj] = {}
        self._numbers = 0
        self.tell("customer.created", lambda old: self._customer(self.email))

    def bodies(self, *, old: bool = False) -> list[str]:
        """The raw event bodies, in the order told."""
        return [body for pair in self.pairs() if (body := pair[old])]

    def pairs(self) -> list[tuple[str, str]]:
        """Each event as an endpoint of today hears it, and as one of 2020 does (``""``: not at all)."""
        if not self.old_can_say_it:
            return [(json.dumps(today), json.dumps(today)) for today, _ in self._told]
        return [(json.dumps(today), json.dumps(old) if old else "") for today, old in self._told]

    # The clock, and what must be answered.

    def wait(self, **units: float) -> None:
        """Let time pass."""
        self.now += timedelta(**units)

    def until(self, at: datetime) -> None:
        """Let time pass until ``at``."""
        assert at >= self.now, (self.name, at, self.now)
        self.now = at

    def expect(
        self, status: str, levels: str = "", until: datetime | None = None, *, at: datetime | None = None, any_end: bool = False,
        emails: Sequence[str] = (),
    ) -> None:  # fmt: skip
        """What must be answered for ``at``, or for a minute from here."""
        moment = at or self.now + MINUTE
        end = "*" if any_end else iso(until)
        self.expected.append(Row(self.name, tuple(emails) or (self.email,), iso(moment), status, levels, end))

    # Telling.

    def name_of(self, prefix: str) -> str:
        self._numbers += 1
        return f"{prefix}_{self.name.replace('-', '_')}_{self._numbers}"

    def tell(self, kind: str, shown: Callable[[bool], Obj], *, live: bool = True, old_knows_it: bool = True) -> None:
        """Tell an event about ``shown(old)``; an update says what it changed of what was told last."""
        number = f"evt_{self.name.replace('-', '_')}_{len(self._told) + 1:03}"
        pair = []
        for old in (False, True):
            thing = {**shown(old), "livemode": live}
            data: Obj = {"object": thing}
            key = (str(thing.get("id")), old)
            before = self._before.get(key, {})
            if kind.endswith(("updated", "refunded")) and before:
                data["previous_attributes"] = {
                    name: before.get(name) for name in thing if before.get(name) != thing[name]
                }
            self._before[key] = thing
            version = OLD if old else TODAY
            pair.append({
                "id": number, "object": "event", "api_version": version, "created": stamp(self.now), "type": kind,
                "livemode": live, "pending_webhooks": 1, "data": json.loads(json.dumps(data)),
            })  # fmt: skip
        self._told.append((pair[0], pair[1] if old_knows_it else None))

    def _customer(self, email: str) -> Obj:
        shown = {"object": "customer", "id": self.customer, "email": email, "name": self.name.title(), "metadata": {}}
        return {**shown, "created": stamp(START), "balance": 0}

    def email_changed(self, email: str) -> None:
        self.tell("customer.updated", lambda old: self._customer(email))

    def customer_deleted(self) -> None:
        self.tell("customer.deleted", lambda old: self._customer(self.email))

    def of_subscription(self, kind: str, sub: Subscription) -> None:
        self.tell(f"customer.subscription.{kind}", lambda old: self.shapes.subscription(sub, old=old))

    def updated(self, sub: Subscription) -> None:
        self.of_subscription("updated", sub)

    def of_invoice(self, kind: str, inv: Invoice) -> None:
        self.tell(f"invoice.{kind}", lambda old: self.shapes.invoice(inv, old=old))

    def of_charge(self, kind: str, charge: Charge, inv: Invoice) -> None:
        self.tell(f"charge.{kind}", lambda old: self.shapes.charge(charge, inv, old=old))

    def product(self, kind: str, product: str, name: str, **metadata: str) -> None:
        shown = {
            "object": "product",
            "id": product,
            "name": name,
            "metadata": metadata,
            "created": stamp(START),
            "active": True,
        }
        self.tell(f"product.{kind}", lambda old: shown)


def lines_of(items: Iterable[Item]) -> list[Line]:
    """A regular line for each item's running period."""
    return [
        Line("regular", item.price.amount * item.quantity, item.start, item.end, item.price, item.id) for item in items
    ]
