"""What the vendor does to a subscription when asked: another plan, another card, its end, and staying after all."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction

from goodstanding.core.money import Money
from goodstanding.core.periods import BeyondCalendar
from goodstanding.gateways.protocol import Account, GatewayRefused, Refusal
from goodstanding.gateways.requests import Change, Recurring, When
from goodstanding.gateways.sandbox.models import Customer, Method, Subscription
from goodstanding.gateways.sandbox.vendor import invoices, payments, people, plans, subscriptions, telling
from goodstanding.gateways.sandbox.vendor.invoices import Line
from goodstanding.gateways.sandbox.vendor.keys import Answer
from goodstanding.gateways.sandbox.vendor.paying import require_plan
from goodstanding.gateways.sandbox.vendor.payments import Wish
from goodstanding.gateways.sandbox.vendor.telling import Teller

Status = Subscription.Status
_SECOND = timedelta(seconds=1)


def change(ref: str, change: Change, *, account: Account, now: datetime) -> Answer:
    """Change what recurs, or what pays for it."""
    subscription, teller = _locked(ref, account, now)
    if subscription.status not in (Status.ACTIVE, Status.PAST_DUE):
        raise _not_open("it does not run")
    method = people.stored(teller.customer, change.method) if change.method else None
    if change.to is not None:
        require_plan(change.to, currency=plans.unpacked(subscription.plan).amount.currency)
        refused = _to_plan(subscription, teller, change, change.to, method)
        if refused is not None:
            teller.write()
            return refused
    if method is not None:
        subscription.method = method
        subscription.save(update_fields=["method"])
    teller.write()
    return Answer(ref=ref, facts=tuple(teller.facts) or (telling.of_subscription(subscription),))


def end(ref: str, when: When, *, account: Account, now: datetime) -> Answer:
    """End it, now or with what is paid; what is under way and not paid is not asked for any more. Any number of times."""
    subscription, teller = _locked(ref, account, now)
    if subscription.status not in subscriptions.ENDED:
        paid_up = subscription.status == Status.ACTIVE and not invoices.unpaid(subscription)
        if when is When.NOW or not paid_up:
            subscriptions.cancel(subscription, teller, at=now)
        elif subscription.ends_at is None:
            subscription.ends_at = subscription.period_end
            subscriptions.tell(subscription, teller, at=now)
    teller.write()
    return Answer(ref=ref, facts=tuple(teller.facts) or (telling.of_subscription(subscription),))


def resume(ref: str, *, account: Account, now: datetime) -> Answer:
    """Take back a set end, and a change that was to come. Any number of times."""
    subscription, teller = _locked(ref, account, now)
    if subscription.status in subscriptions.ENDED:
        raise _not_open("it has ended")
    if subscription.ends_at is not None or subscription.next_plan is not None:
        told = subscription.ends_at is not None
        subscription.ends_at = subscription.next_plan = None
        subscription.save()
        if told:
            subscriptions.tell(subscription, teller, at=now)
    teller.write()
    return Answer(ref=ref, facts=tuple(teller.facts) or (telling.of_subscription(subscription),))


def _to_plan(
    subscription: Subscription, teller: Teller, asked: Change, plan: Recurring, method: Method | None
) -> Answer | None:
    """Go over to another plan; return a refusal, with nothing changed, where it could not be paid."""
    if asked.when is When.PERIOD_END:
        subscription.next_plan = plans.packed(plan)
        subscription.save(update_fields=["next_plan"])
        return None
    if plans.packed(plan) == subscription.plan:
        return None
    if subscription.status != Status.ACTIVE or invoices.unpaid(subscription):
        raise _not_open("what is due is to be paid first")
    lines = _proration(subscription, plan, at=teller.now)
    total = sum((line.amount for line in lines), Money.zero(plan.amount.currency))
    due = max(total.amount_minor - teller.customer.credit_minor, 0)
    wish = Wish(asked.key, Money(due, total.currency), method=method or subscription.method)
    if due and (refused := _refused(wish, teller)) is not None:
        return refused
    _gone_over(subscription, teller, plan)
    invoice = invoices.draw_up(subscription, teller, lines, at=teller.now)
    invoices.finalise(invoice, teller, at=teller.now)
    if not invoice.due_minor:
        invoices.settle(invoice, teller, at=teller.now)
        return None
    paid = Wish(wish.key, wish.amount, method=wish.method, invoice=invoice)
    payments.succeed(payments.book(teller.customer, paid, at=teller.now), teller, at=teller.now)
    return None


def _refused(wish: Wish, teller: Teller) -> Answer | None:
    if wish.method is None:
        raise GatewayRefused(Refusal.UNKNOWN_CARD, "no card is stored for it", retry=False)
    outcome = payments.outcome_of(wish, at=teller.now)
    if not outcome:
        return None
    code = str(Refusal.NEEDS_CHALLENGE) if payments.needs_owner(outcome) else outcome
    return payments.refused(payments.book(teller.customer, wish, at=teller.now), teller, code, at=teller.now)


def _gone_over(subscription: Subscription, teller: Teller, plan: Recurring) -> None:
    if plan.interval != plans.unpacked(subscription.plan).interval:
        subscription.anchor_at = subscription.period_start = teller.now
        subscription.number = 0
        subscription.period_end = subscription.next_at = plans.boundary(teller.now, plan, 1)
        if subscription.ends_at is not None:
            subscription.ends_at = subscription.period_end
    subscription.plan, subscription.next_plan = plans.packed(plan), None
    subscription.worth_minor = plans.whole(plan).amount_minor
    subscriptions.tell(subscription, teller, at=teller.now)


def _proration(subscription: Subscription, plan: Recurring, *, at: datetime) -> list[Line]:
    """Give back what is left of the running period, by the second; charge the rest of it, or a new one, by ``plan``."""
    old = plans.unpacked(subscription.plan)
    start, end = subscription.period_start, subscription.period_end
    left = Fraction((end - max(at, start)) // _SECOND, (end - start) // _SECOND)
    worth = Money(subscription.worth_minor, old.amount.currency)
    lines = [Line("proration", -worth.share(left), at, end, old, f"Unused time on {old.name}")]
    if plan.interval == old.interval:
        lines.append(Line("proration", plans.whole(plan).share(left), at, end, plan, f"Remaining time on {plan.name}"))
        return lines
    try:
        following = plans.boundary(at, plan, 1)
    except BeyondCalendar as error:
        raise GatewayRefused(Refusal.BAD_REQUEST, "this cannot recur", retry=False) from error
    lines.append(Line("regular", plans.whole(plan), at, following, plan, plan.name))
    return lines


def _locked(ref: str, account: Account, now: datetime) -> tuple[Subscription, Teller]:
    """Return a subscription, read after its customer was locked."""
    people.require_use(account)
    rows = Subscription.objects.select_related("customer", "method")
    found = rows.filter(pk=ref, customer__account=account.code).first()
    if found is None:
        raise GatewayRefused(Refusal.UNKNOWN_REF, "there is no such subscription", retry=False)
    customer = Customer.objects.select_for_update().get(pk=found.customer_id)
    return rows.get(pk=ref), Teller(customer, now)


def _not_open(words: str) -> GatewayRefused:
    return GatewayRefused(Refusal.NOT_OPEN, words, retry=False)
