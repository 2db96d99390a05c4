"""Terms as they are sold: fixed and rolling, early, late, several at once, and at another level; standing to the second."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from goodstanding import conf
from goodstanding.billing.models import Invoice, InvoiceLine, Subscription
from goodstanding.catalogue import conditions
from goodstanding.catalogue.models import Level, Price
from goodstanding.catalogue.services import changed
from goodstanding.clock import StoppedClock
from goodstanding.core import pricing
from goodstanding.core.periods import PeriodRefused, start_of_day
from goodstanding.memberships import buying, byhand
from goodstanding.memberships.buying import Basket, Wish
from goodstanding.memberships.reading import standing_now
from tests.apps.office.conftest import paid  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture
def fixed(price: Callable[..., Price]) -> Callable[..., Price]:
    """A price of the level "full" whose terms keep to a calendar: ``fixed("0301", "1111")``."""

    def made(start: str, rollover: str = "", interval: str = "year", level: str = "full", **more: Any) -> Price:
        one = price(level, "month")
        given = {"interval": interval, "renews": False, "fixed_start": start, "fixed_rollover": rollover, **more}
        Price.objects.filter(pk=one.pk).update(**given)
        return price(level, interval)

    return made


@pytest.fixture
def sell(shop: None, dana: Any, clock: StoppedClock) -> Callable[..., Invoice]:
    """Sell at the desk, paid at once: ``sell(alice, price)``."""

    def sold(member: Any, one: Price) -> Invoice:
        return byhand.sell(member, one, how="cash", reference="7", paid_at=clock.now, by=dana, now=clock.now)

    return sold


def midnight(text: str) -> datetime:
    """The moment at which a day of the site begins."""
    return start_of_day(date.fromisoformat(text), tz=conf.time_zone())


def standing(member: Any, at: datetime) -> str:
    return str(standing_now(member.pk, now=at).status)


def bought() -> list[tuple[datetime, datetime]]:
    """The periods of all lines that were bought, in order."""
    return list(InvoiceLine.objects.order_by("start_at", "end_at").values_list("start_at", "end_at"))


def test_a_fixed_year_lasts_to_its_last_second(alice, sell, fixed, clock):
    sell(alice, fixed("0301", "1111"))

    end = midnight("2027-03-01")
    assert bought() == [(clock.now, end)], "it is shown from when it is bought, not from before"
    assert [standing(alice, moment) for moment in (clock.now, end - SECOND, end)] == ["good", "good", "lapsed"]


@pytest.mark.parametrize(
    ("joined", "ends"), [("2026-11-10", "2027-03-01"), ("2026-11-11", "2028-03-01"), ("2027-02-28", "2028-03-01")]
)
def test_who_joins_from_the_rollover_day_on_has_the_next_year_too(alice, sell, fixed, clock, joined, ends):
    clock.set(midnight(joined) + timedelta(hours=9))
    sell(alice, fixed("0301", "1111"))
    assert bought() == [(clock.now, midnight(ends))]


def test_it_is_renewed_early_for_a_year_and_late_anew(alice, sell, fixed, clock):
    one = fixed("0301", "1111")
    sell(alice, one)
    clock.set(midnight("2027-01-15"))  # after the rollover day: that counts for who joins
    sell(alice, one)
    assert bought()[1] == (midnight("2027-03-01"), midnight("2028-03-01"))
    assert [standing(alice, midnight(day)) for day in ("2027-03-01", "2028-02-29", "2028-03-01")] == [
        "good", "good", "lapsed"
    ]  # fmt: skip
    clock.set(midnight("2028-04-01"))
    sell(alice, one)
    assert bought()[2] == (clock.now, midnight("2029-03-01"))


@pytest.mark.parametrize(("days", "starts_at_the_old_end"), [(9, True), (10, False)])
def test_in_grace_it_begins_at_the_old_end_and_after_the_lapse_now(
    alice, sell, fixed, clock, days, starts_at_the_old_end
):
    Level.objects.get(pk="full").terms.update(prepaid_grace_days=10)
    changed(now=clock.now)
    one, end = fixed("0301"), midnight("2027-03-01")
    sell(alice, one)
    clock.set(end + timedelta(days=days))
    assert standing(alice, clock.now) == ("grace" if starts_at_the_old_end else "lapsed")
    sell(alice, one)
    assert bought()[1] == (end if starts_at_the_old_end else clock.now, midnight("2028-03-01"))


def test_several_terms_at_once(alice, fixed, clock):
    one = fixed("0301", terms_max=3)
    quote = buying.quote_of(Basket((Wish(one, times=3),)), now=clock.now, member=alice)
    assert (quote.end, quote.total.amount_minor) == (midnight("2029-03-01"), 30000)


def test_a_short_first_period_costs_its_part(alice, sell, fixed, clock):
    """C108 and E11 as they are sold: by months, by days, and everything until a day."""
    clock.set(midnight("2026-06-25"))
    whole = fixed("1001")
    parts = {"": 10000, "months": 3333, "days": 2685}
    for by, amount in parts.items():
        Price.objects.update(fixed_prorated=by)
        whole.refresh_from_db()
        assert buying.quote(whole, now=clock.now, member=alice).total.amount_minor == amount, by
    Price.objects.update(fixed_full_until="0630")
    whole.refresh_from_db()
    assert buying.quote(whole, now=clock.now, member=alice).total.amount_minor == 10000
    sell(alice, whole)
    assert buying.quote(whole, now=clock.now, member=alice).total.amount_minor == 10000, "the year after it is whole"


def test_a_term_that_ends_on_a_day_ends_with_it_and_is_not_sold_after_it(alice, sell, price, clock):
    Price.objects.filter(pk=price("full", "month").pk).update(renews=False, ends_on=date(2026, 6, 30))
    one = price("full", "month")
    sell(alice, one)
    assert bought() == [(clock.now, midnight("2026-07-01"))]
    clock.set(midnight("2026-07-01"))
    assert standing(alice, clock.now - SECOND) == "good"
    assert standing(alice, clock.now) == "lapsed"
    with pytest.raises(PeriodRefused, match="ended on 2026-06-30"):
        buying.quote(one, now=clock.now, member=alice)
    with pytest.raises(byhand.Refused, match="2026-06-30"):
        sell(alice, one)
    assert len(bought()) == 1


@pytest.mark.parametrize(("start", "interval", "ends"), [
    ("0301", "year", ["2027-03-01", "2028-03-01", "2029-03-01"]),
    ("31", "month", ["2026-03-31", "2026-04-30", "2026-05-31"]),
])  # fmt: skip
def test_what_renews_renews_on_the_calendar_s_days(alice, sell, fixed, clock, until, start, interval, ends):
    sell(alice, fixed(start, interval=interval, renews=True))
    subscription = Subscription.objects.get()
    for end in ends[:-1]:
        until(midnight(end) + timedelta(hours=1), timedelta(days=40))
        due = Invoice.objects.get(settled_at=None)
        byhand.record_payment(due, how="cash", reference="", paid_at=clock.now, by=None, now=clock.now)
    assert [end for _, end in bought()] == [midnight(end) for end in ends]
    assert subscription.pk == Subscription.objects.get().pk


def test_a_rolling_term_renewed_again_and_again_does_not_drift(alice, sell, price, clock):
    """From 31 January, by an owner of the anchor who stores none: it is counted from the terms before."""
    clock.set(midnight("2027-01-31") + timedelta(hours=9))
    Price.objects.filter(pk=price("full", "month").pk).update(renews=False)
    for _ in range(4):
        sell(alice, price("full", "month"))
        clock.advance(timedelta(days=1))
    last_days = [str((end - SECOND).astimezone(conf.time_zone()).date()) for _, end in bought()]
    assert last_days == ["2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"]


def test_a_cheaper_level_of_the_group_begins_at_the_old_end_and_a_dearer_one_at_once(alice, sell, price, clock):
    """Renewal at another level: of two prepaid terms in a group of one, never both at a time."""
    Price.objects.filter(level__in=["full", "weekday"], interval="month").update(renews=False)
    full, weekday = price("full", "month"), price("weekday", "month")
    sell(alice, full)
    end = bought()[0][1]
    clock.advance(timedelta(days=3))
    assert buying.quote(weekday, now=clock.now, member=alice).start == end
    sell(alice, weekday)
    assert [standing_now(alice.pk, now=at).document["levels"][0]["level"] for at in (end - SECOND, end)] == [
        "full", "weekday"
    ]  # fmt: skip
    clock.set(end + timedelta(days=1))
    assert buying.quote(full, now=clock.now, member=alice).start == clock.now.replace(microsecond=0)


def test_what_a_subscription_renews_is_replaced_at_once(alice, sell, price, clock):
    """P19: not put off, since its renewal is stopped."""
    sell(alice, price("full", "month"))
    clock.advance(timedelta(days=3))
    assert buying.quote(price("weekday"), now=clock.now, member=alice).start == clock.now


def test_a_level_of_another_group_begins_at_once(alice, sell, fixed, price, clock):
    sell(alice, fixed("0301"))
    assert buying.quote(price("day"), now=clock.now, member=alice).start == clock.now


def test_the_days_are_the_site_s(fixed, clock):
    """An hour into 1 March in Berlin it is still February in UTC."""
    clock.set(datetime(2027, 2, 28, 23, 30, tzinfo=UTC))
    one = fixed("0301")
    terms = buying.terms_of(one)
    for zone, ends in (("Europe/Berlin", 2028), ("America/New_York", 2027)):
        quote = pricing.quote([pricing.Choice(terms, clock.now)], at=clock.now, time_zone=zone)
        assert quote.end == start_of_day(date(ends, 3, 1), tz=ZoneInfo(zone)), zone


# From the page of joining


@pytest.mark.django_db(transaction=True)
def test_the_page_says_the_period_of_a_fixed_term_and_sells_it(client, alice, fixed, clock):
    client.force_login(alice.user)
    one = fixed("0301", "1111")
    page = " ".join(client.get(f"/join/full/{one.pk}/").content.decode().split())
    assert "Feb. 28, 2027" in page
    assert "from each March 1 on" in page
    shown = re.search(r'name="shown" value="([^"]+)"', page)
    assert shown
    answer = client.post(f"/join/full/{one.pk}/", {"shown": shown[1], "card": "sandbox_ok"})
    assert answer.status_code == 302, answer.content.decode()
    assert bought() == [(clock.now.replace(microsecond=0), midnight("2027-03-01"))]
    again = " ".join(client.get(f"/join/full/{one.pk}/").content.decode().split())
    assert ("March 1, 2027" in again, "Feb. 29, 2028" in again) == (True, True), "who holds it buys what comes after it"


def test_a_season_that_is_over_is_not_offered_and_one_that_is_held_is_not_sold_again(client, alice, price, clock):
    Price.objects.filter(pk=price("full", "month").pk).update(renews=False, ends_on=date(2026, 6, 30))
    one, address = price("full", "month"), f"/join/full/{price('full', 'month').pk}/"
    client.force_login(alice.user)
    byhand.sell(alice, one, how="cash", reference="7", paid_at=clock.now, by=None, now=clock.now)
    held = client.get(address)
    assert (held.status_code, "to its last day already" in held.content.decode()) == (200, True)
    clock.set(midnight("2026-06-30") + timedelta(hours=23))
    assert client.get(address).status_code == 200
    clock.set(midnight("2026-07-01"))
    assert client.get(address).status_code == 409
    assert one.pk not in client.get("/join/full/").content.decode()


@pytest.mark.parametrize(("given", "names"), [
    ({"start": "0230"}, "fixed_start"),
    ({"start": "0301", "rollover": "15"}, "fixed_start"),
    ({"start": "0301", "full_until": "15", "prorated": "days"}, "fixed_start"),
    ({"start": "15"}, "fixed_start"),
    ({"rollover": "1111"}, "fixed_rollover"),
])  # fmt: skip
def test_an_impossible_calendar_is_refused_when_the_price_is_made(given, names):
    """What nobody could join at is said to who sells it, not to who buys it."""
    said = {**conditions.NONE, "amount_minor": 100, "interval": "year", "interval_count": 1, "renews": False}
    said |= {f"fixed_{name}": value for name, value in given.items()}
    assert [name for name, _ in conditions.faults(said)] == [names]
