"""When what was billed is earned: service by the time it is given, all else at once (decision 0025). Pure.

A bill puts its net amount to *deferred revenue*. Once it is settled, each of its lines is earned over its own period, the
second counting; a line for life, a donation, and a line without a period at once. Nothing is earned by a bill that nobody
paid. What is given back lowers first what is still to be earned, and only beyond that what was earned before.

Everything is reckoned in exact fractions and rounded once, by the largest remainder: the parts of a line sum to the line.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise

from goodstanding.core.journal import Chart, Parts
from goodstanding.core.money import Money
from goodstanding.core.periods import start_of_day
from goodstanding.core.records import FOR_LIFE

_TICK = timedelta(microseconds=1)
NOTHING = Parts(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Piece:
    """A line of a bill, without tax: ``amount_minor`` for ``[start, end)``; ``at_once``: it is for no time."""

    amount_minor: int
    start: datetime
    end: datetime
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class Lowered:
    """What is to be earned of a bill is lowered at ``at`` (below zero: what was given back has failed, and is raised again).

    ``by``: the account that bears what was given back.
    """

    at: datetime
    amount_minor: int
    by: Chart = Chart.REFUNDED


@dataclass(frozen=True, slots=True)
class Bill:
    """A bill as far as its revenue goes. ``parts``: what its issue put into the books, ``given_up`` what giving it up takes out.

    ``posted_at``: when it came into the books. ``void_at``: when it was voided; ``given_up_at``: when it was given up (it
    may be paid or voided after all).
    """

    currency: str
    parts: Parts
    posted_at: datetime
    pieces: tuple[Piece, ...] = ()
    settled_at: datetime | None = None
    void_at: datetime | None = None
    given_up_at: datetime | None = None
    given_up: Parts = NOTHING
    lowered: tuple[Lowered, ...] = ()

    @property
    def is_lost(self) -> bool:
        """Whether it was given up, and neither paid nor voided after that."""
        return self.given_up_at is not None and self.settled_at is None and self.void_at is None


class Column(StrEnum):
    """What a month's row says of bills: each is what is added in that month."""

    BILLED = "billed"  # put to deferred revenue, less what was taken out of the books
    EARNED = "earned"
    UNEARNED = "unearned"  # given back, or lost, before it was earned
    UNPAID = "unpaid"  # of what was billed, by bills that nobody paid yet
    GIFTS_UNPAID = "gifts_unpaid"


@dataclass(frozen=True, slots=True)
class Earned:
    """``amount_minor`` leaves deferred revenue at the end of ``month`` (its first day), to an account of the chart."""

    month: date
    amount_minor: int
    to: Chart = Chart.EARNED


def month_of(at: datetime, zone: tzinfo) -> date:
    """Return the first day of the month of ``zone`` in which a moment lies."""
    return at.astimezone(zone).date().replace(day=1)


def month_after(month: date) -> date:
    """Return the first day of the month after."""
    return (month + timedelta(days=32)).replace(day=1)


@lru_cache(maxsize=4096)
def end_of(month: date, zone: tzinfo) -> datetime:
    """Return the moment at which a month of ``zone`` is over."""
    return start_of_day(month_after(month), tz=zone)


def earned_by(bill: Bill, zone: tzinfo) -> list[Earned]:
    """Return all that ever leaves deferred revenue by a bill, at the end of which month of ``zone``, in order of time.

    For a bill that is settled it sums to the net amount; for one that was given up to what of it stayed in the books; for
    any other it is nothing.
    """
    since = bill.settled_at
    if bill.is_lost and bill.given_up_at is not None:
        left = bill.parts.deferred_minor - bill.given_up.deferred_minor  # paid from credit, for no service any more
        return [Earned(month_of(bill.given_up_at, zone), left)] if left else []
    if since is None:
        return []
    plots = [_plot(piece, bill, since, zone) for piece in _pieces(bill)]
    given = list(_give_back(bill, plots))
    found = [Earned(month_of(at, zone), amount) for plot in plots for at, amount in plot.moments() if amount]
    found += [Earned(month_of(each.at, zone), each.amount_minor, each.by) for each in given]
    return sorted(found, key=lambda each: (each.month, each.to))


def monthly(bill: Bill, zone: tzinfo, earned: Sequence[Earned]) -> Iterator[tuple[date, Column, int]]:
    """Give what a bill adds to the months of ``zone``, with what is ``earned`` by it (:func:`earned_by`).

    The sum of all months is what stands at the end of the last one. Billed, less earned, less unearned, is deferred revenue; less what is unpaid, it is owed as service.
    """
    for at, net, gifts in _stages(bill):
        month = month_of(at, zone)
        yield month, Column.BILLED, net
        yield month, Column.UNPAID, net
        yield month, Column.GIFTS_UNPAID, gifts
    for each in earned:
        yield each.month, Column.EARNED if each.to is Chart.EARNED else Column.UNEARNED, each.amount_minor
        if bill.is_lost:
            yield each.month, Column.UNPAID, -each.amount_minor
    if bill.settled_at is not None:
        month = month_of(bill.settled_at, zone)
        yield month, Column.UNPAID, -bill.parts.deferred_minor
        yield month, Column.GIFTS_UNPAID, -bill.parts.gifts_minor


