"""Pausing and resuming what we bill: the doors shut from the pause's beginning, and what was paid is had after it.

What a gateway bills by its own clock cannot be paused here, and neither can a term that was bought once: staff give what
is left of it as a grant (docs/decisions/0034).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy

from goodstanding.audit.services import note
from goodstanding.billing import attempts, recording, turns
from goodstanding.billing.models import GatewayCustomer, Subscription
from goodstanding.catalogue.models import Level
from goodstanding.core import dunning, ours
from goodstanding.core import pausing as core
from goodstanding.core.facts import Fact, InvoiceSeen, PauseSpan, SubscriptionSeen
from goodstanding.core.fold import ENDED, SubscriptionStatus
from goodstanding.core.ids import derived
from goodstanding.core.ledger import Ledger
from goodstanding.memberships.intake import take_in

YEAR = timedelta(days=365)

_WORDS = {
    "gateway": gettext_lazy(
        "The bank renews this by its own clock, and it cannot be paused here. Please ask the staff."
    ),
    "ended": gettext_lazy("This has ended already, or is about to end: there is nothing to pause."),
    "unpaid": gettext_lazy("Something is not paid yet. Pay it first, then pause."),
    "not_offered": gettext_lazy("This level cannot be paused here. Please ask the staff."),
    "too_long": gettext_lazy("A pause at this level lasts that long at most: choose an earlier day to go on."),
    "too_often": gettext_lazy("This was paused as often as it may be within a year. Please ask the staff."),
    "backwards": gettext_lazy("The day to go on must come after the day on which the pause begins."),
    "past": gettext_lazy("A pause begins today or later."),
    "before": gettext_lazy("The pause has not begun yet: drop it instead."),
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
    """How a subscription stands with pauses: the one that runs or comes, and where what is paid ends by now, if known."""

    pause: PauseSpan | None
    runs: bool
    until: datetime | None
    level: Level | None

    @property
    def days_max(self) -> int | None:
        """How many days its member may pause it; ``None``: not at all."""
        return self.level.pause_days_max if self.level is not None else None


def stands(subscription: Subscription, *, now: datetime) -> Pausing:
    """Return how a subscription stands with pauses. Asks nobody."""
    ledger = Ledger(recording.objects_of([subscription.customer_id])[subscription.customer_id])
    last = ledger.subscriptions[subscription.external_id][-1]
    paid = turns.last_period(ledger, last.subscription)
    level = Level.objects.filter(pk=last.items[0].hints.level).first() if last.ours and last.items else None
    there = core.ahead(last.pauses, now)
    return Pausing(there, core.running(last.pauses, now) is not None, paid.end if paid is not None else None, level)


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

    A member may as far as the level allows, and with an end at the latest after as many days as it says. Staff (``by``,
    with a ``reason``) may always, also from an earlier moment on: a bill of the time that is paused, unpaid, is void (B52).
    Raises :class:`CannotPause`.
    """

    def change(ledger: Ledger, last: SubscriptionSeen) -> tuple[Fact, ...]:
        return _paused(ledger, last, start=start, end=end, now=now, by_staff=by is not None)

    _tell(subscription, change, now=now)
    _noted(subscription, "pause", by=by, reason=reason, now=now)


def resume(subscription: Subscription, *, now: datetime, by: Any = None, reason: str = "") -> None:
    """Go on at once: what was left is had from now on. Raises :class:`CannotPause`."""

    def change(ledger: Ledger, last: SubscriptionSeen) -> tuple[Fact, ...]:
        return (_told(ledger, last, core.resumed(last.pauses, at=now, now=now), now=now),)

    _tell(subscription, change, now=now)
    _noted(subscription, "resume", by=by, reason=reason, now=now)


def drop(subscription: Subscription, *, now: datetime, by: Any = None, reason: str = "") -> None:
    """Take back a pause that has not begun (B53). Raises :class:`CannotPause`."""

    def change(ledger: Ledger, last: SubscriptionSeen) -> tuple[Fact, ...]:
        return (_told(ledger, last, core.dropped(last.pauses, now=now), now=now),)

    _tell(subscription, change, now=now)
    _noted(subscription, "drop the pause", by=by, reason=reason, now=now)


def _paused(
    ledger: Ledger, last: SubscriptionSeen, *, start: datetime, end: datetime | None, now: datetime, by_staff: bool
) -> tuple[Fact, ...]:
    paid = turns.last_period(ledger, last.subscription)
    bills = [bill.last for bill in turns.invoices_of(ledger, last.subscription) if _is_open(bill)]
    if last.ends_at is not None or last.status == SubscriptionStatus.INCOMPLETE:
        raise CannotPause("ended")
    if not by_staff:
        _require_allowed(last, start, end, now=now)
        if bills or paid is None or paid.end <= now:
            raise CannotPause("unpaid")
    if paid is None:
        raise core.CannotPause("twice")
    if by_staff:
        start = min(start, paid.end)  # what is not paid cannot be paused: it is put off
    spans = core.paused(last.pauses, start=start, end=end, now=min(start, now), latest=paid.end)
    covered = [bill for bill in bills if bill is not None and all(line.start >= start for line in bill.lines)]
    if len(covered) < len(bills):
        raise CannotPause("unpaid")
    void = tuple(replace(bill, at=now, status="void", closed_at=now) for bill in covered)
    return (*void, _told(ledger, last, spans, now=now))


def _is_open(state: Any) -> bool:
    return state.last is not None and state.settled_at is None and state.closed_at is None


def _require_allowed(last: SubscriptionSeen, start: datetime, end: datetime | None, *, now: datetime) -> None:
    """What the level allows its members."""
    level = Level.objects.filter(pk=last.items[0].hints.level).first()
    if level is None or level.pause_days_max is None:
        raise CannotPause("not_offered")
    if start < now:
        raise CannotPause("past")
    if end is None or end - start > timedelta(days=level.pause_days_max + 1):
        raise CannotPause("too_long")
    lately = [each for each in last.pauses if each.start > now - YEAR]
    if level.pauses_max is not None and len(lately) >= level.pauses_max:
        raise CannotPause("too_often")


def _told(ledger: Ledger, last: SubscriptionSeen, spans: tuple[PauseSpan, ...], *, now: datetime) -> SubscriptionSeen:
    """The subscription with these pauses; what follows is counted from where what is paid ends by then."""
    paid = dunning.last_period(last.subscription, turns.invoices_of(ledger, last.subscription))
    anchor = last.anchor_at
    if paid is not None:
        there = core.line_moved(paid, spans)
        before = core.line_moved(paid, last.pauses)
        if there is not None and there != before:
            anchor = there.end
    return ours.retold(last, at=now, rank=1, pauses=spans, anchor_at=anchor)


def _tell(
    subscription: Subscription, change: Callable[[Ledger, SubscriptionSeen], tuple[Fact, ...]], *, now: datetime
) -> None:
    account = subscription.gateway_account
    with transaction.atomic():
        customer = recording.locked_customer(account, subscription.customer.external_id, wanted=False)
        ledger = Ledger(recording.objects_of([customer.pk])[customer.pk])
        last = ledger.subscriptions[subscription.external_id][-1]
        if not last.ours:
            raise CannotPause("gateway")
        if last.status in ENDED:
            raise CannotPause("ended")
        try:
            facts = change(ledger, last)
        except core.CannotPause as refused:
            raise CannotPause(refused.code) from refused
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
