"""A house whose levels are changed: its prices, going the whole way, and what the books say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from goodstanding.billing import recording
from goodstanding.billing.models import Invoice, Payment, Subscription, Transfer
from goodstanding.catalogue.models import Price
from goodstanding.clock import StoppedClock
from goodstanding.core.journal import Chart
from goodstanding.core.ledger import Ledger
from goodstanding.memberships import change_pages, changing
from goodstanding.memberships.changing import Accepted
from goodstanding.memberships.reading import standing_now
from tests.apps.checkout import books

PriceOf = Callable[..., Price]
Until = Callable[..., None]
DAY = timedelta(days=1)
EUR = {"currency": "EUR"}
HOUSE = [
    {
        "slug": "basic",
        "name": "Basic",
        "group": "house",
        "prices": [
            {"amount_minor": 10000, "interval": "month", **EUR},
            {"amount_minor": 144000, "interval": "year", **EUR},
        ],
    },
    {
        "slug": "plus",
        "name": "Plus",
        "group": "house",
        "prices": [
            {"amount_minor": 30000, "interval": "month", **EUR},
            {"amount_minor": 9000, "interval": "month", "currency": "USD"},
        ],
    },
    {
        "slug": "other",
        "name": "Other",
        "group": "house",
        "prices": [{"amount_minor": 30000, "interval": "month", **EUR}],
    },
    {
        "slug": "small",
        "name": "Small",
        "group": "house",
        "prices": [{"amount_minor": 4000, "interval": "month", **EUR}],
    },
    {
        "slug": "once",
        "name": "Once",
        "group": "house",
        "prices": [{"amount_minor": 900, "interval": "month", "renews": False, **EUR}],
    },
]


def june(number: int, hour: int = 0) -> datetime:
    return datetime(2026, 6, number, hour, tzinfo=UTC)


def change(price: Price, clock: StoppedClock, *, card: str = "sandbox_ok", **how: str) -> Accepted:
    """Go the whole way, as the page does."""
    subscription = Subscription.objects.get()
    seen = change_pages.shown(change_pages.signed(changing.preview(subscription, price, now=clock.now)), now=clock.now)
    return changing.accept(subscription, price, seen, return_url="/back", now=clock.now, card=card, **how)


def lines(bill: Invoice) -> list[tuple[str, int]]:
    return list(bill.lines.order_by("amount_minor").values_list("kind", "amount_minor"))


def level_of(member: Any, clock: StoppedClock) -> tuple[str, str]:
    (level,) = standing_now(member.pk, now=clock.now).document["levels"]
    return level["level"], level["status"]


def balance() -> int:
    """What the books owe the member."""
    moves = Transfer.objects.values_list("debit", "credit", "amount_minor")
    return sum(amount * ((credit == Chart.BALANCE) - (debit == Chart.BALANCE)) for debit, credit, amount in moves)


def charged() -> list[int]:
    rows = Payment.objects.filter(status="succeeded").order_by("made_at", "id")
    return list(rows.values_list("amount_minor", flat=True))


def in_order() -> None:
    """The books balance, and what they say of the balance is what the ledger says."""
    assert [said for said in books.wrong_in() if "overlap" not in said] == []
    for subscription in Subscription.objects.all():
        ledger = Ledger(recording.objects_of([subscription.customer_id])[subscription.customer_id])
        assert ledger.credit_minor("EUR") == balance()
