"""What is not changed, and why; and that a page is good once, for a quarter of an hour, for what it showed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse

from goodstanding.billing.models import Fact, Invoice, Subscription
from goodstanding.catalogue.models import Level, LevelGroup, LevelPath, Price
from goodstanding.checkout import holding
from goodstanding.checkout.refusals import Refused
from goodstanding.clock import StoppedClock
from goodstanding.core.records import HoldKind
from goodstanding.memberships import byhand, change_pages, changing, ending
from goodstanding.memberships.changing_words import CannotChange
from goodstanding.memberships.owing import Stage
from goodstanding.memberships.services import hold
from tests.apps.checkout.house import (
    PriceOf,
    Until,
    change,
    charged,
    june,
)
from tests.apps.checkout.test_joining import buy

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_page_sent_twice_is_one_change_and_an_old_or_altered_one_is_none(
    alice: Any, house: PriceOf, clock: StoppedClock
) -> None:
    buy(alice, house("basic"), clock)
    clock.set(june(16))
    subscription, plus = Subscription.objects.get(), house("plus")
    text = change_pages.signed(changing.preview(subscription, plus, now=clock.now))
    seen = change_pages.shown(text, now=clock.now)
    how: dict[str, Any] = {"return_url": "/x", "now": clock.now, "card": "sandbox_ok"}
    with pytest.raises(CannotChange, match="tampered"):
        changing.accept(subscription, house("small"), seen, **how)
    with pytest.raises(CannotChange, match="tampered"):
        change_pages.shown(text + "x", now=clock.now)
    with pytest.raises(CannotChange, match="stale"):
        change_pages.shown(text, now=clock.now + timedelta(minutes=16))
    first, second = (changing.accept(subscription, plus, seen, **how) for _ in range(2))
    assert first.outcome.stage is second.outcome.stage is Stage.DONE
    assert charged() == [10000, 10000]


def test_what_would_come_to_something_else_is_shown_anew(
    alice: Any, house: PriceOf, clock: StoppedClock, until: Until
) -> None:
    buy(alice, house("basic"), clock)
    clock.set(datetime(2026, 6, 30, 23, 55, tzinfo=UTC))
    seen = change_pages.shown(
        change_pages.signed(changing.preview(Subscription.objects.get(), house("plus"), now=clock.now)), now=clock.now
    )
    until(datetime(2026, 7, 1, 0, 5, tzinfo=UTC), step=timedelta(minutes=5))
    with pytest.raises(CannotChange, match="changed"):
        changing.accept(
            Subscription.objects.get(), house("plus"), seen, return_url="/x", now=clock.now, card="sandbox_ok"
        )
    assert charged() == [10000, 10000]


@pytest.mark.parametrize(
    ("level", "how", "code"),
    [
        ("basic", {}, "held"),
        ("once", {}, "closed"),
        ("plus", {"currency": "USD"}, "currency"),
    ],
)
def test_what_is_no_change_is_refused(
    alice: Any, house: PriceOf, clock: StoppedClock, level: str, how: dict[str, str], code: str
) -> None:
    buy(alice, house("basic"), clock)
    assert _refused(house(level, **how), clock) == code
    assert _refused(house("plus"), clock) == ""


def test_what_is_not_on_offer_or_of_another_group_is_refused(
    alice: Any, house: PriceOf, price: PriceOf, clock: StoppedClock
) -> None:
    buy(alice, house("basic"), clock)
    assert _refused(price("full", "month"), clock) == "other_group"
    Price.objects.filter(pk=house("plus").pk).update(is_open=False)
    assert _refused(house("plus"), clock) == "closed"
    Level.objects.filter(pk="other").update(is_open=False)
    assert _refused(house("other"), clock) == "closed"


def test_who_stopped_stays_first_and_who_ended_joins_again(alice: Any, house: PriceOf, clock: StoppedClock) -> None:
    buy(alice, house("basic"), clock)
    clock.set(june(16))
    ending.cancel(Subscription.objects.get(), now=clock.now)
    assert _refused(house("plus"), clock) == "stay_first"
    ending.stay(Subscription.objects.get(), now=clock.now)
    assert _refused(house("plus"), clock) == ""
    ending.end_now(Subscription.objects.get(), now=clock.now)
    assert _refused(house("plus"), clock) == "ended"


def test_who_has_not_paid_yet_waits_for_the_bill(alice: Any, house: PriceOf, clock: StoppedClock, until: Until) -> None:
    buy(alice, house("basic"), clock, card="sandbox_fails_later")
    assert _refused(house("plus"), clock) == ""
    clock.set(datetime(2026, 7, 1, tzinfo=UTC))
    assert _refused(house("plus"), clock) == "unpaid", "the renewal is not drawn up yet"
    until(datetime(2026, 7, 2, tzinfo=UTC))
    assert _refused(house("plus"), clock) == "", "in grace: it takes the place of the bill that is open"
    assert _refused(house("basic"), clock) == "held", "that is the bill that is open"


def test_who_is_on_hold_asks_the_staff(alice: Any, house: PriceOf, clock: StoppedClock) -> None:
    buy(alice, house("basic"), clock)
    hold(alice, kind=HoldKind.SUSPENDED, reason="x", by=alice.user, now=clock.now)
    assert _refused(house("plus"), clock) == "on_hold"


def test_what_is_paid_at_the_desk_is_changed_there_where_it_costs_anything(
    alice: Any, house: PriceOf, clock: StoppedClock
) -> None:
    byhand.sell(alice, house("basic"), how="cash", reference="1", paid_at=clock.now, by=alice.user, now=clock.now)
    assert _refused(house("plus"), clock) == "desk"
    assert _refused(house("small"), clock) == "", "set for the period's end, and paid at the desk then"
    assert changing.in_place_of_joining(alice, house("plus")) is None


def _refused(wanted: Price, clock: StoppedClock) -> str:
    """Why a change is refused; and that nothing was written for it."""
    wanted = Price.objects.select_related("level__group").get(pk=wanted.pk)
    before = (Fact.objects.count(), Invoice.objects.count())
    code = ""
    try:
        changing.preview(Subscription.objects.get(), wanted, now=clock.now)
    except CannotChange as refusal:
        code = refusal.code if refusal.words else "without a word"
    assert (Fact.objects.count(), Invoice.objects.count()) == before
    return code


def test_what_a_gateway_bills_is_left_to_staff(alice: Any, house: PriceOf, clock: StoppedClock) -> None:
    buy(alice, house("basic"), clock, at="sandbox-auto")
    for ask in (changing.targets, lambda _, *args, **how: changing.preview(args[0], house("plus"), **how)):
        with pytest.raises(CannotChange, match="gateway"):
            ask(alice, Subscription.objects.get(), now=clock.now)


def test_what_may_be_changed_to(alice: Any, house: PriceOf, clock: StoppedClock) -> None:
    buy(alice, house("basic"), clock)
    found = changing.targets(alice, Subscription.objects.get(), now=clock.now)
    assert [(each.level_id, each.interval) for each in found] == [
        ("basic", "year"),
        ("other", "month"),
        ("plus", "month"),
        ("small", "month"),
    ]


def test_what_begins_later_is_changed_from_then_on(alice: Any, house: PriceOf, clock: StoppedClock) -> None:
    """Who bought a term and then what renews: that begins where the term ends."""
    buy(alice, house("once"), clock)
    plain = Price.objects.create(
        id="prc_later", level_id="once", amount_minor=1000, currency="EUR", interval="month", renews=True
    )
    buy(alice, Price.objects.select_related("level__group").get(pk=plain.pk), clock)
    assert _refused(house("plus"), clock) == "not_begun"
    clock.set(datetime(2026, 7, 2, 0, 1, tzinfo=UTC))
    assert _refused(house("plus"), clock) == ""


def test_only_changes_that_the_organisation_offers_r23_x01(
    client: Any, alice: Any, house: PriceOf, clock: StoppedClock
) -> None:
    """R23, X01 upgrade paths: what is not listed is in no list, and refused also where the address is typed by hand, and
    where joining would take its place."""
    buy(alice, house("basic"), clock)
    clock.set(june(16))
    LevelGroup.objects.filter(pk="house").update(only_listed_changes=True)
    LevelPath.objects.create(from_level_id="basic", to_level_id="plus", reckoning="whole")
    found = changing.targets(alice, Subscription.objects.get(), now=clock.now)
    assert [each.level_id for each in found] == ["basic", "plus"], "another price of the same level, always"
    assert _refused(house("other"), clock) == "not_offered"
    client.force_login(alice.user)
    there = reverse("gs_portal:change_to", args=[Subscription.objects.get().pk, house("other").pk])
    sent = client.post(there, {"shown": "x", "card": "sandbox_ok"}, follow=True).content.decode()
    assert "not a change that this organisation offers" in sent
    join = reverse("gs_checkout:join", args=["other", house("other").pk])
    assert "not a change that this organisation offers" in client.get(join).content.decode()
    page = client.get(reverse("gs_checkout:join", args=["plus", house("plus").pk])).content.decode()
    assert "Change it instead" in page
    with pytest.raises(Refused, match="not_offered"):
        holding.require_free(alice, house("other"), now=clock.now)
    with pytest.raises(Refused, match="not_offered"):
        holding.require_free(alice, house("once"), now=clock.now)  # a term: it would end what is held
    shown = client.get(reverse("gs_portal:change_to", args=[Subscription.objects.get().pk, house("plus").pk]))
    assert "nothing of it is given back" in shown.content.decode()
    change(house("plus"), clock)
    assert charged() == [10000, 30000], "a new period, at its whole price"
    assert _refused(house("basic"), clock) == "not_offered", "the way back is another one"
