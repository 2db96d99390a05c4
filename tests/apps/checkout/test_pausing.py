"""Pausing and resuming what we bill, and closing a membership: through the services."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from goodstanding.billing.models import Invoice, Subscription
from goodstanding.catalogue.models import Level
from goodstanding.clock import StoppedClock
from goodstanding.memberships import closing, ending, pausing, rebuilding
from goodstanding.memberships.models import Membership
from goodstanding.memberships.pausing import CannotPause
from goodstanding.memberships.reading import standing_now
from tests.apps.checkout.house import DAY, PriceOf, Until, charged, in_order, june, level_of
from tests.apps.checkout.test_joining import buy

pytestmark = pytest.mark.django_db(transaction=True)


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
        (june(11), None, "too_long"),
        (june(5), june(8), "past"),
        (june(12), june(11), "backwards"),
        (datetime(2026, 7, 2, tzinfo=UTC), datetime(2026, 7, 4, tzinfo=UTC), "beyond"),
    ):
        with pytest.raises(CannotPause, match=code):
            pausing.pause(subscription, start=start, end=end, now=clock.now)
    assert level_of(alice, clock) == ("basic", "good")


def test_who_stops_while_paused_has_what_is_left_and_then_it_ends(
    alice: Any, house: PriceOf, clock: StoppedClock, until: Until
) -> None:
    buy(alice, house("basic"), clock)
    clock.set(june(11))
    pausing.pause(Subscription.objects.get(), start=clock.now, end=None, now=clock.now, by=alice.user, reason="ill")
    clock.set(june(16))
    ending.cancel(Subscription.objects.get(), now=clock.now)
    assert Subscription.objects.get().ends_at == datetime(2026, 7, 6, tzinfo=UTC)
    assert level_of(alice, clock) == ("basic", "good")


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
