"""Loading events from files: one raw body a line, filed in the order given, never sorted, never looked ahead."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from django.db import transaction
from django.db.models import Count

from goodstanding.gateways.models import GatewayAccount
from goodstanding.gateways.protocol import BadEvent, Event
from goodstanding.inbox import services
from goodstanding.inbox.models import WebhookEvent

LINE_LIMIT_BYTES = 1024 * 1024
CHUNK_LINES = 500
CHUNK_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that was not filed, and why. Neither says what stood in it."""

    file: str
    line: int
    code: str
    detail: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.code}: {self.detail}"


@dataclass(slots=True)
class Filed:
    """What became of the lines so far. ``line``: how many were read, blank ones left out."""

    lines: int = 0
    new: int = 0
    duplicates: int = 0
    bad: list[BadLine] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Load:
    """One run: into which account, under which name, from when on due, and whether it makes members of customers."""

    account: GatewayAccount
    batch: str
    create_members: bool
    now: datetime


def file_all(load: Load, paths: Sequence[Path], *, each_chunk: Callable[[Filed], bool]) -> Filed:
    """File the lines of ``paths``, a transaction for each chunk; return what became of them.

    ``each_chunk`` hears how far it is, and stops the filing by returning ``False``. Filing the same files again files
    what is missing.
    """
    filed = Filed()
    chunk: list[tuple[Event, bytes]] = []
    size = 0
    for path in paths:
        for number, line in _lines(path):
            filed.lines += 1
            try:
                if isinstance(line, BadEvent):
                    raise line
                chunk.append((services.inspect(load.account, line), line))
                size += len(line)
            except BadEvent as error:
                filed.bad.append(BadLine(str(path), number, error.code, error.detail))
            if filed.lines % CHUNK_LINES == 0 or size >= CHUNK_BYTES:
                _file(load, chunk, filed)
                chunk, size = [], 0
                if not each_chunk(filed):
                    return filed
    _file(load, chunk, filed)
    each_chunk(filed)
    return filed


def outcome(batch: str) -> dict[str, dict[str, int]]:
    """Count the events of a load by state, and within it by reason."""
    counted: dict[str, dict[str, int]] = {state: {} for state in WebhookEvent.State.values}
    rows = WebhookEvent.objects.filter(batch=batch).order_by("state", "reason")
    for state, reason, count in rows.values_list("state", "reason").annotate(count=Count("pk")):
        counted[state][reason] = count
    return counted


def _lines(path: Path) -> Iterator[tuple[int, bytes | BadEvent]]:
    """Return the lines that are not blank with their numbers, one at a time; for one that cannot be had, why."""
    number = 0
    try:
        with path.open("rb") as file:
            while line := file.readline(LINE_LIMIT_BYTES + 2):
                number += 1
                whole = line.rstrip(b"\r\n")
                if len(whole) <= LINE_LIMIT_BYTES:
                    if whole.strip():
                        yield number, whole
                    continue
                while line and not line.endswith(b"\n"):
                    line = file.readline(LINE_LIMIT_BYTES)
                yield number, BadEvent("too_large", f"The line has more than {LINE_LIMIT_BYTES} bytes.")
    except OSError as error:
        yield number + 1, BadEvent("unreadable_file", f"The file cannot be read on: {error.strerror}.")


def _file(load: Load, chunk: list[tuple[Event, bytes]], filed: Filed) -> None:
    if not chunk:
        return
    batch = services.Batch(load.batch, load.create_members, position=filed.new + filed.duplicates)
    with transaction.atomic():
        new = services.file(load.account, chunk, now=load.now, batch=batch)
        if new < len(chunk):
            services.adopt([event for event, _ in chunk], load.account, batch=batch, now=load.now)
    filed.new += new
    filed.duplicates += len(chunk) - new
