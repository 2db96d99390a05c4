"""The worker: drains, stops between two rows, gives back what it had not begun, survives its database."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from goodstanding.jobs import services, worker
from goodstanding.jobs.models import Job
from goodstanding.jobs.registry import Source
from goodstanding.jobs.worker import Worker, stopped_by_signals
from tests import migrated

ROOT = Path(__file__).parents[3]
RING = "test.ring"
LISTENS = """
import django
django.setup()
from django.core.management import call_command
from goodstanding import clock
from goodstanding.jobs import registry, services

registry.handler("test.up")(lambda job, *, now: print("up"))
services.add("test.up", key="", due_at=clock.now(), now=clock.now())
call_command("work")
print("down")
"""


def add(clock: Any, *keys: str) -> None:
    for key in keys:
        services.add(RING, key=key, due_at=clock.now, now=clock.now)


@pytest.mark.django_db
def test_it_drains_batch_after_batch(bell, clock):
    names = [f"{number:03}" for number in range(services.BATCH * 2 + 1)]
    add(clock, *names)
    assert Worker().drain() == len(names)
    assert bell.rung == names
    assert Worker().drain() == 0


@pytest.mark.django_db
def test_told_to_stop_it_finishes_the_row_in_hand_and_gives_back_the_others(bell, clock):
    add(clock, "alice", "bob", "charlie")
    one = Worker()

    def process(job: Job, *, now: Any) -> None:
        services.process(job, now=now)
        one.stop()

    one._sources = (Source("jobs", services.claim, process),)
    assert one.drain() == 1
    assert bell.rung == ["alice"]
    assert set(Job.objects.filter(state=Job.State.OPEN).values_list("key", "leased_until")) == {
        ("bob", None),
        ("charlie", None),
    }
    assert Worker().drain() == 2


@pytest.mark.django_db
def test_a_signal_stops_it_and_the_handlers_are_put_back(bell, clock):
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    one = Worker()
    with stopped_by_signals(one):
        os.kill(os.getpid(), signal.SIGTERM)
        assert one.stopping
        one.run()
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


@pytest.mark.django_db
def test_a_second_interrupt_interrupts():
    with stopped_by_signals(Worker()):
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.django_db
def test_a_database_that_is_away_is_waited_for(bell, clock, monkeypatch, caplog):
    monkeypatch.setattr(worker, "REST_AFTER_FAILURE_SECONDS", 0.0)
    answers: Iterator[Any] = iter([OperationalError("alice@example.org"), OperationalError(), []])
    one = Worker()
    one._sources = (Source("shaky", lambda **_: _next(answers, one), services.process),)
    one.run()
    assert next(answers, None) is None
    assert "the database failed: OperationalError" in caplog.text
    assert "alice@example.org" not in caplog.text


def _next(answers: Iterator[Any], one: Worker) -> Any:
    answer = next(answers)
    if isinstance(answer, Exception):
        raise answer
    one.stop()
    return answer


@pytest.mark.django_db
def test_the_schedule_is_looked_at_now_and_then(bell, clock):
    from goodstanding.jobs import registry

    registry.recurring(RING, every=timedelta(seconds=1))
    one = Worker()
    for _ in range(60):
        one.tick()
        one.drain()
        clock.advance(timedelta(seconds=1))
    assert len(bell.rung) == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_ends_well_when_told_to(tmp_path, number):
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("GOODSTANDING_", "DJANGO_"))
    }
    environment |= {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'worker.sqlite3'}",
        "DJANGO_SETTINGS_MODULE": "goodstanding.site.settings",
        "GOODSTANDING_ENV_FILE": "",
        "GOODSTANDING_HOME": str(tmp_path),
        "PYTHONUNBUFFERED": "1",
    }
    migrated.copy_to(tmp_path / "worker.sqlite3")
    process = subprocess.Popen(
        [sys.executable, "-c", LISTENS], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        process.send_signal(number)
        out, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, out) == (0, "down\n")
