"""Pausing and resuming what we bill: the doors shut from the pause's beginning, and what was paid is had after it.

A term that was bought once cannot be paused: staff give what is left of it as a grant (docs/decisions/0034).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext_lazy

from goodstanding.audit.services import note
from goodstanding.billing import attempts, recording, turns
from goodstanding.billing.models import GatewayCustomer, Subscription
from goodstanding.catalogue.models import Level
from goodstanding.core import dunning, ours
from goodstanding.core import pausing as core
from goodstanding.core.dunning import Act
from goodstanding.core.facts import Fact, InvoiceSeen, LineSeen, PauseSpan, SubscriptionSeen
from goodstanding.core.fold import ENDED, SubscriptionStatus, condense, key_of
from goodstanding.core.ids import derived
from goodstanding.core.ledger import Ledger
from goodstanding.core.money import Money
from goodstanding.core.pausing import Limits
from goodstanding.core.renewals import payments_before
from goodstanding.memberships import handbills
from goodstanding.memberships.changes_ahead import next_bill
from goodstanding.memberships.intake import take_in

Change = Callable[[Ledger, SubscriptionSeen], tuple[Fact, ...]]

_WORDS = {
    "gateway": gettext_lazy(
        "The bank renews this by its own clock, and it cannot be paused here. Please ask the staff."
    ),
    "ended": gettext_lazy("This has ended already, or is about to end: there is nothing to pause."),
    "unpaid": gettext_lazy("Something is not paid yet. Pay it first, then pause."),
    "part_paid": gettext_lazy("A part of the open bill was paid. Give that back, or record the rest; then pause."),
    "not_offered": gettext_lazy("This level cannot be paused here. Please ask the staff."),
    "open_ended": gettext_lazy("Say on which day it goes on: this level cannot be paused without an end."),
    "too_long": gettext_lazy("A pause at this level does not last that long: choose an earlier day to go on."),
    "too_often": gettext_lazy("This was paused as often as it may be within a year. Please ask the staff."),
    "backwards": gettext_lazy("The day to go on must come after the day on which the pause begins."),
    "past": gettext_lazy("A pause begins today or later."),
    "before": gettext_lazy("The pause has not begun yet: drop it instead."),
    "begun": gettext_lazy("The pause has begun already. You can go on at once instead."),
    "beyond": gettext_lazy("The pause must begin before what is paid ends, or right at its end."),
    "twice": gettext_lazy("There is a pause already. Go on, or drop it, before you plan another one."),
    "not_paused": gettext_lazy("There is no such pause."),
    "under_way": gettext_lazy("A payment for this is under way right now. Try again in a few minutes."),
}


class CannotPause(ValueError):
    """Nothing is paused or resumed; ``words`` say why. ``code`` is one of those named here."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code, self.words = code, str(_WORDS[code])


@dataclass(frozen=True, slots=True)
class Pausing:
    """How a subscription stands with pauses: the one that runs or comes, what its member may do, and how often still.

    ``until``: where what is paid ends by now, if known. ``refusal``: why its member may not pause it now, if so.
    """

    pause: PauseSpan | None
    runs: bool
    until: datetime | None
    limits: Limits
    left: int | None
    refusal: CannotPause | None


@dataclass(frozen=True, slots=True)
class Preview:
    """What a pause from ``start`` to ``end`` comes to.

    What is paid ends at ``until`` instead of ``was_until``, and the next bill is of the period from ``renews_at``, for
    ``due``; of that ``from_balance`` is taken from the member's credit. ``None`` where it is not known, or never comes.
    ``void``: the numbers of bills that are void with it.
    """

    start: datetime
    end: datetime | None
    was_until: datetime | None
    until: datetime | None
    renews_at: datetime | None
    due: Money | None
    from_balance: Money | None
    void: tuple[str, ...] = ()


