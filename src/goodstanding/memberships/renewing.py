"""Our own clock: renews what we bill ourselves, collects, tries again, and at last gives up (core.dunning says what, when).

Each step is one transaction under the customer's lock, made from the records as they stand in it: a second worker, or the
same one after a crash, finds the step done. Charging is a try of its own (:mod:`goodstanding.memberships.paying`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from goodstanding.billing import attempts, numbering, policies, recording, turns
from goodstanding.billing.models import GatewayCustomer, PaymentAttempt, Turn
from goodstanding.catalogue import knowledge
from goodstanding.core import changes, dunning, ours
from goodstanding.core.dunning import Act, Step
from goodstanding.core.facts import Fact, SubscriptionSeen
from goodstanding.core.fold import SubscriptionStatus
from goodstanding.core.ids import derived
from goodstanding.core.ledger import Ledger
from goodstanding.core.money import Money
from goodstanding.core.periods import Period
from goodstanding.core.renewals import completed, payments_before, renewal_of
from goodstanding.jobs import lease
from goodstanding.memberships.intake import take_in

LOOK_AGAIN = timedelta(minutes=10)  # at a bill that is being paid right now


def carry_out(turn: Turn, *, now: datetime) -> None:
    """Do what our clock has to do for a claimed turn's subscription, and give the turn back."""
    lease.carry(turn, partial(_do, turn, now=now), now=now)


def _do(turn: Turn, *, now: datetime) -> None:
    with transaction.atomic():
        whose = turn.subscription
        customer = recording.locked_customer(whose.gateway_account, whose.customer.external_id, wanted=False)
        while True:
            ledger = Ledger(recording.objects_of([customer.pk])[customer.pk])
            step = turns.step_of(ledger, whose.external_id)
            if step is None or step.at > now:
                break
            if not _done(step, ledger, customer, whose.external_id, now=now):
                lease.close(turn, due_at=now + LOOK_AGAIN, attempts=0, last_error="")
                return
        held = Turn.objects.filter(pk=turn.pk, lease_token=turn.lease_token)
        state = Turn.State.OPEN if step else Turn.State.IDLE
        if not held.update(state=state, due_at=step.at if step else now, leased_until=None, leased_by="", attempts=0):
            raise lease.LostLease(turn.pk)


def _done(step: Step, ledger: Ledger, customer: GatewayCustomer, subscription: str, *, now: datetime) -> bool:
    """Do one step; return whether another may follow at once (not while something is being paid)."""
    if step.act is Act.COLLECT:
        _collect(step, ledger, customer, now=now)
        return False
    if step.act in (Act.EXPIRE, Act.GIVE_UP, Act.DROP) and attempts.under_way(customer, step.invoice):
        return False
    facts = _facts(step, ledger, ledger.subscriptions[subscription][-1], now=now)
    about = step.invoice or (step.start.isoformat() if step.start else "")
    event = derived("evt", customer.gateway_account_id, step.act, subscription, about)
    take_in(facts, account=customer.gateway_account, event=event, recorded_at=now, now=now, locked=customer)
    return True


def _collect(step: Step, ledger: Ledger, customer: GatewayCustomer, *, now: datetime) -> None:
    bill = ledger.invoices[step.invoice].last
    assert bill is not None, step
    if dunning.is_double(bill, list(ledger.invoices.values())):
        raise lease.GiveUp("impossible_bill: two charges for one interval; nothing was charged")
    owed = Money(bill.due_minor - bill.paid_minor, bill.currency)
    kind, method = PaymentAttempt.Kind.CHARGE, customer.method
    try:
        attempts.write_down(customer, pays_for=step.invoice, kind=kind, amount=owed, now=now, held=False, method=method)
    except attempts.AlreadyUnderWay:
        return


def _facts(step: Step, ledger: Ledger, last: SubscriptionSeen, *, now: datetime) -> Sequence[Fact]:
    match step.act:
        case Act.RENEW:
            return _renewal(step, ledger, last, now=now)
        case Act.GIVE_UP:
            return (*_closed(step, ledger, now=now), _ended(last, step, now=now))
        case Act.EXPIRE:
            begun = _begun_together(step, ledger)
            return (*_closed(step, ledger, now=now), *(_ended(each, step, now=now) for each in begun))
        case Act.DROP:
            return _closed(step, ledger, now=now)
        case Act.COMPLETE:
            assert step.end is not None, step
            bills = turns.invoices_of(ledger, last.subscription)
            drawn = numbering.invoice_number() if last.contract.keeps else ""
            return completed(last, bills, paid_until=step.end, at=max(now, step.at), number=drawn)
        case _:
            return (_ended(last, step, now=now),)


def _renewal(step: Step, ledger: Ledger, last: SubscriptionSeen, *, now: datetime) -> Sequence[Fact]:
    """The bill of the period that is due, and the change of level that was set for it.

    A period that was over before anybody could work is passed over: it gave nothing.
    """
    assert step.start is not None, step
    changed = changes.renewed(last, start=step.start, at=now) if last.next_items else None
    last = changed or last
    number = dunning.number_of(step.start, last)
    start, end = dunning.period(last, number)
    while end <= now:
        number += 1
        start, end = dunning.period(last, number)
    drawn, credit = numbering.invoice_number(), ledger.credit_minor(last.currency)
    made = renewal_of(
        last,
        period=Period(start, end),
        at=now,
        number=drawn,
        payment=payments_before(last, turns.invoices_of(ledger, last.subscription)) + 1,
        levy_at=knowledge.current().levy_at,
        credit_minor=credit,
    )
    bill = replace(made.bill, ladder=policies.ladder(policies.in_force(now), made.bill.currency))
    facts: tuple[Fact, ...] = (bill, *made.credits)
    return (changed, *facts) if changed is not None else facts


def _closed(step: Step, ledger: Ledger, *, now: datetime) -> Sequence[Fact]:
    bill = ledger.invoices[step.invoice].last
    assert bill is not None, step
    status = "uncollectible" if step.act is Act.GIVE_UP else "void"
    return (replace(bill, at=now, status=status, closed_at=now),)


def _begun_together(step: Step, ledger: Ledger) -> list[SubscriptionSeen]:
    """The subscriptions that one first bill begins: nobody pays it, and none of them ever begins."""
    bill = ledger.invoices[step.invoice].last
    assert bill is not None, step
    return [ledger.subscriptions[ref][-1] for ref in sorted(bill.subscriptions) if ref in ledger.subscriptions]


def _ended(last: SubscriptionSeen, step: Step, *, now: datetime) -> SubscriptionSeen:
    status = SubscriptionStatus.EXPIRED if step.act is Act.EXPIRE else SubscriptionStatus.CANCELLED
    ended_at = step.at if step.act is Act.END else now
    return ours.retold(last, at=now, rank=2, status=status, ended_at=ended_at)
