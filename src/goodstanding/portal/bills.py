"""A member's invoices: in a list, and one of them whole, with what was paid and given back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from goodstanding.billing.models import Invoice, InvoiceLine, Payment, Refund
from goodstanding.catalogue.models import Price
from goodstanding.catalogue.words import money_words
from goodstanding.core.seats import is_seat
from goodstanding.memberships import bill_lines, handbills, owing
from goodstanding.memberships.handbills import Way
from goodstanding.people.models import Member
from goodstanding.portal import words

LISTED = 20  # on one page
HIDDEN = ("draft", "deleted")  # never sent to anybody
HOW_PAID = {
    "cash": gettext_lazy("Payment in cash"),
    "transfer": gettext_lazy("Payment by transfer"),
    "cheque": gettext_lazy("Payment by cheque"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """An invoice in words. ``state``: open, paid, refunded, void or given_up; ``state_words`` says it to people."""

    invoice: Invoice
    name: str
    total: str
    state: str
    state_words: str


@dataclass(frozen=True, slots=True)
class Line:
    """What a line is for, for which period, and what it comes to. ``notes``: what codes took off it, how a part was reckoned."""

    what: str
    period: str
    quantity: int
    amount: str
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Move:
    """Money that came or went: when, what, how much, and how it stands."""

    at: datetime
    what: str
    amount: str
    came_to_pass: bool


@dataclass(frozen=True, slots=True)
class Bill:
    """One invoice, whole. ``to_credit``: what it left for later. ``owed`` is empty where nothing is asked for any more.

    ``due_on``: the last day for paying it by hand, and ``ways`` how, where it is open.
    """

    row: Row
    lines: Sequence[Line]
    moves: Sequence[Move]
    credit: str
    to_credit: str
    paid: str
    owed: str
    due_on: date | None = None
    ways: Sequence[Way] = ()
    taxes: Sequence[tuple[str, str]] = ()


def mine(member: Member) -> QuerySet[Invoice]:
    """Return the invoices that a member may see, the latest first."""
    rows = Invoice.objects.filter(account__member=member).exclude(status__in=HIDDEN)
    return rows.select_related("gateway_account", "account").order_by("-issued_at", "-id")


def page(member: Member, *, after: str = "") -> tuple[list[Row], str]:
    """Return one page of a member's invoices, and what the next page comes after (``""``: there is none)."""
    rows = mine(member)
    last = rows.filter(pk=after).first() if after else None
    if last is not None:
        rows = rows.filter(Q(issued_at__lt=last.issued_at) | Q(issued_at=last.issued_at, pk__lt=last.pk))
    found = list(rows[: LISTED + 1])
    shown = found[:LISTED]
    refunded = _given_back(shown)
    return [row_of(each, refunded.get(_key(each), 0)) for each in shown], shown[-1].pk if len(found) > LISTED else ""


def row_of(invoice: Invoice, given_back: int) -> Row:
    """Return an invoice in words, of which so much was given back."""
    state = _state(invoice, given_back)
    said = {
        "open": _("Open"),
        "paid": _("Paid"),
        "refunded": _("Paid, and given back"),
        "void": _("Cancelled"),
        "given_up": _("Not paid"),
    }[state]
    total = words.money(invoice.total_minor, invoice.currency)
    return Row(invoice, invoice.number or invoice.external_id, total, state, said)


