"""What follows for contracts and bills that are ours alone: no gateway tells whether they are paid, their payments do.

Nothing is told for it: an invoice of ours is settled *because* the payments tied to it cover it, and a subscription of ours
has begun because an invoice of its was settled. So it holds whatever the order in which payments are told (I1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from goodstanding.core.facts import PaymentSeen, SubscriptionSeen
from goodstanding.core.fold import InvoiceState, SubscriptionStatus

NOT_ASKED_FOR = frozenset({"draft", "deleted"})
CHANGED = (
    "items",
    "next_items",
    "contract",
    "next_contract",
    "anchor_at",
    "trial_ends_at",
)  # what a change of level changes of a subscription
Back = tuple[datetime, int]  # when money went back to its payer, and how much in minor units; below zero: it came again
NONE_SETTLED: Mapping[str, datetime] = MappingProxyType({})


def settled(state: InvoiceState, received: Sequence[PaymentSeen], back: Iterable[Back] = ()) -> InvoiceState:
    """Return an invoice of ours as its payments leave it; somebody else's, and a draft, as it was told.

    It is settled at the moment at which what was received, less what went ``back`` by then, came to what was due; what goes
    back after it never unsets that. Until then what went back is owed again; from then on ``paid_minor`` is all that was
    received.
    """
    last = state.last
    if last is None or not last.ours or last.status in NOT_ASKED_FOR:
        return state
    counted = [each for each in received if each.currency == last.currency]
    moves = [(each.made_at, 0, each.payment, each.amount_minor) for each in counted]
    moves += [(at, 1, "", -amount_minor) for at, amount_minor in back]
    has_minor, moment = 0, None if last.due_minor else last.finalised_at or last.created_at
    for at, _, _, amount_minor in sorted(moves):
        has_minor += amount_minor
        if moment is None and has_minor >= last.due_minor:
            moment = max(at, last.created_at)
    if moment is None or last.replaced_by:
        return replace(state, last=replace(last, paid_minor=max(has_minor, 0)))
    all_minor = sum(each.amount_minor for each in counted)
    return replace(state, last=replace(last, status="paid", paid_minor=all_minor), settled_at=moment)


def paid_from(invoices: Iterable[InvoiceState]) -> dict[str, datetime]:
    """Return from when each subscription of ours has been paid for at all."""
    found: dict[str, datetime] = {}
    for state in invoices:
        last, moment = state.last, state.settled_at
        if last is not None and last.ours and moment is not None:
            for subscription in last.subscriptions:
                found[subscription] = min(moment, found.get(subscription, moment))
    return found


def begun(
    tellings: Sequence[SubscriptionSeen], paid_at: datetime | None, settled: Mapping[str, datetime] = NONE_SETTLED
) -> list[SubscriptionSeen]:
    """Return the tellings of a subscription of ours as its payments make them: incomplete until it is paid for.

    ``paid_at``: the moment of that, which becomes a telling of its own where one was told before it. ``settled``: from when
    the invoices are that change its level.
    """
    if not tellings[0].ours:
        return list(tellings)
    found: list[SubscriptionSeen] = []
    for told in _changed(tellings, settled):
        waits = told.status == SubscriptionStatus.ACTIVE and (paid_at is None or told.at < paid_at)
        found.append(replace(told, status=SubscriptionStatus.INCOMPLETE) if waits else told)
    before = [told for told in found if paid_at is not None and told.at < paid_at]
    if paid_at is not None and before and before[-1].status == SubscriptionStatus.INCOMPLETE:
        found.insert(len(before), replace(before[-1], at=paid_at, status=SubscriptionStatus.ACTIVE))
    return found


def _changed(tellings: Sequence[SubscriptionSeen], settled: Mapping[str, datetime]) -> Sequence[SubscriptionSeen]:
    """The tellings with each change of level where it was paid for; without those that were not.

    A change is laid onto what was told before that moment, and what is told after it without knowing of it (a cancel, while
    the bank's answer was on its way) does not undo it: of items and anchor that says only what it says anew. What is told
    knowing of it says all of them, also where it goes back to what was before.
    """
    if not any(told.once_paid for told in tellings):
        return tellings
    counting = [(told.at, index, told) for index, told in enumerate(tellings) if not told.once_paid]
    counting += [
        (max(told.at, settled[told.once_paid]), index, told)
        for index, told in enumerate(tellings)
        if told.once_paid in settled
    ]
    found: list[SubscriptionSeen] = []
    known: dict[str, SubscriptionSeen] = {}  # by the last change that was known: how things were then
    for at, _, told in sorted(counting, key=lambda each: each[:2]):
        before = found[-1] if found else told
        if told.once_paid:
            new = {name: getattr(told, name) for name in CHANGED}
            found.append(replace(before, at=at, rank=told.rank, once_paid="", knows=told.once_paid, **new))
            known[told.once_paid] = found[-1]
        else:
            then = known.get(told.knows)
            same = {
                name: getattr(before, name) for name in CHANGED if then and getattr(told, name) == getattr(then, name)
            }
            found.append(replace(told, knows=before.knows, **same))
            known[told.knows] = told
    return found or [replace(told, once_paid="") for told in tellings]  # what it changes was not told yet


def retold(last: SubscriptionSeen, *, at: datetime, rank: int, **changes: Any) -> SubscriptionSeen:
    """Return what is told of a subscription of ours after ``last``: also where that was told in the same moment, or a clock
    that runs ahead told it.
    """
    if at > last.at:
        return replace(last, at=at, rank=rank, **changes)
    return replace(last, at=last.at, rank=max(rank, last.rank + 1), **changes)
