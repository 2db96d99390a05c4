"""Which bills lie ahead, and how far a balance reaches."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from goodstanding.core import forecast
from goodstanding.core.facts import Contract, ItemSeen, PriceHints, SubscriptionSeen
from goodstanding.core.forecast import Bill
from goodstanding.core.money import Money


def on(month: int, day: int, year: int = 2026) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)


def euros(minor: int) -> Money:
    return Money(minor, "EUR")


ITEM = ItemSeen("i", PriceHints("p", labels=("Year",)), amount_minor=2000, interval="month")
MONTHLY = SubscriptionSeen(
    "s", "c", on(1, 31), "active", on(1, 31), "EUR", (ITEM,), anchor_at=on(1, 31), ours=True, time_zone="UTC"
)


def ahead(last: SubscriptionSeen, *, paid: int = 1, most: int = 4) -> list[tuple[int, int, int]]:
    found = forecast.bills_ahead(last, first=on(2, 28), paid=paid, levy_at=lambda _contract, _at: None, most=most)
    return [(bill.at.month, bill.at.day, bill.amount.amount_minor) for bill in found]


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (MONTHLY, [(2, 28, 2000), (3, 31, 2000), (4, 30, 2000), (5, 31, 2000)]),
        (replace(MONTHLY, contract=Contract(payments=3)), [(2, 28, 2000), (3, 31, 2000)]),
        (replace(MONTHLY, contract=Contract(intro_minor=500, intro_payments=2)), [(2, 28, 500), (3, 31, 2000), (4, 30, 2000), (5, 31, 2000)]),
        (replace(MONTHLY, ends_at=on(3, 31)), [(2, 28, 2000)]),
        (replace(MONTHLY, items=(replace(ITEM, amount_minor=None),)), []),
        (
            replace(MONTHLY, next_items=(replace(ITEM, amount_minor=9000),)),
            [(2, 28, 9000), (3, 31, 9000), (4, 30, 9000), (5, 31, 9000)],
        ),
    ],
)  # fmt: skip
def test_bills_ahead_are_what_our_clock_will_draw_up(
    last: SubscriptionSeen, expected: list[tuple[int, int, int]]
) -> None:
    assert ahead(last) == expected


def test_what_waits_comes_with_the_next_one() -> None:
    found = forecast.bills_ahead(
        MONTHLY, first=on(2, 28), paid=1, levy_at=lambda _contract, _at: None, waits=euros(150), most=2
    )
    assert [bill.amount.amount_minor for bill in found] == [2150, 2000]


@pytest.mark.parametrize(
    ("balance", "parts", "left"),
    [
        (0, [], 0),
        (1200, [("a", 1200, False)], 0),
        (2000, [("a", 2000, True)], 0),
        (5200, [("a", 2000, True), ("b", 3000, True), ("a", 200, False)], 0),
        (9000, [("a", 2000, True), ("b", 3000, True), ("a", 2000, True)], 2000),
    ],
)
def test_a_balance_pays_one_after_the_other(balance: int, parts: list[tuple[str, int, bool]], left: int) -> None:
    bills = [Bill(on(3, 3), euros(2000), "a"), Bill(on(5, 3), euros(2000), "a"), Bill(on(4, 1), euros(3000), "b")]
    found, rest = forecast.reach(euros(balance), bills)
    assert [(each.bill.name, each.part.amount_minor, each.is_whole) for each in found] == parts
    assert rest == euros(left)
