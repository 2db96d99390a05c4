"""What staff take at the desk or find on the bank's statement: an invoice paid in full or in part, or somebody joins there.

Each payment is a fact of its own under a key of its own: the same form, or the same line of a statement, records it once.
What was recorded by mistake is undone by another fact; what a bank takes back is a dispute.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from goodstanding.audit.services import note
from goodstanding.billing import attempts, recording
from goodstanding.billing.models import GatewayCustomer, Invoice
from goodstanding.catalogue.models import Price
from goodstanding.core.calendar_terms import TermOver
from goodstanding.core.facts import CreditSeen, Fact, InvoiceSeen, PaymentSeen
from goodstanding.core.ids import derived
from goodstanding.core.ledger import Ledger
from goodstanding.core.money import Money
from goodstanding.gateways.services import ensure_manual_account
from goodstanding.memberships import beginning, buying, handbills
from goodstanding.memberships.intake import take_in
from goodstanding.people.models import Member

HOW = ("cash", "transfer", "cheque", "other")
OLDEST = timedelta(days=366)

Listener = Callable[[GatewayCustomer, str, datetime], None]
_listeners: list[Listener] = []


class Refused(ValueError):
    """It is not recorded; ``words`` say why, to staff."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


@dataclass(frozen=True, slots=True)
class Came:
    """Money that came: ``how`` (a way to pay by hand), what the receipt says, when, and how much (``None``: all that is left).

    ``key`` names what it was told by: the same again is the same payment.
    """

    how: str
    reference: str
    paid_at: datetime
    key: str
    amount: Money | None = None


def on_settled(listener: Listener) -> None:
    """Have ``listener`` hear, in the same transaction, that an invoice (by reference) was settled by hand."""
    _listeners.append(listener)


def record_payment(
    invoice: Invoice,
    *,
    how: str,
    reference: str,
    paid_at: datetime,
    by: Any,
    now: datetime,
    reason: str = "",
    amount: Money | None = None,
) -> str:
    """Record that ``amount`` of an open invoice of ours (all that is left, unless told) was paid by hand at ``paid_at``.

    It counts from then on; once nothing is left the invoice is settled, and what came beyond that is the member's balance. Returns the payment's reference. Raises :class:`Refused` for nothing, for an invoice that is
    paid, closed or a gateway's own, one that is being paid by card right now, and for a moment that lies ahead or more
    than a year back.
    """
    came = Came(how, reference, paid_at, secrets.token_hex(16), amount)
    with transaction.atomic():
        customer = locked(invoice)
        require(customer, came, now)
        payment = take(customer, invoice.external_id, came, now=now)
        paid = "" if amount is None else f"{amount} "
        note(by=by, on=invoice, what="record payment", why=f"{paid}{how} {reference} {reason}".strip(), now=now)
    return payment


def sell(
    member: Member, price: Price, *, how: str, reference: str, paid_at: datetime, by: Any, now: datetime, page: str = ""
) -> Invoice:
    """Have a member join at ``price`` (with its level), paid by hand at ``paid_at``; what renews is billed by us then.

    ``page`` names the form that it came from: the same again changes nothing. Raises :class:`Refused`. Returns the invoice.
    """
    customer = buying.customer_for(member, ensure_manual_account(), now=now)
    ref = derived("desk", member.pk, page or secrets.token_hex(16))
    came = Came(how, reference, paid_at, ref)
    require(customer, came, now)
    try:
        quote = buying.quote(price, now=paid_at, member=member)
    except TermOver as over:
        raise Refused(_("This ended on %(day)s: it cannot be sold any more.") % {"day": over.ends_on}) from over
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
            take(locked, purchase.invoice, came, now=now)
        GatewayCustomer.objects.filter(pk=locked.pk, method="").update(method=how)
        made = Invoice.objects.get(pk=invoice)
        note(by=by, on=made, what="sell at the desk", why=f"{price.level_id}: {how} {reference}".strip(), now=now)
    return made


