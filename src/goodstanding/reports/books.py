"""The books by month: received, earned, still owed as service, gift cards and balances; and whether they balance.

Two ways lead to each figure: the journal's transfers, and the bills with their lines. Where they differ by a minor unit the
report says so.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, tzinfo
from typing import Any

from django.db.models import Sum
from django.db.models.functions import TruncMonth

from goodstanding.billing.models import Transfer
from goodstanding.core.earning import Column, earned_by, month_after, monthly
from goodstanding.core.journal import Chart
from goodstanding.core.money import Money
from goodstanding.reports.bills import bills

Released = dict[tuple[date, str, Chart], int]  # by month, currency, and to which account

MONEY = frozenset({Chart.GATEWAY, Chart.ELSEWHERE})


@dataclass(slots=True)
class Month:
    """One month of one currency. The first half is what the month added, the second what stands at its end.

    ``earned``: by service given; ``unearned``: given back, or lost, before it was earned. ``owed``: paid, and still to be
    given as service. ``unpaid``: billed, and neither paid nor given up.
    """

    month: date
    currency: str
    received_minor: int = 0
    given_back_minor: int = 0
    fees_minor: int = 0
    billed_minor: int = 0
    earned_minor: int = 0
    unearned_minor: int = 0
    owed_minor: int = 0
    unpaid_minor: int = 0
    gifts_minor: int = 0
    balances_minor: int = 0
    tax_minor: int = 0
    deferred_minor: int = 0  # by the journal, before anything is earned
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Books:
    """All months of all currencies, in order, and every releasing of deferred revenue at the end of a month."""

    months: list[Month]
    released: Released

    @property
    def wrong(self) -> list[str]:
        """What does not balance, in words; empty where all does."""
        return [f"{row.month:%Y-%m} {row.currency}: {words}" for row in self.months for words in row.wrong]


def books(*, zone: tzinfo, until: date) -> Books:
    """Return the books of all months from the first that something happened in to that of ``until``.

    Days are those of ``zone``. Of a month that is not over it says what stands at its end if nothing more happens.
    """
    moved, told = _moved(zone), _Told(zone)
    last = until.replace(day=1)
    first: dict[str, date] = {}
    for month, currency in [*moved, *((month, currency) for month, currency, _ in told.added)]:
        first[currency] = min(month, first.get(currency, month))
    rows = []
    for currency in sorted(first):
        before = Month(first[currency], currency)
        month = first[currency]
        while month <= last:
            row = _month(before, month, moved.get((month, currency), {}), told.added)
            rows.append(row)
            before, month = row, month_after(month)
    return Books(sorted(rows, key=lambda row: (row.month, row.currency)), told.released)


class _Told:
    """What the bills say: added by month, currency and column; and what is released from deferred revenue."""

    def __init__(self, zone: tzinfo) -> None:
        self.added: defaultdict[tuple[date, str, Column], int] = defaultdict(int)
        self.released: Released = defaultdict(int)
        for bill in bills():
            earned = earned_by(bill, zone)
            for month, column, minor in monthly(bill, zone, earned):
                self.added[month, bill.currency, column] += minor
            for each in earned:
                self.released[each.month, bill.currency, each.to] += each.amount_minor


def _moved(zone: tzinfo) -> dict[tuple[date, str], dict[tuple[str, str], int]]:
    """What the transfers of each month and currency move, by debit and credit."""
    found: defaultdict[tuple[date, str], dict[tuple[str, str], int]] = defaultdict(dict)
    rows: Any = Transfer.objects.order_by().annotate(month=TruncMonth("happened_at", tzinfo=zone))
    sums = rows.values_list("month", "currency", "debit", "credit").annotate(minor=Sum("amount_minor"))
    for month, currency, debit, credit, minor in sums:
        found[month.date(), currency][debit, credit] = minor
    return dict(found)


def _month(
    before: Month, month: date, moves: dict[tuple[str, str], int], told: dict[tuple[date, str, Column], int]
) -> Month:
    currency = before.currency
    flow: defaultdict[str, int] = defaultdict(int)  # debits less credits
    received = given_back = 0
    for (debit, credit), minor in moves.items():
        flow[debit] += minor
        flow[credit] -= minor
        received += minor * (
            (debit in MONEY and credit == Chart.RECEIVABLE) - (debit == Chart.RECEIVABLE and credit in MONEY)
        )
        given_back += minor * (
            (debit == Chart.REFUNDED and credit in MONEY) - (debit in MONEY and credit == Chart.REFUNDED)
        )
    added = {column: told.get((month, currency, column), 0) for column in Column}
    row = Month(
        month,
        currency,
        received_minor=received,
        given_back_minor=given_back,
        fees_minor=flow[Chart.FEES],
        billed_minor=added[Column.BILLED],
        earned_minor=added[Column.EARNED],
        unearned_minor=added[Column.UNEARNED],
        unpaid_minor=before.unpaid_minor + added[Column.UNPAID],
        gifts_minor=before.gifts_minor - flow[Chart.GIFT_CARDS] - added[Column.GIFTS_UNPAID],
        balances_minor=before.balances_minor - flow[Chart.BALANCE],
        tax_minor=before.tax_minor - flow[Chart.TAX],
        deferred_minor=-flow[Chart.DEFERRED],
    )
    owed_and_unpaid = before.owed_minor + before.unpaid_minor + row.billed_minor - row.earned_minor - row.unearned_minor
    row.owed_minor = owed_and_unpaid - row.unpaid_minor
    if row.deferred_minor != row.billed_minor:
        by = Money(row.deferred_minor, currency), Money(row.billed_minor, currency)
        row.wrong.append(f"the journal put {by[0]} to deferred revenue, the bills come to {by[1]}")
    return row
