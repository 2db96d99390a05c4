"""What our own clock does for a subscription next, and when: renew it, collect a bill, give up, or let it end.

What is done about a bill that failed stands on the bill itself (:class:`goodstanding.core.facts.Ladder`): whoever was told
"again on the 12th" is tried again on the 12th, whatever staff has set since, and a replay decides the same.

A pure function of what was told. Renewal *n* covers the step from boundary *n* to the one after it, both counted from the
anchor alone (I10), and is named after the subscription and *n*, so that it can be drawn up once only.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from itertools import accumulate
from types import MappingProxyType
from zoneinfo import ZoneInfo

from goodstanding.core import carrying, pausing
from goodstanding.core.facts import InvoiceSeen, Ladder, LineSeen, SubscriptionSeen
from goodstanding.core.fold import ENDED, InvoiceState
from goodstanding.core.periods import Interval, Unit, nth
from goodstanding.core.renewals import payments_before

DAY = timedelta(hours=24)
ANSWER_WITHIN = timedelta(hours=24)  # for the payer of a first bill, or of a change; then that is given up


NEVER = "never"  # of a stored card: it is not to be charged again
KEEP, END = "keep", "end"  # what comes after the last try
Overdue = Mapping[str, int]  # what a customer owes of bills that failed, by currency, in minor units
NOTHING: Overdue = MappingProxyType({})


LONGEST, MOST_TRIES = 365, 12  # days that a ladder may last, and tries after the first one


class BadLadder(ValueError):
    """No ladder can be made of this. ``code``: ``days``, ``order``, ``too_many``, ``end``, ``at_end``, ``steps`` or ``least``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def ladder_of(
    days: Sequence[int],
    *,
    from_previous: bool = False,
    at_end: str = END,
    end_after: int | None = None,
    silent: Collection[int] = (),
    least_minor: int = 0,
) -> Ladder:
    """Return the ladder that tries again after ``days``: counted from the first failure, or each from the try before it.

    B55's "+2, then +5, +7, +7" from the previous one is the same as 2, 7, 14, 21 from the first: the days stand fast, however
    late a try came, and whoever tries in between by himself. Raises :class:`BadLadder`.
    """
    offsets = tuple(accumulate(days)) if from_previous else tuple(days)
    if any(number < 1 for number in days) or any(number > LONGEST for number in offsets):
        raise BadLadder("days")
    if list(offsets) != sorted(set(offsets)):
        raise BadLadder("order")
    if len(offsets) > MOST_TRIES:
        raise BadLadder("too_many")
    if at_end not in (KEEP, END):
        raise BadLadder("at_end")
    if end_after is not None and (at_end == KEEP or not max(offsets, default=0) <= end_after <= LONGEST):
        raise BadLadder("end")
    if any(not 1 <= step <= len(offsets) + 1 for step in silent):
        raise BadLadder("steps")
    if least_minor < 0:
        raise BadLadder("least")
    return Ladder(offsets, at_end, end_after, tuple(sorted(set(silent))), least_minor)


class Act(StrEnum):
    """What is to be done."""

    RENEW = "renew"  # draw up the bill of the next period
    COLLECT = "collect"  # charge what is stored for an open bill
    GIVE_UP = "give_up"  # no try is left: the bill is uncollectible, the subscription ends
    EXPIRE = "expire"  # nobody paid the first bill
    END = "end"  # its set end has come
    COMPLETE = "complete"  # the last instalment is paid
    LAST_BILL = "last_bill"  # no renewal is to come: what waited for the next bill is billed
    TO_BALANCE = "to_balance"  # money came for a bill that another one replaced
    DROP = "drop"  # nobody paid the bill of a change of level: it is void, and all goes on as before


@dataclass(frozen=True, slots=True)
class Step:
    """``act`` at ``at``: about the open ``invoice``, or for the period ``[start, end)``, the ``number``-th from the anchor."""

    act: Act
    at: datetime
    invoice: str = ""
    number: int = 0
    start: datetime | None = None
    end: datetime | None = None


def next_step(
    tellings: Sequence[SubscriptionSeen],
    invoices: Sequence[InvoiceState],
    *,
    changes: Collection[str] = (),
    overdue: Overdue = NOTHING,
    ahead: timedelta = timedelta(0),
) -> Step | None:
    """Return what our clock does next for a subscription of ours, or ``None`` where nothing is to be done by time.

    ``invoices``: all of the subscription's, each with the failures of its payments; ``changes`` names those of changes of
    level, which are neither collected nor given up on. ``tellings`` as the ledger gives them. ``overdue``: what the customer
    owes in all; of a currency that it does not name, the bill alone counts. ``ahead``: how long before its period begins a
    renewal's bill is drawn up, at most half of the period before it.
    """
    last = tellings[-1]
    if not last.ours or last.anchor_at is None:
        return None
    if last.status in ENDED:
        return _last_bill(last, invoices) or _rest_of(invoices, overdue)
    if last.paused:
        return None
    bills = [state for state in invoices if state.last is None or state.last.invoice not in changes]
    bill = open_bill(bills)
    steps = (_bill(bill, bills, overdue) if bill else _renewal(last, invoices, ahead), _set_end(last))
    due = [step for step in (*steps, _last_bill(last, invoices)) if step]
    due += _drops([state for state in invoices if state not in bills], due)
    return min(due, key=lambda step: (step.at, step.act != Act.DROP, step.act != Act.END), default=None)


