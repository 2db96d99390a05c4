"""How far a member's balance reaches: which renewals of ours it will pay, and how much of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from goodstanding.billing import recording, turns
from goodstanding.billing.models import Subscription
from goodstanding.catalogue import knowledge
from goodstanding.core import carrying, forecast
from goodstanding.core.dunning import Act
from goodstanding.core.fold import ENDED
from goodstanding.core.forecast import Bill, Reached
from goodstanding.core.ledger import Ledger
from goodstanding.core.money import Money
from goodstanding.core.renewals import payments_before
from goodstanding.people.models import Member


@dataclass(frozen=True, slots=True)
class Reach:
    """What a balance will pay, in order of time, and what is ``left`` after the renewals that were looked ahead at.

    ``is_known``: something renews by our own clock. ``elsewhere``: something renews by a gateway's, which knows no balance.
    """

    paid: tuple[Reached, ...]
    left: Money
    is_known: bool
    elsewhere: bool


def reach_of(member: Member, balance: Money) -> Reach:
    """Return how far a member's ``balance`` reaches, as things stand. Two statements, and those of the catalogue."""
    rows = Subscription.objects.filter(customer__member=member).exclude(status__in=[str(each) for each in ENDED])
    renewing = list(rows.filter(ends_at=None).order_by("begun_at", "id"))
    ours = [
        each for each in renewing if each.billed_by == Subscription.BilledBy.US and each.currency == balance.currency
    ]
    ledgers = {pk: Ledger(there) for pk, there in recording.objects_of({each.customer_id for each in ours}).items()}
    bills = [bill for each in ours for bill in _bills(each, ledgers[each.customer_id])]
    paid, left = forecast.reach(balance, bills)
    return Reach(tuple(paid), left, bool(bills), len(ours) < len(renewing))


def _bills(subscription: Subscription, ledger: Ledger) -> Iterator[Bill]:
    ref = subscription.external_id
    step = turns.step_of(ledger, ref)
    if step is None or step.act is not Act.RENEW or step.start is None:
        return
    last = ledger.subscriptions[ref][-1]
    yield from forecast.bills_ahead(
        last,
        first=step.start,
        paid=payments_before(last, turns.invoices_of(ledger, ref)),
        levy_at=knowledge.current().levy_at,
        waits=carrying.total_of(carrying.to_bill(ledger, last), last.currency),
    )
