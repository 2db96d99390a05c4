"""Carrying out errands at gateways: outside of any transaction, under a key of their own, until they are confirmed."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from django.db import transaction

from goodstanding.billing.models import Errand
from goodstanding.catalogue.models import Price
from goodstanding.core.facts import Fact
from goodstanding.core.ids import derived
from goodstanding.core.money import Money
from goodstanding.core.periods import Interval, Unit
from goodstanding.gateways import registry
from goodstanding.gateways.protocol import Ability, GatewayRefused
from goodstanding.gateways.requests import Change, Recurring, Taken, When
from goodstanding.jobs import lease
from goodstanding.memberships.intake import take_in

Kind, State = Errand.Kind, Errand.State


def carry_out(errand: Errand, *, now: datetime) -> None:
    """Do a claimed errand and close it. A gateway that does not answer is asked again later."""
    lease.carry(errand, partial(_do, errand, now=now), now=now)


def _do(errand: Errand, *, now: datetime) -> None:
    try:
        taken = _asked(errand, now=now)
    except GatewayRefused as refusal:
        with transaction.atomic():
            # First, as it locks the customer: whoever asks for an errand locks in this order, too.
            _take_in(errand, refusal.facts, now=now)
            lease.close(errand, state=State.REFUSED, failure=refusal.code[:100], ended_at=now, last_error="")
        return
    with transaction.atomic():
        # The same gateway may be asked the same again later (to end what was resumed): each errand tells for itself.
        _take_in(errand, taken.facts, now=now)
        lease.close(errand, state=State.DONE, ended_at=now, last_error="")


def _take_in(errand: Errand, facts: tuple[Fact, ...], *, now: datetime) -> None:
    if facts:
        account = errand.customer.gateway_account
        event = derived("evt", account.pk, "errand", errand.key)
        take_in(facts, account=account, event=event, recorded_at=now, now=now)


def _asked(errand: Errand, *, now: datetime) -> Taken:
    account = errand.customer.gateway_account
    match Kind(errand.kind):
        case Kind.REFUND:
            amount = Money(errand.amount_minor, errand.currency)
            gateway = registry.able(account.gateway, Ability.REFUND)
            return gateway.refund(errand.target, amount=amount, key=errand.key, account=account, now=now)
        case Kind.END | Kind.END_NOW:
            when = When.NOW if errand.kind == Kind.END_NOW else When.PERIOD_END
            return registry.able(account.gateway, Ability.END).end(errand.target, when, account=account, now=now)
        case Kind.CHANGE:
            change = Change(errand.key, _recurring(errand.wish["price"]), when=When(errand.wish["when"]))
            gateway = registry.able(account.gateway, Ability.CHANGE)
            return gateway.change(errand.target, change, account=account, now=now)
        case Kind.RESUME:
            return registry.able(account.gateway, Ability.RESUME).resume(errand.target, account=account, now=now)


def _recurring(price: str) -> Recurring:
    """A price of ours as a gateway is told of it."""
    row = Price.objects.select_related("level").get(pk=price)
    amount, interval = Money(row.amount_minor, row.currency), Interval(Unit(row.interval), row.interval_count)
    return Recurring(row.pk, row.level_id, row.level.name, amount, interval)