def is_double(bill: InvoiceSeen, invoices: Sequence[InvoiceState]) -> bool:
    """Return whether a bill charges for an interval that another one charges for: nothing of ours should draw up such a thing.

    What costs nothing charges for nothing (from free to paid on one day), and what was taken back or given up does not count.
    """
    charged = {
        (line.item, line.start, line.end)
        for state in invoices
        if state.last is not None and state.last.invoice != bill.invoice and state.closed_at is None
        for line in _charging(state.last)
    }
    return any((line.item, line.start, line.end) in charged for line in _charging(bill))


def _charging(bill: InvoiceSeen) -> list[LineSeen]:
    return [line for line in bill.lines if line.amount_minor > 0 and line.kind == "regular"]


def number_of(start: datetime, subscription: SubscriptionSeen) -> int:
    """Return which step from the anchor begins at ``start`` (or is the first one to begin after it)."""
    beyond = 1
    while _boundary(subscription, beyond) < start:
        beyond *= 2
    return bisect_left(range(beyond), start, key=partial(_boundary, subscription))


def period(subscription: SubscriptionSeen, number: int) -> tuple[datetime, datetime]:
    """Return the ``number``-th period of a subscription of ours, ``[start, end)``; the first one is number 0."""
    return _boundary(subscription, number), _boundary(subscription, number + 1)


def last_period(subscription: str, invoices: Sequence[InvoiceState]) -> LineSeen | None:
    """Return the line of the period of a subscription that was begun last of those paid for: where that ends, it renews.

    Begun last, not ending last: who changes from a year to months has bought a month, and the year's rest is given back.
    """
    bought = [
        ((line.start, state.settled_at, line.end), line)
        for state in invoices
        if state.settled_at is not None
        for line in _own(state, subscription)
    ]
    return max(bought, key=lambda each: each[0])[1] if bought else None


def open_bill(invoices: Sequence[InvoiceState]) -> InvoiceState | None:
    """Return the bill that is open, the oldest one first. Those of changes of level are not to be given."""
    waiting = [state for state in invoices if state.settled_at is None and state.closed_at is None and state.last]
    return min(waiting, key=_issued, default=None)


def next_try(state: InvoiceState, overdue: Overdue = NOTHING) -> datetime | None:
    """Return when the stored card is charged next for an open bill; ``None`` where it is not charged any more by itself."""
    assert state.last is not None
    if not state.failed_at:
        return state.last.created_at
    if state.retry == NEVER or is_left_alone(state, overdue):
        return None
    first, latest = state.failed_at[0], state.failed_at[-1]
    return next((first + days * DAY for days in state.last.ladder.again_after if first + days * DAY > latest), None)


def over_at(state: InvoiceState) -> datetime | None:
    """Return when a bill that failed is given up; ``None``: never. Whose card is not tried again has as long as others."""
    assert state.last is not None
    ladder = state.last.ladder
    return None if ladder.at_end == KEEP else state.failed_at[0] + _last_day(ladder) * DAY


def is_left_alone(state: InvoiceState, overdue: Overdue = NOTHING) -> bool:
    """Return whether so little is owed that nobody is bothered with it."""
    assert state.last is not None
    owed = overdue.get(state.last.currency, state.last.due_minor - state.last.paid_minor)
    return owed < state.last.ladder.least_minor


def is_kept(state: InvoiceState, overdue: Overdue = NOTHING) -> bool:
    """Return whether an open bill stays open after its tries: it failed, is not tried again, and nothing ends for it."""
    assert state.last is not None
    stays = state.last.ladder.at_end == KEEP or is_left_alone(state, overdue)
    return stays and bool(state.failed_at) and next_try(state, overdue) is None


def step_number(state: InvoiceState) -> int:
    """Return on which step of its ladder a bill that failed stands: 1 from the first failure on, one more with each try's day.

    Who tries in between, by himself, stays on the step.
    """
    assert state.last is not None
    assert state.failed_at, state.last.invoice
    first, latest = state.failed_at[0], state.failed_at[-1]
    return 1 + sum(first + days * DAY <= latest for days in state.last.ladder.again_after)


def is_written_of(state: InvoiceState, overdue: Overdue = NOTHING) -> bool:
    """Return whether the failure of this step is told to the member by mail."""
    assert state.last is not None
    return step_number(state) not in state.last.ladder.silent and not is_left_alone(state, overdue)


