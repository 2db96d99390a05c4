"""Scenarios E14 and C46 to C51: what is renewed with follows a change by staff, and nothing else changes it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from goodstanding.billing.models import Subscription
from goodstanding.catalogue import knowledge, selling
from goodstanding.catalogue.models import Level, Price, TaxRate
from goodstanding.catalogue.services import import_catalogue
from goodstanding.clock import StoppedClock
from goodstanding.communications.models import Mail
from goodstanding.core.changes import Manner, Reckoning, When
from goodstanding.core.facts import InvoiceSeen
from goodstanding.core.money import Money
from goodstanding.memberships import (
    bill_lines,
    byhand,
    change_pages,
    changes_ahead,
    changing,
    changing_by_staff,
    coming,
    statuses,
)
from goodstanding.memberships.changing import Accepted
from goodstanding.memberships.changing_by_staff import Said, Wish
from goodstanding.memberships.changing_words import CannotChange
from goodstanding.memberships.models import Membership
from goodstanding.memberships.reading import standing_now
from goodstanding.memberships.services import DecisionRefused
from goodstanding.portal import story
from tests.apps.checkout.house import PriceOf

pytestmark = pytest.mark.django_db

FREE = Manner(When.NOW, Reckoning.NOTHING)
ONCE = {"interval": "year", "renews": False, "currency": "EUR"}
MONTH = {"interval": "month", "currency": "EUR"}
TYPES = [
    {"slug": "general", "name": "General", "group": "types", "prices": [{"amount_minor": 5000, **MONTH}]},
    {"slug": "patron", "name": "Patron", "group": "types", "prices": [{"amount_minor": 12000, **MONTH}]},
    {"slug": "abroad", "name": "Abroad", "group": "types", "prices": [{"amount_minor": 7500, **MONTH}]},
    {"slug": "year", "name": "Year", "group": "years", "prices": [{"amount_minor": 9000, **ONCE}]},
    {"slug": "gold", "name": "Gold year", "group": "years", "prices": [{"amount_minor": 19000, **ONCE}]},
]


@pytest.fixture
def types(price: PriceOf, clock: StoppedClock) -> PriceOf:
    import_catalogue(json.dumps(TYPES), now=clock.now)
    return price


def sell(member: Any, price: Price, clock: StoppedClock) -> None:
    byhand.sell(member, price, how="cash", reference="7", paid_at=clock.now, by=None, now=clock.now)
    clock.advance(change_pages.GOOD_FOR)


def change(price: Price, clock: StoppedClock, manner: Manner = FREE) -> Accepted:
    """Go the whole way, as the page does."""
    row = Subscription.objects.select_related("customer__member", "gateway_account").get()
    wish = Wish(price, manner)
    seen = change_pages.shown(change_pages.signed(changing_by_staff.preview(row, wish, now=clock.now)), now=clock.now)
    return changing_by_staff.accept(row, wish, seen, Said(None, "moved"), return_url="/", now=clock.now)


def template(clock: StoppedClock) -> Money | None:
    """What the next bill asks for, as it stands."""
    rows = list(Subscription.objects.select_related("customer"))
    return changes_ahead.ahead(rows, coming.ledgers_of(rows), now=clock.now)[rows[0].pk].asked


@pytest.mark.parametrize(("level", "minor"), [("patron", 12000), ("abroad", 7500)])
def test_c46_c47_what_it_renews_with_follows_the_change_of_type(
    alice: Any, types: PriceOf, clock: StoppedClock, level: str, minor: int
) -> None:
    """C46: 50 becomes 120. C47: the type of another organisation, 75; levels have no organisations here, only groups."""
    sell(alice, types("general"), clock)
    assert template(clock) == Money(5000, "EUR")
    change(types(level), clock)
    assert template(clock) == Money(minor, "EUR")
    assert Subscription.objects.get().items.get(is_current=True).amount_minor == minor


def test_c48_with_its_tax(alice: Any, types: PriceOf, clock: StoppedClock) -> None:
    """C48: 120 and 12 of tax are 132."""
    TaxRate.objects.create(place="", from_on=date(2020, 1, 1), percent=Decimal(10), name="Tax")
    Price.objects.update(taxed=True)
    knowledge.touch()
    sell(alice, types("general"), clock)
    change(types("patron"), clock)
    assert template(clock) == Money(13200, "EUR")


def test_c49_another_status_leaves_it_untouched(alice: Any, types: PriceOf, clock: StoppedClock) -> None:
    sell(alice, types("general"), clock)
    place = Membership.objects.get()
    statuses.say(place, status="grace", until_on=None, for_good=True, reason="late", by=None, now=clock.now)
    assert template(clock) == Money(5000, "EUR")


def test_c50_e14_without_an_agreement_the_type_changes_and_none_is_made(
    alice: Any, types: PriceOf, clock: StoppedClock
) -> None:
    """E14 (C105): the new type from the switch on, to the end of the old period. After that (C106) it is refused."""
    clock.set(datetime(2026, 1, 1, 9, tzinfo=UTC))
    sell(alice, types("year"), clock)
    end = standing_now(alice.pk, now=clock.now).document["covered_until"]
    clock.set(datetime(2026, 7, 1, 9, tzinfo=UTC))
    gold, old, said = Level.objects.get(pk="gold"), Membership.objects.get(), Said(None, "switch")
    changing_by_staff.move(old, gold, said, now=clock.now)
    held = {each["level"]: each for each in standing_now(alice.pk, now=clock.now).document["levels"]}
    assert (held["gold"]["since"], held["gold"]["covered_until"]) == ("2026-07-01T09:00:00Z", end)
    assert held["year"]["status"] == "lapsed"
    assert not Subscription.objects.exists()
    clock.set(datetime(2027, 2, 1, tzinfo=UTC))
    place = Membership.objects.get(level="gold")
    with pytest.raises(DecisionRefused, match="This is over"):
        changing_by_staff.move(place, Level.objects.get(pk="year"), said, now=clock.now)


def test_c51_whether_a_level_renews_is_offered_as_its_prices_say(types: PriceOf, clock: StoppedClock) -> None:
    """C51: 1 (optional), 0 (no), 2 (required), and back: here always what the prices say, nothing stays behind."""
    import_catalogue(
        json.dumps(
            [
                {
                    "slug": "general",
                    "name": "General",
                    "group": "types",
                    "prices": [
                        {"amount_minor": 5000, **MONTH},
                        {"amount_minor": 5500, **MONTH, "renews": False},
                    ],
                }
            ]
        ),
        now=clock.now,
    )

    def offered() -> set[bool]:
        return {each.renews for each in selling.offer("general", now=clock.now).prices}

    assert offered() == {True, False}
    for closed, left in ((True, {False}), (False, {True})):
        Price.objects.filter(level="general").update(is_open=True)
        Price.objects.filter(level="general", renews=closed).update(is_open=False)
        assert offered() == left
    Price.objects.filter(level="general").update(is_open=True)
    assert offered() == {True, False}


def test_p37_staff_may_where_members_may_not(alice: Any, types: PriceOf, clock: StoppedClock) -> None:
    """What is paid at the desk is not changed by the member where something is due; staff have it billed."""
    sell(alice, types("general"), clock)
    row = Subscription.objects.select_related("customer__member", "gateway_account").get()
    with pytest.raises(CannotChange, match="desk"):
        changing.preview(row, types("patron"), now=clock.now)
    wish = Wish(types("patron"), Manner(When.NOW, Reckoning.PRORATED))
    assert changing_by_staff.preview(row, wish, now=clock.now).plan.due_now


def test_the_receipt_of_a_bill_below_zero_thanks_for_no_payment_and_adds_up(
    alice: Any, types: PriceOf, clock: StoppedClock
) -> None:
    TaxRate.objects.create(place="", from_on=date(2020, 1, 1), percent=Decimal(10), name="Tax")
    Price.objects.update(taxed=True)
    knowledge.touch()
    clock.set(datetime(2026, 6, 1, tzinfo=UTC))
    byhand.sell(alice, types("patron"), how="cash", reference="7", paid_at=clock.now, by=None, now=clock.now)
    (bought,) = Mail.objects.filter(kind="receipt")
    assert "Patron: 120.00 EUR\n- Tax 10 %: 12.00 EUR\nTotal: 132.00 EUR" in bought.text
    assert "We have received your payment of 132.00 EUR." in bought.text
    clock.set(datetime(2026, 6, 16, tzinfo=UTC))

    change(types("general"), clock, Manner(When.NOW, Reckoning.PRORATED))

    (bill,) = Mail.objects.filter(kind="receipt").exclude(pk=bought.pk)
    for words in ("Patron: -60.00 EUR", "General: 25.00 EUR", "Tax 10 %: -3.50 EUR", "Total: -38.50 EUR"):
        assert words in bill.text, bill.text
    assert "38.50 EUR stands on your balance now, and pays your next bills." in bill.text
    assert "received your payment" not in bill.text
    assert "Invoice INV-00002 gave 38.50 EUR back to your balance." in [each.what for each in story.page(alice)[0]]


@pytest.mark.parametrize(
    ("due", "credit", "says"),
    [
        (6000, 0, ""),
        (3617, 2383, "23.83 EUR of it came from your balance; we have received your payment of 36.17 EUR."),
        (0, 6000, "It was paid from your balance."),
    ],
)
def test_a_receipt_says_what_came_from_the_balance(clock: StoppedClock, due: int, credit: int, says: str) -> None:
    bill = InvoiceSeen("in_1", "cus_1", clock.now, "paid", clock.now, "EUR", 6000, due, due, credit)
    assert bill_lines.receipt(bill) == {"lines": [], "total": "60.00 EUR", "what_it_means": says}
