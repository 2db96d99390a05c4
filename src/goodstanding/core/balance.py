"""Which entry of a balance paid what: entries are used in their order, each to its end before the next (B68)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """Something put on a balance: ``amount_minor`` above zero. A lower ``priority`` is used first, then the earlier one."""

    ref: str
    at: datetime
    amount_minor: int
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Use:
    """Something taken from a balance: a bill that it paid, or what staff took back; above zero."""

    ref: str
    at: datetime
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Part:
    """So much of one entry went to one use."""

    entry: str
    use: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Spent:
    """What each use was paid from, in order, and what is left of each entry. ``missing_minor``: used beyond all entries."""

    parts: tuple[Part, ...]
    left: tuple[tuple[str, int], ...]
    missing_minor: int = 0

    @property
    def left_minor(self) -> int:
        """What the balance holds."""
        return sum(amount for _, amount in self.left)


def spent(entries: Sequence[Entry], uses: Sequence[Use]) -> Spent:
    """Return which entry paid for what: uses in order of time, from the entries that were there by then, by priority, then time.

    What entries of later moments could pay alone (facts that came late) is taken from those: nothing is taken from nowhere
    while anything is left. The sums hold: parts and what is left come to all entries.
    """
    rest = {each.ref: each.amount_minor for each in entries}
    order = sorted(entries, key=lambda each: (each.priority, each.at, each.ref))
    parts: list[Part] = []
    missing = 0
    for use in sorted(uses, key=lambda each: (each.at, each.ref)):
        wanted = use.amount_minor
        there = [each for each in order if each.at <= use.at]
        for entry in (*there, *(each for each in order if each.at > use.at)):
            part = min(wanted, rest[entry.ref])
            if part > 0:
                parts.append(Part(entry.ref, use.ref, part))
                rest[entry.ref] -= part
                wanted -= part
        missing += wanted
    return Spent(tuple(parts), tuple((each.ref, rest[each.ref]) for each in order), missing)