def stands(subscription: Subscription, *, now: datetime) -> Pausing:
    """Return how a subscription stands with pauses. Asks nobody."""
    ledger, last = _read(subscription)
    paid = turns.last_period(ledger, last.subscription)
    limits, there = limits_of(last), core.ahead(last.pauses, now)
    refusal: CannotPause | None = None
    try:
        _require_pausable(ledger, last, limits, now=now)
    except CannotPause as refused:
        refusal = refused
    return Pausing(
        there,
        core.running(last.pauses, now) is not None,
        paid.end if paid is not None else None,
        limits,
        limits.left(last.pauses, now),
        refusal,
    )


def preview(subscription: Subscription, *, start: datetime, end: datetime | None, now: datetime) -> Preview:
    """Return what the pause comes to that :func:`pause` would make for a member. Writes nothing. Raises :class:`CannotPause`."""
    ledger, last = _read(subscription)
    facts = _changed(ledger, last, lambda *there: _paused(*there, start=start, end=end, now=now, by_staff=False))
    return _previewed(ledger, last.subscription, facts, PauseSpan(start, end))


def preview_resumed(subscription: Subscription, *, now: datetime) -> Preview:
    """Return what it comes to that :func:`resume` would make. Writes nothing. Raises :class:`CannotPause`."""
    ledger, last = _read(subscription)
    facts = _changed(ledger, last, lambda *there: _resumed(*there, now=now))
    return _previewed(ledger, last.subscription, facts, PauseSpan(last.pauses[-1].start, now))


def pause(
    subscription: Subscription,
    *,
    start: datetime,
    end: datetime | None,
    now: datetime,
    by: Any = None,
    reason: str = "",
) -> None:
    """Pause a subscription of ours from ``start`` (``now``, or later) until ``end``, or until somebody resumes it.

    A member may as far as the level allows (:class:`goodstanding.core.pausing.Limits`), and while nothing is unpaid. Staff
    (``by``, with a ``reason``) may always, also from an earlier moment on: a bill of the time that is paused, unpaid, is
    void (B52). Raises :class:`CannotPause`.
    """

    def change(ledger: Ledger, last: SubscriptionSeen) -> tuple[Fact, ...]:
        return _paused(ledger, last, start=start, end=end, now=now, by_staff=by is not None)

    _tell(subscription, change, now=now)
    _noted(subscription, "pause", by=by, reason=reason, now=now)


def resume(subscription: Subscription, *, now: datetime, by: Any = None, reason: str = "") -> None:
    """Go on at once: what was left is had from now on. Raises :class:`CannotPause`."""
    _tell(subscription, lambda ledger, last: _resumed(ledger, last, now=now), now=now)
    _noted(subscription, "resume", by=by, reason=reason, now=now)


def drop(subscription: Subscription, *, now: datetime, by: Any = None, reason: str = "") -> None:
    """Take back a pause that has not begun (B53): all is as it was before. Raises :class:`CannotPause`."""

    def change(ledger: Ledger, last: SubscriptionSeen) -> tuple[Fact, ...]:
        told = with_pauses(ledger, last, core.dropped(last.pauses, now=now), now=now)
        return (*handbills.drawn_again(ledger, last, now=now), told)

    _tell(subscription, change, now=now)
    _noted(subscription, "drop the pause", by=by, reason=reason, now=now)


def until_given_up(subscription: Subscription, *, now: datetime) -> datetime | None:
    """Return where what is paid ends for who gives up the renewal now; ``None`` where nothing is paid. Writes nothing."""
    ledger, last = _read(subscription)
    bought = _bought(ledger, last)
    left = core.line_moved(bought, core.given_up(last.pauses, now=now)) if bought is not None else None
    return left.end if left is not None else None


def limits_of(last: SubscriptionSeen) -> Limits:
    """Return how far its member may pause a subscription: what all of its levels allow."""
    levels = Level.objects.filter(pk__in={item.hints.level for item in last.items} - {""})
    return core.strictest(
        [Limits(each.pause_days_max, each.pauses_max, open_ended=each.pause_open_ended) for each in levels]
    )


