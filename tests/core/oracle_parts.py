"""What the slow oracle needs besides: pieces of time, and the moments in a record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from goodstanding.core.records import MembershipRecord

GRID = timedelta(hours=12)
EPOCH = datetime(2024, 2, 28, tzinfo=UTC)  # tick 0 of the small worlds; a leap day is near
DAY = timedelta(hours=24)


def without(
    pieces: Sequence[tuple[datetime, datetime]], since: datetime, until: datetime
) -> Iterator[tuple[datetime, datetime]]:
    for start, end in pieces:
        yield start, min(end, since)
        yield max(start, until), end


def moments_in(value: object) -> Iterator[datetime]:
    """Every moment that a record names."""
    if isinstance(value, datetime):
        yield value
    elif isinstance(value, tuple):
        for each in value:
            yield from moments_in(each)
    elif is_dataclass(value):
        for field in fields(value):
            yield from moments_in(getattr(value, field.name))


@lru_cache(maxsize=16)
def last_moment(records: tuple[MembershipRecord, ...]) -> datetime:
    """After this nothing can change: the last moment named, the longest grace and the window, and some margin."""
    named = list(moments_in(records))
    for moment in named:
        assert (moment - EPOCH) % GRID == timedelta(), f"{moment} is not on the grid"
    terms = [span.terms for record in records for span in record.levels]
    longest = max((max(each.grace_days, each.prepaid_grace_days, 1) for each in terms), default=1)
    states = [state for record in records for sub in record.subscriptions for state in sub.states]
    moved = sum((pause.end - pause.start for state in states for pause in state.pauses if pause.end), timedelta())
    return max(named, default=EPOCH) + longest * DAY + moved + 2 * GRID
