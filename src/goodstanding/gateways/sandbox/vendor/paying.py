"""What the vendor does when asked: payments begun, charged, captured, let go, given back."""

from __future__ import annotations

from datetime import datetime

from goodstanding.core.ids import derived
from goodstanding.core.money import Money
from goodstanding.core.periods import Unit
from goodstanding.gateways.protocol import Account, GatewayRefused, Refusal
from goodstanding.gateways.requests import BeginRequest, ChargeRequest, Recurring
from goodstanding.gateways.sandbox.models import Customer, Dispute, Invoice, Payment, Refund
from goodstanding.gateways.sandbox.vendor import invoices, pages, payments, people, subscriptions, telling
from goodstanding.gateways.sandbox.vendor.cards import CARDS
from goodstanding.gateways.sandbox.vendor.keys import Answer
from goodstanding.gateways.sandbox.vendor.payments import Wish
from goodstanding.gateways.sandbox.vendor.telling import Teller

LARGEST = 10**11  # minor units

Status = Payment.Status


def begin(request: BeginRequest, *, account: Account, now: datetime) -> Answer:
    """Begin a payment (or keep a card, or begin what recurs) while the payer is there."""
    customer = people.locked(account, request.customer)
    _require_sense(request)
    teller = Teller(customer, now)
    wish = _wish(customer, request)
    outcome = payments.outcome_of(wish, at=now) if wish.card else ""
    if outcome and not payments.needs_owner(outcome):
        # Nothing is begun by a card that is refused: only the try is noted.
        answer = payments.refused(payments.book(customer, wish, at=now), teller, outcome, at=now)
    else:
        if request.recurring is not None:
            invoice = subscriptions.join(
                customer, teller, request.recurring, first=request.amount, key=request.key, at=now
            )
            wish = _wish(customer, request, invoice)
        elif wish.invoice is not None and wish.invoice.status == Invoice.Status.DRAFT:
            invoices.finalise(wish.invoice, teller, at=now, with_credit=False)
        payment = payments.book(customer, wish, at=now)
        if outcome or not wish.card:
            answer = pages.sent_to(payment, teller, account=account)
        else:
            payments.succeed(payment, teller, at=now)
            answer = _done(payment, teller)
    teller.write()
    return answer


def charge(request: ChargeRequest, *, account: Account, now: datetime) -> Answer:
    """Charge a stored card while its owner is away."""
    customer, method = people.locked_with_card(account, request.customer, request.method)
    _require_amount(request.amount, least=1)
    own = _own_invoice(customer, request)
    teller = Teller(customer, now)
    wish = Wish(
        request.key,
        request.amount,
        method=method,
        invoice=own,
        reference="" if own else request.invoice,
        description=request.description,
        capture=request.capture,
    )
    if own is not None and own.status == Invoice.Status.DRAFT:
        invoices.finalise(own, teller, at=now, with_credit=False)
    payment = payments.begun(customer, wish, at=now)
    outcome = payments.away(method, at=now)
    if outcome:
        answer = payments.refused(payment, teller, outcome, at=now)
    else:
        payments.succeed(payment, teller, at=now)
        answer = _done(payment, teller)
    teller.write()
    return answer


def capture(ref: str, *, amount: Money, account: Account, now: datetime) -> Answer:
    """Take what was set aside, or a part of it."""
    payment, teller = _locked(ref, account, now)
    if payment.status != Status.HELD:
        raise _not_open("nothing is set aside")
    _require_at_most(amount, payment.amount_minor, payment.currency)
    payments.take(payment, amount.amount_minor)
    payment.changed_at = now
    payment.save()
    teller.tell("payment.captured", telling.of_payment(payment))
    teller.write()
    return Answer(ref=ref, facts=tuple(teller.facts))


def void(ref: str, *, account: Account, now: datetime) -> Answer:
    """Let go what was set aside, or give up a payment that waits for its payer."""
    payment, teller = _locked(ref, account, now)
    if payment.status not in (Status.HELD, Status.WAITING):
        raise _not_open("the payment is over")
    payments.give_up(payment, teller, "voided", at=now)
    teller.write()
    return Answer(ref=ref, facts=tuple(teller.facts))


