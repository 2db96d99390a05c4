"""Taking events in: the nine of a renewal, by the real worker, for members with a short and with a long history."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial

from django.db import connection

from bench import floors, measure
from bench.report import Measurement
from bench.seeding import Organisation
from goodstanding import clock
from goodstanding.billing import recording
from goodstanding.inbox import handlers
from goodstanding.inbox import services as inbox
from goodstanding.inbox.models import WebhookEvent
from goodstanding.jobs.worker import Worker
from goodstanding.memberships.models import MemberStanding

WORKERS = 2
# A renewal's events come together: the draft; an hour later the bill; and seconds after it, its payment.
BATCHES = (slice(0, 2), slice(2, 4), slice(4, 9))


def measurements(organisation: Organisation, *, rounds: int, members: int, long_members: int) -> Iterator[Measurement]:
    """Measure."""
    for kind, count in (("s", members), ("l", long_members)):
        name = f"webhook processed, member with {organisation.due[kind]} invoices"
        spent, bare = [], []
        for _ in range(rounds):
            lives = [organisation.life(kind, number) for number in organisation.take(kind, count)]
            cpu, bodies = 0.0, []
            for part in BATCHES:
                told = [body for life in lives for body in life.renewal(life.due)[part]]
                _file(organisation, told)
                recording.MEMORY.forget()  # an hour has passed, and others came in between
                cpu += measure.cpu_milliseconds(_worked_off)
                bodies += told
            spent.append(cpu / len(bodies))
            bare.append(measure.cpu_milliseconds(partial(_bare, bodies)) / len(bodies))
        yield Measurement(
            f"{name}, CPU", measure.median(spent), "ms", 6, floor=measure.median(bare), floor_is="JSON, 5 bare SQL"
        )
        yield from _statements(organisation, kind, name)
        _assert_renewed(organisation, kind)


def burst(organisation: Organisation, *, members: int) -> Iterator[Measurement]:
    """Measure two worker processes on the same heap of events (where the database can lock rows)."""
    if not connection.features.has_select_for_update_skip_locked:
        return
    commands = [[sys.executable, "-m", "goodstanding.cli", "work"] for _ in range(WORKERS)]
    workers = [subprocess.Popen(command) for command in commands]
    try:
        _file_renewals(organisation, "s", 1)
        _wait_until_done()
        bodies = _file_renewals(organisation, "s", members, wait_seconds=2)
        _wait_until_done()
    finally:
        for each in workers:
            each.terminate()
        for each in workers:
            each.wait(timeout=30)
    closed = WebhookEvent.objects.order_by("-closed_at").values_list("closed_at", flat=True)[: len(bodies)]
    moments = [at for at in closed if at is not None]
    speed = len(bodies) / (max(moments) - min(moments)).total_seconds()
    floor = floors.in_processes(bodies[0], processes=WORKERS, times=len(bodies) // WORKERS)
    name = f"burst, {WORKERS} workers, events"
    yield Measurement(name, speed, "/s", 150, at_least=True, floor=floor, floor_is="JSON, 5 bare SQL")


def _file_renewals(organisation: Organisation, kind: str, count: int, *, wait_seconds: float = 0) -> list[str]:
    """File the renewal that is due of some more members; return the events."""
    lives = [organisation.life(kind, number) for number in organisation.take(kind, count)]
    bodies = [body for life in lives for body in life.renewal(life.due)]
    _file(organisation, bodies, due_in=wait_seconds)
    return bodies


def _file(organisation: Organisation, bodies: Sequence[str], *, due_in: float | None = None) -> None:
    """File events, in order of time; each is due at its own time, or all of them soon."""
    account = organisation.account
    for body in sorted(bodies, key=_created):
        at = datetime.fromtimestamp(time.time() + due_in if due_in else _created(body), UTC)
        inbox.file(account, [(inbox.inspect(account, body.encode()), body.encode())], now=at)


def _bare(bodies: Sequence[str]) -> None:
    for body in bodies:
        floors.processed(body)


def _worked_off() -> None:
    worker = Worker(sources=[handlers.EVENTS], now=clock.now)
    worker.drain()
    assert not WebhookEvent.objects.open().exists()


def _statements(organisation: Organisation, kind: str, name: str) -> Iterator[Measurement]:
    """Count by kind of event, and what claiming them together takes."""
    _file_renewals(organisation, kind, 2)
    claims, most, total = 0, ("", 0), 0
    while True:
        with measure.statements() as sent:
            events = handlers.EVENTS.claim(now=clock.now(), worker="bench", limit=20)
        if not events:
            break
        claims += len(sent)
        for event in events:
            with measure.statements() as sent:
                handlers.EVENTS.process(event, now=clock.now())
            total += len(sent)
            most = max(most, (event.type, len(sent)), key=lambda pair: pair[1])
    mean = (total + claims) / 18
    yield Measurement(f"{name}: SQL, mean of nine", mean, "SQL", 15, floor=floors.PROCESSED_STATEMENTS, floor_is="bare")
    most_sent = most[1] + claims / 18
    what = f"{name}: SQL, most ({most[0]})"
    yield Measurement(what, most_sent, "SQL", 15, floor=floors.PROCESSED_STATEMENTS, floor_is="bare")


def _assert_renewed(organisation: Organisation, kind: str) -> None:
    """The work was done, not skipped."""
    number = organisation.taken[kind] - 1
    row = MemberStanding.objects.get(pk=organisation.customer(kind, number).member_id)
    assert row.status == "good", row.status
    assert row.covered_until, row
    assert row.covered_until > clock.now(), row.covered_until
    assert not WebhookEvent.objects.dead().exists()


def _wait_until_done() -> None:
    while WebhookEvent.objects.open().exists():
        time.sleep(0.05)


def _created(body: str) -> int:
    return int(json.loads(body)["created"])
