"""What a membership is called on a list: new, current, grace, expired, pending, cancelled, deceased (X03). For display only.

Pure. It is worked out from the records and a day, and kept nowhere. It never lets anybody in: that is good standing
(:mod:`goodstanding.core.standing`), which counts moments and money where this counts days on a calendar.

First match: *deceased*, from the day on that staff say; an *override* by staff while it is in force; *pending*; *cancelled*;
then the site's rules in their order, and none where none of them holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from goodstanding.core.coverage import covers, united
from goodstanding.core.periods import Interval, Unit, nth
from goodstanding.core.records import LineKind, MembershipRecord, Status
from goodstanding.core.standing import Answer, Why, judge

_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)
NO_STATUS = ""


class Shown(StrEnum):
    """The statuses that we know; a site's own rules and overrides may have other names."""

    NEW = "new"
    CURRENT = "current"
    GRACE = "grace"
    EXPIRED = "expired"
    PENDING = "pending"
    CANCELLED = "cancelled"
    DECEASED = "deceased"


class Day(StrEnum):
    """The day that a bound counts from."""

    JOINED = "joined"  # on which the membership began
    STARTED = "started"  # on which its present (or latest) time without a gap did
    ENDED = "ended"  # the last one that is covered


@dataclass(frozen=True, slots=True)
class Bound:
    """A day, moved by ``by`` to later (or to earlier). Months are added as everywhere here: 31 January + 1 is the 28th."""

    of: Day
    by: Interval | None = None
    earlier: bool = False

    def on(self, dates: Dates) -> date | None:
        """Return that day, ``None`` where there is none: who is a member for life has no last one."""
        day = dates.day(self.of)
        if day is None or self.by is None:
            return day
        moved = nth(datetime.combine(day, time.min, UTC), self.by, n=-1 if self.earlier else 1, tz=UTC)
        return moved.date()


@dataclass(frozen=True, slots=True)
class Rule:
    """``status`` holds from ``since`` to ``until``, both days included; an ``until`` that there is not is never."""

    status: str
    since: Bound
    until: Bound | None = None

    def holds(self, dates: Dates, today: date) -> bool:
        """Return whether it holds on that day."""
        since = self.since.on(dates)
        until = None if self.until is None else self.until.on(dates)
        return since is not None and since <= today and (until is None or today <= until)


RULES = (
    Rule(Shown.NEW, Bound(Day.JOINED), Bound(Day.JOINED, Interval(Unit.MONTH, 3))),
    Rule(Shown.CURRENT, Bound(Day.STARTED), Bound(Day.ENDED)),
    Rule(Shown.GRACE, Bound(Day.ENDED), Bound(Day.ENDED, Interval(Unit.MONTH))),
    Rule(Shown.EXPIRED, Bound(Day.ENDED, Interval(Unit.MONTH))),
)


@dataclass(frozen=True, slots=True)
class Dates:
    """The days of a membership, local to its site. ``ended_on`` is the last one covered, ``None`` for life."""

    joined_on: date
    started_on: date | None
    ended_on: date | None

    def day(self, of: Day) -> date | None:
        """Return one of them."""
        return {Day.JOINED: self.joined_on, Day.STARTED: self.started_on, Day.ENDED: self.ended_on}[of]


def by_rules(dates: Dates, today: date, rules: Sequence[Rule] = RULES) -> str:
    """Return the status of the first rule that holds on that day, :data:`NO_STATUS` where none does."""
    return next((str(rule.status) for rule in rules if rule.holds(dates, today)), NO_STATUS)


@dataclass(frozen=True, slots=True)
class Override:
    """Staff say otherwise, from ``since`` on: until the day ``until_on``, on which it is over, or for good.

    It goes, too, when staff take it back (``withdrawn_at``), and when the membership is renewed after it was said.
    """

    status: str
    since: datetime
    until_on: date | None = None
    withdrawn_at: datetime | None = None

    def holds(self, at: datetime, *, tz: tzinfo, renewed: Sequence[datetime] = ()) -> bool:
        """Return whether it is in force at ``at``. ``renewed``: the moments at which a term was paid."""
        if at < self.since or (self.withdrawn_at is not None and self.withdrawn_at <= at):
            return False
        if any(self.since < moment <= at for moment in renewed):
            return False
        return self.until_on is None or at.astimezone(tz).date() < self.until_on


@dataclass(frozen=True, slots=True)
class Said:
    """What is displayed, and what decided. ``override``: it is what staff say, not what follows."""

    status: str
    dates: Dates
    override: Override | None = None


def displayed(
    record: MembershipRecord,
    at: datetime,
    *,
    tz: tzinfo,
    rules: Sequence[Rule] = RULES,
    overrides: Sequence[Override] = (),
    deceased_on: date | None = None,
) -> Said:
    """Return what a membership is called at ``at``, from what had happened by then. Of several overrides the last one said."""
    today = at.astimezone(tz).date()
    known = record.known_by(at)
    answer = judge(known, at)
    dates = dates_of(known, at, answer, tz=tz)
    if deceased_on is not None and deceased_on <= today:
        return Said(Shown.DECEASED, dates)
    renewed = [
        invoice.settled_at
        for invoice in known.invoices
        if invoice.settled_at is not None
        and any(line.kind is not LineKind.PRORATION and line.end > line.start for line in invoice.lines)
    ]
    holding = [each for each in overrides if each.holds(at, tz=tz, renewed=renewed)]
    if holding:
        last = max(holding, key=lambda each: each.since)
        return Said(last.status, dates, last)
    if answer.status is Status.PENDING and answer.because.why is Why.PENDING:
        return Said(Shown.PENDING, dates)
    if _cancelled(known, answer):
        return Said(Shown.CANCELLED, dates)
    return Said(by_rules(dates, today, rules), dates)


def dates_of(known: MembershipRecord, at: datetime, answer: Answer, *, tz: tzinfo) -> Dates:
    """Return the days of a membership as they are known at ``at``.

    While a renewal is under way (the window), the coverage counts as going on: the last day is today.
    """

    def on(moment: datetime) -> date:
        return moment.astimezone(tz).date()

    spans = united(covers(known), known.grants)
    joined_on = on(known.begun_at)
    if not spans:
        return Dates(joined_on, None, None)
    start, end = next((span for span in reversed(spans) if span[0] <= at), spans[0])
    if end is None:
        return Dates(joined_on, on(start), None)
    last = on(max(start, end - _INSTANT))
    return Dates(joined_on, on(start), max(last, on(at)) if answer.because.why is Why.WINDOW else last)


def _cancelled(known: MembershipRecord, answer: Answer) -> bool:
    """Whether it was given up, or its money given back, and it covers no more.

    A contract that ended because nobody paid, or because everything was paid, was not cancelled.
    """
    if answer.status is not Status.LAPSED:
        return False
    if answer.because.why in (Why.REVOKED, Why.NEVER_PAID):
        return True
    ended = answer.because.moment
    if answer.because.why is not Why.ENDED or ended is None:
        return False
    owed = any(
        line.kind is LineKind.REGULAR and line.start >= ended for invoice in known.invoices for line in invoice.lines
    )
    last = [subscription.states[-1] for subscription in known.subscriptions if subscription.states]
    completed = any(state.completed for state in last)
    return not owed and not completed and (bool(last) or known.cancelled_at is not None)