def _stages(bill: Bill) -> Iterator[tuple[datetime, int, int]]:
    """When how much came into the books of the net amount and of gift cards, as the journal's moves have it."""
    net, gifts = bill.parts.deferred_minor, bill.parts.gifts_minor
    yield bill.posted_at, net, gifts
    if bill.given_up_at is not None:
        yield bill.given_up_at, -bill.given_up.deferred_minor, -bill.given_up.gifts_minor
        after_all = bill.settled_at or bill.void_at
        if after_all is not None:
            yield after_all, bill.given_up.deferred_minor, bill.given_up.gifts_minor
    if bill.void_at is not None:
        yield bill.void_at, -net, -gifts


@dataclass(slots=True)
class _Plot:
    """A piece cut into spans of time, each with what of it is earned in that span. ``cuts``: n + 1 moments of n spans."""

    cuts: list[datetime]
    parts: list[int]
    since: datetime
    currency: str
    later: list[tuple[datetime, int]] = field(default_factory=list)

    def moments(self) -> Iterator[tuple[datetime, int]]:
        """When each part is earned: in its span, and not before the bill is settled."""
        for start, part in zip(self.cuts, self.parts, strict=False):
            yield max(start, self.since), part
        yield from self.later

    def first_after(self, at: datetime) -> int:
        """The first span that is not earned by ``at``: a span ends at each moment that is asked for."""
        return 0 if at <= self.since else bisect_right(self.cuts[:-1], at - _TICK)

    def unearned(self, at: datetime) -> int:
        return sum(self.parts[self.first_after(at) :])

    def lower(self, at: datetime, amount: int) -> None:
        """Take ``amount`` from what is not earned by ``at``: in proportion to time; where no time is left, at once."""
        first = self.first_after(at)
        spans = [(end - start) // _TICK for start, end in zip(self.cuts[first:], self.cuts[first + 1 :], strict=False)]
        if not sum(spans):
            self.later.append((at, -amount))
            return
        left = Money(sum(self.parts[first:]) - amount, self.currency)
        self.parts[first:] = [part.amount_minor for part in left.split(spans)]


def _plot(piece: Piece, bill: Bill, since: datetime, zone: tzinfo) -> _Plot:
    start, end = piece.start, piece.end
    if piece.at_once or end <= start or end >= FOR_LIFE:
        start, end = since, since + _TICK
    cuts = {start, end, *(each.at for each in bill.lowered if start < each.at < end)}
    month = month_of(start, zone)
    while (edge := end_of(month, zone)) < end:
        cuts.add(max(edge, start))
        month = month_after(month)
    ordered = sorted(cuts)
    spans = [(later - earlier) // _TICK for earlier, later in pairwise(ordered)]
    parts = Money(piece.amount_minor, bill.currency).split(spans)
    return _Plot(ordered, [part.amount_minor for part in parts], since, bill.currency)


def _pieces(bill: Bill) -> Sequence[Piece]:
    """The lines, with what the bill has beside them (a discount on the whole) spread over those that charge something."""
    rest = bill.parts.deferred_minor - sum(piece.amount_minor for piece in bill.pieces)
    if not rest:
        return bill.pieces
    weights = [max(piece.amount_minor, 0) for piece in bill.pieces]
    if not sum(weights):
        return (*bill.pieces, Piece(rest, bill.posted_at, bill.posted_at, at_once=True))
    shares = Money(rest, bill.currency).split(weights)
    pairs = zip(bill.pieces, shares, strict=True)
    return [replace(piece, amount_minor=piece.amount_minor + share.amount_minor) for piece, share in pairs]


def _give_back(bill: Bill, plots: Sequence[_Plot]) -> Iterator[Lowered]:
    """Lower what is still to be earned by each thing given back, and give by how much each did."""
    taken = 0
    for each in sorted(bill.lowered, key=lambda one: (one.at, one.amount_minor)):
        open_now = [max(plot.unearned(each.at), 0) for plot in plots]
        whole = sum(plot.unearned(each.at) for plot in plots)
        amount = min(each.amount_minor, max(whole, 0)) if each.amount_minor > 0 else -min(-each.amount_minor, taken)
        if not amount:
            continue
        if not sum(open_now):
            open_now = [1, *(0 for _ in plots[1:])]  # what failed after the end comes back at once
        taken += amount
        for plot, share in zip(plots, Money(amount, bill.currency).split(open_now), strict=True):
            if share:
                plot.lower(each.at, share.amount_minor)
        yield Lowered(each.at, amount, each.by)
