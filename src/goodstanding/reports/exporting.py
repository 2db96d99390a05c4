"""The journal as text that bookkeeping programs read: hledger, beancount, or a table. A line at a time, in a stable order.

Names of accounts and payers are ours (``acc_…``, ``inv_…``): nobody's name or address is in it. What is earned, which no
transfer says, comes as one transaction a month and currency, dated on the month's last day; of months that are over only.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from heapq import merge

from goodstanding.billing.models import Transfer
from goodstanding.core.currencies import exponent
from goodstanding.core.earning import end_of, month_after
from goodstanding.core.ids import derived
from goodstanding.core.journal import Chart
from goodstanding.core.money import Money
from goodstanding.core.periods import start_of_day
from goodstanding.reports.books import Released

BATCH = 2000
DAY = timedelta(days=1)


class Form(StrEnum):
    """What the text is written for."""

    HLEDGER = "hledger"
    BEANCOUNT = "beancount"
    CSV = "csv"


class By(StrEnum):
    """Whether each transfer stands alone, or those of a day or a month together."""

    TRANSFER = "transfer"
    DAY = "day"
    MONTH = "month"


_ACCOUNTS = {
    Chart.RECEIVABLE: "assets:receivable",
    Chart.GATEWAY: "assets:gateway",
    Chart.ELSEWHERE: "assets:paid-elsewhere",
    Chart.DISPUTED: "assets:disputed",
    Chart.DEFERRED: "liabilities:deferred-revenue",
    Chart.TAX: "liabilities:tax",
    Chart.BALANCE: "liabilities:member-balances",
    Chart.GIFT_CARDS: "liabilities:gift-cards",
    Chart.MOVED: "liabilities:moved",
    Chart.EARNED: "income:earned",
    Chart.REFUNDED: "income:refunded",
    Chart.FEES: "expenses:fees",
    Chart.GIVEN: "expenses:given",
    Chart.WRITTEN_OFF: "expenses:written-off",
    Chart.DISPUTES_LOST: "expenses:disputes-lost",
}
_PREFIXES = {"invoice": "inv", "payment": "pay", "refund": "rfd", "dispute": "dsp", "credit": "bal"}
_EARNED = {
    Chart.EARNED: "earned in this month",
    Chart.REFUNDED: "given back before it was earned",
    Chart.DISPUTES_LOST: "lost in a dispute before it was earned",
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """A transaction: ``amount_minor`` > 0 from ``credit`` to ``debit`` on a day. ``name``: its public id, if it has one.

    ``about``: the public id of what it is about; ``payer``: that of the billing account.
    """

    on: date
    name: str
    what: str
    debit: Chart
    credit: Chart
    amount_minor: int
    currency: str
    about: str = ""
    payer: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for: days of ``zone`` from ``since`` on (``None``: all) and before ``until``."""

    form: Form
    zone: tzinfo
    until: date
    since: date | None = None
    by: By = By.TRANSFER


def export(wanted: Wanted, released: Released, *, now: datetime) -> Iterator[str]:
    """Give the text, line by line (each with its end). Reads a bounded number of transfers at a time.

    ``released``: what leaves deferred revenue at the end of each month, by the books.
    """
    return _WRITERS[wanted.form](_entries(wanted, released, now=now), wanted)


def guarded(text: str) -> str:
    """Return a text so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _entries(wanted: Wanted, released: Released, *, now: datetime) -> Iterator[Entry]:
    """Both streams in the order of their days; on one day the month's end comes last."""
    moved = ((each.on, 0, each) for each in _summed(_transfers(wanted), wanted.by))
    earned = ((each.on, 1, each) for each in _earned(wanted, released, now=now))
    for _, _, entry in merge(moved, earned, key=lambda one: one[:2]):
        yield entry


def _transfers(wanted: Wanted) -> Iterator[Entry]:
    rows = Transfer.objects.order_by("happened_at", "id").filter(
        happened_at__lt=start_of_day(wanted.until, tz=wanted.zone)
    )
    if wanted.since is not None:
        rows = rows.filter(happened_at__gte=start_of_day(wanted.since, tz=wanted.zone))
    for row in rows.select_related("account").prefetch_related("account__customers").iterator(chunk_size=BATCH):
        kind, _, rest = row.key.partition("|")
        ref, _, step = rest.partition("|")
        gateway = next((each.gateway_account_id for each in row.account.customers.all()), "")
        yield Entry(
            on=row.happened_at.astimezone(wanted.zone).date(),
            name=row.pk,
            what=f"{kind} {step}".strip().replace("-", " "),
            debit=Chart(row.debit),
            credit=Chart(row.credit),
            amount_minor=row.amount_minor,
            currency=row.currency,
            about=derived(_PREFIXES.get(kind, kind), gateway, ref),
            payer=row.account_id,
        )


