"""Two of the staff at the same moment, each with a connection of its own: a line of a statement is recorded once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from goodstanding.billing.models import BankLine, Invoice, Payment
from goodstanding.catalogue.models import Price
from goodstanding.clock import StoppedClock
from goodstanding.core.money import Money
from goodstanding.memberships import bank, byhand
from tests.apps.checkout.books import wrong_in
from tests.apps.checkout.test_by_hand import join, transfers  # noqa: F401 - a fixture
from tests.apps.inbox.test_two_workers import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.db_matters]

PriceOf = Callable[..., Price]
STATEMENT = b"Date;Text;Amount\n2026-03-02;dues;100.00\n"


def test_one_line_said_to_be_two_members_is_recorded_for_one(
    alice: Any, bob: Any, price: PriceOf, clock: StoppedClock
) -> None:
    for member in (alice, bob):
        join(member, price("full", "month"), clock)
    numbers = list(Invoice.objects.order_by("number").values_list("number", flat=True))
    now, lines = clock.now, bank.read(STATEMENT, currency="EUR")
    matches = [bank.matched(lines, chosen={2: number}) for number in numbers]

    def recording(number: int) -> Callable[[], object]:
        return lambda: bank.record(matches[number], by=None, now=now)

    at_once(recording(0), recording(1))
    assert Payment.objects.count() == BankLine.objects.count() == 1
    assert wrong_in() == []


def test_two_at_the_desk_record_no_more_than_one_bill(alice: Any, price: PriceOf, clock: StoppedClock) -> None:
    """The second of two that record all of it finds it paid."""
    join(alice, price("full", "month"), clock)
    bill, now, refused = Invoice.objects.get(), clock.now, []

    def recording(how: str) -> Callable[[], object]:
        def act() -> None:
            try:
                byhand.record_payment(bill, how=how, reference="", paid_at=now, by=None, now=now)
            except byhand.Refused as no:
                refused.append(no.words)

        return act

    at_once(recording("cash"), recording("transfer"))
    assert refused == ["This invoice is paid already."]
    assert Payment.objects.get().amount_minor == Money(10000, "EUR").amount_minor
    assert wrong_in() == []
