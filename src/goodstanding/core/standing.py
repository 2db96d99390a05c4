"""Good standing: who has it, why, until when, and when the answer next changes (DESIGN section 4).

The order of the rules is the order of :func:`_Course._judged`; the first that matches decides. Proven against a slow
oracle over every small world (tests/core/test_standing_worlds.py), with a mutant for each rule.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from goodstanding.core import pausing
from goodstanding.core.closing import closed
from goodstanding.core.coverage import Cover, covers, united
from goodstanding.core.records import (
    BEST_FIRST,
    Hold,
    InvoiceRecord,
    LevelSpan,
    LineKind,
    MembershipRecord,
    Status,
    SubscriptionRecord,
)

WINDOW = timedelta(hours=24)  # elapsed: how long a renewal may be under way before it counts as late
DAY = timedelta(hours=24)


class Why(StrEnum):
    """What decided. Words for people are made of these where they are shown."""

    COVERED = "covered"
    WINDOW = "window"
    GRACE_FAILED = "grace_failed"
    GRACE_UNSETTLED = "grace_unsettled"
    GRACE_PREPAID = "grace_prepaid"
    PENDING = "pending"
    TO_COME = "to_come"
    GRACE_OVER = "grace_over"
    ENDED = "ended"
    PAUSED = "paused"
    REVOKED = "revoked"
    NEVER_PAID = "never_paid"
    NOT_BEGUN = "not_begun"
    SEAT_ENDED = "seat_ended"
    PAUSED_UNTIL = "paused_until"
    CHANGED = "changed"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Reason:
    """What decided, the moment it counts to or from, and the invoice that it rests on (where there is one)."""

    why: Why
    moment: datetime | None = None
    invoice: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """The standing of one membership at one moment. ``through``: whose membership gives it, where it is a seat."""

    status: Status
    level: str
    since: datetime | None
    covered_until: datetime | None
    because: Reason
    holds: tuple[Hold, ...] = ()
    changes_at: datetime | None = None
    through: str = ""


@dataclass(frozen=True, slots=True)
class MemberAnswer:
    """The standing of a member at one moment: the best of his memberships', with each of them."""

    at: datetime
    status: Status
    covered_until: datetime | None
    changes_at: datetime | None
    memberships: tuple[tuple[str, Answer], ...]  # (membership ref, answer), best first


def judge(record: MembershipRecord, at: datetime) -> Answer:
    """Return the standing of one membership at ``at``, from what had happened by then and nothing later."""
    if record.begun_at > at:
        return Answer(Status.NONE, "", None, None, Reason(Why.NOT_BEGUN, record.begun_at))
    course = _Course(record.known_by(at))
    return replace(course.answer(at), changes_at=course.next_change(at))


def judge_member(records: Sequence[MembershipRecord], at: datetime) -> MemberAnswer:
    """Return a member's standing at ``at``: the best of his memberships begun by then; none where there is none."""
    return _best(_courses(records, at), at)


def outlook(records: Sequence[MembershipRecord], at: datetime) -> list[MemberAnswer]:
    """Return the answer at ``at`` and each different one after it, as long as nothing new happens, in order of time.

    The last one holds for ever. This is what is stored: it answers for any later moment without a new look.
    """
    courses = _courses(records, at)
    answers = [_best(courses, at)]
    while answers[-1].changes_at is not None:
        answers.append(_best(courses, answers[-1].changes_at))
    return answers


def _courses(records: Sequence[MembershipRecord], at: datetime) -> list[tuple[str, _Course]]:
    return [(record.ref, _Course(record.known_by(at))) for record in records if record.begun_at <= at]


def _best(courses: list[tuple[str, _Course]], at: datetime) -> MemberAnswer:
    answers = [(ref, replace(course.answer(at), changes_at=course.next_change(at))) for ref, course in courses]
    if not answers:
        return MemberAnswer(at, Status.NONE, None, None, ())
    answers.sort(key=lambda pair: (BEST_FIRST.index(pair[1].status), pair[1].level, pair[0]))
    status = answers[0][1].status
    ends = [answer.covered_until for _, answer in answers if answer.status is status]
    until = None if None in ends else max(end for end in ends if end is not None)
    return MemberAnswer(at, status, until, _next_of(courses, at), tuple(answers))


def _next_of(courses: list[tuple[str, _Course]], at: datetime) -> datetime | None:
    if len(courses) == 1:
        return courses[0][1].next_change(at)
    here = _pairs(courses, at)
    moment = at
    while True:
        later = [change for _, course in courses if (change := course.next_change(moment)) is not None]
        if not later:
            return None
        moment = min(later)
        if _pairs(courses, moment) != here:
            return moment


