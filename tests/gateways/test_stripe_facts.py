"""What Stripe's events say, and what they must not say: the refusal beside the success, from the same event."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from goodstanding.core.facts import DisputeSeen, Fact, InvoiceSeen, PaymentSeen, RefundSeen, SubscriptionSeen
from goodstanding.gateways import registry
from goodstanding.gateways.protocol import BadEvent
from tests.stripe_steps import Life
from tests.stripe_stories import Price

STRIPE = registry.gateway("stripe")
BENCH = Price("price_bench", 6000)
HUGE = 2**53 + 1
LONG = "x" * 256
OF: dict[str, type[Fact]] = {
    "invoice.paid": InvoiceSeen,
    "customer.subscription.created": SubscriptionSeen,
    "charge.succeeded": PaymentSeen,
    "refund.created": RefundSeen,
    "charge.dispute.created": DisputeSeen,
}


def life(price: Price = BENCH, name: str = "alice") -> Life:
    told = Life(name)
    sub = told.begin(price)
    inv = told.pay(told.finalised(told.draft(sub)))
    told.refund(inv, 1000 if price.amount > 1000 else 0)
    told.dispute(inv)
    return told


ALICE = life()


def told(kind: str, *, old: bool = False, by: Life = ALICE) -> dict[str, Any]:
    found = [event for body in by.bodies(old=old) if (event := json.loads(body))["type"] == kind]
    return dict(found[0])


def facts_of(event: dict[str, Any]) -> Sequence[Fact]:
    return STRIPE.facts(STRIPE.parse(json.dumps(event).encode())).facts


def spoil(event: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Put ``value`` at ``path`` of the object; ``...`` takes it out."""
    part: Any = event["data"]["object"]
    *way, last = [int(name) if name.isdigit() else name for name in path.split("/")]
    for name in way:
        part = part[name]
    if value is ...:
        del part[last]
    else:
        part[last] = value
    return event


@pytest.mark.parametrize("old", [False, True], ids=["today", "before-basil"])
@pytest.mark.parametrize("kind", sorted(OF))
def test_as_it_comes_each_is_read(kind: str, old: bool) -> None:
    if not (old and kind == "refund.created"):
        assert any(isinstance(fact, OF[kind]) for fact in facts_of(told(kind, old=old)))


LINE, ITEM = "lines/data/0", "items/data/0"

NO_AMOUNTS: tuple[object, ...] = ("6000", 60.5, 6000.0, True, HUGE, -HUGE, [6000], {})
BAD_AMOUNTS: list[tuple[str, str, object, str]] = [
    (kind, path, value, "bad_amount")
    for kind, path in (
        ("invoice.paid", "total"),
        ("invoice.paid", "amount_due"),
        ("invoice.paid", "amount_paid"),
        ("invoice.paid", "ending_balance"),
        ("invoice.paid", "amount_paid_off_stripe"),
        ("invoice.paid", f"{LINE}/amount"),
        ("charge.succeeded", "amount_captured"),
        ("charge.succeeded", "amount_refunded"),
        ("refund.created", "amount"),
        ("charge.dispute.created", "amount"),
        ("customer.subscription.created", f"{ITEM}/price/unit_amount"),
    )
    for value in NO_AMOUNTS
]
MISSING_AMOUNTS = [
    ("invoice.paid", "total", ..., "bad_amount"),
    ("invoice.paid", "total", None, "bad_amount"),
    ("invoice.paid", "amount_due", None, "bad_amount"),
    ("invoice.paid", f"{LINE}/amount", ..., "bad_amount"),
    ("charge.succeeded", "amount_captured", None, None),  # before 2020 there was only `amount`
    ("refund.created", "amount", None, "bad_amount"),
]
BAD_CURRENCIES = [
    (kind, "currency", value, code)
    for kind in ("invoice.paid", "charge.succeeded", "refund.created", "charge.dispute.created")
    for value, code in (
        ("xyz", "bad_currency"),
        ("euro", "bad_currency"),
        (None, "missing_field"),
        (978, "missing_field"),
    )
] + [
    ("invoice.paid", f"{LINE}/currency", "eur", "bad_currency"),
    ("invoice.paid", f"{LINE}/currency", "xyz", "bad_currency"),
    ("customer.subscription.created", "currency", "xyz", "bad_currency"),
    ("customer.subscription.created", "currency", None, None),  # before 2021 its prices tell
]
BAD_MOMENTS = [
    (kind, path, value, "bad_moment")
    for kind, path in (
        ("invoice.paid", "created"),
        ("invoice.paid", "status_transitions/paid_at"),
        ("invoice.paid", f"{LINE}/period/start"),
        ("invoice.paid", f"{LINE}/period/end"),
        ("charge.succeeded", "created"),
        ("refund.created", "created"),
        ("charge.dispute.created", "created"),
        ("customer.subscription.created", "created"),
        ("customer.subscription.created", "cancel_at"),
        ("customer.subscription.created", "billing_cycle_anchor"),
    )
    for value in ("1741947625", 1741947625.5, -1, 10**12, True)
]
MISSING = [
    ("invoice.paid", "id", ..., "missing_field"),
    ("invoice.paid", "id", "", "missing_field"),
    ("invoice.paid", "id", 5, "missing_field"),
    ("invoice.paid", "id", LONG, "bad_field"),
    ("invoice.paid", "created", ..., "bad_moment"),
    ("invoice.paid", "customer", LONG, "bad_field"),
    ("invoice.paid", "customer", ["cus_1"], "missing_field"),
    ("invoice.paid", "customer", {"id": 5}, "missing_field"),
    ("invoice.paid", "status", "settled", "unknown_status"),
    ("invoice.paid", "status", 1, "missing_field"),
    ("invoice.paid", f"{LINE}/period", ..., "missing_field"),
    ("invoice.paid", f"{LINE}/period/start", None, "bad_moment"),
    ("invoice.paid", f"{LINE}/id", LONG, "bad_field"),
    ("invoice.paid", f"{LINE}/quantity", "2", "bad_field"),
    ("invoice.paid", f"{LINE}/quantity", 2**31, "bad_field"),
    ("invoice.paid", f"{LINE}/quantity", -1, "bad_field"),
    ("invoice.paid", f"{LINE}/quantity", None, None),
    ("invoice.paid", f"{LINE}/parent/subscription_item_details/subscription_item", LONG, "bad_field"),
    ("invoice.paid", f"{LINE}/pricing/price_details/price", LONG, "bad_field"),
    ("charge.succeeded", "id", None, "missing_field"),
    ("charge.succeeded", "status", "odd", "unknown_status"),
    ("refund.created", "id", None, "missing_field"),
    ("refund.created", "status", "odd", "unknown_status"),
    ("charge.dispute.created", "status", None, "missing_field"),
    ("customer.subscription.created", "id", ..., "missing_field"),
    ("customer.subscription.created", "status", "sleeping", "unknown_status"),
    ("customer.subscription.created", "status", None, "missing_field"),
    ("customer.subscription.created", "created", ..., "bad_moment"),
    ("customer.subscription.created", f"{ITEM}/id", LONG, "bad_field"),
    ("customer.subscription.created", f"{ITEM}/quantity", 1.5, "bad_field"),
    ("customer.subscription.created", f"{ITEM}/price/recurring/interval_count", 10**6, "bad_field"),
]


