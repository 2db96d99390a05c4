"""What follows a purchase: which charges come when, how often, and what comes after the last one. Said before it is bought.

Pure. Each amount is what :mod:`goodstanding.core.asking` will ask for then, so what is shown is what is billed (I13).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from goodstanding.core import asking
from goodstanding.core.asking import Levy
from goodstanding.core.money import Money
from goodstanding.core.periods import nth
from goodstanding.core.pricing import Part, Quote


@dataclass(frozen=True, slots=True)
class Step:
    """``count`` charges of ``amount`` (with tax, and with what is renewed beside it), the first one at ``at``.

    ``count`` 0: it goes on like this until somebody ends it.
    """

    at: datetime
    amount: Money
    count: int


@dataclass(frozen=True, slots=True)
class NextCharge:
    """What is charged at ``at``: ``amount`` in all, of which ``from_balance`` is paid by what the balance holds by then."""

    at: datetime
    amount: Money
    from_balance: Money

    @property
    def due(self) -> Money:
        """What the card is charged."""
        return self.amount - self.from_balance


def steps_of(part: Part, *, levy: Levy | None, time_zone: str) -> tuple[Step, ...]:
    """Return the charges that follow the first one of ``part``, those of one amount together; none where nothing follows.

    ``levy``: the tax that holds for it today; a rate that changes meanwhile is taken as it is then.
    """
    if part.then is None or part.then_at is None:
        return ()
    contract, first = part.contract, _payment(part)
    turns = {first, contract.intro_payments + 1, *(code.payments + 1 for code in part.contract.codes if code.payments)}
    if contract.payments:
        turns.add(contract.payments)  # the last part carries the remainder
    from_on = sorted(turn for turn in turns if turn >= first and (not contract.payments or turn <= contract.payments))
    extras = sum((extra.asked.total for extra in part.extras if extra.recurs), Money.zero(part.terms.amount.currency))
    found: list[Step] = []
    for index, turn in enumerate(from_on):
        amount = asking.asked(contract, part.terms.amount, payment=turn, levy=levy).total + extras
        until = from_on[index + 1] if index + 1 < len(from_on) else contract.payments + 1 if contract.payments else 0
        count = until - turn if until else 0
        if found and found[-1].amount == amount:
            found[-1] = Step(found[-1].at, amount, found[-1].count + count if count else 0)
        else:
            found.append(Step(_at(part, turn - first, time_zone), amount, count))
    return tuple(found)


def next_charges(bought: Quote) -> tuple[NextCharge, ...]:
    """Return the next charge of each day on which one comes, in order of time, less what the balance holds by then.

    What a code larger than the price leaves is on the balance by then, too.
    """
    zero = Money.zero(bought.currency)
    by_moment: dict[datetime, Money] = {}
    for part in bought.parts:
        if part.then_at is not None and part.next_total is not None:
            by_moment[part.then_at] = by_moment.get(part.then_at, zero) + part.next_total
    left = bought.credit - bought.credit_used + sum((line.rest for line in bought.asked), zero)
    found = []
    for at in sorted(by_moment):
        used = min(left, by_moment[at])
        left -= used
        found.append(NextCharge(at, by_moment[at], used))
    return tuple(found)


def _payment(part: Part) -> int:
    """The number of the next bill of ``part`` among those that ask for money."""
    if part.terms.trial is not None:
        return 1
    cut = bool(part.terms.fixed_start and part.said)  # a short first period is a payment of its own
    listed = cut or asking.listed(part.contract, part.terms.amount * part.times, payment=1)
    return 2 if listed else 1


def _at(part: Part, later: int, time_zone: str) -> datetime:
    assert part.then_at is not None, part
    if not later:
        return part.then_at
    zone, terms = ZoneInfo(time_zone), part.terms
    if terms.trial is not None or terms.fixed_start:
        return nth(part.end, terms.interval, n=later, tz=zone)
    return nth(part.start, terms.interval, n=1 + later, tz=zone)
