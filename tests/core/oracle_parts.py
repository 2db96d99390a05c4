"""What the slow oracle needs besides: pieces of time, and the moments in a record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime


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
