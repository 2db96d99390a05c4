"""Which bill a line of a bank's statement pays, and how well it fits."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from goodstanding.core.bank import Line
from goodstanding.core.money import Money


class Fit(StrEnum):
    """How a line stands. The first three can be recorded as they are."""

    EXACT = "exact"  # what is left to be paid
    PARTIAL = "partial"  # less than that
    OVER = "over"  # more than that: the rest becomes balance
    AMBIGUOUS = "ambiguous"  # several bills are named
    UNKNOWN = "unknown"  # none is
    RECORDED = "recorded"  # this very line was recorded before
    CURRENCY = "currency"  # the bill is in another currency
    PAID = "paid"  # the bill is paid already
    CLOSED = "closed"  # nobody asks for the bill any more
    OUTGOING = "outgoing"  # money that went, or nothing
    UNREADABLE = "unreadable"


TAKEN = frozenset({Fit.EXACT, Fit.PARTIAL, Fit.OVER})


@dataclass(frozen=True, slots=True)
class Asked:
    """A bill as far as matching needs it: ``left`` to be paid; not ``is_open`` where it is paid (``is_paid``) or closed."""

    number: str
    left: Money
    is_open: bool = True
    is_paid: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """A line, how it stands, the bill that it pays, and those it could mean."""

    line: Line
    fit: Fit
    number: str = ""
    several: tuple[str, ...] = ()


def match(line: Line, named: Sequence[str], bills: Mapping[str, Asked], recorded: Collection[str]) -> Match:
    """Return which of ``bills`` (by number) a line pays that names ``named``. ``recorded``: digests of lines done before."""
    if line.fault is not None or line.amount is None:
        return Match(line, Fit.UNREADABLE)
    if line.amount.amount_minor <= 0:
        return Match(line, Fit.OUTGOING)
    if line.digest in recorded:
        return Match(line, Fit.RECORDED)
    there = [bills[number] for number in named if number in bills]
    if len(there) > 1:
        # Who quotes an old number beside the new one means the one that is open and comes to just this much.
        there = [bill for bill in there if bill.is_open and bill.left == line.amount] or there
    if len(there) > 1:
        return Match(line, Fit.AMBIGUOUS, several=tuple(bill.number for bill in there))
    if not there:
        return Match(line, Fit.UNKNOWN)
    return Match(line, fit_of(line.amount, there[0]), there[0].number)


def fit_of(amount: Money, bill: Asked) -> Fit:
    """Return how an amount that came fits a bill."""
    if not bill.is_open:
        return Fit.PAID if bill.is_paid else Fit.CLOSED
    if amount.currency != bill.left.currency:
        return Fit.CURRENCY
    if amount == bill.left:
        return Fit.EXACT
    return Fit.PARTIAL if amount < bill.left else Fit.OVER


def in_turn(matches: Sequence[Match], bills: Mapping[str, Asked]) -> list[Match]:
    """Return matches as they stand when they are recorded one after the other: two lines may pay one bill together."""
    left = {number: bill.left for number, bill in bills.items()}
    found = []
    for each in matches:
        fit = each.fit
        if each.number and fit in TAKEN and each.line.amount is not None:
            bill = bills[each.number]
            still = left[each.number]
            fit = fit_of(each.line.amount, Asked(bill.number, still, is_open=bool(still), is_paid=not still))
            if fit in TAKEN:
                left[each.number] = still - min(still, each.line.amount)
        found.append(Match(each.line, fit, each.number, each.several))
    return found
