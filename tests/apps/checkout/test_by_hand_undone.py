"""What was recorded by hand and turns out otherwise: a mistake, a bounced cheque, too much, twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from goodstanding.audit.models import AuditEntry
from goodstanding.billing.models import BalanceEntry, Invoice, Payment
from goodstanding.clock import StoppedClock
from goodstanding.core.facts import PaymentSeen
from goodstanding.core.money import Money
from goodstanding.memberships import byhand, giving_back, owing, undoing
from goodstanding.memberships.intake import take_in
from goodstanding.memberships.models import Alarm
from tests.apps.checkout.books import wrong_in
from tests.apps.checkout.test_by_hand import (
    DAY,
    PriceOf,
    Until,
    asks_a_gateway,
    in_order,
    join,
    pay,
    status,
    transfers,  # noqa: F401 - a fixture
)
from tests.apps.checkout.test_joining import buy as buy_by_card

pytestmark = pytest.mark.django_db


def test_a_payment_noted_by_mistake_never_was(alice: Any, dana: Any, price: PriceOf, clock: StoppedClock) -> None:
    join(alice, price("full", "month"), clock)
    pay(clock)
    clock.advance(DAY)
    payment = Payment.objects.get()
    undoing.undo(payment, reason="bob's, not alice's", by=dana, now=clock.now)
    payment.refresh_from_db()
    assert (payment.status, status(alice, clock)) == ("undone", "pending")
    assert owing.owed(Invoice.objects.get()) == Money(10000, "EUR")
    entry = AuditEntry.objects.latest("pk")
    assert (entry.action, entry.why, entry.by) == ("undo payment", "bob's, not alice's", dana)
    with pytest.raises(byhand.Refused, match="taken back already"):
        undoing.undo(payment, reason="x", by=dana, now=clock.now)
    pay(clock)
    assert status(alice, clock) == "good"
    in_order()


@asks_a_gateway
def test_a_card_payment_is_not_undone(alice: Any, dana: Any, price: PriceOf, clock: StoppedClock) -> None:
    buy_by_card(alice, price("full", "month"), clock)
    for act in (undoing.undo, undoing.bounced):
        with pytest.raises(byhand.Refused, match="gateway’s own"):
            act(Payment.objects.get(), reason="x", by=dana, now=clock.now)


def test_b62_what_the_bank_takes_back_is_owed_again(alice: Any, dana: Any, price: PriceOf, clock: StoppedClock) -> None:
    """B62: 10 of 100 paid, 90 owed; taken back, 100; come after all, 90."""
    join(alice, price("full", "month"), clock)
    pay(clock, 1000)
    payment, owed = Payment.objects.get(), []
    for act, more in ((undoing.bounced, {}), (undoing.decided, {"came_after_all": True})):
        clock.advance(DAY)
        act(payment, reason="the bank", by=dana, now=clock.now, **more)
        owed.append(owing.owed(Invoice.objects.get()).amount_minor)
        in_order()
    assert owed == [10000, 9000]
    with pytest.raises(byhand.Refused, match="nothing to be decided"):
        undoing.decided(payment, came_after_all=False, reason="x", by=dana, now=clock.now)
    in_order()


def test_a_part_that_is_given_back_is_owed_again(alice: Any, dana: Any, price: PriceOf, clock: StoppedClock) -> None:
    """C14: given back on its own day, by a move of its own."""
    join(alice, price("full", "month"), clock)
    pay(clock, 4000)
    clock.advance(DAY)
    giving_back.refund(Payment.objects.get(), amount=Money(4000, "EUR"), reason="moves away", by=dana, now=clock.now)
    assert owing.owed(Invoice.objects.get()) == Money(10000, "EUR")
    in_order()
    clock.advance(timedelta(hours=1))
    pay(clock, 6000)
    assert status(alice, clock) == "pending", "60 of 100: what was given back does not count"
    in_order()


def test_a_cheque_that_bounced_holds_and_lost_it_ends(
    alice: Any, dana: Any, price: PriceOf, clock: StoppedClock
) -> None:
    join(alice, price("full", "month"), clock)
    pay(clock, how="cheque")
    payment = Payment.objects.get()
    undoing.bounced(payment, reason="bounced", by=dana, now=clock.now)
    assert status(alice, clock) == "held"
    clock.advance(DAY)
    undoing.decided(payment, came_after_all=False, reason="gone", by=dana, now=clock.now)
    assert status(alice, clock) == "lapsed"
    in_order()


@asks_a_gateway
def test_a_card_and_a_hand_that_pay_at_once_are_seen(alice: Any, price: PriceOf, clock: StoppedClock) -> None:
    """The card's answer comes after staff recorded the cash: both count as received, and an alarm says that one is too much."""
    found = buy_by_card(alice, price("full", "month"), clock, card="sandbox_declined")
    pay(clock, how="cash")
    assert not Alarm.objects.exists()
    bill = Invoice.objects.get()
    late = PaymentSeen("late", clock.now, "succeeded", 10000, "EUR", clock.now, invoice=bill.external_id)
    with transaction.atomic():
        take_in([late], account=found.checkout.gateway_account, event="evt_late", recorded_at=clock.now, now=clock.now)
    alarm = Alarm.objects.get()
    assert (alarm.code, alarm.words) == (
        "overpaid",
        f"100.00 EUR more than was due came for invoice {bill.number}: give it back",
    )


def test_what_comes_too_much_is_balance_and_pays_the_next_bill(
    alice: Any, dana: Any, price: PriceOf, clock: StoppedClock, until: Until
) -> None:
    join(alice, price("full", "month"), clock)
    pay(clock, 12500)
    assert status(alice, clock) == "good"
    assert not Alarm.objects.exists()
    payment = Payment.objects.get()
    assert giving_back.left_of(payment) == Money(10000, "EUR"), "what became balance is not given back as money, too"
    until(clock.now + 20 * DAY)
    (bill,) = owing.open_invoices(alice)
    assert (bill.total_minor, bill.due_minor) == (10000, 7500)
    assert [said for said in wrong_in() if "settled by" not in said] == []
    with pytest.raises(byhand.Refused, match="used already"):
        undoing.undo(payment, reason="x", by=dana, now=clock.now)


def test_what_came_too_much_goes_and_comes_with_the_payment(
    alice: Any, dana: Any, price: PriceOf, clock: StoppedClock
) -> None:
    join(alice, price("full", "month"), clock)
    pay(clock, 12500, how="cheque")
    payment = Payment.objects.get()
    assert balance(payment) == 2500
    undoing.bounced(payment, reason="the bank", by=dana, now=clock.now)
    assert balance(payment) == 0
    clock.advance(DAY)
    undoing.decided(payment, came_after_all=True, reason="it came", by=dana, now=clock.now)
    assert balance(payment) == 2500


def balance(payment: Payment) -> int:
    rows = BalanceEntry.objects.filter(account=payment.account_id)
    return sum(rows.values_list("amount_minor", flat=True))
