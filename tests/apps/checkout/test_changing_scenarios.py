"""The scenarios of changing the level, by their names, through the member's page: what it says, and what becomes of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.urls import reverse

from goodstanding.billing.models import Invoice, Subscription
from goodstanding.catalogue.models import LevelGroup, Price
from goodstanding.catalogue.services import import_catalogue
from goodstanding.clock import StoppedClock
from goodstanding.communications.models import Mail
from goodstanding.core.changes import Manner, When
from goodstanding.memberships import change_pages, changing_by_staff, closing, ending
from goodstanding.memberships.changing_by_staff import Said, Wish
from goodstanding.memberships.models import Membership
from tests.apps.checkout.house import Until, balance, charged, in_order, june, level_of, lines
from tests.apps.checkout.test_joining import buy

pytestmark = pytest.mark.django_db(transaction=True)
HALF_A_DAY = timedelta(hours=12)
EUR = {"currency": "EUR"}
CLUB = [
    ("ten", [{"amount_minor": 1000, "interval": "month", **EUR}, {"amount_minor": 10000, "interval": "year", **EUR}]),
    ("twenty", [{"amount_minor": 2000, "interval": "month", **EUR}]),
    ("free", [{"amount_minor": 0, "interval": "month", **EUR}]),
    ("big", [{"amount_minor": 239995, "interval": "year", **EUR}]),
    ("less", [{"amount_minor": 24995, "interval": "month", **EUR}]),
    ("fifty", [{"amount_minor": 5000, "interval": "month", **EUR}]),
    ("half", [{"amount_minor": 2500, "interval": "month", **EUR}]),
    ("calendar", [{"amount_minor": 12000, "interval": "year", "fixed": {"start": "0101", "prorated": "months"}, **EUR}]),
]  # fmt: skip
PriceAt = Callable[..., Price]
Change = Callable[..., str]


@pytest.fixture
def club(shop: None, clock: StoppedClock) -> PriceAt:
    """``club("ten")``: the prices of a club, on the first of June."""
    clock.set(june(1))
    levels = [{"slug": slug, "name": slug.title(), "group": "club", "prices": prices} for slug, prices in CLUB]
    import_catalogue(json.dumps(levels), now=clock.now)
    rows = Price.objects.select_related("level__group")
    return lambda level, interval="month": rows.get(level=level, interval=interval)


@pytest.fixture
def to(client: Any, alice: Any) -> Change:
    """``to(price)``: look at the page of a change to it, and send it; return what it said."""

    def go(price: Price, *, query: str = "", look: bool = False) -> str:
        client.force_login(alice.user)
        there = reverse("gs_portal:change_to", args=[Subscription.objects.get().pk, price.pk]) + query
        page = client.get(there).content.decode()
        if not look:
            shown = re.search(r'name="shown" value="([^"]+)"', page)
            assert shown, page
            answer = client.post(there, {"shown": shown[1], "method": "", "card": "sandbox_ok"})
            assert answer.status_code == 302, answer.content.decode()
        return " ".join(re.sub(r"<[^>]+>", " ", page).split())

    return go


def rows() -> dict[str, int]:
    """How many rows each table has."""
    return {model._meta.label: model._base_manager.count() for model in apps.get_models()}


def test_p31_b14_a_third_is_used_and_looking_writes_nothing(
    alice: Any, club: PriceAt, clock: StoppedClock, until: Until, to: Change
) -> None:
    buy(alice, club("ten"), clock)
    clock.set(june(11))
    before = rows()
    said = to(club("twenty"), look=True)
    for words in ("-6.67 EUR", "13.33 EUR", "To be paid now 6.66 EUR", "20.00 EUR on July 1, 2026"):
        assert words in said
    grown = {name for name, count in rows().items() if count != before[name]}
    assert grown <= {"sessions.Session"}, "to look is not to change"
    to(club("twenty"))
    assert charged() == [1000, 666]
    until(datetime(2026, 7, 1, 1, tzinfo=UTC), step=HALF_A_DAY)
    assert charged() == [1000, 666, 2000]
    in_order()


def test_p32_b05_a_year_paid_ahead_in_the_middle_of_a_month(
    alice: Any, club: PriceAt, clock: StoppedClock, until: Until, to: Change
) -> None:
    """Cheaper by the month, so it would wait; who wants the year now pays 95.00, and next in a year from today."""
    buy(alice, club("ten"), clock)
    clock.set(june(16))
    said = to(club("ten", "year"), look=True)
    assert "Change on July 1, 2026" in said
    assert "You may also pay ahead" in said
    said = to(club("ten", "year"), query="?ahead=1")
    for words in (
        "-5.00 EUR",
        "100.00 EUR",
        "To be paid now 95.00 EUR",
        "100.00 EUR on June 16, 2027",
        "You may also wait",
    ):
        assert words in said
    assert charged() == [1000, 9500]
    (line,) = Invoice.objects.latest("issued_at").lines.filter(kind="regular")
    assert (line.start_at, line.end_at) == (june(16), datetime(2027, 6, 16, tzinfo=UTC))
    until(datetime(2026, 8, 2, tzinfo=UTC), step=timedelta(days=5))
    assert charged() == [1000, 9500], "nothing more for a year"
    in_order()


def test_p33_down_waits_for_the_next_date(
    alice: Any, club: PriceAt, clock: StoppedClock, until: Until, to: Change
) -> None:
    """Nothing is charged, the old level stays; then the new one, and its price. Who loses the level first: nothing of it."""
    buy(alice, club("twenty"), clock)
    clock.set(june(11))
    said = to(club("ten"), query="?ahead=1")
    assert "To be paid now nothing" in said
    assert "You may also pay ahead" not in said
    assert level_of(alice, clock) == ("twenty", "good")
    until(datetime(2026, 7, 1, 1, tzinfo=UTC), step=HALF_A_DAY)
    assert (level_of(alice, clock), charged()) == (("ten", "good"), [2000, 1000])
    in_order()


def test_p33_member_and_staff_are_told_when_it_is_set_and_when_it_is_made(
    alice: Any, club: PriceAt, clock: StoppedClock, until: Until, to: Change, settings: Any
) -> None:
    settings.GOODSTANDING_STAFF_MAIL = "desk@example.org"
    buy(alice, club("twenty"), clock)
    clock.set(june(11))
    to(club("ten"))
    assert planned() == [
        ("level_planned", alice.email, "Your change to Ten is set for July 1, 2026"),
        ("staff_level_planned", "desk@example.org", "Alice changes to Ten on July 1, 2026"),
    ]
    until(datetime(2026, 7, 1, 1, tzinfo=UTC), step=HALF_A_DAY)
    assert planned()[2:] == [
        ("level_planned", alice.email, "Your change to Ten is made"),
        ("staff_level_planned", "desk@example.org", "Alice has changed to Ten"),
    ]


@pytest.mark.parametrize("lost", ["closed", "stopped"])
def test_p33_a_change_is_void_where_the_level_is_lost_before(
    alice: Any, dana: Any, club: PriceAt, clock: StoppedClock, until: Until, to: Change, lost: str
) -> None:
    """Closed by staff, or its renewal stopped by the member: nothing is charged, and the other level never appears."""
    buy(alice, club("twenty"), clock)
    clock.set(june(11))
    to(club("ten"))
    if lost == "closed":
        closing.close(Membership.objects.get(), by=dana, reason="moved", now=clock.now)
    else:
        ending.cancel(Subscription.objects.get(), now=clock.now)
    until(datetime(2026, 7, 10, tzinfo=UTC), step=timedelta(days=2))
    assert charged() == [2000]
    assert level_of(alice, clock) == ("twenty", "lapsed")
    assert Subscription.objects.get().status == "cancelled"
    assert planned() == [("level_planned", alice.email, "Your change to Ten is set for July 1, 2026")]
    in_order()


def test_p33_a_change_whose_price_is_never_paid_gives_nothing(
    alice: Any, club: PriceAt, clock: StoppedClock, until: Until, to: Change
) -> None:
    """After the last try it ends: the new level was in grace, and never more than that."""
    buy(alice, club("twenty"), clock, card="sandbox_fails_later")
    clock.set(june(11))
    to(club("ten"))
    until(datetime(2026, 7, 3, tzinfo=UTC), step=timedelta(days=1))
    assert level_of(alice, clock) == ("ten", "grace")
    until(datetime(2026, 8, 15, tzinfo=UTC), step=timedelta(days=2))
    assert level_of(alice, clock) == ("ten", "lapsed")
    assert charged() == [2000]
    assert Subscription.objects.get().status == "cancelled"
    in_order()


def test_p37_what_staff_set_is_told_by_them_or_not_at_all(
    alice: Any, dana: Any, club: PriceAt, clock: StoppedClock, until: Until
) -> None:
    buy(alice, club("twenty"), clock)
    clock.set(june(11))
    row, wish = Subscription.objects.get(), Wish(club("ten"), Manner(When.AT_END))
    seen = change_pages.shown(change_pages.signed(changing_by_staff.preview(row, wish, now=clock.now)), now=clock.now)
    changing_by_staff.accept(row, wish, seen, Said(dana, "less"), return_url="/", now=clock.now)
    until(datetime(2026, 7, 1, 1, tzinfo=UTC), step=timedelta(days=4))
    until(datetime(2026, 7, 2, 1, tzinfo=UTC), step=HALF_A_DAY)
    assert (level_of(alice, clock), planned()) == (("ten", "good"), [])


def planned() -> list[tuple[str, str, str]]:
    """The mails of planned changes, in order: kind, to whom, subject."""
    rows = Mail.objects.filter(kind__contains="level_planned").order_by("created_at", "kind")
    return list(rows.values_list("kind", "to_address", "subject"))


def test_c24_from_fifty_to_twenty_five_at_once_leaves_twenty_five_on_the_balance(
    alice: Any, club: PriceAt, clock: StoppedClock, until: Until, to: Change
) -> None:
    """C24: paid 50, the type changed to one of 25: 25 are the member's. P36, B24: they pay what comes next, without a card."""
    LevelGroup.objects.filter(pk="club").update(change_when="now")
    buy(alice, club("fifty"), clock)
    said = to(club("half"))
    for words in (
        "-50.00 EUR",
        "25.00 EUR",
        "To be paid now nothing",
        "Kept as your credit 25.00 EUR",
        "nothing on July 1, 2026",
    ):
        assert words in said
    assert (level_of(alice, clock), balance()) == (("half", "good"), 2500)
    until(datetime(2026, 7, 1, 1, tzinfo=UTC), step=HALF_A_DAY)
    assert (balance(), charged()) == (0, [5000])
    assert level_of(alice, clock) == ("half", "good"), "a bill of nothing renews like any other"
    until(datetime(2026, 8, 1, 1, tzinfo=UTC), step=timedelta(days=1))
    assert charged() == [5000, 2500]
    in_order()


