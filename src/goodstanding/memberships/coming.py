"""Bills that a change at a gateway makes us expect: for pages and ``explain``. What we bill ourselves is in ``changing.ahead``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from goodstanding.billing import recording, turns
from goodstanding.billing.models import Subscription
from goodstanding.core.expecting import Expected, expected
from goodstanding.core.fold import ENDED
from goodstanding.core.ledger import Ledger

Ledgers = Mapping[str, Ledger]


def ledgers_of(subscriptions: Iterable[Subscription]) -> Ledgers:
    """Return the ledgers of those who pay for ``subscriptions``, by the customers' public ids. One statement."""
    objects = recording.objects_of({each.customer_id for each in subscriptions})
    return {customer: Ledger(there) for customer, there in objects.items()}


def expected_bills(subscriptions: Iterable[Subscription], ledgers: Ledgers) -> dict[str, Expected]:
    """Return of those of ``subscriptions`` that a gateway bills which bill is expected, by their ids. Asks nobody."""
    billed = [
        each
        for each in subscriptions
        if each.billed_by == Subscription.BilledBy.GATEWAY and each.status not in {str(status) for status in ENDED}
    ]
    found = {}
    for each in billed:
        ledger, ref = ledgers[each.customer_id], each.external_id
        coming = expected(ledger.subscriptions[ref], turns.invoices_of(ledger, ref))
        if coming is not None:
            found[each.pk] = coming
    return found