def with_pauses(
    ledger: Ledger, last: SubscriptionSeen, spans: tuple[PauseSpan, ...], *, now: datetime
) -> SubscriptionSeen:
    """Return the subscription told with these pauses: its anchor, and its end where one is set, are moved with what is paid."""
    if spans == last.pauses:
        return ours.retold(last, at=now, rank=1)
    moved: dict[str, Any] = {"pauses": spans}
    paid = _bought(ledger, last)
    if paid is not None:
        there = core.line_moved(paid, spans)
        if there is not None and there != core.line_moved(paid, last.pauses):
            moved["anchor_at"] = _anchor_before(ledger, last, spans) or there.end
            moved |= {"ends_at": there.end} if last.ends_at is not None else {}
    return ours.retold(last, at=now, rank=1, **moved)


def _anchor_before(ledger: Ledger, last: SubscriptionSeen, spans: tuple[PauseSpan, ...]) -> datetime | None:
    """The anchor from before a pause that is dropped: who pays on the 31st still does."""
    tellings = ledger.subscriptions[last.subscription]
    return next((told.anchor_at for told in reversed(tellings) if told.pauses == spans), None)


def _bought(ledger: Ledger, last: SubscriptionSeen) -> LineSeen | None:
    """The paid period that was begun last, as it was bought: before pauses moved it."""
    return dunning.last_period(last.subscription, turns.invoices_of(ledger, last.subscription))


def _read(subscription: Subscription) -> tuple[Ledger, SubscriptionSeen]:
    ledger = Ledger(recording.objects_of([subscription.customer_id])[subscription.customer_id])
    return ledger, ledger.subscriptions[subscription.external_id][-1]


def _changed(ledger: Ledger, last: SubscriptionSeen, change: Change) -> tuple[Fact, ...]:
    """The facts that a change comes to. Raises :class:`CannotPause`."""
    if not last.ours:
        raise CannotPause("gateway")
    if last.status in ENDED:
        raise CannotPause("ended")
    try:
        return change(ledger, last)
    except core.CannotPause as refused:
        raise CannotPause(refused.code) from refused


def _paused(
    ledger: Ledger, last: SubscriptionSeen, *, start: datetime, end: datetime | None, now: datetime, by_staff: bool
) -> tuple[Fact, ...]:
    if not by_staff:
        limits = limits_of(last)
        _require_pausable(ledger, last, limits, now=now)
        limits.require(last.pauses, start, end, now=now, tz=_zone(last))
    if last.ends_at is not None or last.status == SubscriptionStatus.INCOMPLETE:
        raise CannotPause("ended")
    paid = turns.last_period(ledger, last.subscription)
    if paid is None:
        raise CannotPause("twice")
    if by_staff:
        start = min(start, paid.end)  # what is not paid cannot be paused: it is put off
    spans = core.paused(last.pauses, start=start, end=end, now=min(start, now), latest=paid.end)
    bills = _open_bills(ledger, last)
    if any(line.start < start for bill in bills for line in bill.lines if line.kind == "regular"):
        raise CannotPause("unpaid")
    if any(bill.paid_minor for bill in bills):
        raise CannotPause("part_paid")
    void = tuple(replace(bill, at=now, status="void", closed_at=now) for bill in bills)
    return (*void, with_pauses(ledger, last, spans, now=now))


def _resumed(ledger: Ledger, last: SubscriptionSeen, *, now: datetime) -> tuple[Fact, ...]:
    return (with_pauses(ledger, last, core.resumed(last.pauses, at=now, now=now), now=now),)


