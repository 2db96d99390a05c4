"""What is in error (findings), and what staff should look at though nothing is in error (notices)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from goodstanding import conf
from goodstanding.gateways.models import GatewayAccount
from goodstanding.inbox.models import WebhookEvent
from goodstanding.jobs.models import Job
from goodstanding.memberships.intake import waiting_count
from goodstanding.memberships.models import Alarm

LATE = timedelta(hours=1)  # an event that waits longer means that no worker runs, or that it cannot keep up


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing: a code, what it is about, and words."""

    code: str
    about: str
    words: str

    def __str__(self) -> str:
        return f"{self.code}: {self.about}: {self.words}"

    def document(self) -> dict[str, str]:
        """Return it as a JSON object."""
        return asdict(self)


def findings(*, now: datetime) -> Iterator[Finding]:
    """Give what is in error: dead events, events that fail or wait too long, jobs given up."""
    for event in WebhookEvent.objects.filter(state=WebhookEvent.State.DEAD).order_by("received_at", "pk"):
        yield Finding("dead_event", event.pk, event.last_error or event.reason)
    late = WebhookEvent.objects.open().filter(received_at__lt=now - LATE).order_by("received_at", "pk")
    for event in late:
        yield Finding("late_event", event.pk, event.last_error or "waits: does a worker run?")
    for job in Job.objects.filter(state=Job.State.PARKED).order_by("pk"):
        yield Finding("parked_job", f"{job.kind} {job.pk}", job.last_error)


def notices() -> Iterator[Finding]:
    """Give what staff should look at: payments without a member, prices without a level, things paid twice, a sandbox."""
    if conf.HTTPS.value():
        for account in GatewayAccount.objects.active().filter(gateway="sandbox").order_by("code"):
            yield Finding(
                "sandbox_in_use", account.code, "its cards pay nothing, and this site is in use: switch it off"
            )
    for alarm in Alarm.objects.select_related("customer").order_by("code", "pk"):
        yield Finding(alarm.code, f"{alarm.customer.external_id} {alarm.about}", alarm.words)
    waiting = waiting_count()
    if waiting:
        yield Finding("unowned", str(waiting), "objects wait until it is known whose they are")
