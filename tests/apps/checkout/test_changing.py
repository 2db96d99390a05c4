"""Changing the level: up now, down at the period's end, months and years, and the balance."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from goodstanding.billing.models import Fact, Invoice, Payment, Subscription
from goodstanding.clock import StoppedClock
from goodstanding.core.money import Money
from goodstanding.memberships import changes_ahead, changing, ending, giving_back, owing
from goodstanding.memberships.changing_words import CannotChange
from goodstanding.memberships.coming import ledgers_of
from goodstanding.memberships.models import LevelSpan
from goodstanding.memberships.owing import Stage
from goodstanding.memberships.reading import standing_now
from tests.apps.checkout.house import (
    DAY,
    PriceOf,
    Until,
    balance,
    change,
    charged,
    in_order,
    june,
    level_of,
    lines,
)
from tests.apps.checkout.test_joining import buy

pytestmark = pytest.mark.django_db(transaction=True)


def test_up_in_the_middle_of_june_costs_the_half_of_both(alice: Any, house: PriceOf, clock: StoppedClock) -> None:
    """B01: 100 to 300 on the 16th: 50.00 back, 150.00 charged, the dates stay."""
    buy(alice, house("basic"), clock)
    clock.set(june(16))
    found = change(house("plus"), clock)
    assert found.outcome.stage is Stage.DONE
    assert found.invoice is not None
    assert lines(found.invoice) == [("proration", -5000), ("proration", 15000)]
    assert charged() == [10000, 10000]
    assert level_of(alice, clock) == ("plus", "good")
    (level,) = standing_now(alice.pk, now=clock.now).document["levels"]
    assert level["covered_until"] == "2026-07-01T00:00:00Z"
    assert Subscription.objects.get().anchor_at == june(1)
    assert list(LevelSpan.objects.order_by("since").values_list("level", flat=True)) == ["basic", "plus"]
    in_order()


def test_after_a_change_the_renewal_is_at_the_new_price_on_the_old_day(
    alice: Any, house: PriceOf, clock: StoppedClock, until: Until
) -> None:
    buy(alice, house("basic"), clock)
    clock.set(june(16))
    change(house("plus"), clock)
    until(datetime(2026, 8, 2, tzinfo=UTC))
    assert charged() == [10000, 10000, 30000, 30000]
    renewals = Invoice.objects.filter(lines__kind="regular").order_by("issued_at")
    assert [bill.lines.get().start_at.month for bill in renewals] == [6, 7, 8]
    in_order()


def test_a_declined_card_changes_nothing_and_another_one_pays(alice: Any, house: PriceOf, clock: StoppedClock) -> None:
    buy(alice, house("basic"), clock)
    clock.set(june(16))
    found = change(house("plus"), clock, card="sandbox_declined")
    assert (found.outcome.stage, found.outcome.failure) == (Stage.DECLINED, "card_declined")
    assert level_of(alice, clock) == ("basic", "good")
    assert Subscription.objects.get().status == "active", "nothing that is held is unpaid"
    with pytest.raises(CannotChange, match="waiting"):
        change(house("plus"), clock)
    clock.advance(timedelta(minutes=1))
    assert found.invoice is not None
    assert owing.pay(found.invoice, return_url="/x", now=clock.now, card="sandbox_ok").stage is Stage.DONE
    assert level_of(alice, clock) == ("plus", "good")
    assert charged() == [10000, 10000]
    in_order()


def test_an_abandoned_change_is_dropped_within_a_day_and_the_member_goes_on(
    alice: Any, house: PriceOf, clock: StoppedClock, until: Until
) -> None:
    buy(alice, house("basic"), clock)
    clock.set(june(16))
    found = change(house("plus"), clock, card="sandbox_declined")
    until(june(16, 23), step=timedelta(hours=1))
    assert found.invoice is not None
    found.invoice.refresh_from_db()
    assert found.invoice.status == "open"
    until(june(17, 1), step=timedelta(hours=1))
    found.invoice.refresh_from_db()
    assert found.invoice.status == "void"
    assert (level_of(alice, clock), Subscription.objects.get().status) == (("basic", "good"), "active")
    assert changing.targets(alice, Subscription.objects.get(), now=clock.now), "and may choose anew"
    until(datetime(2026, 7, 2, tzinfo=UTC))
    assert charged() == [10000, 10000]
    assert level_of(alice, clock) == ("basic", "good")
    in_order()


def test_no_change_outlives_the_period_that_it_was_reckoned_for(
    alice: Any, house: PriceOf, clock: StoppedClock, until: Until
) -> None:
    """A change begun a minute before the renewal and paid after it would have a month of Plus for a cent."""
    buy(alice, house("basic"), clock)
    clock.set(datetime(2026, 6, 30, 23, 59, tzinfo=UTC))
    found = change(house("plus"), clock, card="sandbox_declined")
    until(datetime(2026, 7, 1, 0, 1, tzinfo=UTC), step=timedelta(minutes=1))
    assert found.invoice is not None
    assert owing.pay(found.invoice, return_url="/x", now=clock.now, card="sandbox_ok").stage is Stage.CLOSED
    until(datetime(2026, 7, 1, 1, tzinfo=UTC), step=timedelta(minutes=10))
    assert charged() == [10000, 10000]
    assert level_of(alice, clock) == ("basic", "good")
    in_order()


def test_the_bank_s_page_is_waited_for_and_then_the_level_is_changed(
    alice: Any, house: PriceOf, clock: StoppedClock, until: Until
) -> None:
    buy(alice, house("basic"), clock)
    clock.set(june(16))
    found = change(house("plus"), clock, card="sandbox_challenge")
    assert found.outcome.stage is Stage.WAITING
    assert level_of(alice, clock) == ("basic", "good")
    clock.advance(timedelta(minutes=5))
    Client().post(found.outcome.page, {"answer": "approve"})
    assert found.invoice is not None
    assert owing.ask(found.invoice, now=clock.now).stage is Stage.DONE
    assert level_of(alice, clock) == ("plus", "good")
    until(june(20))
    assert charged() == [10000, 10000]
    in_order()


def test_a_stop_told_while_the_bank_thinks_is_not_undone_and_undoes_nothing(
    alice: Any, house: PriceOf, clock: StoppedClock
) -> None:
    buy(alice, house("basic"), clock)
    clock.set(june(16))
    found = change(house("plus"), clock, card="sandbox_challenge")
    clock.advance(timedelta(minutes=1))
    ending.cancel(Subscription.objects.get(), now=clock.now)
    clock.advance(timedelta(minutes=1))
    Client().post(found.outcome.page, {"answer": "approve"})
    assert found.invoice is not None
    assert owing.ask(found.invoice, now=clock.now).stage is Stage.DONE
    assert level_of(alice, clock) == ("plus", "good")
    assert Subscription.objects.get().ends_at == datetime(2026, 7, 1, tzinfo=UTC)


def test_down_is_made_at_the_period_s_end_and_nothing_is_paid_now(
    alice: Any, house: PriceOf, clock: StoppedClock, until: Until
) -> None:
    buy(alice, house("plus"), clock)
    clock.set(june(16))
    plan = changing.preview(Subscription.objects.get(), house("basic"), now=clock.now).plan
    assert (plan.is_now, plan.effect_at) == (False, datetime(2026, 7, 1, tzinfo=UTC))
    assert (plan.due_now.amount_minor, plan.next_due.amount_minor) == (0, 10000)
    assert change(house("basic"), clock, card="").invoice is None
    assert level_of(alice, clock) == ("plus", "good")
    rows = list(Subscription.objects.select_related("customer"))
    assert changes_ahead.ahead(rows, ledgers_of(rows), now=clock.now).popitem()[1].price == house("basic")
    until(datetime(2026, 6, 30, 23, tzinfo=UTC))
    assert level_of(alice, clock) == ("plus", "good")
    until(datetime(2026, 7, 1, 1, tzinfo=UTC))
    assert level_of(alice, clock) == ("basic", "good")
    until(datetime(2026, 8, 2, tzinfo=UTC))
    assert charged() == [30000, 10000, 10000]
    in_order()


def test_who_changes_his_mind_stays_as_he_is(alice: Any, house: PriceOf, clock: StoppedClock, until: Until) -> None:
    buy(alice, house("plus"), clock)
    clock.set(june(16))
    change(house("basic"), clock)
    change(house("small"), clock)
    subscription = Subscription.objects.get()
    changing.take_back(subscription, now=clock.now)
    facts = Fact.objects.count()
    changing.take_back(subscription, now=clock.now)
    assert Fact.objects.count() == facts, "nothing to take back: nothing is told"
    until(datetime(2026, 7, 2, tzinfo=UTC))
    assert charged() == [30000, 30000]
    assert level_of(alice, clock) == ("plus", "good")


def test_the_last_choice_counts_and_up_takes_a_set_change_back(
    alice: Any, house: PriceOf, clock: StoppedClock, until: Until
) -> None:
    buy(alice, house("basic"), clock)
    clock.set(june(16))
    change(house("small"), clock)
    change(house("plus"), clock)
    assert level_of(alice, clock) == ("plus", "good")
    until(datetime(2026, 7, 2, tzinfo=UTC))
    assert charged() == [10000, 10000, 30000]
    assert level_of(alice, clock) == ("plus", "good")


def test_from_months_to_a_year_begins_a_new_period_with_a_new_anchor(
    alice: Any, house: PriceOf, clock: StoppedClock, until: Until
) -> None:
    buy(alice, house("basic"), clock)
    clock.set(june(16))
    found = change(house("basic", "year"), clock)
    assert found.invoice is not None
    assert lines(found.invoice) == [("proration", -5000), ("regular", 144000)]
    (level,) = standing_now(alice.pk, now=clock.now).document["levels"]
    assert (level["level"], level["covered_until"]) == ("basic", "2027-06-16T00:00:00Z")
    assert Subscription.objects.get().anchor_at == june(16)
    until(datetime(2027, 6, 17, tzinfo=UTC), step=timedelta(days=5))
    assert charged() == [10000, 139000, 144000]
    in_order()


def test_from_a_year_to_months_the_rest_of_the_year_pays_the_months_without_the_card(
    alice: Any, house: PriceOf, clock: StoppedClock, until: Until
) -> None:
    buy(alice, house("basic", "year"), clock)
    clock.set(june(1) + 73 * DAY)  # a fifth of the year: 288.00 used, 1152.00 left
    plan = changing.preview(Subscription.objects.get(), house("plus"), now=clock.now).plan
    found = change(house("plus"), clock, card="")
    assert found.outcome.stage is Stage.DONE
    assert found.invoice is not None
    assert lines(found.invoice) == [("proration", -115200), ("regular", 30000)]
    assert balance() == plan.to_balance.amount_minor == 85200
    assert plan.next_due.amount_minor == 0
    until(clock.now + timedelta(days=85), step=DAY)  # two months from the balance, the third in part
    assert charged() == [144000]
    assert balance() == 25200
    until(clock.now + timedelta(days=10), step=DAY)
    assert (charged(), balance()) == ([144000, 4800], 0)
    assert level_of(alice, clock) == ("plus", "good")
    assert Subscription.objects.get().status == "active"
    in_order()


def test_who_stops_after_the_year_was_changed_keeps_the_month_and_no_more(
    alice: Any, house: PriceOf, clock: StoppedClock, until: Until
) -> None:
    buy(alice, house("basic", "year"), clock)
    clock.set(june(16))
    change(house("plus"), clock, card="")
    ending.cancel(Subscription.objects.get(), now=clock.now)
    assert Subscription.objects.get().ends_at == datetime(2026, 7, 16, tzinfo=UTC)
    until(datetime(2026, 7, 17, tzinfo=UTC))
    assert level_of(alice, clock) == ("plus", "lapsed")


def test_there_and_back_at_one_instant_nets_to_zero(alice: Any, house: PriceOf, clock: StoppedClock) -> None:
    """I7."""
    buy(alice, house("plus"), clock)
    clock.set(june(13, 7))
    bills = [change(house(level), clock).invoice for level in ("other", "plus")]
    assert [lines(bill) for bill in bills if bill] == [[("proration", -17708), ("proration", 17708)]] * 2
    assert (charged(), balance()) == ([30000], 0)
    assert level_of(alice, clock) == ("plus", "good")
    in_order()


def test_twice_in_a_period_each_gives_back_what_was_paid_for_the_rest(
    alice: Any, house: PriceOf, clock: StoppedClock
) -> None:
    buy(alice, house("small"), clock)
    clock.set(june(11))
    change(house("basic"), clock)
    clock.set(june(21))
    found = change(house("plus"), clock)
    assert found.invoice is not None
    assert lines(found.invoice) == [("proration", -3334), ("proration", 10000)]
    held = 4000 / 3 + 10000 / 3 + 30000 / 3
    assert abs(sum(charged()) - held) <= 0.5 * 5
    in_order()


def test_what_was_refunded_is_not_given_back_again(alice: Any, house: PriceOf, clock: StoppedClock, work: Any) -> None:
    """I8."""
    buy(alice, house("basic"), clock)
    clock.set(june(10))
    staff = alice.user
    giving_back.refund(
        Payment.objects.get(), amount=Money(4000, "EUR"), reason="a broken door", by=staff, now=clock.now
    )
    work()
    clock.set(june(16))
    found = change(house("plus"), clock)
    assert found.invoice is not None
    assert lines(found.invoice) == [("proration", -3000), ("proration", 15000)]


def test_what_was_credited_is_not_refunded_once_more(alice: Any, house: PriceOf, clock: StoppedClock) -> None:
    """I8: half of June was given back by the change already; the payment of the change itself is whole."""
    buy(alice, house("basic"), clock)
    clock.set(june(16))
    change(house("plus"), clock)
    first, second = Payment.objects.order_by("made_at")
    assert [giving_back.left_of(each) for each in (first, second)] == [Money(5000, "EUR"), Money(10000, "EUR")]
    with pytest.raises(giving_back.Refused, match=r"50\.00 EUR"):
        giving_back.refund(first, amount=Money(10000, "EUR"), reason="moves away", by=None, now=clock.now)
