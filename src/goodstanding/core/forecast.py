"""Which bills lie ahead of what we bill, as far as they are known now, and how far a balance reaches. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from goodstanding.core import changes, dunning
from goodstanding.core.asking import total_of
from goodstanding.core.facts import SubscriptionSeen
from goodstanding.core.money import Money
from goodstanding.core.renewals import LevyAt, asked_of

MOST = 12  # renewals of one subscription that are looked ahead at


@dataclass(frozen=True, slots=True)
class Bill:
    """A renewal at ``at`` that is to ask for ``amount``; ``name`` is of what."""

    at: datetime
    amount: Money
    name: str = ""


@dataclass(frozen=True, slots=True)
class Reached:
    """So much of a bill ahead the balance pays: above zero."""

    bill: Bill
    part: Money

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left to be paid of it."""
        return self.part == self.bill.amount


def bills_ahead(
    last: SubscriptionSeen, *, first: datetime, paid: int, levy_at: LevyAt, waits: Money | None = None, most: int = MOST
) -> Iterator[Bill]:
    """Give the renewals of a subscription of ours that are to come, the next one at ``first``, at most so many.

    ``paid``: how many bills asked for money before; ``waits``: what the next one takes along of changes before. They end with
    a set end, with the last instalment, and where an amount is not known.
    """
    last = changes.renewed(last, start=first, at=first) if last.next_items else last
    if any(item.amount_minor is None for item in last.items):
        return
    number = dunning.number_of(first, last)
    name = next(iter(last.items[0].hints.labels), "")
    for step in range(most):
        start, _end = dunning.period(last, number + step)
        is_over = last.ends_at is not None and start >= last.ends_at
        if is_over or (last.contract.payments and paid >= last.contract.payments):
            return
        lines = [line for _item, line in asked_of(last, payment=paid + 1, at=start, levy_at=levy_at)]
        paid += 1 if any(line.listed for line in lines) else 0
        amount = total_of(lines, last.currency)
        yield Bill(start, amount + waits if waits is not None and not step else amount, name)


def reach(balance: Money, bills: Iterable[Bill]) -> tuple[list[Reached], Money]:
    """Return what a balance pays of the bills ahead, in order of time, each before the next; and what it leaves after them."""
    found: list[Reached] = []
    for bill in sorted(bills, key=lambda each: (each.at, each.name)):
        part = min(balance, bill.amount)
        if part.amount_minor > 0:
            found.append(Reached(bill, part))
            balance -= part
    return found, balance
