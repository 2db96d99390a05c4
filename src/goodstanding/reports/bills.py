"""The bills as :mod:`goodstanding.core.earning` wants them, read from the ledger's rows: a few statements a batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

from goodstanding.billing.models import BalanceEntry, Dispute, Invoice, InvoiceLine, Refund
from goodstanding.core.earning import NOTHING, Bill, Lowered, Piece
from goodstanding.core.journal import Chart, Parts, parts_back
from goodstanding.core.money_back import GivenBack

BATCH = 500
NOT_POSTED = ("draft", "deleted")
AT_ONCE = frozenset({"other"})
GIFT = "gift"

Named = tuple[str, str]  # a gateway account, and the name of an invoice there
Lost = tuple[datetime, int]


def bills() -> Iterator[Bill]:
    """Give every bill that came into the books, in no order that means anything; a bounded number of rows at a time."""
    given, lost = _given_back(), _disputes_lost()
    rows = Invoice.objects.exclude(status__in=NOT_POSTED).order_by("pk")
    last = ""
    while batch := list(rows.filter(pk__gt=last)[:BATCH]):
        last = batch[-1].pk
        lines: defaultdict[str, list[InvoiceLine]] = defaultdict(list)
        for line in InvoiceLine.objects.filter(invoice__in=batch).order_by("invoice", "start_at", "id"):
            lines[line.invoice_id].append(line)
        for row in batch:
            name = row.gateway_account_id, row.external_id
            yield bill_of(row, lines[row.pk], given.get(name, ()), lost.get(name, ()))


def bill_of(row: Invoice, lines: Iterable[InvoiceLine], given: Iterable[GivenBack], lost: Iterable[Lost]) -> Bill:
    """Return one bill. ``given``: what was given back of it; ``lost``: when a dispute took how much of it for good."""
    own = list(lines)
    gifts = sum(line.amount_minor for line in own if line.kind == GIFT)
    tax = sum(line.tax_minor for line in own)
    parts = Parts(row.total_minor - tax - gifts, tax, gifts)
    return Bill(
        currency=row.currency,
        parts=parts,
        posted_at=row.posted_at or row.issued_at,
        pieces=tuple(
            Piece(line.amount_minor, line.start_at, line.end_at, at_once=line.kind in AT_ONCE)
            for line in own
            if line.kind != GIFT
        ),
        settled_at=row.settled_at,
        void_at=row.closed_at if row.status == "void" else None,
        given_up_at=row.given_up_at,
        given_up=parts.share(row.due_minor) if row.given_up_at else NOTHING,
        lowered=tuple(_lowered(parts, tuple(given), lost)),
    )


def _lowered(parts: Parts, given: tuple[GivenBack, ...], lost: Iterable[Lost]) -> Iterator[Lowered]:
    """What is not to be earned any more: what was given back, without the tax and the gift cards in it; and what was lost."""
    others = parts_back(parts, given)
    for each in given:
        own = others.get(each.ref, ())
        at_first = sum(part.amount_minor for part in own if "failed" not in part.key)
        yield Lowered(each.at, each.amount_minor - at_first)
        if each.failed_at is not None:
            again = sum(part.amount_minor for part in own if "failed" in part.key)
            yield Lowered(each.failed_at, -each.amount_minor - again)
    for at, amount in lost:
        yield Lowered(at, parts.share(amount).deferred_minor, Chart.DISPUTES_LOST)


def _given_back() -> dict[Named, list[GivenBack]]:
    found: defaultdict[Named, list[GivenBack]] = defaultdict(list)
    fields = ("gateway_account_id", "invoice", "external_id", "made_at", "amount_minor", "failed_at")
    for account, invoice, ref, at, amount, failed_at in Refund.objects.exclude(invoice="").values_list(*fields):
        found[account, invoice].append(GivenBack(ref, at, amount, failed_at))
    entries = BalanceEntry.objects.filter(kind="refund", amount_minor__gt=0).exclude(about="")
    columns = ("gateway_account_id", "about", "external_id", "made_at", "amount_minor")
    for account, invoice, ref, at, amount in entries.values_list(*columns):
        found[account, invoice].append(GivenBack(ref, at, amount))
    return found


def _disputes_lost() -> dict[Named, list[Lost]]:
    found: defaultdict[Named, list[Lost]] = defaultdict(list)
    rows = Dispute.objects.filter(status="lost", closed_at__isnull=False).exclude(invoice="")
    for account, invoice, at, amount in rows.values_list("gateway_account_id", "invoice", "closed_at", "amount_minor"):
        if at is not None:
            found[account, invoice].append((at, amount))
    return found
