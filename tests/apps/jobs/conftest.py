from __future__ import annotations

from collections.abc import Iterator

import pytest

from goodstanding.jobs import registry
from goodstanding.jobs.lease import GiveUp
from goodstanding.jobs.models import Job


class Bell:
    """What a job of the kind ``test.ring`` does: it rings, and does what its payload says."""

    kind = "test.ring"

    def __init__(self) -> None:
        self.rung: list[str] = []

    def __call__(self, job: Job, *, now: object) -> None:
        self.rung.append(job.key)
        match job.payload.get("does"):
            case "break":
                raise RuntimeError("alice@example.org")
            case "give up":
                raise GiveUp("no_such_door: it was taken down")


@pytest.fixture
def bell() -> Iterator[Bell]:
    each = Bell()
    registry.handler(Bell.kind)(each)
    yield each
    registry.forget(Bell.kind)
