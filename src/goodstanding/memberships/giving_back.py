"""Refunds by staff: an errand at the gateway, or, where the money came in by hand, a note that it was given back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from goodstanding.audit.services import note
from goodstanding.billing import errands, recording
from goodstanding.billing.models import Errand, GatewayCustomer, Payment, Refund
from goodstanding.catalogue.words import money_words
from goodstanding.core.facts import PaymentSeen, RefundSeen
from goodstanding.core.ids import derived
from goodstanding.core.ledger import Ledger
from goodstanding.core.money import Money
from goodstanding.gateways import registry
from goodstanding.gateways.protocol import Ability
from goodstanding.memberships.intake import take_in

LOST = ("failed", "cancelled")


class Refused(ValueError):
    """The refund is not made; ``words`` say why, to staff."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


def left_of(payment: Payment) -> Money:
    """Return what may still be given back of a payment: what was paid, less what was, what is on its way, and what was credited since."""
    if payment.status != "succeeded":
        return Money(0, payment.currency)
    rows = Refund.objects.filter(gateway_account=payment.gateway_account_id, payment=payment.external_id)
    back = rows.exclude(status__in=LOST).aggregate(total=Sum("amount_minor"))["total"] or 0
    customer = _customer(payment)
    promised = errands.promised_back(customer, payment.external_id)
    ledger = Ledger(recording.objects_of([customer.pk]).get(customer.pk, {}))
    credited = _credited(payment.invoice, ledger) + ledger.rest_of(payment.external_id)
    return Money(max(payment.amount_minor - back - promised - credited, 0), payment.currency)


def _credited(invoice: str, ledger: Ledger) -> int:
    """What of an invoice of ours was credited since by a change of level: it is given back already, as balance (I8).

    A credit is for the charge that began last before it.
    """
    settled = [state.last for state in ledger.invoices.values() if state.last and state.last.ours and state.settled_at]
    lines = [(each, line) for each in settled for line in each.lines]
    charges = [(each, line) for each, line in lines if line.amount_minor > 0]
    credited = 0
    for bill, credit in lines:
        if credit.amount_minor >= 0:
            continue
        before = [
            (line.start, each.created_at, each.invoice)
            for each, line in charges
            if line.subscription == credit.subscription
            and line.start <= credit.start
            and each.invoice != bill.invoice
            and each.created_at <= bill.created_at
        ]
        if before and max(before)[2] == invoice:
            credited -= credit.amount_minor
    return credited


def refund(payment: Payment, *, amount: Money, reason: str, by: Any, now: datetime) -> Errand | None:
    """Give ``amount`` of a payment back. A full refund of an invoice takes back the coverage that it bought.

    Returns the errand that asks the gateway, tried until it is confirmed; ``None`` where it was paid by hand and is noted as
    given back by hand. Raises :class:`Refused` for an amount that is nothing, too much or of another currency, and without
    a reason.
    """
    if not reason.strip():
        raise Refused(_("Say why: refunds are looked at again later."))
    customer = _customer(payment)
    with transaction.atomic():
        recording.locked_customer(customer.gateway_account, customer.external_id, wanted=False)
        left = left_of(payment)
        if amount.currency != payment.currency:
            raise Refused(_("The payment was made in %(currency)s.") % {"currency": payment.currency})
        if amount.amount_minor <= 0:
            raise Refused(_("Give back something: the amount must be more than zero."))
        if amount.amount_minor > left.amount_minor:
            raise Refused(_("Only %(left)s of this payment can still be given back.") % {"left": money_words(left)})
        note(by=by, on=payment, what="refund", why=f"{amount}: {reason}", now=now)
        told = _told(payment, customer)
        if told is None or not told.elsewhere:
            account = customer.gateway_account
            if not registry.can(account.gateway, Ability.REFUND):
                raise Refused(_("This gateway gives nothing back from here: do it in its own dashboard."))
            return errands.ask(customer, Errand.Kind.REFUND, payment.external_id, now=now, amount=amount)
        _by_hand(payment, customer, told, amount, now=now)
    return None


def _by_hand(payment: Payment, customer: GatewayCustomer, told: PaymentSeen, amount: Money, *, now: datetime) -> None:
    count = Refund.objects.filter(gateway_account=payment.gateway_account_id, payment=payment.external_id).count()
    name = derived("grfd", payment.pk, str(count))
    fact = RefundSeen(
        refund=name,
        at=now,
        status="succeeded",
        amount_minor=amount.amount_minor,
        currency=amount.currency,
        made_at=now,
        payment=payment.external_id,
        customer=customer.external_id,
        elsewhere=told.elsewhere,
    )
    event = derived("evt", customer.gateway_account_id, "refund", name)
    take_in([fact], account=customer.gateway_account, event=event, recorded_at=now, now=now)


def _told(payment: Payment, customer: GatewayCustomer) -> PaymentSeen | None:
    return Ledger(recording.objects_of([customer.pk])[customer.pk]).payments.get(payment.external_id)


def _customer(payment: Payment) -> GatewayCustomer:
    rows = GatewayCustomer.objects.select_related("gateway_account")
    return rows.get(account=payment.account_id, gateway_account=payment.gateway_account_id)
