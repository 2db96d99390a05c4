"""Lines of a change that are not billed at once: they wait for the next bill of their subscription, whatever that is.

Pure. The lines stand on what was told of the subscription; which of them still wait follows from the bills. Every bill of the
subscription takes all of them along: a renewal, a change that is billed at once, and where no renewal is to come, a last bill.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from fractions import Fraction

from goodstanding.core.change_terms import convention_of, has_level, paid_of
from goodstanding.core.facts import InvoiceSeen, LineSeen, SubscriptionSeen
from goodstanding.core.fold import InvoiceState
from goodstanding.core.ids import derived
from goodstanding.core.ledger import Ledger
from goodstanding.core.money import Money
from goodstanding.core.purchasing import open_invoice

REST = "grst"  # what the references of last bills begin with


def waiting(last: SubscriptionSeen, bills: Iterable[InvoiceState]) -> tuple[LineSeen, ...]:
    """Return the lines that no bill has yet. A bill that is taken back gives them back, but for a last bill."""
    if not last.carried:
        return ()
    billed = {
        line.line for state in bills if state.last is not None and _keeps(state.last) for line in state.last.lines
    }
    return tuple(line for line in last.carried if line.line not in billed)


def unpaid(last: SubscriptionSeen, bills: Iterable[InvoiceState]) -> tuple[LineSeen, ...]:
    """Return the lines that no bill has, or one that is open: who leaves before it is paid owes them still."""
    return waiting(last, (state for state in bills if state.settled_at is not None or _is_over(state)))


def to_bill(ledger: Ledger, last: SubscriptionSeen) -> tuple[LineSeen, ...]:
    """Return the lines that wait, as the next bill takes them: what was given back meanwhile of the money behind the first
    credit is not given back by it once more (I8).
    """
    lines = waiting(last, ledger.invoices.values())
    if not lines or _gross(lines[0]) >= 0:
        return lines
    left = _left_behind(ledger, last, at=lines[0].start)
    return lines if -_gross(lines[0]) <= left else (*_limited(lines[0], left, last.currency), *lines[1:])


def total_of(lines: Sequence[LineSeen], currency: str) -> Money:
    """Return what lines come to, with tax."""
    return Money(sum(_gross(line) for line in lines), currency)


def last_bill(ledger: Ledger, last: SubscriptionSeen, *, at: datetime, number: str) -> InvoiceSeen:
    """Return the open bill of what waits of a subscription that is not to renew any more."""
    lines = to_bill(ledger, last)
    return open_invoice(
        derived(REST, last.subscription, *(line.line for line in lines)),
        *lines,
        customer=last.customer,
        at=at,
        number=number,
        currency=last.currency,
        credit_minor=ledger.credit_minor(last.currency),
        convention=convention_of(last).name,
    )


def is_last_bill(invoice: str) -> bool:
    """Return whether an invoice (by reference) bills what waited when nothing more was to be renewed."""
    return invoice.startswith(f"{REST}_")


def _keeps(bill: InvoiceSeen) -> bool:
    return bill.status not in ("void", "deleted") or is_last_bill(bill.invoice)


def _is_over(state: InvoiceState) -> bool:
    return state.closed_at is not None and state.last is not None and _keeps(state.last)


def _gross(line: LineSeen) -> int:
    return line.amount_minor + line.tax_minor


def _left_behind(ledger: Ledger, last: SubscriptionSeen, *, at: datetime) -> int:
    """What is left of what had been paid for the level when it was changed at ``at``."""
    bills = [
        state
        for state in ledger.invoices.values()
        if state.settled_at is not None and state.settled_at <= at and has_level(state, last.subscription)
    ]
    return sum(piece.left.amount_minor for piece in paid_of(ledger, bills, last, at=at)) if bills else 0


def _limited(line: LineSeen, left: int, currency: str) -> tuple[LineSeen, ...]:
    if not left:
        return ()
    net = Money(-left, currency).share(Fraction(line.amount_minor, _gross(line))).amount_minor
    return (replace(line, amount_minor=net, tax_minor=-left - net, said=""),)
