"""A worker is killed in the middle of an event: it is taken in once, later, by another."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection

from goodstanding import clock as clock_module
from goodstanding.billing.models import Fact
from goodstanding.inbox import services
from goodstanding.inbox.models import WebhookEvent
from goodstanding.jobs import lease
from tests.apps.inbox.support import event

ROOT = Path(__file__).parents[3]
PATIENCE_SECONDS = 60
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.db_matters]


def database_url() -> str:
    told = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{told['NAME']}"
    who = quote(told["USER"]) + (f":{quote(told['PASSWORD'])}" if told["PASSWORD"] else "")
    return f"postgresql://{who}@/{told['NAME']}?host={quote(told['HOST'], safe='')}&port={told['PORT'] or 5432}"


def until(reached: Any, what: str) -> None:
    """Wait until ``reached()``; a bound, not a hope: the test fails when it passes."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not reached():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


@pytest.fixture
def waiting(stripe_account: Any) -> WebhookEvent:
    body = event("evt_killed", kind="product.created", object="product", id="prod_1", name="Bench")
    services.file(stripe_account, [(services.inspect(stripe_account, body), body)], now=clock_module.now())
    return WebhookEvent.objects.get()


@pytest.fixture
def doomed(waiting: WebhookEvent, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker in a process of its own that has written everything of an event but the commit."""
    marker = tmp_path / "in-the-middle"
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("GOODSTANDING_", "DJANGO_"))
    }
    environment |= {
        "DATABASE_URL": database_url(),
        "DJANGO_SETTINGS_MODULE": "goodstanding.site.settings",
        "GOODSTANDING_ENV_FILE": "",
        "GOODSTANDING_HOME": str(tmp_path),
    }
    command = [sys.executable, "-m", "tests.apps.inbox.doomed", str(marker)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    until(lambda: marker.exists() or process.poll() is not None, "the worker did not get to the event")
    assert process.poll() is None, "the worker ended by itself"
    yield process
    process.kill()
    process.wait()


def test_a_worker_killed_in_the_middle_of_an_event_leaves_it_to_be_taken_in_once(waiting, doomed):
    now = clock_module.now()
    held = WebhookEvent.objects.get()
    assert (held.state, held.leased_by, Fact.objects.count()) == ("waiting", "doomed", 0)
    doomed.kill()
    doomed.wait()
    assert services.work_once(now=now) == 0  # the lease has not run out
    # PostgreSQL lets go of the dead one's row as soon as it notices; until then it is skipped.
    later = now + lease.LEASE + timedelta(seconds=5)
    until(lambda: services.work_once(now=later), "nobody could claim the event again")
    row = WebhookEvent.objects.get()
    assert (row.state, row.attempts, row.recorded_at) == ("done", 1, later)
    assert [fact.event for fact in Fact.objects.all()] == [waiting.pk]
    assert services.work_once(now=later + timedelta(days=1)) == 0
