"""The bill that a change at a gateway makes us expect: its amount is unknown until it comes (R21, R25, P48).

Pure, and derived: a change without a bill after it is expected to be billed; the bill ends that by being there. So there is
one at most, however often the plan was changed before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from goodstanding.core.facts import SubscriptionSeen
from goodstanding.core.fold import ENDED, InvoiceState

NOT_THERE = frozenset({"deleted", "void"})


@dataclass(frozen=True, slots=True)
class Expected:
    """A bill to come: what it is for was changed at ``since``, and it should come at ``at`` (where that is known)."""

    since: datetime
    at: datetime | None


def expected(tellings: Sequence[SubscriptionSeen], invoices: Iterable[InvoiceState]) -> Expected | None:
    """Return the bill that is expected after the last change of what a gateway bills, or ``None`` where it is there.

    ``tellings`` as the ledger gives them, ``invoices``: the subscription's. What we bill ourselves is known beforehand.
    """
    last = tellings[-1]
    if last.ours or last.status in ENDED:
        return None
    changed = [now.at for before, now in pairwise(tellings) if _what(before) != _what(now)]
    if not changed:
        return None
    bills = [state.last for state in invoices if state.last is not None and state.last.status not in NOT_THERE]
    if any(bill.created_at >= changed[-1] for bill in bills):
        return None
    own = [line for bill in bills for line in bill.lines if line.kind == "regular"]
    return Expected(
        changed[-1], max((line.end for line in own if line.subscription == last.subscription), default=None)
    )


def _what(told: SubscriptionSeen) -> frozenset[tuple[str, str, int]]:
    return frozenset((item.item, item.hints.price, item.quantity) for item in told.items)
