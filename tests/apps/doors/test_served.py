"""A tap over real HTTP, with no worker alive: the door opens, and days later it is shut by the clock alone."""

from __future__ import annotations

import http.client
import json
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.site.command import Site, free_port

pytestmark = [pytest.mark.loopback, pytest.mark.slow]
PATIENCE_SECONDS = 60
UID = "04:A2:3B:C1"

# A member with a card and five days at a level, a door, and a device that is bound to it.
SEED = f"""
from datetime import timedelta
from goodstanding import clock
from goodstanding.catalogue.models import Level, LevelGroup
from goodstanding.doors import services
from goodstanding.memberships.services import grant
from goodstanding.people.services import make_member
now = clock.now()
level = Level.objects.create(slug="bench", name="Bench", group=LevelGroup.objects.create(slug="g", name="G"))
alice = make_member(email="alice@example.org", name="Alice", now=now)
grant(alice, level=level, start_at=now, end_at=now + timedelta(days=5), reason="a gift", by=None, now=now)
services.add_card(alice, uid="{UID}", by=None, now=now)
door = services.make_door(name="Front", levels=[level], by=None, now=now)
device = services.make_device(name="Pi", at=[door], by=None, now=now)
print("SEEDED", door.pk, services.new_device_token(device, by=None, now=now))
"""


@contextmanager
def served(site: Site, **settings: str) -> Iterator[int]:
    """Run the web server and nothing else; give its port."""
    port = free_port()
    process = site.start("serve", PORT=port, **settings)
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                ask(int(port), "GET", "/healthz")
                break
            except OSError:
                assert time.monotonic() < deadline, "it does not answer"
                assert process.poll() is None, process.communicate()
                time.sleep(0.05)
        yield int(port)
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_SECONDS)


def ask(port: int, method: str, path: str, body: str | None = None, token: str = "") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_a_tap_is_answered_once_however_often_it_is_asked_and_the_door_shuts_by_the_clock(tmp_path: Path) -> None:
    site = Site(tmp_path).already_migrated()
    assert site.run("migrate").returncode == 0
    seeded = site.run("shell", "-c", SEED)
    line = next((line for line in seeded.stdout.splitlines() if line.startswith("SEEDED")), None)
    assert line is not None, seeded.stderr
    _, door, token = line.split()
    path = f"/doors/{door}/tap"

    def tap(port: int, **body: Any) -> Any:
        status, said = ask(port, "POST", path, json.dumps({"card": UID, **body}), token)
        assert status == 200, said
        return json.loads(said)

    with served(site) as port:
        with ThreadPoolExecutor(8) as at_once:
            answers = list(at_once.map(lambda _: tap(port, tap_id="t-1"), range(16)))
        assert answers == [answers[0]] * 16
        assert (answers[0]["open"], answers[0]["code"]) == (True, "ok")
        assert tap(port)["open"] is True
        assert ask(port, "POST", path, json.dumps({"card": UID}), token + "x")[0] == 401
    with served(site, GOODSTANDING_CLOCK="+6d") as port:
        assert tap(port)["code"] == "lapsed"
    with sqlite3.connect(tmp_path / "var" / "goodstanding.sqlite3") as database:
        kept = database.execute("SELECT tap_id, opened, code FROM gs_doors_doorevent ORDER BY recorded_at").fetchall()
    assert kept == [("t-1", 1, "ok"), ("", 1, "ok"), ("", 0, "lapsed")]
    assert (tmp_path / "var" / "card-key").stat().st_mode & 0o777 == 0o600