def _require_pausable(ledger: Ledger, last: SubscriptionSeen, limits: Limits, *, now: datetime) -> None:
    """See to it that its member may pause it now, whatever the days. Raises :class:`CannotPause`."""
    if not last.ours:
        raise CannotPause("gateway")
    if last.status in {*ENDED, SubscriptionStatus.INCOMPLETE} or last.ends_at is not None:
        raise CannotPause("ended")
    if limits.days is None:
        raise CannotPause("not_offered")
    if core.ahead(last.pauses, now) is not None:
        raise CannotPause("twice")
    paid = turns.last_period(ledger, last.subscription)
    if paid is None or paid.end <= now:
        raise CannotPause("unpaid")
    if not all(_is_drawn_ahead(bill, ledger, paid.end) for bill in _open_bills(ledger, last)):
        raise CannotPause("unpaid")
    if limits.left(last.pauses, paid.end) == 0:
        raise CannotPause("too_often")


def _open_bills(ledger: Ledger, last: SubscriptionSeen) -> list[InvoiceSeen]:
    return [
        state.last
        for state in turns.invoices_of(ledger, last.subscription)
        if state.last is not None and state.settled_at is None and state.closed_at is None
    ]


def _is_drawn_ahead(bill: InvoiceSeen, ledger: Ledger, paid_until: datetime) -> bool:
    """Whether a bill is to be paid by hand for a period that has not begun: a pause puts that off, and the bill with it."""
    starts = [line.start for line in bill.lines if line.kind == "regular"]
    is_renewal = bool(starts) and min(starts) >= paid_until and bill.invoice not in ledger.changes
    return bill.due_at is not None and not bill.paid_minor and is_renewal


def _previewed(ledger: Ledger, subscription: str, facts: Sequence[Fact], span: PauseSpan) -> Preview:
    """What a pause comes to that ``facts`` tell: worked out from the records as they would be with them (I13)."""
    objects = dict(ledger.objects)
    for fact in facts:
        objects[key_of(fact)] = condense((*objects[key_of(fact)], fact))
    then = Ledger(objects)
    before, after = (turns.last_period(each, subscription) for each in (ledger, then))
    step = turns.step_of(then, subscription)
    renews_at = step.start if step is not None and step.act is Act.RENEW else None
    told = then.subscriptions[subscription][-1]
    payment = payments_before(told, turns.invoices_of(then, subscription)) + 1
    due = next_bill(then, told, payment, renews_at) if renews_at is not None else None
    balance = then.credit_minor(told.currency)
    return Preview(
        start=span.start,
        end=span.end,
        was_until=before.end if before is not None else None,
        until=after.end if after is not None else None,
        renews_at=renews_at,
        due=due,
        from_balance=Money(min(balance, due.amount_minor), due.currency) if due is not None else None,
        void=tuple(fact.number or fact.invoice for fact in facts if isinstance(fact, InvoiceSeen)),
    )


def _zone(last: SubscriptionSeen) -> tzinfo:
    return ZoneInfo(last.time_zone or "UTC")


def _tell(subscription: Subscription, change: Change, *, now: datetime) -> None:
    account = subscription.gateway_account
    with transaction.atomic():
        customer = recording.locked_customer(account, subscription.customer.external_id, wanted=False)
        ledger = Ledger(recording.objects_of([customer.pk])[customer.pk])
        last = ledger.subscriptions[subscription.external_id][-1]
        facts = _changed(ledger, last, change)
        _require_decided(customer, facts, now=now)
        event = derived(
            "evt", account.pk, "pause", last.subscription, now.isoformat(), str(len(last.pauses)), str(last.rank)
        )
        take_in(facts, account=account, event=event, recorded_at=now, now=now, locked=customer)


def _require_decided(customer: GatewayCustomer, facts: tuple[Fact, ...], *, now: datetime) -> None:
    """Refuse to drop a bill that is being paid at this moment."""
    for fact in facts:
        tried = attempts.under_way(customer, fact.invoice) if isinstance(fact, InvoiceSeen) else None
        if tried is not None and attempts.is_in_hand(tried, now=now):
            raise CannotPause("under_way")


def _noted(subscription: Subscription, what: str, *, by: Any, reason: str, now: datetime) -> None:
    if by is not None:
        note(by=by, on=subscription, what=what, why=reason, now=now)