def _pairs(courses: list[tuple[str, _Course]], at: datetime) -> set[tuple[str, Status]]:
    answers = [course.answer(at) for _, course in courses]
    return {(answer.level, answer.status) for answer in answers}


class _Course:
    """How one membership goes on from what is known, if nothing new happens."""

    __slots__ = ("_answers", "_changes", "_in_turn", "covers", "known", "spans")

    def __init__(self, known: MembershipRecord) -> None:
        assert known.levels, known.ref
        self.known = known = closed(known)
        self.covers = covers(known)
        self.spans = united(self.covers, known.grants)
        self._answers: dict[datetime, Answer] = {}
        self._changes: dict[datetime, datetime | None] = {}
        self._in_turn: list[datetime] = []

    def answer(self, at: datetime) -> Answer:
        """Return the answer at ``at``; the same few moments are asked for again and again."""
        found = self._answers.get(at)
        if found is None:
            found = self._answers[at] = self._judged(at)
        return found

    def _judged(self, at: datetime) -> Answer:
        level = self._level(at)
        if self.known.ended_at is not None:  # as of what is known: it never lies ahead
            return self._answer(level, Status.LAPSED, None, Reason(Why.SEAT_ENDED, self.known.ended_at))
        span = next((span for span in self.spans if span[0] <= at and (span[1] is None or at < span[1])), None)
        if span is not None:
            found = self._answer(level, Status.GOOD, span[1], Reason(Why.COVERED, span[1], self._invoice_for(at)))
        else:
            ends = [end for _, end in self.spans if end is not None and end <= at]
            found = self._after(level, max(ends), at) if ends else self._never(level, at)
        holds = tuple(hold for hold in self.known.holds if _in_force(hold, at))
        if holds and found.status in (Status.GOOD, Status.GRACE):
            return replace(found, status=Status.HELD, holds=holds)
        return found

    def next_change(self, at: datetime) -> datetime | None:
        """Return the first moment after ``at`` with another status or level, or ``None``."""
        if at not in self._changes:
            self._changes[at] = self._next_change(at)
        return self._changes[at]

    def _next_change(self, at: datetime) -> datetime | None:
        here = self.answer(at)
        self._in_turn = self._in_turn or sorted(self._turns())
        for moment in self._in_turn[bisect_right(self._in_turn, at) :]:
            there = self.answer(moment)
            if (there.status, there.level) != (here.status, here.level):
                return moment
        return None

    def _turns(self) -> set[datetime]:
        grace = {
            days * DAY for span in self.known.levels for days in (span.terms.grace_days, span.terms.prepaid_grace_days)
        }
        turns = {span.since for span in self.known.levels}
        turns.update(cover.start for cover in self.covers)  # one that is revoked covers nothing, but it begins
        for start, end in self.spans:
            turns.add(start)
            if end is not None:
                turns.add(end)
                turns.add(end + WINDOW)
                turns.update(end + days for days in grace)
        for subscription in self.known.subscriptions:
            for pause in subscription.pauses:
                turns |= {pause.start, *_after_pause(pause.end, grace)}
            if subscription.states:
                last = subscription.states[-1]
                turns.update(moment for moment in (last.ends_at, last.resumes_at) if moment is not None)
        turns.update(hold.until for hold in self.known.holds if hold.until is not None)
        return turns

    def _after(self, level: LevelSpan, ended: datetime, at: datetime) -> Answer:
        """Rule 3 and its else: the coverage ended at ``ended``, ``at`` is later and not covered."""
        last = self._last_purchased(at)
        standing = [cover for cover in last if not cover.revoked_at(at)]
        if last and not standing:
            return self._answer(level, Status.LAPSED, None, Reason(Why.REVOKED, ended, last[0].invoice.ref))
        for closing in self.known.closings[-1:]:
            if closing.at >= ended:
                why = Why.CHANGED if closing.changed else Why.CLOSED
                return self._answer(level, Status.LAPSED, None, Reason(why, closing.at))
        running = [sub for sub in self.known.subscriptions if _live(sub, at)]
        awake = [sub for sub in running if not _paused(sub, at)]
        if awake:
            return self._awaiting(level, max(_put_off(sub, ended) for sub in awake), at)
        return self._not_awaiting(level, ended, at, running, standing)

    def _not_awaiting(
        self,
        level: LevelSpan,
        ended: datetime,
        at: datetime,
        running: Sequence[SubscriptionRecord],
        standing: Sequence[Cover],
    ) -> Answer:
        """The coverage ended, and nothing is about to renew it: a term that was bought once, a pause, or the end."""
        if any(cover.kind is LineKind.PREPAID for cover in standing) and not self.known.cancelled_at:
            if at < ended + level.terms.prepaid_grace_days * DAY:
                until = ended + level.terms.prepaid_grace_days * DAY
                return self._answer(level, Status.GRACE, ended, Reason(Why.GRACE_PREPAID, until))
            return self._answer(level, Status.LAPSED, None, Reason(Why.GRACE_OVER, ended))
        pauses = [pausing.running(sub.pauses, at) for sub in running]
        ends = [each.end for each in pauses if each is not None and each.end is not None]
        if ends:
            return self._answer(level, Status.LAPSED, None, Reason(Why.PAUSED_UNTIL, min(ends)))
        return self._answer(level, Status.LAPSED, None, Reason(Why.PAUSED if running else Why.ENDED, ended))

    def _awaiting(self, level: LevelSpan, ended: datetime, at: datetime) -> Answer:
        """The coverage ended and a live subscription is about to renew it."""
        coming = self._next_invoices(ended)
        if any(invoice.settled_at is not None for invoice in coming):
            return self._answer(level, Status.LAPSED, None, Reason(Why.ENDED, ended))
        failed = next((invoice for invoice in coming if invoice.failed_at), None)
        invoice = (failed or coming[0]).ref if coming else ""
        if at < ended + WINDOW and failed is None:
            return self._answer(level, Status.GOOD, ended, Reason(Why.WINDOW, ended + WINDOW, invoice))
        if at < ended + level.terms.grace_days * DAY:
            why = Why.GRACE_FAILED if failed else Why.GRACE_UNSETTLED
            return self._answer(level, Status.GRACE, ended, Reason(why, ended + level.terms.grace_days * DAY, invoice))
        return self._answer(level, Status.LAPSED, None, Reason(Why.GRACE_OVER, ended, invoice))

    def _never(self, level: LevelSpan, at: datetime) -> Answer:
        """Rules 4 and 5 for one who was never covered by ``at``."""
        if self.spans:
            return self._answer(level, Status.PENDING, None, Reason(Why.TO_COME, self.spans[0][0]))
        if any(_live(sub, at) for sub in self.known.subscriptions) or any(map(_open_prepaid, self.known.invoices)):
            return self._answer(level, Status.PENDING, None, Reason(Why.PENDING))
        return self._answer(level, Status.LAPSED, None, Reason(Why.NEVER_PAID))

    def _answer(self, level: LevelSpan, status: Status, until: datetime | None, because: Reason) -> Answer:
        return Answer(status, level.level, level.since, until, because, through=self.known.through)

    def _level(self, at: datetime) -> LevelSpan:
        held = self.known.levels[0]
        for span in self.known.levels:
            if span.since <= at:
                held = span
        return held

    def _last_purchased(self, at: datetime) -> list[Cover]:
        begun = [cover for cover in self.covers if cover.start <= at]
        end = max((cover.end for cover in begun), default=None)
        return [cover for cover in begun if cover.end == end]

    def _invoice_for(self, at: datetime) -> str:
        here = [c for c in self.covers if c.start <= at < c.end and not c.revoked_at(at)]
        return max(here, key=lambda cover: cover.end).invoice.ref if here else ""

    def _next_invoices(self, ended: datetime) -> list[InvoiceRecord]:
        """The next invoice: the one whose regular line starts first at or after the coverage's end."""
        starting = [
            (line.start, invoice)
            for invoice in self.known.invoices
            for line in invoice.lines
            if line.kind is LineKind.REGULAR and line.start >= ended and line.end > line.start
        ]
        first = min((start for start, _ in starting), default=None)
        return [invoice for start, invoice in starting if start == first]


