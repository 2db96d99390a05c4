"""Filing events and taking them in (DESIGN section 5, "Webhook")."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Any

from django.db import transaction
from django.db.models import F

from goodstanding.core.ids import derived
from goodstanding.gateways import registry
from goodstanding.gateways.models import GatewayAccount
from goodstanding.gateways.protocol import BadEvent, Event, Gateway, Reading
from goodstanding.inbox.models import WebhookEvent
from goodstanding.inbox.querysets import WebhookEventQuerySet
from goodstanding.jobs import lease
from goodstanding.memberships import intake
from goodstanding.memberships.intake import Telling

log = logging.getLogger(__name__)

BATCH = 20
PURGE_BATCH = 500
KEEP_BODIES = timedelta(days=90)

_State = WebhookEvent.State
# How an event stands that was ignored at first, once its customer turned out to be ours.
AFTER_ALL: Mapping[str, str] = {
    "state": _State.DONE,
    "reason": "",
    "note": "ignored at first, taken in when its customer became ours",
}
_REASON = re.compile(r"[a-z0-9_]{1,60}")


@dataclass(frozen=True, slots=True)
class Batch:
    """A load by hand: its name, whether it makes members of customers, and the position of its next line."""

    name: str
    create_members: bool
    position: int


def receive(account: GatewayAccount, headers: Mapping[str, str], body: bytes, *, now: datetime) -> bool:
    """File what a gateway sent to ``account``; return whether it is new.

    Raise ``BadSignature`` or ``BadEvent`` with nothing written. Statements: one.
    """
    gateway = registry.gateway(account.gateway)
    event = gateway.verify(headers, body, secrets=account.webhook_secrets(), now=now)
    _try_reading(gateway, event)
    return file(account, [(event, body)], now=now) == 1


def inspect(account: GatewayAccount, body: bytes) -> Event:
    """Return the event in ``body`` if a worker will be able to read it, else raise ``BadEvent``. Nothing is verified."""
    gateway = registry.gateway(account.gateway)
    event = gateway.parse(body)
    _try_reading(gateway, event)
    return event


def file(
    account: GatewayAccount, events: Sequence[tuple[Event, bytes]], *, now: datetime, batch: Batch | None = None
) -> int:
    """File ``events`` with their bodies, in this order, for a worker; return how many are new.

    Those filed before stay as they are. Those of the other mode (test, live) are filed as ignored.
    """
    rows = []
    for number, (event, body) in enumerate(events):
        row = WebhookEvent(
            id=event_id(account, event.external_id),
            gateway_account=account,
            external_id=event.external_id,
            type=event.type,
            created_at=event.created_at,
            received_at=now,
            livemode=event.livemode,
            body=body.decode(),  # the adapter has found it to be UTF-8
            due_at=now,
        )
        if batch is not None:
            row.loaded_by_hand, row.create_members, row.batch = True, batch.create_members, batch.name
            row.position = batch.position + number
        if reason := _other_mode(account, livemode=event.livemode):
            row.state, row.reason, row.closed_at = _State.IGNORED, reason, now
        rows.append(row)
    return WebhookEvent.objects.insert_new(rows)


def event_id(account: GatewayAccount, external_id: str) -> str:
    """Return the public id of an event."""
    return derived("evt", account.code, external_id)


def claim(*, now: datetime, worker: str, limit: int) -> list[WebhookEvent]:
    """Claim due events for ``worker``. Statements: two for the whole batch, none that writes if nothing is due."""
    return lease.claim(WebhookEvent.objects.select_related("gateway_account"), now=now, worker=worker, limit=limit)


def process(events: Sequence[WebhookEvent], *, now: datetime) -> None:
    """Take in claimed ``events`` in their order: facts and states of several in one transaction, or of none.

    A failure is booked for the event that it comes from, and tried again later; one that cannot be read is dead at once.
    """
    told: dict[str, Telling] = {}
    for event in events:
        lease.carry(event, partial(_look_into, event, told, now=now), now=now)
    for run in _runs([event for event in events if event.pk in told], told):
        lease.carry_together(run, partial(_take_in, told=told, now=now), now=now)


def work_once(*, now: datetime, worker: str = "work_once") -> int:
    """Take in one batch of due events; return how many were tried."""
    claimed = claim(now=now, worker=worker, limit=BATCH)
    process(claimed, now=now)
    return len(claimed)


def retry(events: WebhookEventQuerySet, *, now: datetime) -> int:
    """Have ``events`` taken in anew, with all attempts before them; return how many.

    Whatever their state: what was taken in already changes nothing and keeps its moment of recording. Those whose body
    was purged stay as they are. A worker that holds one loses it.
    """
    return events.readable().update(**_anew(now))


def adopt(events: Sequence[Event], account: GatewayAccount, *, batch: Batch, now: datetime) -> None:
    """Count those of ``events`` that were filed before, but are not finished, to ``batch``.

    If it makes members of customers, those that were filed without that are taken in anew.
    """
    keys = [event_id(account, event.external_id) for event in events]
    before = WebhookEvent.objects.filter(pk__in=keys).exclude(batch=batch.name)
    if batch.create_members:
        without = before.readable().filter(create_members=False)
        without.update(**_anew(now), create_members=True, batch=batch.name)
    before.open().update(batch=batch.name)


def purge_bodies(*, before: datetime) -> int:
    """Empty the bodies of one batch of finished events received before ``before``; return how many.

    The records suffice for standing: this changes none (I15).
    """
    keys = list(WebhookEvent.objects.with_body_to_purge(before).values_list("pk", flat=True)[:PURGE_BATCH])
    return WebhookEvent.objects.filter(pk__in=keys).finished().update(body=None)


def _try_reading(gateway: Gateway, event: Event) -> None:
    """Raise ``BadEvent`` if ``event`` cannot be read. A fault of our own must not lose it: that is the worker's to book."""
    try:
        gateway.facts(event)
    except BadEvent:
        raise
    except Exception as error:  # noqa: BLE001
        log.error("cannot read %s %s: %s", gateway.code, event.external_id, lease.named(error))  # noqa: TRY400


