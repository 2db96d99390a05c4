"""Cards as people know them: until when they are good. No number ever comes here."""

from __future__ import annotations

import re
from datetime import date, timedelta

_PRINTED = re.compile(r"(0[1-9]|1[0-2])/([0-9]{2})")


def good_before(expires: str) -> date | None:
    """Return the first day on which a card is good no more, of what is printed on it (``MM/YY``); ``None`` for anything else.

    A card is good to the end of its month.
    """
    found = _PRINTED.fullmatch(expires.strip())
    if found is None:
        return None
    month, year = int(found[1]), 2000 + int(found[2])
    return date(year + month // 12, month % 12 + 1, 1)


def known_as(label: str, last4: str) -> str:
    """Return a card as people know it: ``Visa … 4242``."""
    return f"{label} … {last4}"


def last_good_day(before: date) -> date:
    """Return the last day on which a card is good that is not on ``before``."""
    return before - timedelta(days=1)
