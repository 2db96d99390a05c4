"""What must hold of the books after anything, compared with what the vendor's side says it took."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise
from typing import Any

from django.db.models import F, Q, Sum

from goodstanding.billing.models import Invoice, Payment, PaymentAttempt, Refund, Transfer
from goodstanding.core.journal import Chart
from goodstanding.gateways.sandbox.models import Payment as TheirPayment
from goodstanding.gateways.sandbox.models import Refund as TheirRefund


def wrong_in(**whose: Any) -> list[str]:
    """Say in words what is wrong in the books, of those accounts that ``whose`` names (``account__member=…``)."""
    return [*_charges(**whose), *_moves(**whose), *_periods(**whose)]


def left_open(**whose: Any) -> list[str]:
    """Name the tries that are still under way."""
    owners = {f"customer__{name}": value for name, value in whose.items()}
    rows = PaymentAttempt.objects.filter(state__in=PaymentAttempt.UNDER_WAY, **owners)
    return [f"{row.kind} {row.state} {row.last_error}" for row in rows]


def _charges(**whose: Any) -> list[str]:
    """No more taken for an invoice than was due, each payment with its invoice, each known on both sides (I12)."""
    ours = {row.external_id: row for row in Payment.objects.filter(status="succeeded", **whose)}
    bills = {row.external_id: row for row in Invoice.objects.filter(**whose)}
    customers = {f"account__{name.removeprefix('account__')}": value for name, value in whose.items()}
    names = set(Invoice.objects.filter(**customers).values_list("account__customers__external_id", flat=True))
    taken = TheirPayment.objects.filter(status="succeeded", amount_minor__gt=0)
    theirs = set((taken.filter(customer__in=names) if whose else taken).values_list("pk", flat=True))
    found = [f"{name} was taken and is not recorded" for name in sorted(theirs - set(ours))]
    found += [f"{name} pays no recorded invoice" for name, row in ours.items() if row.invoice not in bills]
    charged = Counter(row.invoice for row in ours.values() if not row.elsewhere)
    found += [f"{name} was charged {count} times" for name, count in charged.items() if count > 1]
    came: Counter[str] = Counter()
    for row in ours.values():
        came[row.invoice] += row.amount_minor
    for name, bill in bills.items():
        if bill.settled_at is not None and came[name] != bill.due_minor:
            found.append(f"{name} is settled by {came[name]} of {bill.due_minor}")
    given = set(Refund.objects.filter(**whose).values_list("external_id", flat=True))
    back = TheirRefund.objects.filter(payment__customer__in=names).values_list("pk", flat=True)
    return [*found, *(f"{name} was given back and is not recorded" for name in sorted(set(back) - given))]


def _moves(**whose: Any) -> list[str]:
    """What is owed by the books is what is open (I5)."""
    rows = Transfer.objects.filter(**whose)
    sums: defaultdict[str, int] = defaultdict(int)
    for debit, credit, amount in rows.values_list("debit", "credit", "amount_minor"):
        sums[debit] += amount
        sums[credit] -= amount
    open_rows = Invoice.objects.filter(status="open", **whose)
    due = open_rows.aggregate(due=Sum(F("due_minor") - F("paid_minor")))["due"] or 0
    found = [] if sums[Chart.RECEIVABLE] == due else [f"receivable {sums[Chart.RECEIVABLE]}, open {due}"]
    return found if sum(sums.values()) == 0 else [*found, "the moves do not balance"]


def _periods(**whose: Any) -> list[str]:
    """Regular periods of an item neither overlap nor leave a hole that was billed (I9)."""
    found, by_item = [], defaultdict(list)
    rows = Invoice.objects.filter(~Q(lines=None), **whose).exclude(lines__kind="prepaid")
    for item, start, end in rows.values_list("lines__item", "lines__start_at", "lines__end_at"):
        by_item[item].append((start, end))
    for item, spans in by_item.items():
        spans.sort()
        for (_, end), (start, _) in pairwise(spans):
            if start < end:
                found.append(f"periods of {item} overlap at {start}")
    return found
