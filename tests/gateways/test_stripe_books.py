"""What Stripe tells for the books: fees, taxes, discounts, prices of a part of a cent."""

from __future__ import annotations

from typing import Any

import pytest

from goodstanding.core.facts import InvoiceSeen, PaymentSeen, SubscriptionSeen
from goodstanding.gateways.protocol import BadEvent
from tests.gateways.test_stripe_facts import facts_of, spoil, told


def payment(booked: Any) -> PaymentSeen:
    event = spoil(told("charge.succeeded"), "balance_transaction", booked)
    return next(fact for fact in facts_of(event) if isinstance(fact, PaymentSeen))


def test_the_fee_is_read_where_the_payload_has_it() -> None:
    """C10."""
    assert payment({"id": "txn_1", "fee": 204, "currency": "usd"}).fee_minor == 204
    assert payment("txn_1").fee_minor == payment(None).fee_minor == 0


def test_a_fee_in_another_currency_is_not_guessed_at() -> None:
    assert payment({"id": "txn_1", "fee": 180, "currency": "eur"}).fee_minor == 0


@pytest.mark.parametrize("fee", ["204", 2.04, True])
def test_a_fee_that_is_no_amount_is_refused(fee: object) -> None:
    with pytest.raises(BadEvent):
        payment({"id": "txn_1", "fee": fee, "currency": "usd"})


@pytest.mark.parametrize(
    ("more", "net", "tax", "off"),
    [
        ({}, 6000, 0, 0),
        ({"taxes": [{"amount": 1200, "tax_behavior": "exclusive"}]}, 6000, 1200, 0),
        ({"taxes": [{"amount": 1000, "tax_behavior": "inclusive"}]}, 5000, 1000, 0),
        ({"tax_amounts": [{"amount": 600, "inclusive": False}, {"amount": 60, "inclusive": False}]}, 6000, 660, 0),
        ({"tax_amounts": [{"amount": 1000, "inclusive": True}]}, 5000, 1000, 0),
        ({"discount_amounts": [{"amount": 1500}], "taxes": [{"amount": 900, "tax_behavior": "exclusive"}]}, 4500, 900, 1500),
    ],
)  # fmt: skip
def test_a_line_is_told_without_its_tax_and_its_discount(more: dict[str, Any], net: int, tax: int, off: int) -> None:
    event = told("invoice.paid")
    for name, value in more.items():
        spoil(event, f"lines/data/0/{name}", value)
    line = next(fact for fact in facts_of(event) if isinstance(fact, InvoiceSeen)).lines[0]
    assert (line.amount_minor, line.tax_minor, line.off_minor) == (net, tax, off)


@pytest.mark.parametrize(
    ("currency", "decimal", "minor"),
    [
        ("usd", "1045.4657657", 1045),  # B76: 10.454657657 is 10.45
        ("usd", "1045.5", 1046),
        ("usd", "-1045.5", -1046),
        ("jpy", "1045.5", 1046),
        ("ugx", "10454.6", 105),  # Stripe counts it in hundredths
    ],
)
def test_b76_a_part_of_a_minor_unit_is_rounded_half_up(currency: str, decimal: str, minor: int) -> None:
    event = told("customer.subscription.created")
    price = event["data"]["object"]["items"]["data"][0]["price"]
    price.update(unit_amount=None, unit_amount_decimal=decimal, currency=currency)
    seen = next(fact for fact in facts_of(event) if isinstance(fact, SubscriptionSeen))
    assert seen.items[0].amount_minor == minor


@pytest.mark.parametrize("decimal", ["10,45", "1e9", "NaN", "", "1" * 21, 10.45])
def test_b76_what_is_no_decimal_is_refused(decimal: object) -> None:
    event = told("customer.subscription.created")
    price = event["data"]["object"]["items"]["data"][0]["price"]
    price.update(unit_amount=None, unit_amount_decimal=decimal)
    with pytest.raises(BadEvent):
        facts_of(event)