def bill(invoice: Invoice) -> Bill:
    """Return one invoice, whole. Statements: four, however long it is, two more where there are codes, and two for how to pay it by hand."""
    lines = list(invoice.lines.order_by("start_at", "id"))
    prices = {
        price.pk: price for price in Price.objects.select_related("level").filter(pk__in={each.price for each in lines})
    }
    codes = bill_lines.codes_of(lines)
    payments = list(_payments([invoice]).order_by("made_at", "id"))
    refunds = list(_refunds([invoice], payments).order_by("made_at", "id"))
    given_back = sum(each.amount_minor for each in refunds if each.status == "succeeded")
    moves = [_payment(each) for each in payments] + [_refund(each) for each in refunds]
    left = owing.owed(invoice)
    is_open = invoice.status == "open" and invoice.settled_at is None and bool(left)
    return Bill(
        row=row_of(invoice, given_back),
        lines=[_line(each, invoice, prices, codes) for each in lines],
        moves=sorted(moves, key=lambda move: move.at),
        credit=words.money(invoice.credit_minor, invoice.currency) if invoice.credit_minor > 0 else "",
        to_credit=words.money(-invoice.credit_minor, invoice.currency) if invoice.credit_minor < 0 else "",
        paid=words.money(invoice.paid_minor, invoice.currency) if invoice.paid_minor else "",
        owed=money_words(left) if is_open else "",
        due_on=handbills.day_of(invoice.due_at) if is_open and invoice.due_at is not None else None,
        ways=handbills.ways_of(invoice) if is_open else (),
        taxes=[(name, money_words(tax)) for name, tax in bill_lines.taxes(lines, invoice.currency)],
    )


def _state(invoice: Invoice, given_back: int) -> str:
    if invoice.settled_at is not None:
        return "refunded" if given_back and given_back >= invoice.paid_minor else "paid"
    return {"open": "open", "uncollectible": "given_up"}.get(invoice.status, "void")


def _line(line: InvoiceLine, invoice: Invoice, prices: dict[str, Price], codes: Mapping[str, str]) -> Line:
    price = prices.get(line.price)
    named = line.description or (price.level.name if price else _("Membership"))
    what = _("%(what)s (change of level)") % {"what": named} if line.kind == "proration" else named
    if is_seat(line.price):
        part = line.kind == "proration"
        what = (_("Further seats (%(what)s), a part") if part else _("Further seats (%(what)s)")) % {"what": named}
    amount = words.money(line.amount_minor, invoice.currency)
    notes = bill_lines.notes(line, invoice.currency, codes)
    return Line(what, words.last_day(line.start_at, line.end_at), line.quantity, amount, notes)


def _payment(payment: Payment) -> Move:
    said = {
        "succeeded": _("Payment"),
        "failed": _("Payment, declined"),
        "pending": _("Payment, not confirmed yet"),
        "undone": _("Payment, noted by mistake and taken back"),
    }
    what = said.get(payment.status, _("Payment, not made"))
    if payment.elsewhere and payment.status == "succeeded":
        what = str(HOW_PAID.get(payment.elsewhere, _("Payment by hand")))
    amount = words.money(payment.amount_minor, payment.currency)
    return Move(payment.made_at, what, amount, payment.status == "succeeded")


def _refund(refund: Refund) -> Move:
    said = {"succeeded": _("Given back"), "pending": _("Given back, on its way")}
    what = said.get(refund.status, _("Given back, failed"))
    return Move(refund.made_at, what, words.money(-refund.amount_minor, refund.currency), refund.status == "succeeded")


def _key(invoice: Invoice) -> tuple[str, str]:
    return invoice.gateway_account_id, invoice.external_id


def _payments(invoices: Sequence[Invoice]) -> QuerySet[Payment]:
    accounts = {each.account_id for each in invoices}
    return Payment.objects.filter(account__in=accounts, invoice__in=[each.external_id for each in invoices])


def _refunds(invoices: Sequence[Invoice], payments: Sequence[Payment]) -> QuerySet[Refund]:
    own = Q(invoice__in=[each.external_id for each in invoices])
    told = Q(invoice="", payment__in=[each.external_id for each in payments])
    return Refund.objects.filter(own | told, account__in={each.account_id for each in invoices})


def _given_back(invoices: Sequence[Invoice]) -> dict[tuple[str, str], int]:
    """How much of each invoice was given back: two statements."""
    payments = list(_payments(invoices))
    paid = {(each.gateway_account_id, each.external_id): each.invoice for each in payments}
    found: dict[tuple[str, str], int] = {}
    for each in _refunds(invoices, payments).filter(status="succeeded"):
        about = each.invoice or paid.get((each.gateway_account_id, each.payment), "")
        key = each.gateway_account_id, about
        found[key] = found.get(key, 0) + each.amount_minor
    return found
