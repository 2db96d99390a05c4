"""What staff take at the desk: an open invoice paid in cash or by transfer, or somebody joins and pays there."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from goodstanding.audit.services import note
from goodstanding.billing import attempts, recording
from goodstanding.billing.models import GatewayCustomer, Invoice
from goodstanding.catalogue.models import Price
from goodstanding.core.calendar_terms import TermOver
from goodstanding.core.facts import PaymentSeen
from goodstanding.core.ids import derived
from goodstanding.core.ledger import Ledger
from goodstanding.gateways.services import ensure_manual_account
from goodstanding.memberships import buying
from goodstanding.memberships.intake import take_in
from goodstanding.people.models import Member

HOW = ("cash", "transfer", "cheque", "other")
OLDEST = timedelta(days=366)


class Refused(ValueError):
    """It is not recorded; ``words`` say why, to staff."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


def record_payment(
    invoice: Invoice, *, how: str, reference: str, paid_at: datetime, by: Any, now: datetime, reason: str = ""
) -> None:
    """Record that an open invoice of ours was paid in full by hand at ``paid_at``. It counts from then on.

    Raises :class:`Refused` for an invoice that is paid, closed or a gateway's own, one that is being paid by card right
    now, and for a moment that lies ahead or more than a year back.
    """
    _require(how, paid_at, now)
    rows = GatewayCustomer.objects.select_related("gateway_account")
    customer = rows.get(account=invoice.account_id, gateway_account=invoice.gateway_account_id)
    with transaction.atomic():
        locked = recording.locked_customer(customer.gateway_account, customer.external_id, wanted=False)
        ledger = Ledger(recording.objects_of([locked.pk])[locked.pk])
        _pay(locked, ledger, invoice.external_id, how=how, paid_at=paid_at, now=now)
        words = f"{how} {reference} {reason}".strip()
        note(by=by, on=invoice, what="record payment", why=words, now=now)


def sell(
    member: Member, price: Price, *, how: str, reference: str, paid_at: datetime, by: Any, now: datetime, page: str = ""
) -> Invoice:
    """Have a member join at ``price`` (with its level), paid by hand at ``paid_at``; what renews is billed by us then.

    ``page`` names the form that it came from: the same again changes nothing. Raises :class:`Refused`. Returns the invoice.
    """
    _require(how, paid_at, now)
    customer = buying.customer_for(member, ensure_manual_account(), now=now)
    try:
        quote = buying.quote(price, now=paid_at, member=member)
    except TermOver as over:
        raise Refused(_("This ended on %(day)s: it cannot be sold any more.") % {"day": over.ends_on}) from over
    ref = derived("desk", member.pk, page or secrets.token_hex(16))
    with transaction.atomic():
        locked = recording.locked_customer(customer.gateway_account, customer.external_id, wanted=False)
        invoice = derived("inv", customer.gateway_account_id, buying.purchase_ref(ref, quote))
        there = Invoice.objects.filter(pk=invoice).first()
        if there is not None:
            return there
        if locked.account is not None and locked.account.currency not in ("", price.currency):
            raise Refused(_("The member’s account is kept in %(currency)s.") % {"currency": locked.account.currency})
        purchase = buying.buy(locked, quote, ref=ref, now=now)
        if quote.due_now:
            ledger = Ledger(recording.objects_of([locked.pk])[locked.pk])
            _pay(locked, ledger, purchase.invoice, how=how, paid_at=paid_at, now=now)
        made = Invoice.objects.get(pk=invoice)
        note(by=by, on=made, what="sell at the desk", why=f"{price.level_id}: {how} {reference}".strip(), now=now)
    return made


def _pay(
    customer: GatewayCustomer, ledger: Ledger, invoice: str, *, how: str, paid_at: datetime, now: datetime
) -> None:
    state = ledger.invoices.get(invoice)
    if state is None or state.last is None or not state.last.ours:
        raise Refused(_("This invoice is the gateway’s own: record its payment there."))
    if state.settled_at is not None:
        raise Refused(_("This invoice is paid already."))
    if state.closed_at is not None:
        raise Refused(_("This invoice was closed: nobody asks for it any more."))
    if attempts.under_way(customer, invoice) is not None:
        raise Refused(_("This invoice is being paid by card right now. Wait until that is decided."))
    name = derived("gpay", customer.pk, invoice, how)
    fact = PaymentSeen(
        payment=name,
        at=now,
        status="succeeded",
        amount_minor=state.last.due_minor - state.last.paid_minor,
        currency=state.last.currency,
        made_at=paid_at,
        customer=customer.external_id,
        invoice=invoice,
        elsewhere=how,
    )
    event = derived("evt", customer.gateway_account_id, "by hand", name)
    take_in([fact], account=customer.gateway_account, event=event, recorded_at=now, now=now)


def _require(how: str, paid_at: datetime, now: datetime) -> None:
    if how not in HOW:
        raise Refused(_("Say how it was paid: in cash, by transfer, by cheque, or otherwise."))
    if paid_at > now:
        raise Refused(_("The day of the payment lies ahead."))
    if paid_at < now - OLDEST:
        raise Refused(_("The day of the payment is more than a year back: is the year right?"))
