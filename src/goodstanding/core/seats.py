"""Seats: others hold a membership through the one that an organisation or a household pays for.

Pure. A seat is a window ``[since, until)`` onto the payer's membership: within it its holder stands as the payer does, from
the same invoices, at the seat's own level; so a lapse, a grace, a hold or a refund of the payer's is the holder's in the
same moment, whatever the order in which anything was told. Before the window there is nothing, after it it has ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from goodstanding.core.facts import ItemSeen, PriceHints
from goodstanding.core.money import Money
from goodstanding.core.periods import Period
from goodstanding.core.proration import Convention, prorated
from goodstanding.core.records import LevelSpan, MembershipRecord

MARK = "#seats"  # what the reference of a price ends with that is asked for further seats
LevelOf = Callable[[str, datetime], str]  # (the payer's level, since when) -> the level that seats of it are of


@dataclass(frozen=True, slots=True)
class Seat:
    """A seat ``ref`` in ``membership``, held for ``[since, until)``; ``through``: its payer, by name."""

    ref: str
    membership: str
    since: datetime
    until: datetime | None = None
    through: str = ""


@dataclass(frozen=True, slots=True)
class Places:
    """How many seats a membership has: ``included`` in its price, ``bought`` besides, never more than ``most``."""

    included: int = 0
    bought: int = 0
    most: int | None = None

    @property
    def total(self) -> int:
        """How many may be held."""
        wanted = self.included + self.bought
        return wanted if self.most is None else min(wanted, self.most)

    @property
    def room(self) -> int | None:
        """How many more could be bought; ``None``: any number."""
        return None if self.most is None else max(self.most - self.included - self.bought, 0)


def derived(parent: MembershipRecord, seat: Seat, *, level_of: LevelOf) -> MembershipRecord:
    """Return the membership that a seat's holder has through its payer's. The reasons of the payer's holds stay the payer's.

    Staff's decisions about the holder are not in it: they are laid onto it as onto any other of his memberships.
    """
    begun_at = max(seat.since, parent.begun_at)
    return replace(
        parent,
        ref=seat.ref,
        begun_at=begun_at,
        levels=_levels(parent, begun_at, level_of),
        holds=tuple(replace(hold, note="") for hold in parent.holds),
        through=seat.through,
        ended_at=seat.until,
    )


def _levels(parent: MembershipRecord, begun_at: datetime, level_of: LevelOf) -> tuple[LevelSpan, ...]:
    spans: list[LevelSpan] = []
    for span in parent.levels:
        own = LevelSpan(max(span.since, begun_at), level_of(span.level, span.since), span.terms)
        if spans and own.since == begun_at:
            spans.pop()  # held before the seat began
        if spans and (spans[-1].level, spans[-1].terms) == (own.level, own.terms):
            continue
        spans.append(own)
    return tuple(spans)


def too_many(held: Iterable[Seat], total: int) -> list[Seat]:
    """Return those seats that end where only ``total`` are left: the ones given last."""
    return sorted(held, key=lambda seat: (seat.since, seat.ref))[max(total, 0) :]


def reference(price: str) -> str:
    """Return the reference of what ``price`` asks for a further seat."""
    return f"{price}{MARK}"


def is_seat(price: str) -> bool:
    """Return whether the reference of a price is that of a further seat."""
    return price.endswith(MARK)


def hints(price: str, name: str) -> PriceHints:
    """Return how a line or an item names further seats of a price of ours: they give their payer no level."""
    return PriceHints(price=reference(price), labels=(name,), extra=True)


def bought(items: Iterable[ItemSeen]) -> int:
    """Return how many further seats a subscription's items pay for."""
    return sum(item.quantity for item in items if is_seat(item.hints.price))


def with_seats(items: Sequence[ItemSeen], wanted: ItemSeen) -> tuple[ItemSeen, ...]:
    """Return a subscription's items with ``wanted`` in the place of its further seats; none where its quantity is zero."""
    others = tuple(item for item in items if not is_seat(item.hints.price))
    return (*others, wanted) if wanted.quantity else others


def charge(each: Money, more: int, *, rest: Period, of: Period, convention: Convention | None = None) -> Money:
    """Return what ``more`` further seats cost for the ``rest`` of the period ``of``, at ``each`` a whole period.

    Of the difference in number alone, rounded once; what runs already is not touched. ``more`` is above zero.
    """
    assert more > 0, more
    whole = Money(each.amount_minor * more, each.currency)
    return prorated(whole, rest, of=of, convention=convention or Convention())
