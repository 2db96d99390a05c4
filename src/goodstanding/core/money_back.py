"""When the coverage that an invoice bought is taken back: refunds that add up to it, and lost disputes (DESIGN 4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from goodstanding.core.facts import AccessDecided
from goodstanding.core.fold import DisputeState, RefundState
from goodstanding.core.records import Hold, HoldKind, OnDispute, OnDisputeLost, OnRefund, Revocation, Terms


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


@dataclass(frozen=True, slots=True)
class Policy:
    """Whether coverage ends when all of its invoice is given back, and when a dispute about it is lost."""

    refund_ends: bool = True
    lost_ends: bool = True


def policy_of(terms: Terms, decided: AccessDecided | None) -> Policy:
    """Return what holds for an invoice: the terms of its purchase, and what staff decided for its refund instead."""
    ends = decided.ends if decided is not None else terms.on_refund is not OnRefund.KEEP
    return Policy(ends, terms.on_dispute_lost is OnDisputeLost.REVOKE)


def revocations(
    *,
    worth_minor: int,
    given: Sequence[GivenBack],
    taken: Sequence[Taken],
    disputes: Iterable[DisputeState],
    policy: Policy = Policy(),
) -> tuple[Revocation, ...]:
    """Return from when to when an invoice worth ``worth_minor`` is revoked.

    It is, while all of it is given back, in money or as balance, at once or in parts. A part given back revokes nothing. A refund that
    fails later gives back nothing from then on. A lost dispute revokes for good.
    """
    lost = [dispute.closed_at for dispute in disputes if dispute.lost and policy.lost_ends]
    found = [Revocation(at) for at in lost if at is not None]
    if worth_minor > 0 and policy.refund_ends:
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


def dispute_holds(disputes: Iterable[DisputeState], on_dispute: OnDispute = OnDispute.HOLD) -> tuple[Hold, ...]:
    """Return the holds of the disputes: each from its opening until it is closed, won or lost; none where access is kept."""
    if on_dispute is OnDispute.KEEP:
        return ()
    return tuple(
        Hold(HoldKind.DISPUTE, since=dispute.last.opened_at, released_at=dispute.closed_at, note=dispute.last.dispute)
        for dispute in disputes
    )
