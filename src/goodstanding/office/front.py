"""What the office's first page counts: each figure leads to its list. As many statements, however much there is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Model, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from goodstanding.billing.models import Errand, Invoice, Payment, PaymentAttempt, Turn
from goodstanding.communications.models import Mail
from goodstanding.core.records import Status
from goodstanding.inbox.health import AccountHealth, health
from goodstanding.inbox.models import WebhookEvent
from goodstanding.jobs.models import Job
from goodstanding.memberships.models import Alarm, Approval
from goodstanding.office import standings
from goodstanding.people import pages
from goodstanding.people.models import Member

WEEK = timedelta(days=7)
PARKED: tuple[tuple[type[Model], str], ...] = (
    (PaymentAttempt, "parked"),
    (Errand, "parked"),
    (Turn, "parked"),
    (Job, "parked"),
    (Mail, "parked"),
    (WebhookEvent, "dead"),
)


@dataclass(frozen=True, slots=True)
class Figure:
    """A count, what it counts, and where it leads."""

    count: int
    words: str
    address: str

    @property
    def shown(self) -> str:
        """The count, or that there are more than were counted."""
        return f"{self.count}" if self.count < pages.LISTED else f"{pages.LISTED}+"


def shown(*, now: datetime) -> dict[str, Any]:
    """Return what the first page shows."""
    return {
        "standings": _standings(now=now),
        "to_do": [
            Figure(_counted(unpaid()), _("unpaid invoices"), reverse("gs_office:invoices")),
            Figure(
                _counted(Payment.objects.filter(status="failed", made_at__gte=now - WEEK)),
                _("payments failed in the last 7 days"),
                reverse("gs_office:payments", query={"status": "failed"}),
            ),
            Figure(
                _counted(Approval.objects.filter(state=Approval.State.PENDING)),
                _("memberships to approve"),
                reverse("gs_office:approvals"),
            ),
            Figure(_counted(Alarm.objects.all()), _("alarms"), reverse("gs_office:alarms")),
        ],
        "parked": [each for each in _parked() if each.count],
        "accounts": [_account(each) for each in health(now=now).accounts],
    }


def unpaid() -> QuerySet[Invoice]:
    """Return the invoices that somebody is asked to pay."""
    return Invoice.objects.filter(status="open", settled_at=None, due_minor__gt=0)


def _standings(*, now: datetime) -> list[Figure]:
    """What is written down, and the rows that time has overtaken, read for this moment."""
    counts = dict(standings.written(now=now).order_by().values_list("status").annotate(count=Count("*")))
    for _pk, entry in standings.overtaken(now=now):
        counts[entry["status"]] = counts.get(entry["status"], 0) + 1
    members = reverse("gs_office:members")
    words = {
        Status.GOOD: _("in good standing"),
        Status.GRACE: _("in grace"),
        Status.HELD: _("on hold"),
        Status.PENDING: _("pending"),
    }
    found = [Figure(counts.get(status, 0), text, f"{members}?standing={status}") for status, text in words.items()]
    lapsed = Member.objects.filter(standings.lapsed_since(now - WEEK, now=now))
    return [*found, Figure(_counted(lapsed), _("lapsed in the last 7 days"), f"{members}?standing=lapsed_lately")]


def _parked() -> list[Figure]:
    words = (
        _("payments under way"),
        _("errands at gateways"),
        _("turns of our clock"),
        _("jobs"),
        _("mails"),
        _("events from gateways"),
    )
    address = reverse("gs_office:gateways") + "#parked"
    rows = [model._default_manager.filter(state=state) for model, state in PARKED]
    return [Figure(_counted(each), text, address) for each, text in zip(rows, words, strict=True)]


def _account(each: AccountHealth) -> dict[str, Any]:
    return {"account": each.account, "last_at": each.last_at, "behind": each.waiting + each.failed, "dead": each.dead}


def _counted(rows: QuerySet[Any]) -> int:
    """Count no further than a list pages through."""
    return int(rows.order_by()[: pages.LISTED].count())
