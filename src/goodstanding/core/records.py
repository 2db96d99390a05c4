"""What the records say of one membership: the whole input of standing (DESIGN section 4).

Everything carries the moment at which it happened "by its own time", so that one record answers for any
moment: :meth:`MembershipRecord.known_by` leaves out what had not happened yet. Nothing here decides.

All moments are aware and in UTC. Spans are half open: ``[since, until)``; ``None`` means no end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from goodstanding.core.facts import PauseSpan as Pause

FOR_LIFE = datetime(9999, 12, 31, tzinfo=UTC)  # the end of what has none, where an end must be written


class LineKind(StrEnum):
    """How a line of an invoice bears on coverage."""

    REGULAR = "regular"  # a subscription item's own period; end > start
    PRORATION = "proration"  # the *charging* part of a change; credits are not told to standing at all
    PREPAID = "prepaid"  # a term bought once, without a subscription


class OnRefund(StrEnum):
    """What becomes of the coverage that an invoice bought, once all of it is given back."""

    END = "end"  # it ends then
    KEEP = "keep"  # it stays to its date
    ASK = "ask"  # staff say so for each; where nobody was asked (a refund made at the gateway) it ends


class OnDispute(StrEnum):
    """What an open dispute does to the membership that the disputed payment pays for."""

    HOLD = "hold"
    KEEP = "keep"


class OnDisputeLost(StrEnum):
    """What becomes of the coverage whose payment was lost in a dispute."""

    REVOKE = "revoke"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a level promised when it was bought or changed to. Days are elapsed days of 24 hours."""

    grace_days: int = 7
    prepaid_grace_days: int = 0
    on_refund: OnRefund = OnRefund.END
    on_dispute: OnDispute = OnDispute.HOLD
    on_dispute_lost: OnDisputeLost = OnDisputeLost.REVOKE