def _other_mode(account: GatewayAccount, *, livemode: bool) -> str:
    if livemode == account.is_live:
        return ""
    return "live_mode" if livemode else "test_mode"


def _look_into(event: WebhookEvent, told: dict[str, Telling], *, now: datetime) -> None:
    """Note what an event tells; close one that tells nothing."""
    reading = _reading(event)
    if reading.ignored:
        lease.close(event, last_error="", closed_at=now, state=_State.IGNORED, **_why(reading.ignored))
        return
    recorded_at = event.recorded_at or (event.created_at if event.loaded_by_hand else now)
    told[event.pk] = Telling(event.gateway_account, event.pk, reading.facts, recorded_at, event.create_members)


def _runs(events: Sequence[WebhookEvent], told: Mapping[str, Telling]) -> Iterator[list[WebhookEvent]]:
    """Part events, in their order, into those of named customers together, and each other one by itself."""
    for named, some in groupby(events, lambda event: bool(told[event.pk].owner)):
        run = list(some)
        yield from [run] if named else ([event] for event in run)


def _take_in(events: Sequence[WebhookEvent], *, told: Mapping[str, Telling], now: datetime) -> None:
    tellings = [told[event.pk] for event in events]
    with transaction.atomic():
        outcomes = intake.take_in_all(tellings, now=now)
        ours: set[tuple[str, str]] = set()  # customers whom a later event of these made ours
        closings = []
        for event, telling, outcome in reversed(list(zip(events, tellings, outcomes, strict=True))):
            whose = (event.gateway_account_id, telling.owner)
            if outcome.state != _State.IGNORED:
                ours.add(whose)
                closing: Mapping[str, str] = {"state": outcome.state, "reason": "", "note": outcome.note}
            else:
                closing = AFTER_ALL if whose in ours else {"state": outcome.state, **_why(outcome.note)}
            closings.append(
                (event, {"last_error": "", "closed_at": now, "recorded_at": telling.recorded_at, **closing})
            )
        lease.close_all(closings)


def no_longer_foreign(ids: Sequence[str]) -> None:
    """Earlier events of a customer who turned out to be ours were taken in after all: their facts have been kept."""
    ignored = WebhookEvent.objects.filter(pk__in=ids, state=_State.IGNORED)
    ignored.update(**AFTER_ALL)


def _reading(event: WebhookEvent) -> Reading:
    """Read the filed ``event``. It is pure, so no transaction (on SQLite: the only lock) is held meanwhile."""
    if reason := _other_mode(event.gateway_account, livemode=event.livemode):
        return Reading((), f"{reason}: The event is of the other mode than the account.")
    if event.body is None:
        raise lease.GiveUp("body_purged: The body is gone, so the event cannot be read again.")
    gateway = registry.gateway(event.gateway_account.gateway)
    try:
        return gateway.facts(gateway.parse(event.body.encode()))
    except BadEvent as error:
        raise lease.GiveUp(str(error)) from error


def _why(text: str) -> dict[str, str]:
    """Part ``code: words``. Text of another form is counted as ``other``."""
    code, _, words = text.partition(":")
    if _REASON.fullmatch(code) is None:
        return {"reason": "other", "note": text}
    return {"reason": code, "note": words.strip()}


def _anew(now: datetime) -> dict[str, Any]:
    return {
        "state": _State.WAITING,
        "reason": "",
        "note": "",
        "attempts": 0,
        "due_at": now,
        "closed_at": None,
        "last_error": "",
        "lease_token": F("lease_token") + 1,
        "leased_until": None,
        "leased_by": "",
    }
