"""Refunds by staff: an errand at the gateway, or, where the money came in by hand, a note that it was given back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from goodstanding.audit.services import note
from goodstanding.billing import errands, recording
from goodstanding.billing.models import BalanceEntry, Errand, GatewayCustomer, GiftCard, Payment, Refund
from goodstanding.catalogue import knowledge
from goodstanding.catalogue.words import money_words
from goodstanding.core.facts import AccessDecided, CreditSeen, Fact, PaymentSeen, RefundSeen
from goodstanding.core.giving import Split, To, as_it_was_paid, of_a_bill_not_wholly_paid
from goodstanding.core.ids import derived
from goodstanding.core.ledger import Ledger
from goodstanding.core.money import Money
from goodstanding.core.records import OnRefund, Terms
from goodstanding.gateways import registry
from goodstanding.gateways.protocol import Ability
from goodstanding.memberships import gift_cards, placing
from goodstanding.memberships.intake import take_in

LOST = ("failed", "cancelled")


class Refused(ValueError):
    """The refund is not made; ``words`` say why, to staff."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


@dataclass(frozen=True, slots=True)
class Left:
    """What may still be given back: of a payment as ``money``, and of all that paid its invoice, balance too, in the ``whole``.

    ``by_money`` and ``by_balance`` paid the invoice of ``worth``; ``is_settled``: all of it. ``as_balance``: whether what is given back may become balance, which only our
    own bills use. ``on_refund``: what the level that it bought says of access.
    """

    money: Money
    whole: Money
    by_money: Money
    by_balance: Money
    worth: Money
    is_settled: bool = True
    as_balance: bool = False
    on_refund: OnRefund = OnRefund.END

    def split(self, amount: Money, to: To) -> Split:
        """Return how ``amount`` is given back."""
        zero = Money.zero(amount.currency)
        if to is To.MONEY:
            return Split(amount, zero)
        if to is To.BALANCE:
            return Split(zero, amount)
        if not self.is_settled:
            before = self.by_money - self.money
            return of_a_bill_not_wholly_paid(
                amount, worth=self.worth, bill=self.worth, paid=self.by_money, before=before
            )
        return as_it_was_paid(amount, by_money=self.by_money, by_balance=self.by_balance, money_left=self.money)


def left_of(payment: Payment) -> Money:
    """Return what may still be given back of a payment: what was paid, less what was, what is on its way, and what was credited since."""
    return left(payment).money


def left(payment: Payment) -> Left:
    """Return what may still be given back of a payment, and of what its invoice was paid with besides."""
    nothing = Money(0, payment.currency)
    if payment.status != "succeeded":
        return Left(nothing, nothing, nothing, nothing, nothing)
    customer = _customer(payment)
    ledger = Ledger(recording.objects_of([customer.pk]).get(customer.pk, {}))
    rows = Refund.objects.filter(gateway_account=payment.gateway_account_id, payment=payment.external_id)
    back = rows.exclude(status__in=LOST).aggregate(total=Sum("amount_minor"))["total"] or 0
    own = payment.amount_minor - back - errands.promised_back(customer, payment.external_id)
    own -= ledger.rest_of(payment.external_id)
    state = ledger.invoices.get(payment.invoice)
    if state is None or state.last is None:
        money = Money(max(own, 0), payment.currency)
        return Left(money, money, money, nothing, money)
    paid = [
        row
        for row in ledger.payments.values()
        if row.status == "succeeded" and ledger.invoice_of(row.payment) == payment.invoice
    ]
    by_money = sum(row.amount_minor - ledger.rest_of(row.payment) for row in paid)
    by_balance = max(state.last.credit_minor, 0)
    given = [each for each in ledger.given_back_of(payment.invoice) if each.failed_at is None]
    whole = by_money + by_balance - sum(each.amount_minor for each in given)
    whole -= sum(errands.promised_back(customer, row.payment) for row in paid) + _credited(payment.invoice, ledger)
    return Left(
        money=Money(max(min(own, whole), 0), payment.currency),
        whole=Money(max(whole, 0), payment.currency),
        by_money=Money(by_money, payment.currency),
        by_balance=Money(by_balance, payment.currency),
        worth=Money(state.last.total_minor, payment.currency),
        is_settled=state.settled_at is not None,
        as_balance=state.last.ours,
        on_refund=_promised(customer, ledger, payment.invoice).on_refund,
    )


def _promised(customer: GatewayCustomer, ledger: Ledger, invoice: str) -> Terms:
    """The terms on which what an invoice pays for was bought."""
    for each in placing.placed(ledger, customer, knowledge.current()).places:
        for ref, terms in each.promised:
            if ref == invoice:
                return terms
    return Terms()


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
            credited -= credit.amount_minor + credit.tax_minor
    return credited


@dataclass(frozen=True, slots=True)
class How:
    """How something is given back: as money or ``to`` the balance, and whether access ``ends`` (``None``: as the level says)."""

    to: To = To.MONEY
    ends: bool | None = None


AS_USUAL = How()


