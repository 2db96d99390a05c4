"""Coverage that runs out: it ends, nothing renews it by itself, and nothing that is had already goes on from there.

Pure. Standing says what comes at an end; this asks it, and leaves out what somebody need not be warned of.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from goodstanding.core.closing import closed
from goodstanding.core.coverage import covers, united
from goodstanding.core.records import MembershipRecord, Status
from goodstanding.core.standing import Reason, Why, judge

# What comes at an end that nothing renews. Not where something is paused: that goes on, and was told with the pause.
STOPS = frozenset({Why.ENDED, Why.GRACE_PREPAID, Why.GRACE_OVER, Why.REVOKED})
COVERS = frozenset({Status.GOOD, Status.HELD})
PlaceOf = Callable[[str], str]
"""Of a level (by its slug): what it is one of. Levels of which one is held at a time are of the same place."""


@dataclass(frozen=True, slots=True)
class RunsOut:
    """A membership (``ref``) of ``level`` whose coverage ends at ``end``, for good as things stand.

    ``begun_at``: since when what ends then has run, where it is one term or grant. ``stopped_at``: since when a renewal is
    stopped that would have gone on from there, and that can be taken up again until then.
    """

    ref: str
    level: str
    end: datetime
    begun_at: datetime | None = None
    stopped_at: datetime | None = None

    def is_warned_of(self, notice: timedelta) -> bool:
        """Return whether its member is warned ``notice`` before the end.

        Not of what is shorter than that: day passes. Nor where the renewal was stopped within that time: the mail that
        confirmed it named the end, and how to stay.
        """
        if self.stopped_at is not None and self.stopped_at > self.end - notice:
            return False
        return self.begun_at is None or self.end - self.begun_at >= notice


def running_out(records: Sequence[MembershipRecord], at: datetime, *, place_of: PlaceOf) -> list[RunsOut]:
    """Return which of a member's memberships cover him at ``at`` and then run out, as far as is known then.

    Not one that is held through somebody else: its holder cannot renew it.
    """
    known = [closed(record.known_by(at)) for record in records]
    found = [each for record in known if record.begun_at <= at and (each := _of(record, at)) is not None]
    return [each for each in found if not any(_goes_on(record, each, place_of) for record in known)]


def _of(record: MembershipRecord, at: datetime) -> RunsOut | None:
    here = judge(record, at)
    end = here.covered_until
    if here.status is not Status.GOOD or here.because.why is not Why.COVERED or here.through or end is None:
        return None
    if not _stops(judge(record, end).because):
        return None
    bought = [each.start for each in covers(record) if each.end == end and not each.revoked_at(end)]
    given = [each.start for each in record.grants if each.end == end and each.withdrawn_at is None]
    return RunsOut(record.ref, here.level, end, min([*bought, *given], default=None), _stopped_at(record))


def _stops(because: Reason) -> bool:
    """Whether nothing is about to renew it. Grace that is over at once while a bill waits is of a renewal that failed."""
    return because.why in STOPS and not (because.why is Why.GRACE_OVER and because.invoice)


def _stopped_at(record: MembershipRecord) -> datetime | None:
    """Since when the end of a subscription that still lives has been set: without a break, as it may have been taken back."""
    found = []
    for subscription in record.subscriptions:
        since = None
        for state in subscription.states:
            set_now = state.ends_at is not None and not state.ended
            since = (since or state.at) if set_now else None
        found += [since] if since is not None else []
    return max(found, default=None)


def _goes_on(record: MembershipRecord, ending: RunsOut, place_of: PlaceOf) -> bool:
    """Whether a membership covers the same place where another ends, or is paid to cover it from some time after."""
    place = place_of(ending.level)
    there = judge(record, ending.end)
    if there.status in COVERS and place_of(there.level) == place:
        return True
    later = [start for start, _ in united(covers(record), record.grants) if start > ending.end]
    return any(place_of(judge(record, start).level) == place for start in later)
