"""What follows once a bill that sells a gift is settled, however it was paid: its code is sent. In the same transaction."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from goodstanding.billing.models import GatewayCustomer
from goodstanding.core.fold import Key
from goodstanding.core.ledger import Ledger
from goodstanding.jobs import services as jobs
from goodstanding.jobs.writing import Writes

SEND = "memberships.gift_card"
GIFT = "gift"


def of_ledger(
    customer: GatewayCustomer, ledger: Ledger, changed: Collection[Key], writes: Writes, *, now: datetime
) -> None:
    """Have the cards sent whose bills are settled among the objects at ``changed``. No query where there are none."""
    for kind, ref in sorted(changed):
        state = ledger.invoices.get(ref) if kind == "invoice" else None
        if state is None or state.last is None or state.settled_at is None:
            continue
        if any(line.kind == GIFT and line.amount_minor > 0 for line in state.last.lines):  # below zero: redeemed
            about = {"account": customer.gateway_account_id, "invoice": ref}
            writes.new([jobs.once(SEND, key=f"bill|{ref}", due_at=now, now=now, payload=about)])
