"""Bills that are paid by hand: by when, and how, in the organisation's own words.

How somebody pays is kept with the gateway's customer, where a card's name would stand: what he chose last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.utils import formats

from goodstanding import conf
from goodstanding.billing import numbering, turns
from goodstanding.billing.models import GatewayCustomer, Invoice
from goodstanding.catalogue.words import money_words
from goodstanding.core.facts import Fact, InvoiceSeen, SubscriptionSeen
from goodstanding.core.fold import InvoiceState
from goodstanding.core.ids import derived
from goodstanding.core.ledger import Ledger
from goodstanding.core.money import Money
from goodstanding.core.references import reference_of
from goodstanding.core.reminding import due_by, last_day
from goodstanding.gateways import registry
from goodstanding.gateways import services as gateways
from goodstanding.gateways.models import GatewayAccount, HandMethod
from goodstanding.gateways.protocol import Ability
from goodstanding.gateways.requests import BillRequest

DAYS = 14  # to pay, where nobody said otherwise


@dataclass(frozen=True, slots=True)
class Way:
    """One way in which a bill can be paid: ``title`` and ``text`` in the organisation's words, the ``reference`` to quote."""

    code: str
    title: str
    text: str
    reference: str


def due_at(account: GatewayAccount, method: str, *, now: datetime) -> datetime:
    """Return until when a bill of ``now`` is to be paid that is paid by ``method``: the end of a day of the site's."""
    days = HandMethod.objects.filter(account=account, code=method).values_list("days_until_due", flat=True).first()
    return due_by(_today(now) + timedelta(days=DAYS if days is None else days), tz=conf.time_zone())


def with_days(facts: Sequence[Fact], customer: GatewayCustomer, *, now: datetime) -> Sequence[Fact]:
    """Return the facts of a renewal with the day by which its bill is to be paid, where it is paid by hand."""
    if not gateways.is_paid_later(customer.gateway_account):
        return facts
    return tuple(_with_day(each, customer, now=now) if isinstance(each, InvoiceSeen) else each for each in facts)


def _with_day(bill: InvoiceSeen, customer: GatewayCustomer, *, now: datetime) -> InvoiceSeen:
    """That is the day on which its period begins; where that has come already, as many days from now as a new bill has."""
    account = customer.gateway_account
    if not bill.due_minor or bill.status != "open":
        return bill
    start = max(line.start for line in bill.lines)  # of what it takes along of changes before, none begins later
    day = start.astimezone(conf.time_zone()).date()
    is_ahead = day > _today(now)
    until = due_by(day, tz=conf.time_zone()) if is_ahead else due_at(account, customer.method, now=now)
    return to_be_paid(bill, account, until=until)


def to_be_paid(bill: InvoiceSeen, account: GatewayAccount, *, until: datetime) -> InvoiceSeen:
    """Return a bill as it is paid by hand: ``until`` a day, and given up some days after it, as the account's terms say now."""
    return replace(bill, due_at=until, ladder=gateways.hand_terms(account).ladder)


def dropped(ledger: Ledger, last: SubscriptionSeen, *, now: datetime) -> list[InvoiceSeen]:
    """Return the bills, void, that were drawn up ahead for a subscription that is to end: nothing of them was paid."""
    return [
        replace(bill, at=now, status="void", closed_at=now)
        for state, bill in _ahead(ledger, last, now=now)
        if state.closed_at is None and not bill.paid_minor
    ]


def drawn_again(ledger: Ledger, last: SubscriptionSeen, *, now: datetime) -> list[InvoiceSeen]:
    """Return the bill, drawn up anew, of the period ahead whose bill was dropped: the subscription goes on after all.

    In the transaction that writes it.
    """
    there = _ahead(ledger, last, now=now)
    gone = [bill for state, bill in there if state.closed_at is not None]
    if not gone or len(gone) < len(there):
        return []
    bill = max(gone, key=lambda each: (each.created_at, each.at, each.invoice))
    used = min(bill.total_minor, ledger.credit_minor(bill.currency))
    return [
        replace(
            bill,
            invoice=derived("ginv", bill.invoice, "again"),
            number=numbering.invoice_number(),
            at=now,
            status="open",
            created_at=now,
            finalised_at=now,
            closed_at=None,
            credit_minor=used,
            due_minor=bill.total_minor - used,
        )
    ]


def _ahead(ledger: Ledger, last: SubscriptionSeen, *, now: datetime) -> list[tuple[InvoiceState, InvoiceSeen]]:
    """The bills of a subscription's periods that have not begun, to be paid by hand and never settled."""
    return [
        (state, state.last)
        for state in turns.invoices_of(ledger, last.subscription)
        if state.last is not None
        and state.last.due_at is not None
        and state.settled_at is None
        and any(line.start >= now for line in state.last.lines)
    ]


def ways_of(invoice: Invoice) -> list[Way]:
    """Return how an open invoice can be paid by hand, the way that its payer chose first; none where a gateway charges it."""
    account = invoice.gateway_account
    if not gateways.is_paid_later(account) or invoice.due_at is None:
        return []
    rows = GatewayCustomer.objects.filter(account=invoice.account_id, gateway_account=account)
    method = rows.values_list("method", flat=True).first() or ""
    left = Money(max(invoice.due_minor - invoice.paid_minor, 0), invoice.currency)
    return ways(account, method, number=invoice.number or invoice.external_id, left=left, due=invoice.due_at)


def ways(account: GatewayAccount, chosen: str, *, number: str, left: Money, due: datetime) -> list[Way]:
    """Return how ``left`` of a bill can be paid by hand, the ``chosen`` way first."""
    gateway = registry.able(account.gateway, Ability.BILL)
    reference, day = reference_of(number) or number, formats.date_format(day_of(due), "DATE_FORMAT")
    found = []
    for method in _in_order(gateways.hand_methods(account), chosen):
        told = gateway.bill(BillRequest(number, reference, money_words(left), day, method.instructions))
        found.append(Way(method.code, method.title, told.text, told.reference))
    return found


def day_of(due: datetime) -> date:
    """Return the last day for paying, on the site's calendar."""
    return last_day(due, tz=conf.time_zone())


def titles(account: GatewayAccount) -> list[tuple[str, str]]:
    """Return all ways in which staff can record that something was paid: code and title."""
    return [(each.code, each.title) for each in gateways.hand_methods(account)]


def _in_order(methods: Sequence[HandMethod], chosen: str) -> list[HandMethod]:
    """The chosen one, and then those that are offered with words of how to pay."""
    first = [each for each in methods if each.code == chosen and each.instructions.strip()]
    return first + [each for each in methods if each.can_be_chosen and each.code != chosen]


def _today(now: datetime) -> date:
    return now.astimezone(conf.time_zone()).date()
