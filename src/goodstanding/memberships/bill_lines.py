"""What the lines of bills say beside their amounts: what each code took off, the tax, and how a part was reckoned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from goodstanding.billing.models import Invoice, InvoiceLine
from goodstanding.catalogue.code_words import said_of, taken_words
from goodstanding.catalogue.words import money_words, share_words
from goodstanding.core.facts import InvoiceSeen, LineSeen
from goodstanding.core.money import Money
from goodstanding.memberships.words import stamp
from goodstanding.people.models import Member

LISTED = 200  # bills of one member that are explained, the latest


def codes_of(lines: Sequence[InvoiceLine]) -> Mapping[str, str]:
    """Return what the codes on lines do, in words. Two statements, none where there are no codes."""
    return said_of({code for line in lines for code in line.code.split()})


def notes(line: InvoiceLine, currency: str, codes: Mapping[str, str]) -> list[str]:
    """Return what is said under a line: ``SPRING25, 25 % off, the first payment: -6.25 EUR``; ``7 of 12 months``.

    ``codes``: :func:`codes_of` it. The amount of the line is less by that already.
    """
    offs = [int(each) for each in line.offs.split()]
    found = []
    for code, does, off in taken_words(line.code, offs, Money(line.off_minor, currency), codes):
        named = ", ".join(filter(None, (code or _("Discount"), does)))
        found.append(_("%(code)s: %(off)s") % {"code": named, "off": money_words(off)} if off else named)
    return [*found, *([share_words(line.said)] if line.said else [])]


def taxes(lines: Sequence[InvoiceLine | LineSeen], currency: str) -> list[tuple[str, Money]]:
    """Return the taxes of a bill by name, each summed: what comes to its lines beside their amounts."""
    found: dict[str, int] = {}
    for line in lines:
        if line.tax_minor:
            found[line.tax] = found.get(line.tax, 0) + line.tax_minor
    return [(name or _("Tax"), Money(minor, currency)) for name, minor in found.items()]


def receipt(bill: InvoiceSeen) -> dict[str, Any]:
    """Return what the receipt of a bill says of money: its rows, which add up to its total, and how balance settled it."""
    currency = bill.currency
    rows = [(line.description or _("Membership"), Money(line.amount_minor, currency)) for line in bill.lines]
    return {
        "lines": [(what, money_words(amount)) for what, amount in (*rows, *taxes(bill.lines, currency))],
        "total": money_words(Money(bill.total_minor, currency)),
        "what_it_means": _by_balance(bill),
    }


def _by_balance(bill: InvoiceSeen) -> str:
    balance = money_words(Money(abs(bill.credit_minor), bill.currency))
    if bill.credit_minor < 0:
        return _("%(amount)s stands on your balance now, and pays your next bills.") % {"amount": balance}
    if bill.credit_minor and bill.due_minor:
        paid = money_words(Money(bill.due_minor, bill.currency))
        return _("%(balance)s of it came from your balance; we have received your payment of %(paid)s.") % {
            "balance": balance,
            "paid": paid,
        }
    return _("It was paid from your balance.") if bill.credit_minor else ""


def explained(member: Member, *, until: datetime) -> list[dict[str, Any]]:
    """Return a member's bills up to ``until``, the oldest first, with every amount line by line. Four statements."""
    rows = Invoice.objects.filter(account__member=member, issued_at__lte=until).exclude(status="deleted")
    latest = list(rows.order_by("-issued_at", "-id").prefetch_related("lines")[:LISTED])
    codes = codes_of([line for row in latest for line in row.lines.all()])
    return [_explained(row, codes) for row in reversed(latest)]


def _explained(row: Invoice, codes: Mapping[str, str]) -> dict[str, Any]:
    return {
        "invoice": row.pk,
        "number": row.number,
        "status": row.status,
        "issued_at": stamp(row.issued_at),
        "currency": row.currency,
        "lines": [_line(line, row.currency, codes) for line in row.lines.all()],
        "total_minor": row.total_minor,
        "credit_minor": row.credit_minor,
        "paid_minor": row.paid_minor,
        "due_minor": row.due_minor,
    }


def _line(line: InvoiceLine, currency: str, codes: Mapping[str, str]) -> dict[str, Any]:
    return {
        "what": line.description or line.price,
        "kind": line.kind,
        "quantity": line.quantity,
        "start": stamp(line.start_at),
        "end": stamp(line.end_at),
        "off_minor": line.off_minor,
        "code": line.code,
        "amount_minor": line.amount_minor,
        "tax": line.tax,
        "tax_minor": line.tax_minor,
        "notes": notes(line, currency, codes),
    }