def _live(subscription: SubscriptionRecord, at: datetime) -> bool:
    if not subscription.states:
        return True  # known from its invoices alone: live until we are told otherwise
    last = subscription.states[-1]
    return not last.ended and (last.ends_at is None or at < last.ends_at)


def _paused(subscription: SubscriptionRecord, at: datetime) -> bool:
    if not subscription.states:
        return False
    last = subscription.states[-1]
    if pausing.running(last.pauses, at) is not None:
        return True
    return last.paused and (last.resumes_at is None or at < last.resumes_at)


def _put_off(subscription: SubscriptionRecord, ended: datetime) -> datetime:
    """From when a renewal is waited for: a pause that began where the coverage ended puts it off to its own end."""
    return next((each.end for each in subscription.pauses if each.start == ended and each.end is not None), ended)


def _after_pause(end: datetime | None, grace: set[timedelta]) -> set[datetime]:
    return set() if end is None else {end, end + WINDOW, *(end + days for days in grace)}


def _in_force(hold: Hold, at: datetime) -> bool:
    return hold.since <= at and hold.released_at is None and (hold.until is None or at < hold.until)


def _open_prepaid(invoice: InvoiceRecord) -> bool:
    return (
        invoice.settled_at is None
        and invoice.closed_at is None
        and any(line.kind is LineKind.PREPAID for line in invoice.lines)
    )
