"""Numbers that people see, one after the other."""

from __future__ import annotations

from django.db import connection
from django.db.models import F

from goodstanding.billing.models import Counter

INVOICES = "invoices"
PREFIX, DIGITS = "INV", 5


def invoice_number() -> str:
    """Return the next invoice's number. In the transaction that writes the invoice: what is rolled back is given again."""
    return invoice_numbers(1)[0]


def invoice_numbers(count: int) -> list[str]:
    """Return the next numbers for so many invoices, in order; as above. No statement for none."""
    assert connection.in_atomic_block
    if not count:
        return []
    row = Counter.objects.filter(name=INVOICES)
    if not row.update(last=F("last") + count):
        Counter.objects.bulk_create([Counter(name=INVOICES, last=0)], ignore_conflicts=True)
        row.update(last=F("last") + count)
    last = row.values_list("last", flat=True).get()
    return [written(number) for number in range(last - count + 1, last + 1)]


def written(number: int) -> str:
    """Return an invoice's number as people see it."""
    return f"{PREFIX}-{number:0{DIGITS}d}"
