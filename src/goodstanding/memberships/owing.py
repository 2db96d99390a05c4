"""What a member owes, and paying it with the member there: by a stored card, a new one, or on a page of the gateway's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import transaction
from django.utils.translation import gettext as _

from goodstanding.billing import attempts, recording
from goodstanding.billing.models import GatewayCustomer, Invoice, PaymentAttempt
from goodstanding.core.money import Money
from goodstanding.gateways import registry
from goodstanding.gateways.protocol import Ability, GatewayError
from goodstanding.gateways.requests import BeginRequest
from goodstanding.memberships import paying
from goodstanding.people.models import Member

Tried = PaymentAttempt.State


class Stage(StrEnum):
    """How an invoice, or a checkout, stands with its payer."""

    UNPAID = "unpaid"
    WORKING = "working"  # the gateway has not answered yet
    WAITING = "waiting"  # the payer is to go on elsewhere
    DECLINED = "declined"
    BILLED = "billed"  # the bill is out, and is to be paid by hand
    DONE = "done"
    CLOSED = "closed"  # nobody asks for it any more


_STAGES = {
    str(Tried.SUCCEEDED): Stage.DONE,
    str(Tried.WAITING): Stage.WAITING,
    str(Tried.FAILED): Stage.DECLINED,
}


def stage_of(last: PaymentAttempt) -> Stage:
    """Return how something stands by the last try to pay it."""
    return _STAGES.get(last.state, Stage.WORKING)


class NotPaidHere(Exception):
    """A bill that its gateway takes no payment for with the payer there: it is paid by hand, or not in use. Says so in words."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "This bill cannot be paid here: it is paid in the way that it names, or at the desk. Nothing was charged. "
                "If in doubt, ask the staff."
            )
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """``page``: where the payer is to go on; ``failure``: why the last try came to nothing."""

    stage: Stage
    page: str = ""
    failure: str = ""


def open_invoices(member: Member) -> list[Invoice]:
    """Return what a member is asked to pay, the oldest first; what waits for its first payment included."""
    rows = Invoice.objects.filter(account__member=member, status="open", due_minor__gt=0, settled_at=None)
    return list(rows.select_related("gateway_account", "account").order_by("issued_at", "id"))


def owed(invoice: Invoice) -> Money:
    """Return what is still to be paid of an invoice."""
    return Money(max(invoice.due_minor - invoice.paid_minor, 0), invoice.currency)


def can_be_paid_here(invoice: Invoice) -> bool:
    """Return whether its gateway can take a payment with the payer there."""
    return invoice.gateway_account.is_active and registry.can(invoice.gateway_account.gateway, Ability.BEGIN)


def stands(invoice: Invoice) -> Outcome:
    """Return how an invoice stands by the records. Asks nobody."""
    if invoice.settled_at is not None or invoice.status != "open":
        return Outcome(Stage.DONE if invoice.settled_at else Stage.CLOSED)
    last = _last(invoice)
    if last is None:
        return Outcome(Stage.UNPAID)
    stage = stage_of(last)
    return Outcome(stage, page=last.page, failure=last.failure if stage is Stage.DECLINED else "")


def pay(invoice: Invoice, *, return_url: str, now: datetime, card: str = "", method: str = "") -> Outcome:
    """Pay an open invoice by a new ``card`` or a stored ``method`` (neither: on a page of the gateway's).

    What is under way already is not begun again; what is paid is paid once. Raises :class:`NotPaidHere`, with nothing written,
    where :func:`can_be_paid_here` says no. Not to be called in a transaction.
    """
    customer = customer_of(invoice)
    with transaction.atomic():
        recording.locked_customer(customer.gateway_account, customer.external_id, wanted=False)
        invoice.refresh_from_db()
        if invoice.settled_at is not None or invoice.status != "open":
            return stands(invoice)
        if not can_be_paid_here(invoice):
            raise NotPaidHere
        begin, amount = PaymentAttempt.Kind.BEGIN, owed(invoice)
        try:
            attempt = attempts.write_down(
                customer, pays_for=invoice.external_id, kind=begin, amount=amount, now=now, held=True, method=method
            )
        except attempts.AlreadyUnderWay:
            return stands(invoice)
    request = BeginRequest(
        key=attempt.key,
        customer=customer.external_id,
        amount=amount,
        return_url=return_url,
        card=card,
        method=method,
        keep=not method,
        invoice=invoice.external_id,
        description=invoice.number,
    )
    paying.begin(attempt, request, now=now)
    invoice.refresh_from_db()
    return stands(invoice)


def ask(invoice: Invoice, *, now: datetime) -> Outcome:
    """Ask the gateway how the payment of an invoice stands, take that in, and return it."""
    last = _last(invoice)
    if last is not None and attempts.may_be_asked(last, now=now):
        try:
            paying.ask(last, now=now)
        except GatewayError:
            return Outcome(Stage.WORKING)
    invoice.refresh_from_db()
    return stands(invoice)


def customer_of(invoice: Invoice) -> GatewayCustomer:
    """Return the gateway's customer who owes an invoice."""
    rows = GatewayCustomer.objects.select_related("gateway_account")
    return rows.get(account=invoice.account_id, gateway_account=invoice.gateway_account_id)


def _last(invoice: Invoice) -> PaymentAttempt | None:
    rows = PaymentAttempt.objects.select_related("customer__gateway_account").filter(pays_for=invoice.external_id)
    return rows.filter(customer__account=invoice.account_id).order_by("number").last()
