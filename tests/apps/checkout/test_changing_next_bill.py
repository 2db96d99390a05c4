"""Changes of level that are billed with the next bill: the level at once, the money then, and nothing for nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse

from goodstanding.billing.models import Invoice, Subscription
from goodstanding.catalogue.models import LevelGroup
from goodstanding.clock import StoppedClock
from goodstanding.memberships import ending
from goodstanding.memberships.owing import Stage
from tests.apps.checkout.house import PriceOf, Until, change, charged, in_order, june, level_of
from tests.apps.checkout.test_joining import buy

pytestmark = pytest.mark.django_db(transaction=True)
JULY = datetime(2026, 7, 1, 0, 5, tzinfo=UTC)
HOURS = timedelta(hours=6)


@pytest.fixture
def later(house: PriceOf) -> PriceOf:
    """The house, as an organisation has it that bills changes with the next bill."""
    LevelGroup.objects.filter(pk="house").update(change_reckoning="next_bill")
    return house


def test_g12_r25_two_changes_are_one_expected_bill_and_it_is_what_was_said(
    client: Any, alice: Any, later: PriceOf, clock: StoppedClock, until: Until
) -> None:
    """G12, R25, I13: the page, the overview, the next page and the bill say one and the same amount."""
    buy(alice, later("basic"), clock)
    clock.set(june(16))
    client.force_login(alice.user)
    there = reverse("gs_portal:change_to", args=[Subscription.objects.get().pk, later("plus").pk])
    page = client.get(there).content.decode()
    for said in (
        "Charged with the next bill",
        "100.00 EUR, also if you stop",
        "400.00 EUR on",
        "pay with the next bill",
    ):
        assert said in page, said
    assert change(later("plus"), clock, card="").outcome.stage is Stage.DONE
    assert level_of(alice, clock) == ("plus", "good")
    assert charged() == [10000]
    clock.set(june(21))
    change(later("small"), clock)  # down: it waits for the period's end, and what waits for the bill waits on
    overview = client.get(reverse("gs_portal:membership")).content.decode()
    assert "It renews on July 1, 2026 for 140.00 EUR" in overview
    assert "100.00 EUR of the next bill is for the change that you made" in overview
    change(later("other"), clock)
    assert "It renews on July 1, 2026 for 400.00 EUR" in client.get(reverse("gs_portal:membership")).content.decode()
    until(JULY, step=HOURS)
    assert charged() == [10000, 40000]
    assert Invoice.objects.count() == 2
    assert level_of(alice, clock) == ("other", "good")
    in_order()


def test_who_stops_the_renewal_is_charged_what_waited(
    client: Any, alice: Any, later: PriceOf, clock: StoppedClock, until: Until
) -> None:
    """Nobody gets a higher level for nothing: it is said before, charged at once, and staying after all charges it no more."""
    buy(alice, later("basic"), clock)
    clock.set(june(16))
    change(later("plus"), clock)
    client.force_login(alice.user)
    stop = reverse("gs_portal:stop", args=[Subscription.objects.get().pk])
    assert (
        "100.00 EUR for the change that you made is not billed yet: it is charged now"
        in client.get(stop).content.decode()
    )
    assert client.post(stop).status_code == 302
    until(june(16, 1), step=HOURS)
    assert charged() == [10000, 10000]
    ending.stay(Subscription.objects.get(), now=clock.now)
    until(JULY, step=HOURS)
    assert charged() == [10000, 10000, 30000]
    in_order()


def test_who_leaves_instead_of_paying_the_renewal_still_owes_what_waited(
    client: Any, alice: Any, later: PriceOf, clock: StoppedClock, until: Until
) -> None:
    buy(alice, later("basic"), clock, card="sandbox_fails_later")
    clock.set(june(16))
    change(later("plus"), clock)
    until(datetime(2026, 7, 2, tzinfo=UTC), step=HOURS)
    assert charged() == [10000]
    client.force_login(alice.user)
    stop = reverse("gs_portal:stop", args=[Subscription.objects.get().pk])
    assert "100.00 EUR for the change that you made is not billed yet" in client.get(stop).content.decode()
    ending.cancel(Subscription.objects.get(), now=clock.now)
    until(datetime(2026, 7, 2, 1, tzinfo=UTC), step=HOURS)
    rest = Invoice.objects.get(external_id__startswith="grst_")
    assert (rest.status, rest.due_minor) == ("open", 10000)
    assert str(rest.number) in client.get(reverse("gs_portal:invoices")).content.decode()
    until(datetime(2026, 7, 20, tzinfo=UTC), step=timedelta(days=1))
    assert Invoice.objects.get(pk=rest.pk).status == "open", "it is there for him to pay, and for staff to see"
    assert charged() == [10000]
    in_order()
