"""A life with the sandbox: alice has a customer there, does things, and the clock moves; its messages go through the inbox."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from goodstanding.billing.models import GatewayCustomer, Transfer
from goodstanding.billing.recording import customer_id
from goodstanding.catalogue import services as catalogue
from goodstanding.core.journal import Chart
from goodstanding.core.money import Money
from goodstanding.core.periods import Interval, Unit
from goodstanding.gateways import registry, services
from goodstanding.gateways.protocol import Event, GatewayRefused
from goodstanding.gateways.requests import BeginRequest, Begun, ChargeRequest, Enrolment, Recurring, Redirect, Taken
from goodstanding.gateways.sandbox.models import Customer, Invoice, Message, Payment, Subscription
from goodstanding.gateways.sandbox.vendor import sending
from goodstanding.inbox import services as inbox
from goodstanding.inbox.models import WebhookEvent
from goodstanding.jobs import services as jobs
from goodstanding.memberships import reading
from goodstanding.memberships.words import stamp

EUR = "EUR"
SIDES = ("debit", "credit")
FULL = Recurring("prc_full", "full", "Full member", Money(10_000, EUR), Interval(Unit.MONTH))
WEEKDAY = Recurring("prc_weekday", "weekday", "Weekday member", Money(6_000, EUR), Interval(Unit.MONTH))
ANNUAL = Recurring("prc_annual", "full", "Full member, a year", Money(100_000, EUR), Interval(Unit.YEAR))
LEVELS = [
    {"slug": plan.level, "name": plan.name, "group": "workshop", "group_allows_several": False, "prices": []}
    for plan in (FULL, WEEKDAY)
]
JOINED = [
    "customer.created",
    "subscription.created",
    "invoice.created",
    "invoice.finalised",
    "payment.succeeded",
    "invoice.paid",
    "subscription.updated",
]
START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def at(month: int, day: int, hour: int = 10, minute: int = 0, *, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


class Life:
    """What happens is done at the vendor's side; nothing of ours hears of it before :meth:`hear` or :meth:`hear_shuffled`."""

    def __init__(self, member: Any, *, code: str = services.SANDBOX_AUTO, now: datetime = START) -> None:
        accounts = {account.code: account for account in services.ensure_sandbox_accounts()}
        self.account, self.member, self.now = accounts[code], member, now
        self.gateway = registry.able("sandbox")
        catalogue.import_catalogue(json.dumps(LEVELS), now=now)
        self.customer = self.gateway.enrol(
            Enrolment(f"member-{member.pk}", member.email), account=self.account, now=now
        )
        row = GatewayCustomer(
            id=customer_id(code, self.customer),
            gateway_account=self.account,
            external_id=self.customer,
            member=member,
        )
        row.save(force_insert=True)
        self._keys = 0

    @property
    def on(self) -> dict[str, Any]:
        return {"account": self.account, "now": self.now}

    def key(self) -> str:
        self._keys += 1
        return f"{self.member.pk}-{self._keys}"

    # What a member does

    def begin(self, amount_minor: int, **more: Any) -> Begun:
        request = BeginRequest(
            key=self.key(),
            customer=self.customer,
            amount=Money(amount_minor, EUR),
            **{"return_url": "/back/", "card": "sandbox_ok", **more},
        )
        return self.gateway.begin(request, **self.on)

    def join(self, plan: Recurring = FULL, **more: Any) -> str:
        """Join, and return the subscription."""
        answer = self.begin(plan.amount.amount_minor, recurring=plan, **more)
        assert isinstance(answer, Taken | Redirect), answer
        return answer.ref

    def kept(self, card: str = "sandbox_ok") -> str:
        """Have ``card`` stored by a first payment, and return its reference."""
        answer = self.begin(10_000, card=card, keep=True, invoice="inv_1")
        assert isinstance(answer, Taken), answer
        return answer.method

    def charge(self, method: str) -> Taken:
        """Charge a stored card."""
        request = ChargeRequest(self.key(), self.customer, method, Money(10_000, EUR), invoice="inv_2")
        answer = self.gateway.charge(request, **self.on)
        assert isinstance(answer, Taken), answer
        return answer

    def pay_open_invoice(self, **more: Any) -> Begun:
        invoice = Invoice.objects.get(customer=self.customer, status__in=["open", "draft"])
        return self.begin(invoice.due_minor, invoice=invoice.pk, **more)

    def last_payment(self) -> Payment:
        found = Payment.objects.filter(customer=self.customer).order_by("created_at", "id").last()
        assert found is not None
        return found

    def subscription(self) -> Subscription:
        return Subscription.objects.get(customer=self.customer)

    # Time, and what is heard

    def until(self, moment: datetime) -> None:
        """Time passes, at the vendor's."""
        assert moment >= self.now, moment
        self.now = moment
        self.gateway.advance(account=self.account, until=moment)

    def told(self) -> list[str]:
        """The types of all messages, in the order in which the vendor filed them."""
        return list(Message.objects.filter(account=self.account).order_by("id").values_list("type", flat=True))

    def hear(self) -> int:
        """Have what is due delivered and taken in, in the order in which it is sent."""
        count = self.gateway.deliver(self._take, **self.on)
        self.work()
        return count

    def hear_shuffled(self, seed: int) -> None:
        """Have all messages delivered in disorder, some of them several times."""
        rows = list(Message.objects.filter(account=self.account).order_by("id"))
        copies = [row for row in rows for _ in range(random.Random(f"{seed}{row.pk}").choice((1, 1, 2, 3)))]
        random.Random(seed).shuffle(copies)
        for row in copies:
            body = row.body.encode()
            self._take(sending.headers(self.account, body, at=self.now), body)
            self.work()

    def fetch_what_was_missed(self) -> int:
        """Reconcile: file all that the vendor filed, and how what is live stands; return how many were new."""
        return self._file([*self.gateway.fetch_since(at(1, 1), **self.on), *self.gateway.list_live(**self.on)])

    def everything(self) -> list[str]:
        """The vendor's references of all that alice has there."""
        models = (Subscription, Payment)
        return [self.customer, *(row.pk for model in models for row in model._default_manager.order_by("created_at"))]

    def look_at(self, refs: Sequence[str]) -> int:
        """File how each of these stands; return how many of the answers were new."""
        looked = []
        for ref in refs:
            with suppress(GatewayRefused):  # a payment of nothing
                looked.append(self.gateway.look(ref, **self.on))
        return self._file(looked)

    def _file(self, events: Sequence[Event]) -> int:
        new = inbox.file(self.account, [(event, json.dumps(event.body).encode()) for event in events], now=self.now)
        self.work()
        return new

    def work(self) -> None:
        """Take in what was received, and do the jobs that come of it."""
        while inbox.work_once(now=self.now) + jobs.work_once(now=self.now):
            pass
        left = WebhookEvent.objects.exclude(state__in=["done", "ignored"]).values_list("type", "state", "last_error")
        assert not list(left), list(left)

    def _take(self, headers: Any, body: bytes) -> None:
        inbox.receive(self.account, headers, body, now=self.now)

    # The books

    def balance(self, chart: Chart) -> int:
        """What our books say: debits less credits of one account of the chart."""
        moved = Transfer.objects.filter(account__customers__external_id=self.customer)
        amounts = {side: sum(moved.filter(**{side: chart}).values_list("amount_minor", flat=True)) for side in SIDES}
        return amounts["debit"] - amounts["credit"]

    def at_the_vendors(self) -> dict[Chart, int]:
        """What the vendor's books say of the same: what is owed, what is credit, and what was taken and not given back."""
        unpaid = Invoice.objects.filter(customer=self.customer, status="open").values_list("due_minor", flat=True)
        taken = Payment.objects.filter(customer=self.customer, status="succeeded").exclude(dispute__status="lost")
        kept = [row.taken_minor - row.refunded_minor for row in taken.exclude(dispute__status="open")]
        credit = Customer.objects.get(pk=self.customer).credit_minor
        all_taken = Payment.objects.filter(customer=self.customer, status="succeeded")
        fees = sum(all_taken.values_list("fee_minor", flat=True))
        gateway = sum(kept) - fees
        return {Chart.RECEIVABLE: sum(unpaid), Chart.BALANCE: -credit, Chart.GATEWAY: gateway, Chart.FEES: fees}

    # Standing

    def standing(self, moment: datetime) -> str:
        """How things stood at ``moment`` by what is known now: ``full=good until 2026-04-02T10:00:00Z``."""
        ((_, (answer,)),) = reading.answers([self.member], [moment])
        levels = sorted({f"{each.level}={each.status}" for _, each in answer.memberships})
        until = f" until {stamp(answer.covered_until)}" if answer.covered_until else ""
        return f"{';'.join(levels) or answer.status}{until}"

    def now_stands(self) -> str:
        """What the stored row answers for now: what pages and doors see."""
        return str(reading.standing_now(self.member.pk, now=self.now).status)


def orders(seeds: int = 6) -> Sequence[int]:
    """Seeds of disorder; zero is in order and once."""
    return range(seeds)
