"""What was recorded by hand and turns out otherwise: written down by mistake, or taken back by the bank.

Facts stay as they were told; what sets them right is another fact, with a reason and an audit entry.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from goodstanding.audit.services import note
from goodstanding.billing import recording
from goodstanding.billing.models import GatewayCustomer, Payment
from goodstanding.core.facts import DisputeSeen, Fact, PaymentSeen
from goodstanding.core.fold import DisputeState
from goodstanding.core.ids import derived
from goodstanding.core.ledger import Ledger
from goodstanding.core.money import Money
from goodstanding.memberships import byhand, giving_back
from goodstanding.memberships.byhand import Refused
from goodstanding.memberships.intake import take_in


def undo(payment: Payment, *, reason: str, by: Any, now: datetime) -> None:
    """Take back a payment that was written down by mistake: it never came, and nothing that it bought was ever paid by it.

    Raises :class:`Refused` for a gateway's payment, for one that is undone, and where something was given back of it or
    credited for it since: that is to be set right first.
    """
    with transaction.atomic():
        customer, ledger = _locked(payment)
        told = _by_hand(ledger, payment)
        if giving_back.left_of(payment).amount_minor != told.amount_minor - ledger.rest_of(told.payment):
            raise Refused(_("Something of this payment was given back, or credited by a change of level, since."))
        if _dispute(ledger, payment) is not None:
            raise Refused(_("The bank took this payment back: it did come, so it was no mistake."))
        fact = replace(told, at=max(now, told.at + timedelta(microseconds=1)), status="undone")
        _take_in(customer, fact, "undone", payment, *_rest(ledger, told, now=now), now=now)
        note(by=by, on=payment, what="undo payment", why=reason, now=now)


def bounced(payment: Payment, *, reason: str, by: Any, now: datetime) -> None:
    """Note that the bank took a payment back (a cheque bounced, a transfer was recalled): what it bought is on hold.

    Raises :class:`Refused` for a gateway's payment, and one that the bank took back already.
    """
    with transaction.atomic():
        customer, ledger = _locked(payment)
        told = _by_hand(ledger, payment)
        if _dispute(ledger, payment) is not None:
            raise Refused(_("The bank has taken this payment back already."))
        fact = DisputeSeen(
            dispute=derived("gdsp", payment.pk),
            at=now,
            status="open",
            amount_minor=told.amount_minor,
            currency=told.currency,
            opened_at=now,
            payment=told.payment,
            customer=customer.external_id,
            elsewhere=told.elsewhere,
        )
        _take_in(customer, fact, "bounced", payment, *_rest(ledger, told, now=now), now=now)
        note(by=by, on=payment, what="bank took payment back", why=reason, now=now)


def decided(payment: Payment, *, came_after_all: bool, reason: str, by: Any, now: datetime) -> None:
    """Note how it went with a payment that the bank took back: it came after all, or is lost, and what it bought with it.

    Raises :class:`Refused` where the bank did not take it back, or that is decided already.
    """
    with transaction.atomic():
        customer, ledger = _locked(payment)
        found = _dispute(ledger, payment)
        if found is None or found.closed_at is not None:
            raise Refused(_("There is nothing to be decided about this payment."))
        status = "won" if came_after_all else "lost"
        fact = replace(found.last, at=max(now, found.last.at + timedelta(microseconds=1)), status=status)
        again = _rest_again(ledger, payment, now=now) if came_after_all else ()
        _take_in(customer, fact, status, payment, *again, now=now)
        what = "payment came after all" if came_after_all else "payment is lost"
        note(by=by, on=payment, what=what, why=reason, now=now)


def dispute_id(payment: Payment) -> str:
    """Return the reference of the dispute that says that the bank took a payment back, if it did."""
    return derived("gdsp", payment.pk)


def _dispute(ledger: Ledger, payment: Payment) -> DisputeState | None:
    return ledger.disputes.get(dispute_id(payment))


def _locked(payment: Payment) -> tuple[GatewayCustomer, Ledger]:
    rows = GatewayCustomer.objects.select_related("gateway_account")
    found = rows.get(account=payment.account_id, gateway_account=payment.gateway_account_id)
    customer = recording.locked_customer(found.gateway_account, found.external_id, wanted=False)
    return customer, Ledger(recording.objects_of([customer.pk])[customer.pk])


def _by_hand(ledger: Ledger, payment: Payment) -> PaymentSeen:
    told = ledger.payments.get(payment.external_id)
    if told is None or not told.elsewhere:
        raise Refused(_("This payment is the gateway’s own: give it back instead."))
    if told.status != "succeeded":
        raise Refused(_("This payment was taken back already."))
    return told


def _rest(ledger: Ledger, told: PaymentSeen, *, now: datetime) -> tuple[Fact, ...]:
    """What stands on the balance of a payment that was more than was due is taken from there. Raises :class:`Refused`."""
    over = ledger.rest_of(told.payment)
    if not over:
        return ()
    if ledger.credit_minor(told.currency) < over:
        raise Refused(_("What came too much became balance, and was used already."))
    return (byhand.rest(told, Money(-over, told.currency), now=now, number=1),)


def _rest_again(ledger: Ledger, payment: Payment, *, now: datetime) -> tuple[Fact, ...]:
    """What was taken from the balance when the bank took the payment back, given again."""
    over, told = -ledger.rest_of(payment.external_id), ledger.payments[payment.external_id]
    first = max((each.amount_minor for each in ledger.credits if each.about == told.payment), default=0)
    back = first + over
    return (byhand.rest(told, Money(back, told.currency), now=now, number=2),) if back > 0 else ()


def _take_in(customer: GatewayCustomer, fact: Fact, what: str, payment: Payment, *more: Fact, now: datetime) -> None:
    event = derived("evt", customer.gateway_account_id, what, payment.pk, fact.at.isoformat())
    take_in([fact, *more], account=customer.gateway_account, event=event, recorded_at=now, now=now, locked=customer)
