"""What members hear of a pause, and what they do not hear while it lasts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import transaction

from goodstanding.billing import recording
from goodstanding.billing.models import GatewayCustomer, Subscription
from goodstanding.clock import StoppedClock
from goodstanding.communications.models import Mail
from goodstanding.core.ledger import Ledger
from goodstanding.core.status import Shown
from goodstanding.gateways.models import GatewayAccount
from goodstanding.memberships import expiring, pausing
from goodstanding.memberships.intake import take_in
from goodstanding.memberships.reading import records_of, standing_now
from goodstanding.memberships.statuses import statuses_of
from tests.apps.checkout.house import DAY, PriceOf, Until, june
from tests.apps.checkout.test_joining import buy

pytestmark = pytest.mark.django_db(transaction=True)


def kinds() -> list[str]:
    rows = Mail.objects.exclude(kind__in=("receipt", "welcome")).order_by("created_at", "id")
    return list(rows.values_list("kind", flat=True))


def pause(member: Any, clock: StoppedClock, start: datetime, end: datetime | None) -> None:
    pausing.pause(Subscription.objects.get(), start=start, end=end, now=clock.now, by=member.user, reason="abroad")


def test_a_card_that_expires_is_told_before_it_goes_on_and_not_while_it_is_paused(
    alice: Any, house: PriceOf, clock: StoppedClock, until: Until
) -> None:
    buy(alice, house("basic"), clock)
    until(june(11), step=10 * DAY)
    pause(alice, clock, june(11), datetime(2026, 8, 20, tzinfo=UTC))
    GatewayCustomer.objects.update(card_good_before=date(2026, 8, 1), card_label="Visa", card_last4="4242")
    clock.set(datetime(2026, 7, 20, tzinfo=UTC))
    assert expiring.sweep(now=clock.now) == 0
    assert list(expiring.before_renewal()) == list(GatewayCustomer.objects.all()), "staff see it all the same"
    until(datetime(2026, 8, 18, tzinfo=UTC), step=7 * DAY)
    assert kinds() == ["paused", "goes_on_soon"]
    assert "Your card Visa … 4242 is good until July 31, 2026." in Mail.objects.get(kind="goes_on_soon").text
    pausing.resume(Subscription.objects.get(), now=clock.now)
    assert kinds() == ["paused", "goes_on_soon", "goes_on"]


def test_a_pause_without_an_end_is_reminded_of_by_nobody_and_charges_no_card(
    alice: Any, house: PriceOf, clock: StoppedClock, until: Until
) -> None:
    buy(alice, house("basic"), clock)
    until(june(11), step=10 * DAY)
    pause(alice, clock, june(11), None)
    GatewayCustomer.objects.update(card_good_before=date(2026, 9, 1), card_label="Visa", card_last4="4242")
    until(datetime(2026, 8, 30, tzinfo=UTC), step=20 * DAY)
    assert (expiring.sweep(now=clock.now), list(expiring.before_renewal())) == (0, [])
    assert kinds() == ["paused"]
    assert "until you have it go on" in Mail.objects.get(kind="paused").text


def test_an_end_that_moved_is_reminded_of_at_its_new_day_alone(
    alice: Any, house: PriceOf, clock: StoppedClock, until: Until
) -> None:
    buy(alice, house("basic"), clock)
    clock.set(june(2))
    pause(alice, clock, june(5), june(20))
    pausing.drop(Subscription.objects.get(), now=clock.advance(DAY))
    pause(alice, clock, june(5), june(25))
    until(june(28), step=2 * DAY)
    assert kinds().count("goes_on_soon") == 1
    assert "June 25, 2026" in Mail.objects.get(kind="goes_on_soon").subject


def test_nobody_is_written_to_where_the_gateway_does_it(
    alice: Any, house: PriceOf, clock: StoppedClock, until: Until
) -> None:
    GatewayAccount.objects.update(writes_to_members=False)
    buy(alice, house("basic"), clock)
    clock.set(june(11))
    pause(alice, clock, june(11), june(21))
    until(june(22), step=3 * DAY)
    assert kinds() == []


def test_g7_paused_at_the_gateway_closes_the_renewal_and_is_neither_lapsed_nor_cancelled(
    alice: Any, house: PriceOf, clock: StoppedClock, until: Until
) -> None:
    """A gateway that bills may pause, too (Stripe's ``pause_collection``): what is paid runs on, and is not moved."""

    def told(**changes: Any) -> None:
        row = Subscription.objects.get()
        ledger = Ledger(recording.objects_of([row.customer_id])[row.customer_id])
        fact = replace(ledger.subscriptions[row.external_id][-1], at=clock.now, rank=1, **changes)
        with transaction.atomic():
            take_in([fact], account=row.gateway_account, event=f"evt_{clock.now}", recorded_at=clock.now, now=clock.now)

    buy(alice, house("basic"), clock, at="sandbox-auto")
    clock.set(june(11))
    told(paused=True, resumes_at=datetime(2026, 7, 20, tzinfo=UTC))
    row = Subscription.objects.get()
    assert (row.pause_from, row.pause_until, row.is_paused_at(clock.now)) == (
        june(11),
        datetime(2026, 7, 20, tzinfo=UTC),
        True,
    )
    assert standing_now(alice.pk, now=clock.now).status == "good"
    with pytest.raises(pausing.CannotPause, match="gateway"):
        pausing.pause(row, start=clock.now, end=june(21), now=clock.now, by=alice.user, reason="abroad")
    until(datetime(2026, 7, 18, tzinfo=UTC), step=5 * DAY)
    document = standing_now(alice.pk, now=clock.now).document
    assert (document["status"], document["because"]) == ("lapsed", "paused; paid until 2026-07-01T00:00:00Z")
    (record,) = records_of([alice.pk])[alice.pk]
    assert statuses_of([alice], {alice.pk: [record]}, clock.now)[record.ref].said.status != Shown.CANCELLED
    assert kinds() == ["paused", "goes_on_soon"]
    assert "What you paid stays yours until the end of June 30, 2026." in Mail.objects.get(kind="paused").text
    clock.advance(DAY)
    told(paused=False, resumes_at=None)
    assert kinds() == ["paused", "goes_on_soon", "goes_on"]
    assert not Subscription.objects.get().has_pause_after(clock.now)
