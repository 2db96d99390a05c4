"""Instalments that are all paid are completed, not cancelled (R12), and are held for as long as was said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from goodstanding.core import pricing, purchasing
from goodstanding.core.facts import Contract, InvoiceSeen, PaymentSeen, SubscriptionSeen
from goodstanding.core.fold import InvoiceState, SubscriptionStatus
from goodstanding.core.ledger import Ledger, grouped
from goodstanding.core.money import Money
from goodstanding.core.periods import Interval, Unit
from goodstanding.core.pricing import Choice, PriceTerms
from goodstanding.core.records import FOR_LIFE
from goodstanding.core.renewals import completed, is_completed

JUNE, JULY = datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)


def bought(contract: Contract, *, paid: bool = True) -> tuple[SubscriptionSeen, list[InvoiceState]]:
    """What was bought for a month on the first of June, and its bill."""
    terms = PriceTerms("prc", "full", "Full", Money(1000, "EUR"), Interval(Unit.MONTH), contract=contract)
    quote = pricing.quote([Choice(terms, JUNE)], at=JUNE, time_zone="UTC")
    purchase = purchasing.purchase_of("chk", quote)
    facts = [*purchasing.facts_of(quote, purchase, customer="cus", at=JUNE, number="INV-1")]
    [bill] = [fact for fact in facts if isinstance(fact, InvoiceSeen)]
    if paid:
        facts.append(PaymentSeen("pay", JUNE, "succeeded", 1000, "EUR", JUNE, "cus", invoice=bill.invoice))
    ledger = Ledger(grouped(facts))
    return ledger.subscriptions[purchase.parts[0][0]][-1], list(ledger.invoices.values())


@pytest.mark.parametrize(
    ("status", "payments", "paid", "expected"),
    [
        (SubscriptionStatus.COMPLETED, 0, True, True),
        (SubscriptionStatus.COMPLETED, 2, True, True),
        (SubscriptionStatus.CANCELLED, 1, True, True),  # a gateway says no more than that it ended
        (SubscriptionStatus.CANCELLED, 1, False, False),
        (SubscriptionStatus.CANCELLED, 2, True, False),
        (SubscriptionStatus.CANCELLED, 0, True, False),
        (SubscriptionStatus.ACTIVE, 1, True, False),
    ],
)
def test_completed_is_told_apart_from_cancelled(
    status: SubscriptionStatus, payments: int, paid: bool, expected: bool
) -> None:
    """R12."""
    last, bills = bought(Contract(payments=payments), paid=paid)
    assert is_completed(replace(last, status=status), bills) is expected


@pytest.mark.parametrize(
    ("keeps", "end"),
    [
        ("", None),
        ("12 month", datetime(2027, 6, 1, tzinfo=UTC)),
        ("2 month", datetime(2026, 8, 1, tzinfo=UTC)),
        ("1 month", None),  # no longer than what was paid
        ("life", FOR_LIFE),
    ],
)
def test_what_is_kept_after_the_last_payment_begins_where_that_ends(keeps: str, end: datetime | None) -> None:
    """P06: for nothing more, counted from the first period on."""
    last, bills = bought(Contract(payments=1, keeps=keeps))
    told, *kept = completed(last, bills, paid_until=JULY, at=JULY, number="INV-2")
    assert (told.status, told.ended_at) == (SubscriptionStatus.COMPLETED, JULY)
    assert [(line.start, line.end) for bill in kept for line in bill.lines] == ([(JULY, end)] if end else [])
    assert [bill.due_minor for bill in kept] == [0] * len(kept)
