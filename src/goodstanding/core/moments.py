"""Reading moments that people type."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

FIRST_YEAR, LAST_YEAR = 1900, 2999  # that somebody may type: terms are added to moments, and time ends with year 9999


class NotAMoment(ValueError):
    """The text is no moment."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text!r} is no moment: write 2025-04-14T10:20:30Z, or 2025-04-14 for the start of that day")


def moment(text: str, *, zone: tzinfo) -> datetime:
    """Return the moment that an ISO 8601 text names, in UTC. Without an offset, and for a bare day, ``zone`` decides.

    Raises :class:`NotAMoment`.
    """
    try:
        found = datetime.fromisoformat(text.strip())
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise NotAMoment(text) from None
