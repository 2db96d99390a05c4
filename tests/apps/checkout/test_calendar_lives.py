"""Scenarios of the calendar, lived through on our own clock: month ends, trials, zones, instalments, dead workers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from goodstanding.access.services import pass_for
from goodstanding.access.views import COOKIE
from goodstanding.billing.models import Invoice, InvoiceLine, Payment, Subscription
from goodstanding.clock import StoppedClock
from goodstanding.communications.models import Mail
from goodstanding.memberships import ending
from goodstanding.memberships.reading import standing_now
from tests.apps.checkout.wishes import buy, sold, wish
from tests.apps.doors.test_lives import at_the_door

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("shop")]

Until = Callable[..., None]
Work = Callable[[], int]
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
ANGELES = ZoneInfo("America/Los_Angeles")


def day(text: str, zone: Any = UTC) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def periods(zone: Any = UTC) -> list[tuple[date, date]]:
    """The days on which the periods begin and end that were billed."""
    rows = InvoiceLine.objects.order_by("start_at", "end_at").values_list("start_at", "end_at")
    return [(start.astimezone(zone).date(), end.astimezone(zone).date()) for start, end in rows]


def on(*dates: str) -> list[tuple[date, date]]:
    """The periods from each date to the next."""
    days = [date.fromisoformat(each) for each in dates]
    return list(pairwise(days))


def test_b32_twelve_months_from_the_31st_are_charged_on_their_days(alice: Any, clock: StoppedClock, work: Work) -> None:
    """B32: on each due day one more price, the day before not."""
    clock.set(day("2011-01-31T12:00"))
    buy(alice, wish(sold("bench")), clock)
    ends = ("02-28", "03-31", "04-30", "05-31", "06-30", "07-31", "08-31", "09-30", "10-31", "11-30", "12-31")
    for number, end in enumerate(ends, start=1):
        for moment, charged in ((day(f"2011-{end}T11:59"), number), (day(f"2011-{end}T12:00"), number + 1)):
            clock.set(moment)
            work()
            assert Payment.objects.filter(status="succeeded").count() == charged, moment
    assert set(Payment.objects.values_list("amount_minor", flat=True)) == {2500}


@pytest.mark.parametrize(
    ("first", "ends"),
    [
        ("2024-01-31", ("2024-02-29", "2024-03-31", "2024-04-30", "2024-05-31")),
        ("2023-01-31", ("2023-02-28", "2023-03-31")),
    ],
)
def test_b31_p26_short_months_are_clamped_and_never_lose_the_anchor(
    alice: Any, clock: StoppedClock, work: Work, first: str, ends: tuple[str, ...]
) -> None:
    """B31, P26: 31 January, 28 or 29 February, 31 March, 30 April; never 3 March."""
    clock.set(day(f"{first}T10:00"))
    buy(alice, wish(sold("bench")), clock)
    for end in ends[:-1]:
        clock.set(day(f"{end}T11:00"))
        work()
    assert periods() == on(first, *ends)


def test_b35_after_a_trial_the_anchor_is_the_day_of_its_end(alice: Any, clock: StoppedClock, work: Work) -> None:
    """B35: a trial from 28 April to 5 May; from then on it is the 5th, not the 28th."""
    clock.set(day("2026-04-28T10:00"))
    buy(alice, wish(sold("bench", trial_count=7, trial_unit="day")), clock)
    for moment in ("2026-05-05T10:30", "2026-06-05T10:30", "2026-07-05T10:30"):
        clock.set(day(moment))
        work()
    assert periods() == on("2026-04-28", "2026-05-05", "2026-06-05", "2026-07-05", "2026-08-05")


def test_b37_a_date_stays_where_the_clocks_are_put_back(
    alice: Any, clock: StoppedClock, until: Until, settings: Any
) -> None:
    """B37: bought half an hour into 1 November under UTC-7, cancelled for 1 December under UTC-8: one invoice only."""
    settings.GOODSTANDING_TIME_ZONE = "America/Los_Angeles"
    clock.set(day("2026-11-01T00:30", ANGELES))
    assert clock.now.hour == 7
    buy(alice, wish(sold("bench")), clock)
    clock.set(day("2026-11-15T00:30", ANGELES))
    ending.cancel(Subscription.objects.get(), now=clock.now)
    ends_at = Subscription.objects.get().ends_at
    assert ends_at == day("2026-12-01T00:30", ANGELES)
    assert ends_at.hour == 8
    for moment, status in ((ends_at - SECOND, "good"), (ends_at, "lapsed")):
        assert standing_now(alice.pk, now=moment).status == status
    until(day("2026-12-03T00:00", ANGELES), step=DAY)
    assert Invoice.objects.count() == 1


def test_b38_thirty_days_are_counted_on_the_clocks_of_the_site(
    alice: Any, clock: StoppedClock, work: Work, settings: Any
) -> None:
    """B38: 1 March 23:30 in Los Angeles, thirty days for nothing: the first paid period is 31 March to 30 April."""
    settings.GOODSTANDING_TIME_ZONE = "America/Los_Angeles"
    clock.set(day("2017-03-01T23:30", ANGELES))
    buy(alice, wish(sold("bench", trial_count=30, trial_unit="day")), clock)
    clock.set(day("2017-04-01T00:00", ANGELES))
    work()
    assert periods(ANGELES) == on("2017-03-01", "2017-03-31", "2017-04-30")
    assert [bill.total_minor for bill in Invoice.objects.order_by("issued_at")] == [0, 2500]


def test_p27_a_period_ends_at_its_second_with_every_worker_dead(alice: Any, client: Any, clock: StoppedClock) -> None:
    """P27: nothing has run for two days, and page, proxy and door are shut in that second all the same."""
    buy(alice, wish(sold("bench", renews=False, interval="hour", interval_count=72)), clock)
    reader, end = at_the_door(alice.email, clock), clock.now + timedelta(hours=72)
    for moment, status, http in ((end - SECOND, "good", 200), (end, "lapsed", 403)):
        clock.set(moment)
        client.force_login(alice.user)
        client.cookies[COOKIE] = pass_for(alice.user, session_key=client.session.session_key, now=clock.now)
        assert client.get("/access/check").status_code == http
        assert reader.opens() is (http == 200)
        assert standing_now(alice.pk, now=clock.now).status == status


def test_c11_two_instalments_are_in_progress_then_completed(alice: Any, clock: StoppedClock, work: Work) -> None:
    """C11: the first done, the next date is set (31 August, 30 September: clamped, not 1 October); the second completes it."""
    clock.set(day("2016-08-31T10:00"))
    buy(alice, wish(sold("bench", payments=2)), clock)
    seen = []
    for moment in ("2016-08-31T10:30", "2016-09-30T09:59", "2016-09-30T10:30", "2016-10-31T10:30"):
        clock.set(day(moment))
        work()
        seen.append((Subscription.objects.get().status, Payment.objects.filter(status="succeeded").count()))
    assert seen == [("active", 1), ("active", 1), ("completed", 2), ("completed", 2)]
    assert periods() == on("2016-08-31", "2016-09-30", "2016-10-31")
    told = Mail.objects.filter(kind__in=("paid_up", "cancelled")).get()
    assert (told.kind, told.created_at.date()) == ("paid_up", date(2016, 9, 30)), (
        "completed is told apart from cancelled"
    )
    assert "Until Oct. 31, 2016, 10 am you keep your access" in told.text


@pytest.mark.parametrize(
    ("keeps", "says"),
    [("life", "It is yours for life."), ("term", "Until March 2, 2027, 10 am you keep your access.")],
)
def test_who_has_paid_all_parts_is_told_until_when_he_holds_it(
    alice: Any, clock: StoppedClock, work: Work, keeps: str, says: str
) -> None:
    buy(alice, wish(sold("bench", payments=1, keeps=keeps)), clock)
    work()
    assert says in Mail.objects.get(kind="paid_up").text
    assert not Mail.objects.filter(kind="cancelled").exists()


def test_e12_instalments_of_a_quarter_are_due_three_months_apart(alice: Any, clock: StoppedClock, work: Work) -> None:
    """E12: from 1 February 2022 the next one is due on 1 May."""
    clock.set(day("2022-02-01T10:00"))
    buy(alice, wish(sold("bench", interval_count=3, payments=4)), clock)
    for moment in ("2022-04-30T23:00", "2022-05-01T10:30"):
        clock.set(day(moment))
        work()
    assert periods() == on("2022-02-01", "2022-05-01", "2022-08-01")
    assert [each.made_at.date() for each in Payment.objects.order_by("made_at")] == [
        date(2022, 2, 1), date(2022, 5, 1)
    ]  # fmt: skip