def refund(ref: str, *, amount: Money, key: str, account: Account, now: datetime) -> Answer:
    """Give money back."""
    payment, teller = _locked(ref, account, now)
    if payment.status != Status.SUCCEEDED:
        raise _not_open("no money was taken")
    if Dispute.objects.filter(payment=payment).exclude(status=Dispute.Status.WON).exists():
        raise _not_open("the payment is disputed: the bank has the money")
    _require_at_most(amount, payment.taken_minor - payment.refunded_minor, payment.currency)
    row = Refund.objects.create(
        id=derived("sbrf", account.code, key), payment=payment, amount_minor=amount.amount_minor, created_at=now
    )
    payment.refunded_minor += amount.amount_minor
    payment.changed_at = now
    payment.save()
    teller.tell("refund.created", telling.of_refund(row))
    teller.tell("payment.refunded", telling.of_payment(payment))
    teller.write()
    return Answer(ref=row.pk, facts=tuple(teller.facts))


def _wish(customer: Customer, request: BeginRequest, invoice: Invoice | None = None) -> Wish:
    own = invoice
    if own is None and request.invoice and request.recurring is None:
        own = _own_invoice(customer, request)
    return Wish(
        request.key,
        request.amount,
        token=request.card,
        method=people.stored(customer, request.method) if request.method else None,
        invoice=own,
        reference="" if own else request.invoice,
        description=request.description,
        return_url=request.return_url,
        keep=request.keep or request.recurring is not None,
        capture=request.capture,
    )


def _own_invoice(customer: Customer, request: BeginRequest | ChargeRequest) -> Invoice | None:
    """Return the vendor's own invoice that is to be paid, if the reference is one."""
    invoice = customer.invoices.filter(pk=request.invoice).first() if invoices.is_named(request.invoice) else None
    if invoice is None:
        return None
    if invoice.status not in (Invoice.Status.OPEN, Invoice.Status.DRAFT) or not request.capture:
        raise _not_open("the invoice is closed")
    if (request.amount.amount_minor, request.amount.currency) != (invoice.due_minor, invoice.currency):
        raise GatewayRefused(Refusal.AMOUNT_MISMATCH, "the invoice is of another amount", retry=False)
    return invoice


def _done(payment: Payment, teller: Teller) -> Answer:
    ref = payment.invoice.subscription_id if payment.invoice else payment.pk
    return Answer(
        ref=ref,
        facts=tuple(teller.facts),
        method=payment.method_id or "",
        lost=CARDS[payment.token].answer_lost,
    )


def _locked(ref: str, account: Account, now: datetime) -> tuple[Payment, Teller]:
    """Return a payment, read after its customer was locked."""
    people.require_use(account)
    rows = Payment.objects.select_related("customer", "invoice__subscription", "method")
    found = rows.filter(pk=ref, customer__account=account.code).first()
    if found is None:
        raise GatewayRefused(Refusal.UNKNOWN_REF, "there is no such payment", retry=False)
    customer = Customer.objects.select_for_update().get(pk=found.customer_id)
    payment = rows.get(pk=ref)
    return payment, Teller(customer, now)


def _require_sense(request: BeginRequest) -> None:
    _require_amount(request.amount, least=0)
    if request.card and request.method:
        raise _bad("a token or a stored card, not both")
    if request.card and request.card not in CARDS:
        raise GatewayRefused(Refusal.UNKNOWN_CARD, "no card has this token", retry=False)
    if not request.return_url:
        raise _bad("the payer needs an address to come back to")
    if not request.amount and not request.keep and request.recurring is None:
        raise _bad("nothing to take and nothing to keep")
    if request.recurring is not None:
        require_plan(request.recurring, currency=request.amount.currency)
        if not request.capture:
            raise _bad("what recurs is taken, not set aside")


def require_plan(plan: Recurring, *, currency: str) -> None:
    """Refuse a plan that cannot recur, or does so in another currency."""
    _require_amount(plan.amount, least=0)
    if plan.interval.unit == Unit.LIFE or plan.quantity < 1:
        raise _bad("this cannot recur")
    if plan.amount.currency != currency:
        raise GatewayRefused(Refusal.AMOUNT_MISMATCH, "one currency, please", retry=False)


def _require_amount(amount: Money, *, least: int) -> None:
    if not least <= amount.amount_minor <= LARGEST:
        raise GatewayRefused(Refusal.AMOUNT_MISMATCH, "that is no amount to be paid", retry=False)


def _require_at_most(amount: Money, most: int, currency: str) -> None:
    if amount.currency != currency or not 0 < amount.amount_minor <= most:
        raise GatewayRefused(Refusal.AMOUNT_MISMATCH, "more than there is, or of another currency", retry=False)


def _not_open(words: str) -> GatewayRefused:
    return GatewayRefused(Refusal.NOT_OPEN, words, retry=False)


def _bad(words: str) -> GatewayRefused:
    return GatewayRefused(Refusal.BAD_REQUEST, words, retry=False)
