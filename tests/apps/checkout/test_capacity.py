"""A level with so many places: the last one is had by one, and is free again when its holder lapses or gives up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from goodstanding.billing.models import Payment
from goodstanding.checkout import quotes, services
from goodstanding.checkout.refusals import Refused
from goodstanding.clock import StoppedClock
from goodstanding.gateways.models import GatewayAccount
from goodstanding.memberships import closing
from goodstanding.memberships.models import Membership
from goodstanding.memberships.owing import Stage
from tests.apps.checkout.test_breaking_killed import person
from tests.apps.checkout.wishes import buy, quoted, sold, wish
from tests.apps.inbox.test_two_workers import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("shop")]


def refused(wanted: Any, clock: StoppedClock, member: Any = None) -> str:
    with pytest.raises(Refused) as found:
        quoted(wanted, clock, member)
    return found.value.code


def test_a_full_level_is_refused_and_its_holder_is_not(alice: Any, bob: Any, clock: StoppedClock) -> None:
    wanted = wish(sold("bench", level={"capacity": 1}, renews=False))
    assert buy(alice, wanted, clock).stage is Stage.DONE
    assert refused(wanted, clock, bob) == refused(wanted, clock) == "level_full"
    assert quoted(wanted, clock, alice).due_now  # who has a place may have it for longer
    clock.advance(timedelta(days=40))
    assert buy(bob, wanted, clock).stage is Stage.DONE


def test_who_is_to_pay_has_a_place_until_that_is_given_up(alice: Any, bob: Any, clock: StoppedClock) -> None:
    wanted = wish(sold("bench", level={"capacity": 1}))
    declined = buy(alice, wanted, clock, card="sandbox_declined")
    assert refused(wanted, clock, bob) == "level_full"
    services.close(declined.checkout, now=clock.now)
    assert buy(bob, wanted, clock).stage is Stage.DONE


def test_no_place_at_all(alice: Any, clock: StoppedClock) -> None:
    assert refused(wish(sold("bench", level={"capacity": 0})), clock, alice) == "level_full"


def test_the_page_of_a_full_level_says_so_also_to_who_has_a_code(client: Any, clock: StoppedClock) -> None:
    price = sold("bench", level={"capacity": 0})
    there = f"/join/bench/{price.pk}/"
    for page in (client.get(there), client.get(there, {"code": "NONE"}), client.post(there, {"show": "1"})):
        assert page.status_code == 409
        assert "no place left" in page.content.decode()


def test_who_holds_it_and_paid_ahead_for_another_level_has_a_place_and_so_has_who_will_hold_it(
    alice: Any, bob: Any, clock: StoppedClock
) -> None:
    """Of the two memberships only the one begun last is open; both are held, one after the other."""
    once: dict[str, Any] = {"group": "terms", "level": {"capacity": 1}, "renews": False}
    high, low = wish(sold("high", amount_minor=5000, **once)), wish(sold("low", **once))
    buy(alice, high, clock)
    buy(alice, low, clock)
    assert refused(high, clock, bob) == refused(low, clock, bob) == "level_full"
    clock.advance(timedelta(days=40))
    assert refused(low, clock, bob) == "level_full"
    assert quoted(high, clock, bob).due_now, "what was held is over"


def test_a_term_to_come_keeps_its_place_over_a_gap(alice: Any, bob: Any, clock: StoppedClock) -> None:
    once: dict[str, Any] = {"group": "terms", "level": {"capacity": 1}, "renews": False}
    high, low = wish(sold("high", amount_minor=5000, **once)), wish(sold("low", **once))
    for each in (high, low, high):
        buy(alice, each, clock)
    clock.advance(timedelta(days=40))
    assert refused(high, clock, bob) == "level_full", "the second one begins in three weeks"


def test_what_staff_closed_has_no_place(alice: Any, bob: Any, dana: Any, clock: StoppedClock) -> None:
    wanted = wish(sold("bench", level={"capacity": 1}))
    buy(alice, wanted, clock)
    closing.close(Membership.objects.get(), by=dana, reason="moved", now=clock.now)
    assert buy(bob, wanted, clock).stage is Stage.DONE
    assert refused(wanted, clock, alice) == "level_full"


@pytest.mark.db_matters
def test_the_last_place_is_had_by_one_of_two_at_once(clock: StoppedClock) -> None:
    price = sold("bench", level={"capacity": 1})
    wanted = wish(price)
    found: list[str] = []

    def buyer(number: int) -> Callable[[], None]:
        member, account, now = person(number, clock), GatewayAccount.objects.get(pk="sandbox"), clock.now
        text = quotes.signed(quoted(wanted, clock, member), now=now, wanted=wanted)
        shown = quotes.shown(text, now=now)
        checkout = services.accept(member, price, account, shown=shown, now=now, wanted=wanted)

        def pay() -> None:
            try:
                found.append(str(services.pay(checkout, return_url="/", now=now, card="sandbox_ok").stage))
            except Refused as refusal:
                found.append(refusal.code)

        return pay

    at_once(*(buyer(number) for number in range(2)))
    assert sorted(found) in (["closed", "done"], ["done", "level_full"])
    assert Payment.objects.filter(status="succeeded").count() == 1
