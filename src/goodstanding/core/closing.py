"""A membership that was closed: what was there before ends at that moment, and nothing told later of it opens it again.

Pure. What is bought after it (a term, another subscription) is not touched: it began after the end.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from goodstanding.core.facts import PauseSpan as Pause
from goodstanding.core.records import (
    Closing,
    Grant,
    InvoiceRecord,
    Line,
    MembershipRecord,
    SubscriptionRecord,
    SubscriptionState,
)


def closed(record: MembershipRecord) -> MembershipRecord:
    """Return a record as its closings leave it. ``record``: what was known at the moment asked for."""
    for closing in record.closings:
        record = _closed_once(record, closing)
    return record


def _closed_once(record: MembershipRecord, closing: Closing) -> MembershipRecord:
    at = closing.at
    billed = {line.item for invoice in record.invoices if invoice.issued_at <= at for line in invoice.lines}
    begun = {each.ref for each in record.subscriptions if each.begun_at <= at}
    # An old subscription may be given another item at its gateway while its end there is still on its way.
    known = {line.item for invoice in record.invoices for line in invoice.lines if line.subscription in begun} | billed
    newer = any(line.item not in known for invoice in record.invoices for line in invoice.lines)
    return replace(
        record,
        invoices=tuple(_invoice(invoice, known, at) for invoice in record.invoices),
        subscriptions=tuple(_ended(each, at) if each.begun_at <= at else each for each in record.subscriptions),
        grants=tuple(_withdrawn(each, at) if each.given_at <= at else each for each in record.grants),
        cancelled_at=record.cancelled_at if newer else at,
    )


def _invoice(invoice: InvoiceRecord, known: set[str], at: datetime) -> InvoiceRecord:
    lines = tuple(_line(line, at) if line.item in known else line for line in invoice.lines)
    dead = (
        invoice.settled_at is None and invoice.closed_at is None and all(line.item in known for line in invoice.lines)
    )
    return replace(invoice, lines=lines, closed_at=at if dead else invoice.closed_at)


def _line(line: Line, at: datetime) -> Line:
    return replace(line, start=min(line.start, at), end=min(line.end, at))


def _ended(subscription: SubscriptionRecord, at: datetime) -> SubscriptionRecord:
    before = tuple(state for state in subscription.states if state.at < at)
    pauses = [replace(each, end=min(each.end or at, at)) for each in subscription.pauses if each.start < at]
    over = SubscriptionState(at, ended=True, pauses=(*pauses, Pause(at)))  # what was moved behind it never comes
    return replace(subscription, states=(*before, over))


def _withdrawn(grant: Grant, at: datetime) -> Grant:
    return replace(grant, withdrawn_at=at if grant.withdrawn_at is None else min(grant.withdrawn_at, at))
