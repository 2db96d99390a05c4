"""When the coverage that an invoice bought is taken back: refunds that add up to it, and lost disputes (DESIGN 4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from goodstanding.core.fold import DisputeState, RefundState
from goodstanding.core.records import Hold, HoldKind, Revocation


@dataclass(frozen=True, slots=True)
class Taken:
    """What a charge, as told at ``at``, says was refunded of it, beyond what its refunds say."""

    at: datetime
    refunded_minor: int


@dataclass(frozen=True, slots=True)
class GivenBack:
    """Something given back of an invoice at ``at``, in money or as balance; it gave nothing any more from ``failed_at`` on."""

    ref: str
    at: datetime
    amount_minor: int
    failed_at: datetime | None = None


def in_money(refund: RefundState) -> GivenBack:
    """Return a refund as something given back."""
    return GivenBack(refund.last.refund, refund.last.made_at, refund.last.amount_minor, refund.failed_at)


def revocations(
    *, worth_minor: int, given: Sequence[GivenBack], taken: Sequence[Taken], disputes: Iterable[DisputeState]
) -> tuple[Revocation, ...]:
    """Return from when to when an invoice worth ``worth_minor`` is revoked.

    It is, while all of it is given back, in money or as balance, at once or in parts. A part given back revokes nothing. A refund that
    fails later gives back nothing from then on. A lost dispute revokes for good.
    """
    found = [Revocation(dispute.closed_at) for dispute in disputes if dispute.lost and dispute.closed_at is not None]
    if worth_minor > 0:
        steps = [(each.at, each.amount_minor) for each in given]
        steps += [(each.failed_at, -each.amount_minor) for each in given if each.failed_at is not None]
        steps += [(each.at, each.refunded_minor) for each in taken]
        found.extend(_while_all_is_back(worth_minor, sorted(steps)))
    return tuple(sorted(found, key=lambda each: each.since))


def _while_all_is_back(worth_minor: int, steps: Sequence[tuple[datetime, int]]) -> list[Revocation]:
    given_back, since = 0, None
    found: list[Revocation] = []
    for index, (at, change) in enumerate(steps):
        given_back += change
        if index + 1 < len(steps) and steps[index + 1][0] == at:
            continue  # what happens at one moment counts together
        if given_back >= worth_minor and since is None:
            since = at
        elif given_back < worth_minor and since is not None:
            found.append(Revocation(since, at))
            since = None
    if since is not None:
        found.append(Revocation(since))
    return found


def dispute_holds(disputes: Iterable[DisputeState]) -> tuple[Hold, ...]:
    """Return the holds of the disputes: each from its opening until it is closed, won or lost."""
    return tuple(
        Hold(HoldKind.DISPUTE, since=dispute.last.opened_at, released_at=dispute.closed_at, note=dispute.last.dispute)
        for dispute in disputes
    )
