"""Another level of a group that allows one: what was held ends there and at its gateway, and nothing told later undoes it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from goodstanding.billing import recording
from goodstanding.billing.models import Errand, PaymentAttempt, Subscription
from goodstanding.catalogue.models import Price
from goodstanding.catalogue.services import import_catalogue
from goodstanding.checkout import holding
from goodstanding.clock import StoppedClock
from goodstanding.core.facts import Fact
from goodstanding.core.fold import SubscriptionStatus
from goodstanding.core.ledger import Ledger
from goodstanding.memberships import closing, ending, rebuilding, services
from goodstanding.memberships.closings import Closing
from goodstanding.memberships.intake import take_in
from goodstanding.memberships.models import Membership
from goodstanding.memberships.owing import Stage
from goodstanding.memberships.reading import standing_now
from tests.apps.checkout.house import DAY, PriceOf, Until
from tests.apps.checkout.test_joining import buy

pytestmark = pytest.mark.django_db(transaction=True)

ERRAND = timedelta(minutes=10)


def levels_of(member: Any, clock: StoppedClock) -> dict[str, str]:
    document = standing_now(member.pk, now=clock.now).document
    return {each["level"]: each["status"] for each in document["levels"]}


def of(price: Price) -> Subscription:
    return Subscription.objects.get(items__seat__membership__level=price.level_id)


def ledger_of(subscription: Subscription) -> Ledger:
    return Ledger(recording.objects_of([subscription.customer_id])[subscription.customer_id])


def rebuilt_alike() -> None:
    assert rebuilding.rebuild_customers()[2] == []
    assert rebuilding.rebuild_standing()[2] == []


@pytest.fixture
def terms(price: PriceOf, clock: StoppedClock) -> PriceOf:
    """Two levels of a group of one, prepaid: the small one and the big one."""
    once = {"interval": "month", "renews": False, "currency": "EUR"}
    given = [
        {"slug": slug, "name": slug.title(), "group": "terms", "prices": [{"amount_minor": minor, **once}]}
        for slug, minor in (("low", 1000), ("high", 5000))
    ]
    import_catalogue(json.dumps(given), now=clock.now)
    return price


@pytest.mark.parametrize("at", ["sandbox", "sandbox-auto"])
def test_p19_what_was_held_ends_here_and_at_its_gateway_and_a_late_event_ends_nothing(
    alice: Any, price: PriceOf, clock: StoppedClock, until: Until, at: str
) -> None:
    """P19, G11: on our clock and where the gateway bills."""
    weekday, full = price("weekday"), price("full", "month")
    buy(alice, weekday, clock, at=at)
    clock.advance(10 * DAY)
    assert buy(alice, full, clock, at=at).stage is Stage.DONE
    assert levels_of(alice, clock) == {"full": "good", "weekday": "lapsed"}
    assert [each.changed for each in Closing.objects.all()] == [True]
    until(clock.now + ERRAND, step=ERRAND)
    old, new = of(weekday), of(full)
    assert (old.status, new.status) == ("cancelled", "active")
    # What the gateway tells late: a renewal that was paid, the end of it, and that it runs.
    ledger, account = ledger_of(old), old.gateway_account
    paid = next(state.last for state in ledger.invoices.values() if state.last and state.last.bills(old.external_id))
    month = timedelta(days=31)
    moved = tuple(replace(each, line="late", start=each.start + month, end=each.end + month) for each in paid.lines)
    told = ledger.subscriptions[old.external_id]
    late: list[Fact] = [
        replace(paid, invoice="late", at=clock.now, created_at=clock.now, lines=moved, number=""),
        replace(told[-1], at=clock.now, rank=9, ended_at=clock.now),
        replace(told[0], at=clock.now, rank=1, status=SubscriptionStatus.ACTIVE),
    ]
    for number, fact in enumerate(late):
        with transaction.atomic():
            take_in([fact], account=account, event=f"evt_late_{number}", recorded_at=clock.now, now=clock.now)
        assert levels_of(alice, clock) == {"full": "good", "weekday": "lapsed"}
    new.refresh_from_db()
    assert (new.status, new.ends_at) == ("active", None)
    until(clock.now + month)
    assert levels_of(alice, clock) == {"full": "good", "weekday": "lapsed"}, "the new one was renewed"
    rebuilt_alike()


def test_p20_where_several_levels_are_allowed_the_other_one_and_its_subscription_stay(
    alice: Any, price: PriceOf, clock: StoppedClock
) -> None:
    weekday, full = price("weekday"), price("full", "month")
    weekday.level.group.allows_several = True
    weekday.level.group.save()
    full.level.group.refresh_from_db()
    buy(alice, weekday, clock, at="sandbox-auto")
    buy(alice, full, clock, at="sandbox-auto")
    assert levels_of(alice, clock) == {"full": "good", "weekday": "good"}
    assert {each.status for each in Subscription.objects.all()} == {"active"}
    assert not Closing.objects.exists()
    assert not Errand.objects.exists()


def test_p19_a_prepaid_term_that_the_new_one_goes_on_from_is_not_cut(
    alice: Any, terms: PriceOf, clock: StoppedClock
) -> None:
    high, low = terms("high"), terms("low")
    buy(alice, high, clock)
    clock.advance(10 * DAY)
    assert closing.replaced(alice, low, start=clock.now + DAY, now=clock.now) == []
    buy(alice, low, clock)
    assert levels_of(alice, clock)["high"] == "good"
    assert not Closing.objects.exists()
    clock.advance(25 * DAY)
    assert levels_of(alice, clock)["low"] == "good"


def test_p19_a_dearer_term_begins_now_and_the_prepaid_one_ends(alice: Any, terms: PriceOf, clock: StoppedClock) -> None:
    high, low = terms("high"), terms("low")
    buy(alice, low, clock)
    clock.advance(10 * DAY)
    (found,) = closing.replaced(alice, high, start=clock.now, now=clock.now)
    assert (found.membership.level_id, found.until, found.renews) == ("low", datetime(2026, 4, 3, tzinfo=UTC), False)
    buy(alice, high, clock)
    assert levels_of(alice, clock) == {"high": "good", "low": "lapsed"}


def test_p19_a_payment_under_way_is_waited_for_and_then_it_ends(
    alice: Any, price: PriceOf, clock: StoppedClock, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    buy(alice, price("weekday"), clock)

    def under_way(*_: Any, **__: Any) -> None:
        raise ending.UnderWay

    with monkeypatch.context() as while_it_is:
        while_it_is.setattr(ending, "_require_decided", under_way)
        with pytest.raises(ending.UnderWay):
            closing.close(Membership.objects.get(), by=alice.user, reason="by staff", now=clock.now)
        assert not Closing.objects.exists(), "staff are told, and nothing has changed"
        buy(alice, price("full", "month"), clock, at="sandbox-auto")
        until(clock.now + ERRAND, step=ERRAND)
        assert of(price("weekday")).status == "active"
    until(clock.now + ERRAND, step=ERRAND)
    assert of(price("weekday")).status == "cancelled"
    assert not PaymentAttempt.objects.filter(state="running").exists()


@pytest.mark.parametrize("at", ["sandbox", "sandbox-auto"])
@pytest.mark.parametrize("again", ["same", "other"])
def test_what_staff_ended_can_be_bought_again_and_counts_from_then(
    alice: Any, price: PriceOf, clock: StoppedClock, until: Until, at: str, again: str
) -> None:
    """Also before its end has reached the gateway; the old subscription's end there does not end the new one."""
    weekday = price("weekday")
    buy(alice, weekday, clock, at=at)
    clock.advance(5 * DAY)
    closing.close(Membership.objects.get(), by=alice.user, reason="by mistake", now=clock.now)
    clock.advance(timedelta(hours=1))
    wanted = weekday if again == "same" else price("full", "month")
    holding.require_free(alice, wanted, now=clock.now)
    assert closing.replaced(alice, wanted, start=clock.now, now=clock.now) == [], "it is over already"
    assert buy(alice, wanted, clock, at=at).stage is Stage.DONE
    assert levels_of(alice, clock)[wanted.level_id] == "good"
    until(clock.now + ERRAND, step=ERRAND)
    assert sorted(each.status for each in Subscription.objects.all()) == ["active", "cancelled"]
    clock.advance(DAY)
    assert levels_of(alice, clock)[wanted.level_id] == "good"
    rebuilt_alike()


def test_what_staff_ended_can_be_given_again(alice: Any, price: PriceOf, clock: StoppedClock) -> None:
    weekday = price("weekday")
    buy(alice, weekday, clock)
    clock.advance(5 * DAY)
    closing.close(Membership.objects.get(), by=alice.user, reason="by mistake", now=clock.now)
    clock.advance(timedelta(hours=1))
    services.grant(
        alice, level=weekday.level, start_at=clock.now, end_at=clock.now + DAY, reason="sorry", by=None, now=clock.now
    )
    assert levels_of(alice, clock) == {"weekday": "good"}
