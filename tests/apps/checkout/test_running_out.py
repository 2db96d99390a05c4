"""P28: one warning before a membership ends that nothing renews; whatever is run, moved or saved, no second one of that end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from goodstanding.billing.models import Subscription
from goodstanding.catalogue.models import Price
from goodstanding.clock import StoppedClock
from goodstanding.communications.models import Mail
from goodstanding.core.records import HoldKind
from goodstanding.gateways.models import GatewayAccount
from goodstanding.jobs import registry
from goodstanding.jobs import services as jobs
from goodstanding.memberships import ending, pausing, running_out, services
from goodstanding.people.services import make_member
from tests.apps.checkout.wishes import buy, sold, wish

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("shop")]

Until = Callable[..., None]
DAY = timedelta(days=1)


def april(day: int, hour: int = 10) -> datetime:
    return datetime(2026, 4, day, hour, tzinfo=UTC)


def term(slug: str = "bench", **how: Any) -> Price:
    """A month, once: bought on 2 March, it ends with 2 April."""
    return sold(slug, renews=False, **how)


def run(clock: StoppedClock) -> None:
    """Once a day, as the worker does, and twice."""
    for _ in range(2):
        assert running_out.write(after="", now=clock.now) == ""


def warned(clock: StoppedClock) -> list[str]:
    run(clock)
    rows = Mail.objects.filter(kind="ends_soon").order_by("created_at", "to_address")
    return [f"{row.to_address.partition('@')[0]} {row.created_at:%d.%m.}" for row in rows]


def text() -> str:
    return Mail.objects.get(kind="ends_soon").text


def test_p28_one_warning_before_the_end_and_after_renewal_the_next_one(alice: Any, clock: StoppedClock) -> None:
    """P28: also after the profile is saved, the clock moved forth and back, the worker run again, something decided."""
    price = term()
    buy(alice, wish(price), clock)
    end = april(3, 0)
    clock.set(end - 7 * DAY - timedelta(minutes=1))
    assert warned(clock) == []
    clock.set(end - 7 * DAY)
    assert warned(clock) == ["alice 27.03."]
    assert "lasts until the end of April 2, 2026" in text()
    assert f"/join/bench/{price.pk}/" in text()
    alice.name = "Alice Adams"
    alice.save()
    alice.user.save()
    held = services.hold(alice, kind=HoldKind.SUSPENDED, reason="x", by=alice.user, now=clock.now)
    services.release(held, reason="y", by=alice.user, now=clock.now)
    for days in (2, 5, -4, 3):
        clock.advance(days * DAY)
        assert warned(clock) == ["alice 27.03."]
    clock.set(april(2))
    buy(alice, wish(price), clock)
    assert warned(clock) == ["alice 27.03."]
    clock.set(april(26))
    assert warned(clock) == ["alice 27.03.", "alice 26.04."]


def test_p28_a_worker_that_was_away_warns_late_and_not_after_the_end(alice: Any, bob: Any, clock: StoppedClock) -> None:
    price = term()
    buy(alice, wish(price), clock)
    clock.set(april(2, 23))
    assert warned(clock) == ["alice 02.04."]
    buy(bob, wish(price), clock)
    clock.set(datetime(2026, 5, 4, tzinfo=UTC))
    assert warned(clock) == ["alice 02.04."]


def test_the_worker_does_it_once_a_day_and_a_simulation_stops_for_it(alice: Any, clock: StoppedClock) -> None:
    buy(alice, wish(term()), clock)
    near = april(3, 0) - 7 * DAY
    name = "memberships that run out"
    assert registry.agendas()[name](clock.now) == near
    assert registry.intervals()[running_out.RUNS_OUT] == DAY
    clock.set(near)
    assert registry.agendas()[name](clock.now) is None
    jobs.tick(now=clock.now)
    while jobs.work_once(now=clock.now):
        pass
    assert Mail.objects.filter(kind="ends_soon").count() == 1
    assert registry.sweeps()[name](clock.now) == 0


@pytest.mark.parametrize("where", ["sandbox", "sandbox-auto"])
def test_a_stopped_renewal_says_how_to_stay_and_is_told_once(
    alice: Any, clock: StoppedClock, until: Until, work: Callable[[], int], where: str
) -> None:
    buy(alice, wish(sold("bench")), clock, at=where)
    clock.set(datetime(2026, 3, 20, tzinfo=UTC))
    assert warned(clock) == []
    ending.cancel(Subscription.objects.get(), now=clock.now)
    work()
    until(datetime(2026, 3, 28, tzinfo=UTC), step=10 * DAY)
    assert warned(clock) == ["alice 28.03."]
    assert "Its renewal was stopped on March 20, 2026" in text()
    assert "Stay after all\nhttp" in text()
    ending.stay(Subscription.objects.get(), now=clock.now)
    ending.cancel(Subscription.objects.get(), now=clock.advance(DAY))
    assert warned(clock) == ["alice 28.03."]


def test_what_renews_is_paused_for_life_short_or_held_is_warned_of_to_nobody(
    alice: Any, bob: Any, dana: Any, clock: StoppedClock, until: Until, price: Callable[..., Price]
) -> None:
    """Each beside a term that is warned of, in the same run."""
    buy(alice, wish(sold("bench")), clock)
    buy(alice, wish(term("life", interval="once")), clock)
    buy(bob, wish(term("studio")), clock)
    carol, dora, eve = (make_member(email=f"{name}@example.org", now=clock.now) for name in ("carol", "dora", "eve"))
    buy(carol, wish(sold("shelf")), clock)
    buy(dora, wish(term("cellar")), clock)
    until(datetime(2026, 3, 30, tzinfo=UTC), step=20 * DAY)
    pausing.pause(
        Subscription.objects.get(customer__member=carol),
        start=april(1),
        end=april(20),
        now=clock.now,
        by=dana,
        reason="x",
    )
    services.hold(dora, kind=HoldKind.SUSPENDED, reason="x", by=dana, now=clock.now)
    buy(eve, wish(price("day")), clock)
    assert warned(clock) == ["bob 30.03."]


def test_who_has_more_than_one_is_warned_of_what_ends_alone(alice: Any, bob: Any, clock: StoppedClock) -> None:
    """Also beside one for life; and not of a level after which another one of a group that allows one is bought."""
    for price in (term(), term("roof", interval="year"), term("tower", interval="once")):
        buy(alice, wish(price), clock)
    buy(bob, wish(term("hall", group="rooms")), clock)
    buy(bob, wish(term("nook", group="rooms", amount_minor=900)), clock)
    clock.set(april(1))
    assert warned(clock) == ["alice 01.04."]
    assert "Your membership Bench lasts until" in text()


def test_what_is_sold_to_the_same_day_alone_goes_on_by_nobody(alice: Any, clock: StoppedClock) -> None:
    """A season that is on sale to its last day: bought again it would give nothing."""
    buy(alice, wish(term(interval="year", ends_on=april(2).date())), clock)
    clock.set(april(1))
    assert warned(clock) == ["alice 01.04."]
    assert "please ask the staff" in text()


def test_of_staffs_grants_and_what_is_not_on_sale_the_staff_are_asked(
    alice: Any, dana: Any, clock: StoppedClock
) -> None:
    level = term(is_open=False).level
    how: dict[str, Any] = {"level": level, "start_at": clock.now, "reason": "x", "by": dana, "now": clock.now}
    services.grant(alice, end_at=april(1), **how)
    clock.set(april(1) - 3 * DAY)
    assert warned(clock) == ["alice 29.03."]
    assert "please ask the staff" in text()
    assert "/join/" not in text()
    services.grant(alice, end_at=april(20), **how)
    assert warned(clock) == ["alice 29.03."]
    sold("bench", amount_minor=900)
    clock.set(april(15))
    assert warned(clock) == ["alice 29.03.", "alice 15.04."]
    assert "/join/bench/\n" in Mail.objects.filter(kind="ends_soon").latest("created_at").text


def test_another_number_of_days_none_and_a_gateway_that_writes_itself(
    alice: Any, clock: StoppedClock, settings: Any
) -> None:
    buy(alice, wish(term()), clock)
    clock.set(april(3, 0) - 20 * DAY)
    settings.GOODSTANDING_ENDS_SOON_DAYS = 0
    assert (warned(clock), running_out.next_warning(now=clock.now)) == ([], None)
    settings.GOODSTANDING_ENDS_SOON_DAYS = 20
    GatewayAccount.objects.update(writes_to_members=False)
    assert warned(clock) == []
    GatewayAccount.objects.update(writes_to_members=True)
    assert warned(clock) == ["alice 14.03."]


def test_batches_are_bounded_and_ask_as_much_however_many_they_are(
    dana: Any, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    level, asked = term().level, []
    for many in (1, 4):
        for number in range(many):
            member = make_member(email=f"m{many}{number}@example.org", now=clock.now)
            how: dict[str, Any] = {"level": level, "reason": "x", "by": dana, "now": clock.now}
            services.grant(member, start_at=clock.now, end_at=clock.now + 7 * DAY, **how)
        with CaptureQueriesContext(connection) as queries:
            assert running_out.sweep(now=clock.now) == many
        asked.append(len(queries))
    assert asked[0] == asked[1], asked
    monkeypatch.setattr(running_out, "BATCH", 2)
    last = running_out.write(after="", now=clock.now)
    assert last
    assert running_out.write(after=last, now=clock.now) > last
