"""A slow oracle for standing: DESIGN section 4 said again, by brute force, without a look at ``core/standing.py``.

Written to be obvious, not fast: coverage is a heap of pieces that nobody merges, and the next change is found by trying
one moment after the other. So every moment in a record must lie on the grid (multiples of 12 hours); what is
asked may lie anywhere. Where the rules stand in DESIGN section 4:

=============================  =====================================================================================
here                           there
=============================  =====================================================================================
``View.*`` with ``known``      last paragraph of *Standing*: "``--at T`` uses what had happened by T by its own time"
``View._cutting_starts``       *Coverage*: regular lines, "the earlier one ends there for good", proration lines
``View._pieces``               *Coverage*: "settled, unrevoked invoice", "Grants by staff cover what they say"
``View.level_at``              *Coverage*: "The level at t is the membership's level history at t"
``View._runs_on``              *Standing* rule 3: window, then grace; its prepaid sentence
``View._next_invoices``        rule 3: "the one whose regular line starts at or after the coverage's end"
``View._is_live``              rule 3: "Live: every status but the ended ones"
``View._held``                 rule 1
``View._purchase_is_alive``    rule 4
``View.status_at``             rules 1 to 5, "first match"; before them a seat that was given up (decision 0028)
``judge``, ``judge_member``    ``covered_until``, ``changes_at``, "the best of his memberships'"
=============================  =====================================================================================
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from goodstanding.core.facts import PauseSpan as Pause
from goodstanding.core.records import (
    BEST_FIRST,
    Closing,
    InvoiceRecord,
    LevelSpan,
    Line,
    LineKind,
    MembershipRecord,
    Status,
    SubscriptionRecord,
    SubscriptionState,
)

from .oracle_parts import DAY, EPOCH, GRID, last_moment, without

FOREVER = datetime.max.replace(tzinfo=UTC)  # the end of what has none


@dataclass(frozen=True, slots=True)
class OracleAnswer:
    status: Status
    level: str
    covered_until: datetime | None
    changes_at: datetime | None


@dataclass(frozen=True, slots=True)
class OracleMemberAnswer:
    status: Status
    covered_until: datetime | None
    changes_at: datetime | None


@dataclass(frozen=True, slots=True)
class Period:
    """What a settled line bought, after cutting, whether revoked or not."""

    kind: LineKind
    start: datetime
    end: datetime
    invoice: InvoiceRecord


Piece = tuple[datetime, datetime]


class View:
    """One membership as far as it was known by ``known``; answers for ``known`` and for every later moment."""

    def __init__(self, record: MembershipRecord, known: datetime) -> None:
        self.record = record
        self.known = known
        self._statuses: dict[datetime, Status] = {}

    def happened(self, moment: datetime | None) -> bool:
        return moment is not None and moment <= self.known

    # -- coverage ---------------------------------------------------------------------------------------------------

    def _settled(self, invoice: InvoiceRecord) -> bool:
        return self.happened(invoice.issued_at) and self.happened(invoice.settled_at)

    def _settled_regular(self, item: str) -> list[tuple[datetime, datetime]]:
        """``(start, settled_at)`` of every settled regular line of the item."""
        return [
            (line.start, invoice.settled_at)
            for invoice in self.record.invoices
            if self._settled(invoice) and invoice.settled_at is not None
            for line in invoice.lines
            if line.item == item and line.kind is LineKind.REGULAR and line.end > line.start
        ]

    def _cutting_starts(self, line: Line, settled_at: datetime) -> list[datetime]:
        """Where this line's period may be cut; a regular line from before a proration leaves nothing of it."""
        regular = self._settled_regular(line.item)
        if line.kind is LineKind.REGULAR:
            return [start for start, settled in regular if (start, settled) > (line.start, settled_at)]
        if line.kind is LineKind.PRORATION:
            return [max(start, line.start) for start, _ in regular]
        return []

    @cached_property
    def _periods(self) -> list[Period]:
        periods = []
        for invoice in self.record.invoices:
            if self._settled(invoice) and invoice.settled_at is not None:
                for line in invoice.lines:
                    cuts = self._cutting_starts(line, invoice.settled_at)
                    cuts += [closing.at for closing in self._closings if self._came_before(line, closing)]
                    for start, until in self._had(line):
                        end = min([until, *cuts])
                        if start < end:
                            periods.append(Period(line.kind, start, end, invoice))
        return periods

    @cached_property
    def _closings(self) -> list[Closing]:
        return [closing for closing in self.record.closings if self.happened(closing.at)]

    def _came_before(self, line: Line, closing: Closing) -> bool:
        """Whether what a line is of was there already when the membership was closed: its item, or its subscription."""
        begun = [each.ref for each in self.record.subscriptions if each.begun_at <= closing.at]
        return line.subscription in begun or any(
            invoice.issued_at <= closing.at and line.item in {other.item for other in invoice.lines}
            for invoice in self.record.invoices
        )

    def _had(self, line: Line) -> list[Piece]:
        """A line's period as it was had: half a day after the other, those of a pause left out and had after it."""
        pauses = [pause for pause in self._pauses_of(line.subscription) if pause.start >= line.start]
        if not pauses or line.kind is not LineKind.REGULAR:
            return [(line.start, line.end)]
        pieces, moment, left = [], line.start, line.end - line.start
        never = EPOCH + 400 * GRID
        if any(pause.end is None for pause in pauses):
            never = min(never, max(line.end, *(pause.end or pause.start for pause in pauses)))
        while left > timedelta() and moment < never:
            if not any(pause.start <= moment and (pause.end is None or moment < pause.end) for pause in pauses):
                pieces.append((moment, moment + GRID))
                left -= GRID
            moment += GRID
        return pieces

    def _pauses_of(self, subscription: str) -> tuple[Pause, ...]:
        states = [self._last_state(each) for each in self.record.subscriptions if each.ref == subscription]
        return next((state.pauses for state in states if state is not None), ())

    @cached_property
    def _pieces(self) -> list[Piece]:
        """Every stretch of coverage, in no order, overlapping as they please."""
        pieces: list[Piece] = []
        for period in self._periods:
            bought: list[Piece] = [(period.start, period.end)]
            for revocation in period.invoice.revocations:
                if self.happened(revocation.since):
                    until = revocation.until if self.happened(revocation.until) else None
                    bought = list(without(bought, revocation.since, until or FOREVER))
            pieces += bought
        for grant in self.record.grants:
            if self.happened(grant.given_at):
                given: list[Piece] = [(max(grant.start, grant.given_at), grant.end or FOREVER)]
                if grant.withdrawn_at is not None and self.happened(grant.withdrawn_at):
                    given = list(without(given, grant.withdrawn_at, FOREVER))
                for closing in self._closings:
                    if grant.given_at <= closing.at:
                        given = list(without(given, closing.at, FOREVER))
                pieces += given
        return [(start, end) for start, end in pieces if start < end]

    def _covered(self, t: datetime) -> bool:
        return any(start <= t < end for start, end in self._pieces)

    def _ever_covered(self, t: datetime) -> bool:
        return any(start <= t for start, _ in self._pieces)

    def _contiguous_end(self, t: datetime) -> datetime:
        end = t
        while longer := [piece_end for start, piece_end in self._pieces if start <= end < piece_end]:
            end = max(longer)
        return end

    def _coverage_end(self, t: datetime) -> datetime:
        """Of a moment that is not covered any more: where coverage ended."""
        return max(end for _, end in self._pieces if end <= t)

    # -- the rest of the record -------------------------------------------------------------------------------------

    def level_at(self, t: datetime) -> LevelSpan:
        level = self.record.levels[0]
        for span in self.record.levels:
            if self.happened(span.since) and span.since <= t:
                level = span
        return level

    def _revoked(self, invoice: InvoiceRecord, t: datetime) -> bool:
        return any(
            self.happened(each.since)
            and each.since <= t
            and not (each.until is not None and self.happened(each.until) and each.until <= t)
            for each in invoice.revocations
        )

    def _held(self, t: datetime) -> bool:
        return any(
            self.happened(hold.since)
            and hold.since <= t
            and not (hold.until is not None and hold.until <= t)
            and not (hold.released_at is not None and self.happened(hold.released_at) and hold.released_at <= t)
            for hold in self.record.holds
        )

    def _last_state(self, subscription: SubscriptionRecord) -> SubscriptionState | None:
        last = None
        for state in subscription.states:
            if self.happened(state.at) and (last is None or last.at <= state.at):
                last = state
        return last

    def _is_live(self, subscription: SubscriptionRecord, t: datetime) -> bool:
        if not self.happened(subscription.begun_at):
            return False
        if any(subscription.begun_at <= closing.at for closing in self._closings):
            return False
        state = self._last_state(subscription)
        return state is None or (not state.ended and (state.ends_at is None or state.ends_at > t))

    def _is_paused(self, subscription: SubscriptionRecord, t: datetime) -> bool:
        state = self._last_state(subscription)
        if state is None:
            return False
        if any(pause.start <= t and (pause.end is None or t < pause.end) for pause in state.pauses):
            return True
        return state.paused and (state.resumes_at is None or state.resumes_at > t)

    def _next_invoices(self, end: datetime) -> list[InvoiceRecord]:
        starts = [
            (line.start, invoice)
            for invoice in self.record.invoices
            if self.happened(invoice.issued_at)
            for line in invoice.lines
            if line.kind is LineKind.REGULAR and line.end > line.start and line.start >= end
        ]
        return [invoice for start, invoice in starts if start == min(first for first, _ in starts)]

    def _purchase_is_alive(self, t: datetime) -> bool:
        """It renews, or it may yet be paid, or what was paid or granted is still to begin."""
        renews = any(self._is_live(subscription, t) for subscription in self.record.subscriptions)
        may_be_paid = any(
            self.happened(invoice.issued_at)
            and not self.happened(invoice.settled_at)
            and not self.happened(invoice.closed_at)
            and not any(all(self._came_before(line, closing) for line in invoice.lines) for closing in self._closings)
            and any(line.kind is LineKind.PREPAID for line in invoice.lines)
            for invoice in self.record.invoices
        )
        return renews or may_be_paid or any(t < start for start, _ in self._pieces)

    # -- the rules --------------------------------------------------------------------------------------------------

    def _runs_on(self, t: datetime) -> Status | None:
        """Rule 3: what becomes of one whose coverage has ended: GOOD (window), GRACE, or nothing."""
        end = self._coverage_end(t)
        terms = self.level_at(t).terms
        begun = [period for period in self._periods if period.start <= t]
        last = [period for period in begun if period.end == max(each.end for each in begun)]
        standing = [period for period in last if not self._revoked(period.invoice, t)]
        if (last and not standing) or any(closing.at >= end for closing in self._closings):
            return None
        awake = [sub for sub in self.record.subscriptions if self._is_live(sub, t) and not self._is_paused(sub, t)]
        if awake:
            over = [
                pause.end for sub in awake for pause in self._pauses_of(sub.ref) if pause.start == end and pause.end
            ]
            end = max([end, *over])
            following = self._next_invoices(end)
            if any(self._settled(invoice) for invoice in following):
                return None
            failed = any(self.happened(moment) for invoice in following for moment in invoice.failed_at)
            if t < end + DAY and not failed:
                return Status.GOOD
            return Status.GRACE if t < end + terms.grace_days * DAY else None
        goes_on = not self._closings or self._bought_after()
        if (
            goes_on
            and any(period.kind is LineKind.PREPAID for period in standing)
            and not self.happened(self.record.cancelled_at)
        ):
            return Status.GRACE if t < end + terms.prepaid_grace_days * DAY else None
        return None

    def _bought_after(self) -> bool:
        """Whether something was bought after a closing."""
        return any(
            not self._came_before(line, closing)
            for closing in self._closings
            for invoice in self.record.invoices
            if self.happened(invoice.issued_at)
            for line in invoice.lines
        )

    def status_at(self, t: datetime) -> Status:
        if t not in self._statuses:
            self._statuses[t] = self._status_at(t)
        return self._statuses[t]

    def _status_at(self, t: datetime) -> Status:
        if not self.happened(self.record.begun_at):
            return Status.NONE
        if self.happened(self.record.ended_at):
            return Status.LAPSED
        inside: Status | None = None
        if self._covered(t):
            inside = Status.GOOD
        elif self._ever_covered(t):
            inside = self._runs_on(t)
        if inside is not None:
            return Status.HELD if self._held(t) else inside
        if not self._ever_covered(t) and self._purchase_is_alive(t):
            return Status.PENDING
        return Status.LAPSED

    def covered_until_at(self, t: datetime) -> datetime | None:
        """The end that the answer counts from; FOREVER where coverage has no end, ``None`` where there is none."""
        if self.status_at(t) not in (Status.GOOD, Status.GRACE, Status.HELD):
            return None
        if self._covered(t):
            return self._contiguous_end(t)
        end = self._coverage_end(t)
        awake = [sub for sub in self.record.subscriptions if self._is_live(sub, t) and not self._is_paused(sub, t)]
        over = [pause.end for sub in awake for pause in self._pauses_of(sub.ref) if pause.start == end and pause.end]
        return max([end, *over])


