"""Numbers that people see, one after the other."""

from __future__ import annotations

from django.db import connection
from django.db.models import F

from goodstanding.billing.models import Counter

INVOICES = "invoices"


def invoice_number() -> str:
    """Return the next invoice's number. In the transaction that writes the invoice: what is rolled back is given again."""
    assert connection.in_atomic_block
    row = Counter.objects.filter(name=INVOICES)
    if not row.update(last=F("last") + 1):
        Counter.objects.bulk_create([Counter(name=INVOICES, last=0)], ignore_conflicts=True)
        row.update(last=F("last") + 1)
    return f"INV-{row.values_list('last', flat=True).get():05d}"