@pytest.mark.parametrize(
    ("kind", "path", "value", "code"), [*BAD_AMOUNTS, *MISSING_AMOUNTS, *BAD_CURRENCIES, *BAD_MOMENTS, *MISSING]
)
def test_what_is_not_of_its_form_is_refused_by_name(kind: str, path: str, value: Any, code: str | None) -> None:
    event = spoil(told(kind), path, value)
    if code is None:
        assert any(isinstance(fact, OF[kind]) for fact in facts_of(event))
        return
    with pytest.raises(BadEvent) as caught:
        facts_of(event)
    assert caught.value.code == code
    assert "alice@" not in str(caught.value)


@pytest.mark.parametrize(
    ("currency", "units", "minor"),
    [
        ("usd", 6000, 6000),
        ("jpy", 6000, 6000),
        ("kwd", 18500, 18500),
        ("isk", 50000, 500),  # Stripe counts the krona and the shilling in hundredths; ISO has none
        ("ugx", 50000, 500),
        ("mga", 500, 50000),  # Stripe counts the ariary in wholes; ISO in hundredths
        ("clp", 500, 500),
        ("isk", 149, 1),
        ("isk", 150, 2),
        ("isk", -150, -2),
    ],
)
def test_amounts_are_in_the_minor_units_of_iso_4217(currency: str, units: int, minor: int) -> None:
    by = life(Price("price_bench", max(abs(units), 1), currency=currency), currency)
    [invoice, *_] = facts_of(spoil(told("invoice.paid", by=by), "total", units))
    assert isinstance(invoice, InvoiceSeen)
    assert (invoice.currency, invoice.total_minor) == (currency.upper(), minor)


@pytest.mark.parametrize("old", [False, True], ids=["today", "before-basil"])
def test_both_shapes_say_the_same_of_an_invoice(old: bool) -> None:
    [invoice, *links] = facts_of(told("invoice.paid", old=old))
    assert isinstance(invoice, InvoiceSeen)
    [line] = invoice.lines
    assert (line.kind, line.amount_minor, line.hints.price) == ("regular", 6000, "price_bench")
    assert line.subscription == invoice.subscription
    assert line.item.startswith("si_")
    assert {getattr(link, "one", "") for link in links} == {invoice.invoice}


def test_what_was_paid_without_stripe_is_told_in_both_shapes() -> None:
    """G8: out of band; that it renews as any other, tests/scenarios/test_other_lives.py shows (``paid_out_of_band``)."""
    bob = Life("bob")
    bob.pay(bob.finalised(bob.draft(bob.begin(BENCH))), out_of_band=True)
    for old in (False, True):
        [invoice, *_] = facts_of(told("invoice.paid", old=old, by=bob))
        assert isinstance(invoice, InvoiceSeen)
        assert (invoice.status, invoice.elsewhere_minor) == ("paid", 6000)


@pytest.mark.parametrize(
    ("kind", "thing"),
    [
        ("invoice.upcoming", {"object": "invoice", "currency": "usd"}),
        ("invoice.deleted", {"object": "invoice", "id": "in_1", "deleted": True}),
        ("price.deleted", {"object": "price", "id": "price_1", "deleted": True}),
        ("payment_intent.succeeded", {"object": "payment_intent", "id": "pi_1", "currency": "usd"}),
        ("payout.paid", {"object": "payout", "id": "po_1"}),
        ("something.new", {"object": "something", "id": "some_1"}),
        ("something.new", {}),
    ],
)
def test_what_tells_us_nothing_is_ignored_for_a_stated_reason(kind: str, thing: dict[str, Any]) -> None:
    event = {**told("invoice.paid"), "type": kind, "data": {"object": thing}}
    reading = STRIPE.facts(STRIPE.parse(json.dumps(event).encode()))
    assert reading.facts == ()
    code, _, words = reading.ignored.partition(": ")
    assert code.isidentifier()
    assert words