def _earned(wanted: Wanted, released: Released, *, now: datetime) -> Iterator[Entry]:
    for (month, currency, to), minor in sorted(released.items()):
        on = month_after(month) - DAY
        if not minor or on >= wanted.until or end_of(month, wanted.zone) > now:
            continue
        if wanted.since is not None and on < wanted.since:
            continue
        sides = (Chart.DEFERRED, to) if minor > 0 else (to, Chart.DEFERRED)
        yield Entry(on, "", _EARNED[to], *sides, abs(minor), currency)


def _summed(entries: Iterable[Entry], by: By) -> Iterator[Entry]:
    if by is By.TRANSFER:
        yield from entries
        return
    sums: defaultdict[tuple[str, Chart, Chart], int] = defaultdict(int)
    current: date | None = None
    for entry in entries:
        on = entry.on if by is By.DAY else month_after(entry.on.replace(day=1)) - DAY
        if on != current and current is not None:
            yield from _sum_of(current, sums)
            sums.clear()
        current = on
        sums[entry.currency, entry.debit, entry.credit] += entry.amount_minor
    if current is not None:
        yield from _sum_of(current, sums)


def _sum_of(on: date, sums: dict[tuple[str, Chart, Chart], int]) -> Iterator[Entry]:
    for (currency, debit, credit), minor in sorted(sums.items()):
        yield Entry(on, "", "sum of transfers", debit, credit, minor, currency)


def _currencies() -> list[str]:
    return sorted(Transfer.objects.order_by().values_list("currency", flat=True).distinct())


def _hledger(entries: Iterable[Entry], wanted: Wanted) -> Iterator[str]:
    yield from (f"; {line}\n" for line in _said(wanted))
    yield "decimal-mark .\n"
    yield from (f"commodity {_sample(code)}\n" for code in _currencies())
    yield from (f"account {name}\n" for name in _ACCOUNTS.values())
    for entry in entries:
        name, tags = (f" ({entry.name})" if entry.name else ""), _tags(entry)
        yield f"\n{entry.on}{name} {entry.what}{f'  ; {tags}' if tags else ''}\n"
        for chart, amount in _sides(entry):
            yield f"    {_ACCOUNTS[chart]}  {amount}\n"


def _beancount(entries: Iterable[Entry], wanted: Wanted) -> Iterator[str]:
    yield from (f"; {line}\n" for line in _said(wanted))
    opened = False
    for entry in entries:
        if not opened:  # what comes first is the earliest
            yield from (f"{entry.on} open {_titled(name)}\n" for name in _ACCOUNTS.values())
            opened = True
        yield f'\n{entry.on} * "{entry.what}"\n'
        for key, value in (("transfer", entry.name), ("about", entry.about), ("payer", entry.payer)):
            if value:
                yield f'  {key}: "{value}"\n'
        for chart, amount in _sides(entry):
            yield f"  {_titled(_ACCOUNTS[chart])}  {amount}\n"


def _csv(entries: Iterable[Entry], _wanted: Wanted) -> Iterator[str]:
    line = io.StringIO()
    table = csv.writer(line, lineterminator="\n")
    rows: Iterator[list[str]] = (
        [str(each.on), each.name, each.what, _ACCOUNTS[each.debit], _ACCOUNTS[each.credit], _amount(each), each.currency,
         each.about, each.payer]
        for each in entries
    )  # fmt: skip
    head = ["date", "transfer", "what", "debit", "credit", "amount", "currency", "about", "payer"]
    table.writerow(head)
    yield line.getvalue()
    for row in rows:
        line.seek(0)
        line.truncate()
        table.writerow([guarded(cell) for cell in row])
        yield line.getvalue()


_WRITERS: dict[Form, Callable[[Iterable[Entry], Wanted], Iterator[str]]] = {
    Form.HLEDGER: _hledger,
    Form.BEANCOUNT: _beancount,
    Form.CSV: _csv,
}


def _said(wanted: Wanted) -> Iterator[str]:
    since = f"from {wanted.since} " if wanted.since else ""
    yield f"The journal of Goodstanding {since}to before {wanted.until}, by the clock of {wanted.zone}."


def _sides(entry: Entry) -> Iterator[tuple[Chart, str]]:
    amount = Money(entry.amount_minor, entry.currency)
    yield entry.debit, amount.format()
    yield entry.credit, (-amount).format()


def _amount(entry: Entry) -> str:
    return Money(entry.amount_minor, entry.currency).format().partition(" ")[0]


def _sample(currency: str) -> str:
    """How amounts of a currency are written: hledger reads its decimals from it, and wants a decimal mark in any case."""
    digits = exponent(currency)
    return f"1000.{'0' * digits} {currency}"


def _tags(entry: Entry) -> str:
    named = (("about", entry.about), ("payer", entry.payer))
    return ", ".join(f"{name}: {value}" for name, value in named if value)


def _titled(account: str) -> str:
    return ":".join(part.title() for part in account.split(":"))