def test_b24_p36_the_rest_of_a_year_pays_the_months(alice: Any, club: PriceAt, clock: StoppedClock, to: Change) -> None:
    LevelGroup.objects.filter(pk="club").update(change_when="now")
    buy(alice, club("big", "year"), clock)
    clock.set(june(1) + timedelta(days=38))
    said = to(club("less"))
    assert "-2,150.09 EUR" in said
    assert "Kept as your credit 1,900.14 EUR" in said
    assert (balance(), charged()) == (190014, [239995])
    in_order()


def test_b08_to_and_from_what_is_free_it_is_one_line(
    alice: Any, club: PriceAt, clock: StoppedClock, to: Change
) -> None:
    LevelGroup.objects.filter(pk="club").update(change_when="now")
    buy(alice, club("ten"), clock)
    clock.set(june(16))
    to(club("free"))
    assert lines(Invoice.objects.latest("issued_at")) == [("proration", -500)]
    clock.set(june(16, 12))
    to(club("twenty"))
    assert lines(Invoice.objects.latest("issued_at")) == [("proration", 967)]
    assert (balance(), charged()) == (0, [1000, 467])
    in_order()


def test_b12_where_an_organisation_gives_nothing_back_the_day_moves(
    alice: Any, club: PriceAt, clock: StoppedClock, until: Until, to: Change
) -> None:
    LevelGroup.objects.filter(pk="club").update(change_reckoning="whole")
    buy(alice, club("ten"), clock)
    clock.set(june(16))
    said = to(club("twenty"))
    assert "To be paid now 20.00 EUR" in said
    assert "nothing of it is given back" in said
    until(datetime(2026, 7, 16, 1, tzinfo=UTC), step=HALF_A_DAY)
    assert charged() == [1000, 2000, 2000]
    in_order()


def test_to_a_price_that_follows_the_calendar_it_is_the_calendars_period(
    alice: Any, club: PriceAt, clock: StoppedClock, until: Until, to: Change
) -> None:
    """From months to calendar years on 16 June: seven of twelve months, to the end of the year; then whole years."""
    buy(alice, club("fifty"), clock)
    clock.set(june(16))
    said = to(club("calendar", "year"))
    for words in (
        "-25.00 EUR",
        "70.00 EUR",
        "7 of 12 months",
        "To be paid now 45.00 EUR",
        "120.00 EUR on Jan. 1, 2027",
    ):
        assert words in said
    assert charged() == [5000, 4500]
    until(datetime(2027, 1, 1, 1, tzinfo=UTC), step=timedelta(days=15))
    until(datetime(2027, 1, 1, 1, tzinfo=UTC), step=HALF_A_DAY)
    assert charged() == [5000, 4500, 12000]
    (line,) = Invoice.objects.latest("issued_at").lines.all()
    assert (line.start_at.date().isoformat(), line.end_at.date().isoformat()) == ("2027-01-01", "2028-01-01")
    in_order()
