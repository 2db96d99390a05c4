"""Pausing and resuming what we bill, and closing a membership: through the services."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from goodstanding.billing.models import Invoice, Subscription, Turn
from goodstanding.catalogue.models import DiscountCode, Level, Price
from goodstanding.clock import StoppedClock
from goodstanding.communications.models import Mail
from goodstanding.core.money import Money
from goodstanding.core.status import Shown
from goodstanding.memberships import closing, ending, owing, pausing, rebuilding
from goodstanding.memberships.models import Membership
from goodstanding.memberships.pausing import CannotPause
from goodstanding.memberships.reading import records_of, standing_now
from goodstanding.memberships.statuses import statuses_of
from tests.apps.checkout import wishes
from tests.apps.checkout.house import DAY, PriceOf, Until, charged, in_order, june, level_of
from tests.apps.checkout.test_joining import buy

pytestmark = pytest.mark.django_db(transaction=True)


def july(number: int) -> datetime:
    return datetime(2026, 7, number, tzinfo=UTC)


def of(member: Any, clock: StoppedClock) -> dict[str, Any]:
    found: list[dict[str, Any]] = standing_now(member.pk, now=clock.now).document["levels"]
    return found[0]


def test_what_is_paid_is_moved_and_renewed_where_it_ends(
    alice: Any, house: PriceOf, clock: StoppedClock, until: Until
) -> None:
    buy(alice, house("basic"), clock)
    Level.objects.update(pause_days_max=30, pauses_max=1)
    clock.set(june(11))
    pausing.pause(Subscription.objects.get(), start=clock.now, end=june(21), now=clock.now)
    document = standing_now(alice.pk, now=clock.now).document
    assert (document["status"], document["changes_at"]) == ("lapsed", "2026-06-21T00:00:00Z")
    assert of(alice, clock)["because"] == "paused until 2026-06-21T00:00:00Z"
    clock.set(june(22))
    assert of(alice, clock)["covered_until"] == "2026-07-11T00:00:00Z"
    until(datetime(2026, 7, 10, 23, tzinfo=UTC))
    assert charged() == [10000]
    until(datetime(2026, 8, 12, tzinfo=UTC))
    assert charged() == [10000] * 3
    starts = Invoice.objects.order_by("issued_at").values_list("lines__start_at", flat=True)
    assert list(starts) == [june(1), datetime(2026, 7, 11, tzinfo=UTC), datetime(2026, 8, 11, tzinfo=UTC)]
    with pytest.raises(CannotPause, match="too_often"):
        pausing.pause(Subscription.objects.get(), start=clock.now, end=clock.now + DAY, now=clock.now)
    assert rebuilding.rebuild_customers()[2] == []
    assert rebuilding.rebuild_standing()[2] == []
    in_order()


def test_b53_without_an_end_until_resumed_and_what_has_not_begun_is_dropped(
    alice: Any, house: PriceOf, clock: StoppedClock, until: Until
) -> None:
    buy(alice, house("basic"), clock)
    subscription, staff = Subscription.objects.get(), alice.user
    clock.set(june(5))
    pausing.pause(subscription, start=june(11), end=None, now=clock.now, by=staff, reason="abroad")
    for refused, code in ((pausing.resume, "not_paused"),):
        with pytest.raises(CannotPause, match=code):
            refused(subscription, now=clock.now)
    pausing.drop(subscription, now=clock.now)
    with pytest.raises(CannotPause, match="not_paused"):
        pausing.drop(subscription, now=clock.now)
    pausing.pause(subscription, start=june(11), end=None, now=clock.now, by=staff, reason="abroad")
    with pytest.raises(CannotPause, match="twice"):
        pausing.pause(subscription, start=june(20), end=None, now=clock.now, by=staff, reason="again")
    until(june(16), step=DAY)
    assert level_of(alice, clock) == ("basic", "lapsed")
    pausing.resume(subscription, now=clock.now)
    assert of(alice, clock)["covered_until"] == "2026-07-06T00:00:00Z"
    assert charged() == [10000]


def test_a_member_may_as_far_as_the_level_allows(alice: Any, house: PriceOf, clock: StoppedClock) -> None:
    buy(alice, house("basic"), clock)
    subscription = Subscription.objects.get()
    clock.set(june(11))
    with pytest.raises(CannotPause, match="not_offered"):
        pausing.pause(subscription, start=clock.now, end=june(21), now=clock.now)
    Level.objects.update(pause_days_max=5)
    for start, end, code in (
        (june(11), june(21), "too_long"),
        (june(11), None, "open_ended"),
        (june(5), june(8), "past"),
        (june(12), june(11), "backwards"),
        (datetime(2026, 7, 2, tzinfo=UTC), datetime(2026, 7, 4, tzinfo=UTC), "beyond"),
    ):
        with pytest.raises(CannotPause, match=code):
            pausing.pause(subscription, start=start, end=end, now=clock.now)
    assert level_of(alice, clock) == ("basic", "good")


def test_b53_who_stops_gives_up_the_pause_and_has_what_is_left(alice: Any, house: PriceOf, clock: StoppedClock) -> None:
    """One that has not begun is dropped, one without an end is over, one with a set end runs to it; staying moves nothing more."""
    buy(alice, house("basic"), clock)
    subscription, staff = Subscription.objects.get(), {"by": alice.user, "reason": "ill"}
    clock.set(june(5))
    pausing.pause(subscription, start=june(20), end=None, now=clock.now, **staff)
    assert pausing.until_given_up(subscription, now=clock.now) == july(1)
    ending.cancel(subscription, now=clock.now)
    assert (of(alice, clock)["covered_until"], Subscription.objects.get().ends_at) == ("2026-07-01T00:00:00Z", july(1))
    ending.stay(subscription, now=clock.now)
    clock.set(june(11))
    pausing.pause(subscription, start=clock.now, end=None, now=clock.now, **staff)
    clock.set(june(16))
    ending.cancel(subscription, now=clock.now)
    assert Subscription.objects.get().ends_at == july(6)
    assert level_of(alice, clock) == ("basic", "good")
    ending.stay(subscription, now=clock.now)
    assert Turn.objects.get().due_at == july(6), "the next period begins where what is paid ends"
    pausing.pause(subscription, start=clock.now, end=june(26), now=clock.now, **staff)
    ending.cancel(subscription, now=clock.advance(DAY / 2))
    assert level_of(alice, clock) == ("basic", "lapsed")
    assert Subscription.objects.get().ends_at == july(16)
    pausing.resume(subscription, now=clock.advance(DAY / 2))
    assert Subscription.objects.get().ends_at == july(7), (
        "its end comes nearer with what is paid: nothing is charged after it"
    )
    assert charged() == [10000]


def test_b52_an_unpaid_month_is_repaired_by_staff_who_pause_it_afterwards(
    alice: Any, house: PriceOf, clock: StoppedClock, until: Until
) -> None:
    price = house("basic")
    Price.objects.filter(pk=price.pk).update(amount_minor=24995)
    price.refresh_from_db()
    buy(alice, price, clock, card="sandbox_fails_later")
    until(july(3), step=DAY)
    bill = Invoice.objects.get(settled_at=None)
    assert (bill.due_minor, Subscription.objects.get().status, level_of(alice, clock)) == (
        24995,
        "past_due",
        ("basic", "grace"),
    )
    written = set(Mail.objects.values_list("kind", flat=True))
    with pytest.raises(CannotPause, match="not_offered"):
        pausing.pause(Subscription.objects.get(), start=clock.now, end=None, now=clock.now)
    pausing.pause(Subscription.objects.get(), start=june(28), end=None, now=clock.now, by=alice.user, reason="ill")
    bill.refresh_from_db()
    assert (bill.status, owing.open_invoices(alice), Subscription.objects.get().status) == ("void", [], "active")
    assert of(alice, clock)["because"].startswith("paused")
    until(datetime(2026, 9, 1, tzinfo=UTC), step=5 * DAY)
    assert charged() == [24995], "while it is paused nothing is drawn up, tried, or given up"
    assert Invoice.objects.filter(settled_at=None).exclude(status="void").count() == 0
    assert set(Mail.objects.values_list("kind", flat=True)) - written == {"paused"}
    pausing.resume(Subscription.objects.get(), now=clock.now, by=alice.user, reason="well")
    assert of(alice, clock)["covered_until"] == "2026-09-04T00:00:00Z", "three days were left on 28 June"
    in_order()


def test_g7_paused_is_not_cancelled_and_renews_nothing_over_month_ends(
    alice: Any, house: PriceOf, clock: StoppedClock, until: Until
) -> None:
    clock.set(datetime(2026, 12, 31, tzinfo=UTC))
    buy(alice, house("basic"), clock)
    until(datetime(2027, 2, 2, tzinfo=UTC), step=5 * DAY)
    subscription = Subscription.objects.get()
    pausing.pause(
        subscription, start=datetime(2027, 2, 20, tzinfo=UTC), end=None, now=clock.now, by=alice.user, reason="x"
    )
    pausing.drop(subscription, now=clock.now)
    assert Turn.objects.get().due_at == datetime(2027, 2, 28, tzinfo=UTC)
    until(datetime(2027, 3, 1, tzinfo=UTC), step=5 * DAY)
    assert Turn.objects.get().due_at == datetime(2027, 3, 31, tzinfo=UTC), "dropped, it moves nothing: the 31st again"
    clock.set(datetime(2027, 3, 11, tzinfo=UTC))
    pausing.pause(subscription, start=clock.now, end=None, now=clock.now, by=alice.user, reason="x")
    until(datetime(2027, 6, 11, tzinfo=UTC), step=20 * DAY)
    row = Subscription.objects.get()
    assert (row.status, row.ends_at, row.ended_at, row.is_paused_at(clock.now)) == ("active", None, None, True)
    (record,) = records_of([alice.pk])[alice.pk]
    assert statuses_of([alice], {alice.pk: [record]}, clock.now)[record.ref].said.status != Shown.CANCELLED
    assert charged() == [10000] * 3
    pausing.resume(subscription, now=clock.now, by=alice.user, reason="x")
    assert of(alice, clock)["covered_until"] == "2027-07-01T00:00:00Z", "twenty days were left"
    until(datetime(2027, 7, 1, tzinfo=UTC), step=10 * DAY)
    assert charged() == [10000] * 4
    assert rebuilding.rebuild_customers()[2] == []


def test_b53_a_code_that_is_used_up_is_gone_after_the_pause(
    alice: Any, house: PriceOf, clock: StoppedClock, until: Until
) -> None:
    """Codes count payments, not days: one for the first of them does not come back, one for two has one left."""
    DiscountCode.objects.create(text="TWICE", made_at=clock.now, kind="percentage", basis_points=5000, payments=2)
    wishes.buy(alice, wishes.wish(house("basic"), code="TWICE"), clock)
    until(june(30), step=15 * DAY)
    Level.objects.update(pause_days_max=30)
    subscription = Subscription.objects.get()
    asked: dict[str, Any] = {"start": clock.now, "end": july(10), "now": clock.now}
    found = pausing.preview(subscription, **asked)
    assert (found.was_until, found.until, found.renews_at) == (july(1), july(11), july(11))
    assert found.due == Money(5000, "EUR"), "one payment is left to it"
    pausing.pause(subscription, **asked)
    until(july(12), step=4 * DAY)
    assert charged() == [5000, 5000], "what was shown is what is charged (I13)"
    found = pausing.preview(subscription, start=clock.now, end=july(22), now=clock.now)
    assert found.due == Money(10000, "EUR"), "used up, it is gone when this goes on"
    pausing.pause(subscription, start=clock.now, end=july(22), now=clock.now)
    until(datetime(2026, 8, 22, tzinfo=UTC), step=4 * DAY)
    assert charged() == [5000, 5000, 10000]


def test_staff_end_a_membership_now_and_nothing_told_later_opens_it(
    alice: Any, house: PriceOf, clock: StoppedClock, until: Until
) -> None:
    buy(alice, house("basic"), clock)
    clock.set(june(16))
    made = closing.close(Membership.objects.get(), by=alice.user, reason="left the country", now=clock.now)
    assert made is not None
    assert closing.close(Membership.objects.get(), by=alice.user, reason="again", now=clock.now) is None
    assert of(alice, clock)["because"] == "ended by staff at 2026-06-16T00:00:00Z"
    until(datetime(2026, 7, 3, tzinfo=UTC))
    assert charged() == [10000]
    assert level_of(alice, clock) == ("basic", "lapsed")
    assert rebuilding.rebuild_customers()[2] == []
    assert rebuilding.rebuild_standing()[2] == []


def test_p19_p37_another_level_of_the_group_closes_the_one_held(
    alice: Any, house: PriceOf, clock: StoppedClock
) -> None:
    buy(alice, house("basic"), clock)
    clock.set(june(16))
    (made,) = closing.close_others(alice, house("plus"), start=clock.now, but=(), now=clock.now)
    assert made.changed
    assert closing.close_others(alice, house("plus"), start=clock.now, but=(), now=clock.now) == []
    assert of(alice, clock)["because"] == "another level took its place at 2026-06-16T00:00:00Z"
    assert Subscription.objects.get().status == "cancelled"
