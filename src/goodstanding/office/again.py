"""Having a worker try again, at once, what waits or was given up on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from goodstanding.audit.services import note
from goodstanding.billing.models import Errand, PaymentAttempt, Turn
from goodstanding.communications import services as mails
from goodstanding.communications.models import Mail
from goodstanding.inbox import services as inbox
from goodstanding.inbox.models import WebhookEvent
from goodstanding.jobs import services as jobs
from goodstanding.jobs.lease import Leased
from goodstanding.jobs.models import Job

LISTED = 50


@dataclass(frozen=True, slots=True)
class Work:
    """A kind of work that may need to be tried again, and the permission to have that done."""

    model: type[Leased]
    permission: str
    retry: Callable[..., int]


def _of_billing(model: type[Leased]) -> Callable[..., int]:
    def retry(pk: str, *, now: datetime) -> int:
        rows: Any = model._default_manager
        ours = rows.filter(pk=pk).free(now)
        opened = ours.filter(state=model.PARKED).update(state=model.RETRYING, attempts=0, due_at=now, last_error="")
        return int(opened or ours.filter(state__in=model.OPEN).update(attempts=0, due_at=now, last_error=""))

    return retry


def _job(pk: str, *, now: datetime) -> int:
    return jobs.retry([int(pk)], now=now) if pk.isdecimal() else 0


def _mail(pk: str, *, now: datetime) -> int:
    return mails.retry([pk], now=now)


def _event(pk: str, *, now: datetime) -> int:
    return inbox.retry(WebhookEvent.objects.dead().filter(pk=pk), now=now)


WORK: dict[str, Work] = {
    "attempt": Work(PaymentAttempt, "gs_billing.change_paymentattempt", _of_billing(PaymentAttempt)),
    "errand": Work(Errand, "gs_billing.change_errand", _of_billing(Errand)),
    "turn": Work(Turn, "gs_billing.change_turn", _of_billing(Turn)),
    "job": Work(Job, "gs_jobs.change_job", _job),
    "mail": Work(Mail, "gs_communications.change_mail", _mail),
    "event": Work(WebhookEvent, "gs_inbox.change_webhookevent", _event),
}


def retry(kind: str, pk: str, *, by: Any, now: datetime) -> bool:
    """Have a worker try one row again, with all attempts before it; return whether there was something to try."""
    work = WORK[kind]
    with transaction.atomic():
        if not work.retry(pk, now=now):
            return False
        note(by=by, on=work.model._default_manager.get(pk=pk), what=f"retry {kind}", why="by hand", now=now)
    return True


def waiting() -> dict[str, list[Any]]:
    """Return what waits at gateways or was given up on, the oldest first, a bounded number of each."""
    customers = "customer__member", "customer__gateway_account"
    attempts = PaymentAttempt.objects.select_related(*customers)
    errands = Errand.objects.select_related(*customers)
    turns = Turn.objects.select_related("subscription__customer__member")
    return {
        "attempts": _parked_first(attempts),
        "errands": _parked_first(errands),
        "turns": list(turns.filter(state=Turn.State.PARKED).order_by("due_at", "pk")[:LISTED]),
        "jobs": list(Job.objects.filter(state=Job.State.PARKED).order_by("due_at", "id")[:LISTED]),
        "mails": list(Mail.objects.parked().defer("text", "html").order_by("created_at", "id")[:LISTED]),
    }


def _parked_first(rows: QuerySet[Any]) -> list[Any]:
    """Two statements, so that each is found by an index of its own: what needs somebody, then what is on its way."""
    parked = list(rows.filter(state=rows.model.PARKED).order_by("due_at", "id")[:LISTED])
    return [*parked, *rows.filter(state__in=rows.model.OPEN).order_by("due_at", "id")[:LISTED]]
