"""The vendor's subscriptions: begun, activated, renewed, ended."""

from __future__ import annotations

from datetime import datetime

from goodstanding.core.ids import derived
from goodstanding.core.money import Money
from goodstanding.gateways.requests import Recurring
from goodstanding.gateways.sandbox.models import Customer, Invoice, Method, Payment, Subscription
from goodstanding.gateways.sandbox.vendor import invoices, plans, telling
from goodstanding.gateways.sandbox.vendor.invoices import Line
from goodstanding.gateways.sandbox.vendor.telling import Teller

Status = Subscription.Status
ENDED = (Status.EXPIRED, Status.CANCELLED)
CREATED, UPDATED, DELETED = 0, 1, 2  # ranks of tellings in the life of a subscription


def join(customer: Customer, teller: Teller, plan: Recurring, *, first: Money, key: str, at: datetime) -> Invoice:
    """Begin a subscription whose first period begins now and costs ``first``; return its first invoice, to be paid."""
    end = plans.boundary(at, plan, 1)
    subscription = Subscription.objects.create(
        id=derived("sbsub", customer.account_id, key),
        customer=customer,
        plan=plans.packed(plan),
        worth_minor=first.amount_minor,
        anchor_at=at,
        period_start=at,
        period_end=end,
        created_at=at,
        changed_at=at,
        rank=CREATED,
    )
    teller.tell("subscription.created", telling.of_subscription(subscription))
    line = Line("regular", first, at, end, plan, plan.name)
    invoice = invoices.draw_up(subscription, teller, [line], at=at)
    invoices.finalise(invoice, teller, at=at, with_credit=False)
    return invoice


def tell(subscription: Subscription, teller: Teller, *, at: datetime, rank: int = UPDATED) -> None:
    """Save a subscription that was changed, and tell of it."""
    telling.moved_on(subscription, at=at, rank=rank)
    subscription.save()
    teller.tell(
        "subscription.deleted" if rank == DELETED else "subscription.updated", telling.of_subscription(subscription)
    )


def paid_for(subscription: Subscription, teller: Teller, *, method: Method | None, at: datetime) -> None:
    """After an invoice was settled: a new subscription is active, one past due is again if nothing else is open.

    ``method``: what pays from now on, where that was said.
    """
    before = (subscription.status, subscription.method_id)
    if method is not None:
        subscription.method = method
    if subscription.status == Status.INCOMPLETE:
        subscription.status, subscription.next_at = Status.ACTIVE, subscription.period_end
    elif subscription.status == Status.PAST_DUE and not subscription.invoices.filter(status="open").exists():
        subscription.status = Status.ACTIVE
    if subscription.status != before[0]:
        tell(subscription, teller, at=at)
    elif subscription.method_id != before[1]:
        subscription.save(update_fields=["method"])


def renew(subscription: Subscription, teller: Teller, *, at: datetime) -> None:
    """At the period's end: end what is to end; else begin the next period, with a draft of its invoice."""
    if (subscription.ends_at is not None and subscription.ends_at <= at) or _all_paid(subscription):
        cancel(subscription, teller, at=at)
        return
    plan, number = plans.unpacked(subscription.plan), subscription.number + 1
    if subscription.next_plan is not None:
        following = plans.unpacked(subscription.next_plan)
        if following.interval != plan.interval:
            subscription.anchor_at, number = at, 0
        plan = following
    subscription.plan, subscription.next_plan, subscription.number = plans.packed(plan), None, number
    subscription.worth_minor = plans.whole(plan).amount_minor
    subscription.period_start = at
    subscription.period_end = plans.boundary(subscription.anchor_at, plan, number + 1)
    subscription.next_at = subscription.period_end
    line = Line("regular", plans.whole(plan), at, subscription.period_end, plan, plan.name)
    invoices.draw_up(subscription, teller, [line], at=at)
    tell(subscription, teller, at=at)


def _all_paid(subscription: Subscription) -> bool:
    """Whether the last of a set number of payments was made: then it ends by itself, as if it had been cancelled."""
    payments = plans.unpacked(subscription.plan).payments
    settled = subscription.invoices.filter(status=Invoice.Status.PAID, total_minor__gt=0) if payments else ()
    return bool(payments) and sum(any(line["kind"] == "regular" for line in each.lines) for each in settled) >= payments


def cancel(
    subscription: Subscription, teller: Teller, *, at: datetime, unpaid: Invoice.Status = Invoice.Status.VOID
) -> None:
    """End it at once: what is not paid will not be asked for any more (and becomes ``unpaid``)."""
    never_paid = subscription.status == Status.INCOMPLETE
    subscription.status = Status.EXPIRED if never_paid else Status.CANCELLED
    subscription.ended_at, subscription.next_at, subscription.next_plan = at, None, None
    tell(subscription, teller, at=at, rank=DELETED)
    for invoice in invoices.unpaid(subscription):
        for payment in invoice.payments.filter(status=Payment.Status.WAITING):
            fail(payment, teller, "expired", at=at)
        invoices.close(invoice, teller, unpaid, at=at)


def fail(payment: Payment, teller: Teller, failure: str, *, at: datetime) -> None:
    """Note that a payment came to nothing."""
    payment.status, payment.failure, payment.changed_at, payment.next_at = Payment.Status.FAILED, failure, at, None
    payment.put()
    if payment.amount_minor:
        teller.tell("payment.failed", telling.of_payment(payment))
