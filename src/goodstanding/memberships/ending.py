"""Ending and staying: a member or staff stop the renewal, or take that back. What is paid is kept in any case.

What we bill ourselves ends by a fact of our own. What a gateway bills ends there: that is an errand, tried until it is
confirmed, and people see that it is on its way until then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from goodstanding.billing import attempts, errands, recording, turns
from goodstanding.billing.models import Errand, GatewayCustomer, Subscription
from goodstanding.core import dunning, ours
from goodstanding.core import pausing as core_pausing
from goodstanding.core.facts import Fact, InvoiceSeen, SubscriptionSeen
from goodstanding.core.fold import ENDED, SubscriptionStatus
from goodstanding.core.ids import derived
from goodstanding.core.ledger import Ledger
from goodstanding.memberships import handbills, pausing
from goodstanding.memberships.intake import take_in

Change = Callable[[Ledger, SubscriptionSeen, datetime], tuple[Fact, ...]]


class CannotEnd(ValueError):
    """It cannot be ended, or not be kept; the text says why, to the member."""


class UnderWay(CannotEnd):
    """A payment of it is being made at this very moment: what becomes of that is to be known first."""


def cancel(subscription: Subscription, *, now: datetime) -> None:
    """Stop the renewal of a subscription at the end of what is paid. Cancelled already: nothing changes.

    Raises :class:`CannotEnd` where it has ended.
    """
    _tell(subscription, _with_end, Errand.Kind.END, now=now)


def end_now(subscription: Subscription, *, now: datetime) -> None:
    """End a subscription at once; what is paid stays. Raises :class:`CannotEnd` where it has ended, and :class:`UnderWay`."""
    _tell(subscription, _ended, Errand.Kind.END_NOW, now=now)


def stay(subscription: Subscription, *, now: datetime) -> None:
    """Take a set end back. Raises :class:`CannotEnd` where it has ended already: only joining again helps then."""
    _tell(subscription, _without_end, Errand.Kind.RESUME, now=now)


def _tell(subscription: Subscription, change: Change, kind: Errand.Kind, *, now: datetime) -> None:
    account = subscription.gateway_account
    with transaction.atomic():
        customer = recording.locked_customer(account, subscription.customer.external_id, wanted=False)
        ledger = Ledger(recording.objects_of([customer.pk])[customer.pk])
        last = ledger.subscriptions[subscription.external_id][-1]
        if last.status in ENDED or (last.ends_at is not None and last.ends_at <= now):
            raise CannotEnd(_("This has ended already."))
        if not last.ours:
            errands.ask(customer, kind, subscription.external_id, now=now)
            return
        facts = change(ledger, last, now)
        _require_decided(customer, facts, now=now)
        event = derived("evt", account.pk, kind, last.subscription, now.isoformat(), str(last.rank))
        take_in(facts, account=account, event=event, recorded_at=now, now=now)


def _require_decided(customer: GatewayCustomer, facts: Sequence[Fact], *, now: datetime) -> None:
    """Refuse to drop a bill that is being paid at this moment: the money would come for nothing."""
    for fact in facts:
        tried = attempts.under_way(customer, fact.invoice) if isinstance(fact, InvoiceSeen) else None
        if tried is not None and attempts.is_in_hand(tried, now=now):
            raise UnderWay(_("A payment for this is under way right now. Try again in a few minutes."))


def _with_end(ledger: Ledger, last: SubscriptionSeen, now: datetime) -> tuple[Fact, ...]:
    spans = core_pausing.given_up(last.pauses, now=now)  # who gives it up goes on, or has what is paid after a set end
    bought = dunning.last_period(last.subscription, turns.invoices_of(ledger, last.subscription))
    paid = core_pausing.line_moved(bought, spans) if bought is not None else None
    end = paid.end if paid is not None else now
    if end <= now:
        return _ended(ledger, last, now)
    if last.ends_at is not None:
        return ()
    told = pausing.with_pauses(ledger, last, spans, now=now)
    return (*handbills.dropped(ledger, last, now=now), replace(told, ends_at=end))


def _ended(ledger: Ledger, last: SubscriptionSeen, now: datetime) -> tuple[Fact, ...]:
    """The end at once: what was not paid is asked for no more."""
    bills = [
        replace(state.last, at=now, status="void", closed_at=now)
        for state in turns.invoices_of(ledger, last.subscription)
        if state.last is not None and state.settled_at is None and state.closed_at is None
    ]
    status = (
        SubscriptionStatus.EXPIRED if last.status == SubscriptionStatus.INCOMPLETE else SubscriptionStatus.CANCELLED
    )
    told = pausing.with_pauses(ledger, last, core_pausing.given_up(last.pauses, now=now), now=now)
    return (*bills, replace(told, rank=told.rank + 1, status=status, ended_at=now))


def _without_end(ledger: Ledger, last: SubscriptionSeen, now: datetime) -> tuple[Fact, ...]:
    if last.ends_at is None:
        return ()
    return (*handbills.drawn_again(ledger, last, now=now), ours.retold(last, at=now, rank=1, ends_at=None))