def _drops(changes: Sequence[InvoiceState], due: Sequence[Step]) -> list[Step]:
    """The bills of changes that nobody pays. None outlives the period that it changes: what follows goes by the old level.

    One that is paid by hand waits for its day, as any such bill; a part that came is not dropped with it.
    """
    found = []
    for state in changes:
        if state.last is not None and state.settled_at is None and state.closed_at is None:
            given_up = Step(Act.DROP, state.last.created_at + ANSWER_WITHIN, invoice=state.last.invoice)
            by_hand = _paid_by_hand(state.last, Act.DROP) if state.last.due_at is not None else given_up
            if by_hand is not None:
                found.append(replace(by_hand, at=min([by_hand.at, *(step.at for step in due)])))
    return found


def _last_bill(last: SubscriptionSeen, invoices: Sequence[InvoiceState]) -> Step | None:
    """What waits for the next bill is billed by itself once no renewal is to come: nothing is had for nothing."""
    waits = sum(line.amount_minor + line.tax_minor for line in carrying.waiting(last, invoices))
    ends = last.ends_at is not None or last.status in ENDED
    return Step(Act.LAST_BILL, last.at, start=last.at) if waits and ends else None


def _rest_of(invoices: Sequence[InvoiceState], overdue: Overdue) -> Step | None:
    """A last bill of what has ended is collected as others are; after its last try it stays open."""
    bill = open_bill([state for state in invoices if state.last and carrying.is_last_bill(state.last.invoice)])
    if bill is None or bill.last is None or bill.last.due_at is not None:
        return None
    again = next_try(bill, overdue)
    return Step(Act.COLLECT, again, invoice=bill.last.invoice) if again is not None else None


def _bill(state: InvoiceState, invoices: Sequence[InvoiceState], overdue: Overdue) -> Step | None:
    """What is to be done about the bill that is open: ``None`` where it is kept until somebody pays it."""
    assert state.last is not None
    name, issued = state.last.invoice, state.last.created_at
    if state.last.due_at is not None:
        act = Act.EXPIRE if all(each.settled_at is None for each in invoices) else Act.GIVE_UP
        return _paid_by_hand(state.last, act)
    if not any(each.settled_at for each in invoices):
        return Step(Act.EXPIRE, issued + ANSWER_WITHIN, invoice=name)  # its payer is asked, not charged
    again = next_try(state, overdue)
    if again is not None:
        return Step(Act.COLLECT, again, invoice=name)
    if is_kept(state, overdue):
        return None
    over = over_at(state)
    return Step(Act.GIVE_UP, max(state.failed_at[-1], over or issued), invoice=name)


def _paid_by_hand(bill: InvoiceSeen, act: Act) -> Step | None:
    """When a bill is given up that nobody charges: some days after that for paying. Not while a part of it was received."""
    assert bill.due_at is not None, bill
    if bill.paid_minor or bill.ladder.at_end == KEEP:
        return None
    return Step(act, bill.due_at + _last_day(bill.ladder) * DAY, invoice=bill.invoice)


def _last_day(ladder: Ladder) -> int:
    return max(ladder.again_after, default=0) if ladder.end_after is None else ladder.end_after


def _issued(state: InvoiceState) -> tuple[datetime, str]:
    assert state.last is not None
    return state.last.created_at, state.last.invoice


def _renewal(last: SubscriptionSeen, invoices: Sequence[InvoiceState], ahead: timedelta) -> Step | None:
    """The next period begins where the last one ends that was billed; what is paid by hand is billed ahead of it."""
    paid = last_period(last.subscription, invoices)
    begun = pausing.line_moved(paid, last.pauses) if paid is not None else None
    if begun is None or not last.items or last.items[0].interval == Unit.LIFE:
        return None
    if last.contract.payments and payments_before(last, invoices, settled=True) >= last.contract.payments:
        settled = [state.settled_at for state in invoices if state.settled_at is not None]
        return Step(Act.COMPLETE, max(settled), start=begun.start, end=begun.end)
    start = begun.end
    number = number_of(start, last)
    first, end = period(last, number)
    if any(line.start == first for state in invoices if state.closed_at for line in _own(state, last.subscription)):
        return None  # that bill was taken back by staff: what comes of it is theirs to say
    # What is set for the next period begins with it: until then the old level is held, and nothing is billed ahead.
    early = timedelta(0) if last.next_items else min(ahead, max(first - begun.start, timedelta(0)) / 2)
    if early and last.ends_at is not None and last.ends_at <= first:
        return None  # its end comes first, and nothing is billed ahead of that
    return Step(Act.RENEW, first - early, number=number, start=first, end=end)


def _own(state: InvoiceState, subscription: str) -> list[LineSeen]:
    lines = state.last.lines if state.last is not None else ()
    return [line for line in lines if line.kind == "regular" and line.subscription == subscription]


def _set_end(last: SubscriptionSeen) -> Step | None:
    return Step(Act.END, last.ends_at) if last.ends_at is not None else None


def _boundary(subscription: SubscriptionSeen, number: int) -> datetime:
    assert subscription.anchor_at is not None, subscription.subscription
    item = subscription.items[0]
    interval = Interval(Unit(item.interval), item.interval_count)
    return nth(subscription.anchor_at, interval, n=number, tz=ZoneInfo(subscription.time_zone or "UTC"))
