"""A pause of who pays is a pause for those who hold a seat, and several levels of one payer are paused together or not at all."""

from __future__ import annotations

from typing import Any

import pytest

from goodstanding.billing.models import Subscription
from goodstanding.catalogue.models import Level
from goodstanding.communications.models import Mail
from goodstanding.memberships import pausing
from goodstanding.memberships.reading import standing_now
from goodstanding.portal import overview
from tests.apps.checkout.house import DAY
from tests.apps.inbox.test_two_workers import at_once
from tests.apps.seats.house import seat

pytestmark = pytest.mark.django_db(transaction=True)


def test_who_holds_a_seat_is_paused_with_who_pays_and_hears_of_no_lapse(household: Any, bob: Any, clock: Any) -> None:
    seat(household, bob, clock)
    Level.objects.update(pause_days_max=30)
    clock.advance(DAY)
    end = clock.now + 10 * DAY
    pausing.pause(Subscription.objects.get(), start=clock.now, end=end, now=clock.now)
    assert standing_now(bob.pk, now=clock.now).status == "lapsed"
    (place,) = overview.of(bob, now=clock.now, with_cards=False).places
    assert (place.status, place.is_over) == ("paused", False)
    assert "It is paused. It goes on by itself" in place.reason
    assert standing_now(bob.pk, now=end).status == "good"
    assert not Mail.objects.filter(kind="lapsed").exists()


@pytest.mark.db_matters
def test_two_clicks_at_once_pause_once(household: Any, clock: Any) -> None:
    Level.objects.update(pause_days_max=30)
    row = Subscription.objects.get()
    now = clock.advance(DAY)

    def click() -> str:
        try:
            pausing.pause(Subscription.objects.get(pk=row.pk), start=now, end=now + 10 * DAY, now=now)
        except pausing.CannotPause as refused:
            return refused.code
        return "paused"

    assert sorted(at_once(click, click)) == ["paused", "twice"]
    assert Mail.objects.filter(kind="paused").count() == 1