# What was seen last is looked at again: a membership is judged alone, and with the member's others.
_views: deque[View] = deque(maxlen=4)


def _view(record: MembershipRecord, known: datetime) -> View:
    for view in _views:
        if view.record is record and view.known == known:
            return view
    _views.append(View(record, known))
    return _views[-1]


def judge(record: MembershipRecord, at: datetime) -> OracleAnswer:
    view = _view(record, at)

    def shown(t: datetime) -> tuple[Status, str]:
        status = view.status_at(t)
        return status, "" if status is Status.NONE else view.level_at(t).level

    status, level = shown(at)
    return OracleAnswer(status, level, _or_none(view.covered_until_at(at)), _first_change(shown, (record,), at))


def judge_member(records: Sequence[MembershipRecord], at: datetime) -> OracleMemberAnswer:
    views = [_view(record, at) for record in records if record.begun_at <= at]

    def shown(t: datetime) -> tuple[Status, frozenset[tuple[str, Status]]]:
        pairs = frozenset((view.level_at(t).level, view.status_at(t)) for view in views)
        return next((status for status in BEST_FIRST if status in {held for _, held in pairs}), Status.NONE), pairs

    best, _ = shown(at)
    ends = [view.covered_until_at(at) for view in views if view.status_at(at) is best]
    latest = max((end for end in ends if end is not None), default=None)
    return OracleMemberAnswer(best, _or_none(latest), _first_change(shown, tuple(records), at))


def _first_change(
    shown: Callable[[datetime], object], records: tuple[MembershipRecord, ...], at: datetime
) -> datetime | None:
    """The first moment of the grid after ``at`` that shows something else than ``at``."""
    now = shown(at)
    moment = EPOCH + ((at - EPOCH) // GRID + 1) * GRID
    last = last_moment(records)
    while moment <= last:
        if shown(moment) != now:
            return moment
        moment += GRID
    return None


def _or_none(end: datetime | None) -> datetime | None:
    return None if end == FOREVER else end
