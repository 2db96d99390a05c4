"""Entering, over HTTP: the forward-auth check, a gated page, a tap at a door; each by members in good standing."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.test import Client
from django.urls import reverse

from bench import joining, measure, ours, web
from bench.report import Measurement
from bench.seeding import Organisation
from bench.web import Load, Server
from goodstanding import clock, conf
from goodstanding.access.services import pass_for
from goodstanding.access.views import COOKIE
from goodstanding.doors import services as doors
from goodstanding.doors import taps
from goodstanding.doors.models import DoorEvent
from goodstanding.people.services import make_user
from goodstanding.site import server

CLIENTS = 8
_WARM = 50
_EMPTY = "an empty WSGI view"
_PROCESSES = min(2, os.cpu_count() or 1)  # of the web server; the default is one


@dataclass(frozen=True)
class _Way:
    """One way to enter: what is sent, and what is wanted of it (requests a second; ms that one in a hundred exceeds)."""

    name: str
    requests: Sequence[bytes]
    speed: float | None = None
    p99: float | None = None


def measurements(organisation: Organisation, *, rounds: int, requests: int) -> Iterator[Measurement]:
    """Measure each way by eight clients, with a process of the web server for each processor (of two)."""
    ways = _ways(organisation, taps_at_most=rounds * requests + _WARM)
    port = conf.PORT.value()
    with web.running(web.FLOOR, port + 1, processes=_PROCESSES) as at:
        bare = _loads(at, [web.request("/empty")] * CLIENTS, rounds, requests)
    floor, least = _speed(bare), _p99(bare)
    with web.running(server.APPLICATION, port, processes=_PROCESSES) as at:
        for way in ways:
            before = DoorEvent.objects.filter(opened=True).count()
            found = _loads(at, way.requests, rounds, requests)
            if way is ways[-1]:
                opened = DoorEvent.objects.filter(opened=True).count() - before
                assert opened == rounds * requests + _WARM, opened
            name = f"{way.name}, {CLIENTS} clients"
            yield Measurement(
                f"{name}, requests", _speed(found), "/s", way.speed, at_least=True, floor=floor, floor_is=_EMPTY
            )
            yield Measurement(f"{name}, p99", _p99(found), "ms", way.p99, floor=least, floor_is=_EMPTY)
            yield Measurement(f"{way.name}, CPU", measure.median(each.cpu for each in found), "ms")


def _loads(at: Server, requests: Sequence[bytes], rounds: int, count: int) -> list[Load]:
    several = [requests[number % len(requests)] for number in range(count)]
    web.load(at, several[:_WARM] + [requests[0]] * (_WARM - len(several)), clients=CLIENTS)
    return [web.load(at, several, clients=CLIENTS) for _ in range(rounds)]


def _speed(found: Sequence[Load]) -> float:
    return measure.median(each.speed for each in found)


def _p99(found: Sequence[Load]) -> float:
    return measure.median(measure.percentile(each.took, 0.99) for each in found)


def _ways(organisation: Organisation, *, taps_at_most: int) -> list[_Way]:
    """Have some members log in, get a pass and a card; and enough devices at a door that none of them is too busy."""
    now, staff = clock.now(), make_user(email=f"{secrets.token_hex(8)}@bench.example.org", staff=True, now=clock.now())
    door = doors.make_door(name="Bench", levels=[ours.price(ours.PAID).level], by=staff, now=now)
    tokens = []
    for number in range(CLIENTS + 2 * taps_at_most // taps.TAPS_A_MINUTE):
        device = doors.make_device(name=f"Reader {number}", at=[door], by=staff, now=now)
        tokens.append(doors.new_device_token(device, by=staff, now=now))
    checks, pages, cards = [], [], []
    for _ in range(CLIENTS):  # each has paid
        member = joining.join(organisation.ours, ours.PAID)
        user, browser = member.user, Client()
        assert user is not None, member
        browser.force_login(user)
        key = browser.session.session_key
        assert key, member
        token = pass_for(user, session_key=key, now=now)
        checks.append(web.request("/access/check", headers=f"Cookie: {COOKIE}={token}"))
        pages.append(web.request(reverse("demo_members"), headers=f"Cookie: sessionid={key}"))
        cards.append(secrets.token_hex(8))
        doors.add_card(member, uid=cards[-1], by=staff, now=now)
    tapped = [
        web.request(
            f"/doors/{door.pk}/tap",
            headers=f"Authorization: Bearer {token}",
            body=json.dumps({"card": cards[number % len(cards)]}),
        )
        for number, token in enumerate(tokens)
    ]
    return [
        _Way("forward-auth check", checks, 800, 40),
        _Way("gated page", pages, 300),
        _Way("door tap", tapped),
    ]
