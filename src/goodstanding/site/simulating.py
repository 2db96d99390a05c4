"""Moving the site's clock on: where it is allowed, to when, and what came of it in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count

from goodstanding import clock, conf
from goodstanding.core.periods import BeyondCalendar, Interval, Unit, nth
from goodstanding.gateways.models import GatewayAccount
from goodstanding.jobs.simulating import Skipped, Summary
from goodstanding.memberships.models import StandingChange
from goodstanding.memberships.words import stamp
from goodstanding.site import demo, server

STEPS = {
    "+1d": Interval(Unit.DAY),
    "+7d": Interval(Unit.WEEK),
    "+1m": Interval(Unit.MONTH),
    "+1y": Interval(Unit.YEAR),
}
FARTHEST = timedelta(days=366 * 20)


class TooFar(clock.ClockRefused):
    """The clock would be moved beyond what anybody tries."""


def refused_because() -> str:
    """Return why the clock of this site is not to be moved, or nothing."""
    if conf.CLOCK.value():
        return f"{conf.CLOCK.name} says what the clock shows"
    reason = demo.refused_because(this_machine_only=server.listens_to_this_machine_only())
    if reason:
        return reason
    if not conf.clock_may_be_moved():
        return f"{conf.HTTPS.name}=1, or a project that does not set {conf.DEMO.name}"
    if GatewayAccount.objects.active().filter(mode=GatewayAccount.Mode.LIVE).exclude(api_key="").exists():
        return "a gateway account for real money has a key"
    return ""


def require_near(until: datetime, *, now: datetime) -> None:
    """Raise ``clock.ClockRefused`` where ``until`` lies before ``now``, or farther off than anybody tries."""
    clock.require_ahead(until, now=now)
    if until - now > FARTHEST:
        raise TooFar(f"That is more than {FARTHEST.days // 366} years ahead.")


def moment_after(step: str, *, now: datetime) -> datetime:
    """Return the moment a ``step`` of :data:`STEPS` after ``now``, by the site's calendar: a month is a month of days."""
    try:
        return nth(now, STEPS[step], n=1, tz=conf.time_zone())
    except BeyondCalendar:
        raise TooFar("The calendar ends there.") from None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a simulation came to. ``changes``: how often a standing became this or that while it ran."""

    summary: Summary
    changes: dict[str, int]

    def document(self) -> dict[str, object]:
        """Return it as JSON has it."""
        summary = self.summary
        return {
            "from": stamp(summary.begun_at),
            "at": stamp(summary.at),
            "finished": summary.finished,
            "moments": summary.steps,
            "done": dict(sorted(summary.done.items())),
            "standing_became": self.changes,
            "skipped": [{"name": skipped.name, "at": stamp(skipped.at)} for skipped in summary.skipped],
        }


def outcome(summary: Summary) -> Outcome:
    """Return what a simulation came to."""
    noted = StandingChange.objects.filter(recorded_at__gte=summary.begun_at, recorded_at__lte=summary.at)
    counted = noted.order_by("after").values_list("after").annotate(count=Count("pk"))
    return Outcome(summary, dict(counted))


def in_words(counts: dict[str, int]) -> str:
    """Return counts by name as people read them."""
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "nothing"


def named(skipped: Skipped) -> str:
    """Say what was passed over."""
    return f"{skipped.name} at {stamp(skipped.at)}: it stayed due whatever was done, and was passed over"
