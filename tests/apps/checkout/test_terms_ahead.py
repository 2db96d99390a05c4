"""Terms that are paid ahead in a group that allows one level: the same days are never sold twice."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from goodstanding.billing.models import Invoice, InvoiceLine
from goodstanding.catalogue.models import Price
from goodstanding.catalogue.services import import_catalogue
from goodstanding.checkout import quotes, services
from goodstanding.checkout.models import Checkout
from goodstanding.checkout.refusals import Refused
from goodstanding.clock import StoppedClock
from goodstanding.core.money import Money
from goodstanding.gateways.models import GatewayAccount
from goodstanding.memberships import byhand, extending
from goodstanding.memberships.owing import Stage
from goodstanding.memberships.reading import standing_now
from tests.apps.checkout.house import DAY, PriceOf
from tests.apps.checkout.test_joining import buy
from tests.apps.checkout.wishes import sold

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def terms(shop: None, price: PriceOf, clock: StoppedClock) -> PriceOf:
    """Three levels of a group of one, each by a month that is paid once."""
    once = {"interval": "month", "renews": False, "currency": "EUR"}
    given = [
        {"slug": slug, "name": slug.title(), "group": "terms", "prices": [{"amount_minor": minor, **once}]}
        for slug, minor in (("low", 1000), ("mid", 3000), ("high", 5000))
    ]
    import_catalogue(json.dumps(given), now=clock.now)
    return price


def spans() -> list[tuple[str, datetime, datetime]]:
    rows = InvoiceLine.objects.filter(invoice__settled_at__isnull=False).order_by("start_at", "end_at")
    levels = dict(Price.objects.values_list("pk", "level"))
    return [(levels[each.price], each.start_at, each.end_at) for each in rows]


def levels(member: Any, at: datetime) -> list[str]:
    return [each["level"] for each in standing_now(member.pk, now=at).document["levels"] if each["status"] == "good"]


@pytest.mark.parametrize("after", [["low", "low"], ["low", "high"], ["low", "mid"], ["mid", "low", "high"]])
def test_p19_what_is_bought_after_a_term_that_is_yet_to_come_begins_when_that_ends(
    alice: Any, terms: PriceOf, clock: StoppedClock, after: list[str]
) -> None:
    """The level of the term to come again, the one held now again, and a third one."""
    for slug in ("high", *after):
        assert buy(alice, terms(slug), clock).stage is Stage.DONE
        clock.advance(DAY)
    found = spans()
    assert [level for level, _, _ in found] == ["high", *after]
    for (_, _, end), (_, start, _) in pairwise(found):
        assert start == end
    for level, start, end in found:
        assert [levels(alice, at) for at in (max(start, clock.now), end - timedelta(seconds=1))] == [[level]] * 2


def test_p19_where_nothing_is_to_come_a_dearer_term_begins_at_once(
    alice: Any, terms: PriceOf, clock: StoppedClock
) -> None:
    for slug in ("low", "low", "high"):
        buy(alice, terms(slug), clock)
        clock.advance(DAY)
    assert levels(alice, clock.now) == ["high"]


@pytest.mark.parametrize(("one", "two"), [("low", "mid"), ("low", "low")])
def test_of_two_pages_that_were_accepted_the_second_one_that_is_paid_is_given_up(
    alice: Any, terms: PriceOf, clock: StoppedClock, one: str, two: str
) -> None:
    """Two tabs at two levels, or at two prices of one: both saw the same days, and only one gets them."""
    buy(alice, terms("high"), clock)
    second = terms(two)
    if one == two:
        second = sold(two, group="terms", amount_minor=2000, renews=False)
    begun = [accepted(alice, each, clock) for each in (terms(one), second)]
    assert [pay(each, clock).stage for each in begun] == [Stage.DONE, Stage.CLOSED]
    assert len(spans()) == 2


def test_what_was_accepted_for_now_is_given_up_once_another_term_covers_now(
    alice: Any, terms: PriceOf, clock: StoppedClock
) -> None:
    begun = [accepted(alice, terms(slug), clock) for slug in ("high", "low")]
    assert [pay(each, clock).stage for each in begun] == [Stage.DONE, Stage.CLOSED]
    assert levels(alice, clock.now) == ["high"]


def test_a_bill_for_the_same_days_takes_the_place_of_the_open_one(
    alice: Any, terms: PriceOf, clock: StoppedClock
) -> None:
    """Paid by hand, at two levels of the group: one bill stays open. One of which a part came is not given up."""
    GatewayAccount.objects.filter(pk="manual").update(is_offered=True)
    buy(alice, terms("high"), clock)
    begun = [accepted(alice, terms("low"), clock, at="manual")]
    assert pay(begun[0], clock, method="transfer").stage is Stage.BILLED
    begun.append(accepted(alice, terms("mid"), clock, at="manual"))
    assert pay(begun[1], clock, method="transfer").stage is Stage.BILLED
    bill = Invoice.objects.get(status="open")
    assert bill.external_id == begun[1].pays_for
    part = Money(100, "EUR")
    byhand.record_payment(bill, how="cash", reference="", paid_at=clock.now, by=None, now=clock.now, amount=part)
    with pytest.raises(Refused, match="being_paid"):
        accepted(alice, terms("low"), clock)


def test_a_gift_begins_after_all_that_is_paid_ahead(alice: Any, terms: PriceOf, clock: StoppedClock) -> None:
    for slug in ("high", "low"):
        buy(alice, terms(slug), clock)
    (_, last) = spans()
    for slug in ("low", "mid", "high"):
        found = extending.extended_by(alice, terms(slug), now=clock.now, is_given=True)
        assert found is not None
        assert found.until == last[2]


def test_the_page_says_when_it_begins_and_why(client: Any, alice: Any, terms: PriceOf, clock: StoppedClock) -> None:
    for slug in ("high", "low"):
        buy(alice, terms(slug), clock)
    client.force_login(alice.user)
    assert "has ended. No day is paid twice." in client.get(f"/join/low/{terms('low').pk}/").content.decode()
    client.logout()
    assert "No day is paid twice." not in client.get(f"/join/low/{terms('low').pk}/").content.decode()


def accepted(member: Any, price: Price, clock: StoppedClock, *, at: str = "sandbox") -> Checkout:
    quote = quotes.for_member(price, member, now=clock.now)
    shown = quotes.shown(quotes.signed(quote, now=clock.now), now=clock.now)
    return services.accept(member, price, GatewayAccount.objects.get(pk=at), shown=shown, now=clock.now)


def pay(checkout: Checkout, clock: StoppedClock, *, method: str = "") -> services.Outcome:
    card = "" if method else "sandbox_ok"
    return services.pay(checkout, return_url="/back", now=clock.now, card=card, method=method)