@dataclass(frozen=True, slots=True)
class LevelSpan:
    """From ``since`` on (until the next span) the membership is of ``level``, on ``terms``."""

    since: datetime
    level: str
    terms: Terms = Terms()


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an invoice that may cover: ``[start, end)`` of subscription item ``item``.

    A prepaid line has an item of its own (any string that no other line uses). ``subscription``: whose pauses move it.
    """

    item: str
    start: datetime
    end: datetime
    kind: LineKind = LineKind.REGULAR
    subscription: str = ""


@dataclass(frozen=True, slots=True)
class Revocation:
    """The coverage of an invoice is taken back from ``since`` on; a refund that fails later ends it (``until``)."""

    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class InvoiceRecord:
    """An invoice as far as coverage is concerned.

    ``settled_at``: the moment from which nothing was due any more, however it was paid; refunds never unset it.
    ``failed_at``: the moments at which a payment of it failed. ``closed_at``: voided, uncollectible or deleted.
    ``issued_at``: when it came to be.
    """

    ref: str
    issued_at: datetime
    lines: tuple[Line, ...] = ()
    settled_at: datetime | None = None
    closed_at: datetime | None = None
    failed_at: tuple[datetime, ...] = ()
    revocations: tuple[Revocation, ...] = ()


@dataclass(frozen=True, slots=True)
class SubscriptionState:
    """What the gateway said of a subscription at ``at``.

    ``ended``: its status is an ended one (cancelled, completed, or expired before the first payment). ``ends_at``: a set
    end, which counts from its own moment. ``paused`` until ``resumes_at`` (``None``: until told otherwise).
    ``completed``: it ended because everything was paid; standing does not ask. ``pauses``: those of one of ours, all that
    it had and has ahead by then, in order: each moves what is paid of it.
    """

    at: datetime
    ended: bool = False
    ends_at: datetime | None = None
    paused: bool = False
    resumes_at: datetime | None = None
    completed: bool = False
    pauses: tuple[Pause, ...] = ()


@dataclass(frozen=True, slots=True)
class SubscriptionRecord:
    """A contract that renews the membership, with everything that was said of it, in order of time.

    Of two states with the same ``at`` the one that stands later in ``states`` counts.
    """

    ref: str
    begun_at: datetime
    states: tuple[SubscriptionState, ...] = ()

    @property
    def pauses(self) -> tuple[Pause, ...]:
        """All pauses as told last."""
        return self.states[-1].pauses if self.states else ()


@dataclass(frozen=True, slots=True)
class Grant:
    """Coverage given by staff: ``[start, end)``, decided at ``given_at``, perhaps taken back at ``withdrawn_at``."""

    ref: str
    start: datetime
    end: datetime | None
    given_at: datetime
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Closing:
    """From ``at`` on nothing that was there before covers any more. ``changed``: another level took its place; else by staff."""

    at: datetime
    changed: bool = False


class HoldKind(StrEnum):
    """Why somebody who is covered may not enter for now."""

    APPROVAL = "approval"
    DENIED = "denied"
    CONFIRMATION = "confirmation"
    SUSPENDED = "suspended"
    AGREEMENT = "agreement"
    DISPUTE = "dispute"


@dataclass(frozen=True, slots=True)
class Hold:
    """In force from ``since`` until its planned end ``until`` or until it is lifted at ``released_at``."""

    kind: HoldKind
    since: datetime
    until: datetime | None = None
    released_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class MembershipRecord:
    """All that bears on the standing of one membership. Member-wide holds are repeated in each of his memberships.

    ``levels`` are in order of time; before the first one's ``since`` the first counts. ``cancelled_at``: the member gave
    up a prepaid term's continuation (a subscription's cancelling is told by its states). ``through``: whose membership it
    is derived from, by name, where it is a seat in somebody else's; ``ended_at``: when that seat was given up. ``closings``: when it was closed, in order.
    """

    ref: str
    begun_at: datetime
    levels: tuple[LevelSpan, ...]
    subscriptions: tuple[SubscriptionRecord, ...] = ()
    invoices: tuple[InvoiceRecord, ...] = ()
    grants: tuple[Grant, ...] = ()
    holds: tuple[Hold, ...] = ()
    cancelled_at: datetime | None = None
    through: str = ""
    ended_at: datetime | None = None
    closings: tuple[Closing, ...] = ()

    def known_by(self, at: datetime) -> MembershipRecord:
        """The same record with only what had happened by ``at`` (inclusive), each thing by its own time."""
        return replace(
            self,
            levels=tuple(span for span in self.levels if span.since <= at) or self.levels[:1],
            subscriptions=tuple(
                replace(sub, states=tuple(state for state in sub.states if state.at <= at))
                for sub in self.subscriptions
                if sub.begun_at <= at
            ),
            invoices=tuple(_invoice_by(invoice, at) for invoice in self.invoices if invoice.issued_at <= at),
            grants=tuple(
                replace(grant, withdrawn_at=_by(grant.withdrawn_at, at))
                for grant in self.grants
                if grant.given_at <= at
            ),
            holds=tuple(
                replace(hold, released_at=_by(hold.released_at, at)) for hold in self.holds if hold.since <= at
            ),
            cancelled_at=_by(self.cancelled_at, at),
            ended_at=_by(self.ended_at, at),
            closings=tuple(each for each in self.closings if each.at <= at),
        )


def _by(moment: datetime | None, at: datetime) -> datetime | None:
    return moment if moment is not None and moment <= at else None


def _invoice_by(invoice: InvoiceRecord, at: datetime) -> InvoiceRecord:
    return replace(
        invoice,
        settled_at=_by(invoice.settled_at, at),
        closed_at=_by(invoice.closed_at, at),
        failed_at=tuple(moment for moment in invoice.failed_at if moment <= at),
        revocations=tuple(
            Revocation(each.since, _by(each.until, at)) for each in invoice.revocations if each.since <= at
        ),
    )


class Status(StrEnum):
    """The answer. Declared worst to best; the order among memberships is :data:`BEST_FIRST`."""

    NONE = "none"
    LAPSED = "lapsed"
    PENDING = "pending"
    HELD = "held"
    GRACE = "grace"
    GOOD = "good"


BEST_FIRST: Sequence[Status] = (Status.GOOD, Status.GRACE, Status.HELD, Status.PENDING, Status.LAPSED, Status.NONE)
