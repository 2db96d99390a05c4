"""What staff should look at in the money of one customer, by the ledger alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from goodstanding.core.facts import InvoiceSeen
from goodstanding.core.ledger import Ledger
from goodstanding.core.money import Money


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that staff should look at. ``about`` names the object by its reference at the gateway."""

    code: str
    about: str
    words: str


def overpaid(ledger: Ledger) -> Iterator[Alarm]:
    """Give an alarm for what came for a bill of ours beyond what was due: a card and a hand that paid in the same moment, most often.

    What came for one that another one had replaced is balance, and was not asked for any more: until it is used, staff know.
    """
    for ref, state in ledger.invoices.items():
        over = ledger.overpaid_minor(ref)
        if over and state.last is not None:
            more = Money(over, state.last.currency)
            number = state.last.number or ref
            yield Alarm("overpaid", ref, f"{more} more than was due came for invoice {number}: give it back")
        elif state.last is not None and state.last.replaced_by and (late := _late(ledger, state.last)):
            number = state.last.number or ref
            words = f"{late} came for invoice {number} after another one took its place: it is on the balance"
            yield Alarm("replaced_paid", ref, words)


def _late(ledger: Ledger, bill: InvoiceSeen) -> Money | None:
    came = (each for each in ledger.payments.values() if ledger.invoice_of(each.payment) == bill.invoice)
    closed = bill.closed_at or bill.at
    late = sum(each.amount_minor for each in came if each.status == "succeeded" and each.made_at > closed)
    return Money(min(late, ledger.credit_minor(bill.currency)), bill.currency) or None