def take(customer: GatewayCustomer, invoice: str, came: Came, *, now: datetime) -> str:
    """Take in money that came for an invoice (by reference); return the payment's reference. Told before: nothing changes.

    In the caller's transaction, with the customer's row locked. Raises :class:`Refused`, as :func:`record_payment` does.
    """
    ledger = Ledger(recording.objects_of([customer.pk])[customer.pk])
    payment = derived("gpay", customer.pk, came.key)
    if payment in ledger.payments:
        return payment
    bill = _payable(customer, ledger, invoice)
    left = Money(bill.due_minor - bill.paid_minor, bill.currency)
    amount = left if came.amount is None else came.amount
    _require_money(amount, left)
    fact = PaymentSeen(
        payment=payment,
        at=now,
        status="succeeded",
        amount_minor=amount.amount_minor,
        currency=amount.currency,
        made_at=came.paid_at,
        customer=customer.external_id,
        invoice=invoice,
        elsewhere=came.how,
        reference=came.reference,
    )
    facts: tuple[Fact, ...] = (fact,)
    if amount >= left:
        facts = (*beginning.moved_to(bill, ledger, paid_at=came.paid_at, now=now), fact)
    if amount > left:
        facts = (*facts, rest(fact, amount - left, now=now))
    event = derived("evt", customer.gateway_account_id, "by hand", payment)
    take_in(facts, account=customer.gateway_account, event=event, recorded_at=now, now=now)
    if amount >= left:
        for listener in _listeners:
            listener(customer, invoice, now)
    return payment


def move_day(invoice: Invoice, *, due_at: datetime, reason: str, by: Any, now: datetime) -> None:
    """Give an open invoice that is paid by hand until ``due_at``; its reminders begin anew with that. Raises :class:`Refused`."""
    if due_at <= now:
        raise Refused(_("The last day for paying must lie ahead."))
    if due_at > now + OLDEST:
        raise Refused(_("That is more than a year ahead: is the year right?"))
    with transaction.atomic():
        customer = locked(invoice)
        ledger = Ledger(recording.objects_of([customer.pk])[customer.pk])
        bill = _payable(customer, ledger, invoice.external_id)
        if bill.due_at is None:
            raise Refused(_("This invoice is not paid by hand: it has no day for paying."))
        if bill.due_at != due_at:
            told = replace(bill, at=max(now, bill.at + timedelta(microseconds=1)), paid_minor=0, due_at=due_at)
            event = derived("evt", customer.gateway_account_id, "day", bill.invoice, told.at.isoformat())
            take_in([told], account=customer.gateway_account, event=event, recorded_at=now, now=now, locked=customer)
        day = handbills.day_of(due_at).isoformat()
        note(by=by, on=invoice, what="move the day for paying", why=f"{day}: {reason}", now=now)


def locked(invoice: Invoice) -> GatewayCustomer:
    """Return the customer whose an invoice is, locked for the transaction."""
    rows = GatewayCustomer.objects.select_related("gateway_account")
    customer = rows.get(account=invoice.account_id, gateway_account=invoice.gateway_account_id)
    return recording.locked_customer(customer.gateway_account, customer.external_id, wanted=False)


def _payable(customer: GatewayCustomer, ledger: Ledger, invoice: str) -> InvoiceSeen:
    """The invoice as it stands, if money may be recorded for it."""
    state = ledger.invoices.get(invoice)
    if state is None or state.last is None or not state.last.ours:
        raise Refused(_("This invoice is the gateway’s own: record its payment there."))
    if state.settled_at is not None:
        raise Refused(_("This invoice is paid already."))
    if state.closed_at is not None:
        raise Refused(_("This invoice was closed: nobody asks for it any more."))
    if attempts.under_way(customer, invoice) is not None:
        raise Refused(_("This invoice is being paid by card right now. Wait until that is decided."))
    return state.last


def rest(paid: PaymentSeen, amount: Money, *, now: datetime, number: int = 0) -> CreditSeen:
    """Return the entry of the balance of what came beyond what was due; below zero, it is taken from there again."""
    name = (paid.payment, str(number)) if number else (paid.payment,)
    return CreditSeen(
        credit=derived("gcrd", *name),
        customer=paid.customer,
        at=now,
        amount_minor=amount.amount_minor,
        currency=amount.currency,
        kind="paid",
        about=paid.payment,
        words=paid.reference,
    )


def _require_money(amount: Money, left: Money) -> None:
    if amount.currency != left.currency:
        raise Refused(_("This invoice is in %(currency)s.") % {"currency": left.currency})
    if amount.amount_minor <= 0:
        raise Refused(_("Record something: the amount must be more than zero."))


def require(customer: GatewayCustomer, came: Came, now: datetime) -> None:
    """Raise :class:`Refused` for money that came in no known way, or at a moment that cannot be."""
    known = {*HOW, *(code for code, _title in handbills.titles(customer.gateway_account))}
    if came.how not in known:
        raise Refused(_("Say how it was paid: in cash, by transfer, by cheque, or otherwise."))
    if came.paid_at > now:
        raise Refused(_("The day of the payment lies ahead."))
    if came.paid_at < now - OLDEST:
        raise Refused(_("The day of the payment is more than a year back: is the year right?"))
