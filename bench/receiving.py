"""Receiving events over HTTP: the real server, production settings, all middleware, signed as Stripe signs."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from django.test import Client
from stripe import WebhookSignature

from bench import measure, web
from bench.life import Life
from bench.report import Measurement
from bench.seeding import SECRET, Organisation
from bench.web import Server
from goodstanding import clock, conf
from goodstanding.inbox.models import WebhookEvent
from goodstanding.site import server

CLIENTS = 8
_PATH = "/webhooks/stripe/stripe/"


def measurements(organisation: Organisation, *, rounds: int, events: int) -> Iterator[Measurement]:
    """Measure the receiver and, on a server of the same kind, the least that it could do."""
    told = _Events(organisation)
    port = conf.PORT.value()
    with web.running(web.FLOOR, port + 1) as bare:
        empty = [_cpu(bare, "/empty", told.some(events)) for _ in range(rounds)]
        filed = [_round(bare, "/filed", told.some(events)) for _ in range(rounds)]
    with web.running(server.APPLICATION, port) as real:
        received = [_round(real, _PATH, told.some(events)) for _ in range(rounds)]
        crowded = [_crowd(real, _PATH, told.some(events)) for _ in range(rounds)]
    yield Measurement(
        "webhook received, CPU",
        measure.median(each.cpu for each in received),
        "ms",
        3,
        floor=measure.median(each.cpu for each in filed),
        floor_is="HMAC, JSON, INSERT",
    )
    yield Measurement("an empty WSGI view over HTTP, CPU", measure.median(empty), "ms")
    for name, share, limit in (("p50", 0.5, None), ("p99", 0.99, 50)):
        yield Measurement(
            f"webhook received, one after the other, {name}",
            measure.median(measure.percentile(each.took, share) for each in received),
            "ms",
            limit,
            floor=measure.median(measure.percentile(each.took, share) for each in filed),
            floor_is="HMAC, JSON, INSERT",
        )
    for name, share, limit in (("p50", 0.5, None), ("p99", 0.99, 50)):
        spent = measure.median(measure.percentile(each, share) for each in crowded)
        yield Measurement(f"webhook received, {CLIENTS} clients, {name}", spent, "ms", limit)
    yield from _duplicate(told)
    WebhookEvent.objects.open().delete()


@dataclass(frozen=True)
class _Round:
    cpu: float
    took: Sequence[float]


class _Events:
    """Renewals of customers whom nobody knows: receiving does not ask whose an event is."""

    def __init__(self, organisation: Organisation) -> None:
        self._organisation = organisation
        self._customers = 0

    def some(self, count: int) -> list[str]:
        found: list[str] = []
        while len(found) < count:
            self._organisation.strangers += 1
            life = Life(f"x{self._organisation.strangers:07d}", 3, self._organisation.now)
            found += life.renewal(3)
        return found[:count]


def _duplicate(told: _Events) -> Iterator[Measurement]:
    """The statements that one delivery takes, in this process but through everything that a request passes."""
    client = Client(headers={"host": "localhost"})
    (body,) = told.some(1)

    def deliver(*, duplicate: bool) -> int:
        headers = {"stripe-signature": _signature(body)}
        with measure.statements() as sent:
            answer = client.post(_PATH, body, content_type="application/json", headers=headers)
        assert answer.status_code == 200, answer.content
        assert answer.json()["duplicate"] is duplicate, answer.content
        return len(sent)

    yield Measurement("webhook received: SQL", deliver(duplicate=False), "SQL", floor=1, floor_is="INSERT")
    yield Measurement("the same event again: SQL", deliver(duplicate=True), "SQL", 3, floor=1, floor_is="INSERT")


def _round(at: Server, path: str, bodies: Sequence[str]) -> _Round:
    signed = [(body.encode(), _signature(body)) for body in bodies]
    before = measure.cpu_seconds_of(at.pid)
    took = _deliver(at.port, path, signed)
    return _Round((measure.cpu_seconds_of(at.pid) - before) * 1000 / len(bodies), took)


def _cpu(at: Server, path: str, bodies: Sequence[str]) -> float:
    return _round(at, path, bodies).cpu


def _crowd(at: Server, path: str, bodies: Sequence[str]) -> list[float]:
    signed = [(body.encode(), _signature(body)) for body in bodies]
    with ThreadPoolExecutor(CLIENTS) as clients:
        parts = clients.map(lambda number: _deliver(at.port, path, signed[number::CLIENTS]), range(CLIENTS))
        return [each for part in parts for each in part]


def _deliver(port: int, path: str, signed: Sequence[tuple[bytes, str]]) -> list[float]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    took = []
    for body, signature in signed:
        headers = {"Content-Type": "application/json", "Stripe-Signature": signature}
        begun = time.perf_counter()
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        answer.read()
        took.append((time.perf_counter() - begun) * 1000)
        assert answer.status == 200, answer.status
    connection.close()
    return took


def _signature(body: str) -> str:
    stamp = int(clock.now().timestamp())
    return str(WebhookSignature.generate_signature_header(body, SECRET, timestamp=stamp))