def refund(
    payment: Payment, *, amount: Money, reason: str, by: Any, now: datetime, how: How = AS_USUAL
) -> Errand | None:
    """Give ``amount`` of a payment back. Once all of an invoice is given back, what it bought ends, or stays: as its level
    said when it was bought, or as ``how`` says.

    Returns the errand that asks the gateway, tried until it is confirmed; ``None`` where it was paid by hand and is noted as
    given back by hand, or goes to the balance. Raises :class:`Refused` for an amount that is nothing, too much or of another
    currency, and without a reason; where the level wants an answer and there is none; and for balance that nobody could use.
    """
    if not reason.strip():
        raise Refused(_("Say why: refunds are looked at again later."))
    customer = _customer(payment)
    with transaction.atomic():
        recording.locked_customer(customer.gateway_account, customer.external_id, wanted=False)
        there = left(payment)
        _require(amount, how, payment, there)
        split = there.split(amount, how.to)
        if split.money > there.money:
            raise Refused(
                _("Only %(left)s of this payment can still be given back.") % {"left": money_words(there.money)}
            )
        gift = _gift(payment, whole=amount in (there.money, there.whole))
        gift_cards.void_refunded(gift, now=now)
        note(by=by, on=payment, what="refund", why=f"{amount} ({_said(split, how, there)}): {reason}", now=now)
        if how.ends is not None and payment.invoice:
            decided = AccessDecided(payment.invoice, customer.external_id, now, how.ends)
            _tell(decided, customer, f"access|{payment.invoice}|{now.isoformat()}", now=now)
        if split.balance:
            _to_balance(payment, customer, split.balance, now=now)
        return _in_money(payment, customer, split.money, now=now) if split.money else None


def _gift(payment: Payment, *, whole: bool) -> GiftCard | None:
    """The gift card that it bought, which is worth nothing then."""
    try:
        return gift_cards.require_refundable(payment.gateway_account_id, payment.invoice, whole=whole)
    except gift_cards.Refused as refused:
        raise Refused(refused.words) from refused


def _require(amount: Money, how: How, payment: Payment, there: Left) -> None:
    if amount.currency != payment.currency:
        raise Refused(_("The payment was made in %(currency)s.") % {"currency": payment.currency})
    if amount.amount_minor <= 0:
        raise Refused(_("Give back something: the amount must be more than zero."))
    if how.to is not To.MONEY and not there.as_balance:
        raise Refused(
            _("Nothing of ours asks this member for money: a balance could not be used. Give the money back.")
        )
    most = there.money if how.to is To.MONEY else there.whole
    if amount > most:
        raise Refused(_("Only %(left)s of this payment can still be given back.") % {"left": money_words(most)})
    if there.on_refund is OnRefund.ASK and how.ends is None and amount == there.whole:
        raise Refused(_("Say whether the membership ends now or stays to its date."))


def _said(split: Split, how: How, there: Left) -> str:
    ends = there.on_refund is not OnRefund.KEEP if how.ends is None else how.ends
    by = "by its level" if how.ends is None else "decided"
    parts = [f"{split.money} in money"] * bool(split.money) + [f"{split.balance} to the balance"] * bool(split.balance)
    return f"{', '.join(parts)}; once all is given back access {'ends' if ends else 'stays to its date'}, {by}"


def _in_money(payment: Payment, customer: GatewayCustomer, amount: Money, *, now: datetime) -> Errand | None:
    told = _told(payment, customer)
    if told is not None and told.elsewhere:
        _by_hand(payment, customer, told, amount, now=now)
        return None
    if not registry.can(customer.gateway_account.gateway, Ability.REFUND):
        raise Refused(_("This gateway gives nothing back from here: do it in its own dashboard."))
    return errands.ask(customer, Errand.Kind.REFUND, payment.external_id, now=now, amount=amount)


def _to_balance(payment: Payment, customer: GatewayCustomer, amount: Money, *, now: datetime) -> None:
    count = BalanceEntry.objects.filter(gateway_account=payment.gateway_account_id, about=payment.invoice).count()
    name = derived("bref", payment.pk, str(count))
    entry = CreditSeen(
        credit=name,
        customer=customer.external_id,
        at=now,
        amount_minor=amount.amount_minor,
        currency=amount.currency,
        kind="refund",
        about=payment.invoice,
    )
    _tell(entry, customer, f"credit|{name}", now=now)


def _tell(fact: Fact, customer: GatewayCustomer, name: str, *, now: datetime) -> None:
    event = derived("evt", customer.gateway_account_id, "refund", name)
    take_in([fact], account=customer.gateway_account, event=event, recorded_at=now, now=now)


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
    _tell(fact, customer, name, now=now)


def _told(payment: Payment, customer: GatewayCustomer) -> PaymentSeen | None:
    return Ledger(recording.objects_of([customer.pk])[customer.pk]).payments.get(payment.external_id)


def _customer(payment: Payment) -> GatewayCustomer:
    rows = GatewayCustomer.objects.select_related("gateway_account")
    return rows.get(account=payment.account_id, gateway_account=payment.gateway_account_id)
