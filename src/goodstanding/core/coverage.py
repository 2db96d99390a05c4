"""Which stretches of time a membership's records cover (DESIGN section 4, "Coverage, not a status")."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from goodstanding.core.closing import closed
from goodstanding.core.facts import PauseSpan as Pause
from goodstanding.core.pausing import moved
from goodstanding.core.records import (
    FOR_LIFE,
    Grant,
    InvoiceRecord,
    Line,
    LineKind,
    MembershipRecord,
    Revocation,
)

Span = tuple[datetime, datetime | None]  # [start, end); None: endless


@dataclass(frozen=True, slots=True)
class Cover:
    """A purchased period as it came out after cutting: ``[start, end)``, bought by ``invoice``."""

    start: datetime
    end: datetime
    kind: LineKind
    invoice: InvoiceRecord

    def revoked_at(self, at: datetime) -> bool:
        """Whether the invoice that bought it is taken back at ``at``."""
        return any(_in_force(each, at) for each in self.invoice.revocations)


def covers(record: MembershipRecord) -> list[Cover]:
    """Return the purchased periods of all settled invoices, revoked or not, after cutting.

    Of one subscription item, a later settled regular line that starts inside an earlier period ends that one for good,
    also when the later one is revoked. A charging proration covers only where its item has no earlier regular line.
    ``record`` is what was known at the moment asked for (:meth:`MembershipRecord.known_by`).
    """
    by_item: defaultdict[str, list[tuple[Line, InvoiceRecord]]] = defaultdict(list)
    found: list[Cover] = []
    for invoice in record.invoices:
        if invoice.settled_at is None:
            continue
        for line in invoice.lines:
            if line.end <= line.start:
                continue
            if line.kind is LineKind.PREPAID:
                found.append(Cover(line.start, line.end, line.kind, invoice))
            else:
                by_item[line.item].append((line, invoice))
    pauses = {each.ref: each.pauses for each in record.subscriptions if each.pauses}
    for bought in by_item.values():
        found.extend(_of_item(bought, pauses))
    return found


def united(purchased: Iterable[Cover], grants: Iterable[Grant]) -> list[Span]:
    """Return the covered stretches, in order, apart from each other: purchased (less what was revoked) and granted.

    Periods of different items and subscriptions unite; periods that touch become one.
    """
    pieces: list[Span] = []
    for cover in purchased:
        pieces.extend((start, None if end >= FOR_LIFE else end) for start, end in _unrevoked(cover))
    for grant in grants:
        start = max(grant.start, grant.given_at)
        end = _earlier(grant.end, grant.withdrawn_at)
        if end is None or end > start:
            pieces.append((start, end))
    pieces.sort(key=lambda piece: piece[0])
    merged: list[Span] = []
    for start, end in pieces:
        last = merged[-1] if merged else None
        if last is None or (last[1] is not None and start > last[1]):
            merged.append((start, end))
        elif last[1] is not None and (end is None or end > last[1]):
            merged[-1] = (last[0], end)
    return merged


def prepaid_since(records: Iterable[MembershipRecord], until: datetime, *, levels: Container[str]) -> datetime | None:
    """Return since when terms that were bought once at ``levels`` run on to ``until`` without a gap: the anchor of the next.

    ``None`` where none of them ends then: what ends is a contract's period, or a grant. ``records``: as known now.
    """
    starts: dict[datetime, datetime] = {}
    for record in records:
        for cover in covers(record):
            if (
                cover.kind is LineKind.PREPAID
                and not cover.invoice.revocations
                and _level(record, cover.start) in levels
            ):
                starts[cover.end] = min(cover.start, starts.get(cover.end, cover.start))
    found, moment = None, until
    while moment in starts:
        found = moment = starts[moment]
    return found


def prepaid_through(records: Iterable[MembershipRecord], until: datetime, *, levels: Container[str]) -> datetime:
    """Return how far terms that were bought once at ``levels`` go on from ``until`` without a gap; ``until`` where none does.

    What was revoked, or closed, does not count. ``records``: as known now.
    """
    terms = sorted(
        (cover.start, cover.end)
        for record in map(closed, records)
        for cover in covers(record)
        if cover.kind is LineKind.PREPAID and not cover.invoice.revocations and _level(record, cover.start) in levels
    )
    for start, end in terms:
        if start <= until:
            until = max(until, end)
    return until


def _level(record: MembershipRecord, at: datetime) -> str:
    return [span.level for span in record.levels if span.since <= at or span is record.levels[0]][-1]


def _of_item(bought: list[tuple[Line, InvoiceRecord]], pauses: Mapping[str, Sequence[Pause]]) -> list[Cover]:
    regular = sorted((pair for pair in bought if pair[0].kind is LineKind.REGULAR), key=_by_start_then_settled)
    first = regular[0][0].start if regular else None
    found = []
    for index, (line, invoice) in enumerate(regular):
        end = FOR_LIFE
        # Bought at the same moment for the same start, neither of two is the later one, and neither ends the other.
        later = (
            pair
            for pair in regular[index + 1 :]
            if _by_start_then_settled(pair) > _by_start_then_settled(regular[index])
        )
        following = next(later, None)
        if following is not None:
            end = following[0].start
        for start, piece_end in _pieces(line, pauses):
            if min(piece_end, end) > start:
                found.append(Cover(start, min(piece_end, end), line.kind, invoice))
    for line, invoice in bought:
        if line.kind is LineKind.PRORATION and (first is None or first > line.start):
            end = line.end if first is None else min(line.end, first)
            found.append(Cover(line.start, end, line.kind, invoice))
    return found


def _pieces(line: Line, pauses: Mapping[str, Sequence[Pause]]) -> Sequence[tuple[datetime, datetime]]:
    """The stretches that a line covers: one, where no pause moves a part of it."""
    own = pauses.get(line.subscription)
    return moved(line.start, line.end, own).pieces if own else ((line.start, line.end),)


def _by_start_then_settled(pair: tuple[Line, InvoiceRecord]) -> tuple[datetime, datetime]:
    line, invoice = pair
    assert invoice.settled_at is not None, invoice
    return line.start, invoice.settled_at


def _unrevoked(cover: Cover) -> Sequence[tuple[datetime, datetime]]:
    if not cover.invoice.revocations:
        return [(cover.start, cover.end)]
    pieces: list[tuple[datetime, datetime]] = []
    start = cover.start
    for revocation in sorted(cover.invoice.revocations, key=lambda each: each.since):
        until = min(revocation.since, cover.end)
        if until > start:
            pieces.append((start, until))
        if revocation.until is None:
            return pieces
        start = max(start, revocation.until)
    if cover.end > start:
        pieces.append((start, cover.end))
    return pieces


def _in_force(revocation: Revocation, at: datetime) -> bool:
    return revocation.since <= at and (revocation.until is None or at < revocation.until)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return one if other is None else other
    return min(one, other)
