"""Clocks and counters. Every figure is the median of several rounds."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection
from django.test.utils import CaptureQueriesContext

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def median(values: Iterable[float]) -> float:
    """Return the middle one."""
    return statistics.median(values)


def percentile(values: Iterable[float], share: float) -> float:
    """Return the value that ``share`` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def microseconds(call: Callable[[], object], *, rounds: int, calls: int) -> float:
    """Return how long one call takes: the median of rounds of so many calls."""
    call()
    found = []
    for _ in range(rounds):
        begun = time.perf_counter()
        for _ in range(calls):
            call()
        found.append((time.perf_counter() - begun) / calls * 1e6)
    return median(found)


def seconds(call: Callable[[], object], *, rounds: int) -> float:
    """Return how long a call takes: the median of some rounds."""
    return microseconds(call, rounds=rounds, calls=1) / 1e6 if rounds > 1 else _once(call)


def _once(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def cpu_milliseconds(call: Callable[[], object]) -> float:
    """Return the processor time that this process spends in a call."""
    begun = time.process_time()
    call()
    return (time.process_time() - begun) * 1000


@contextmanager
def statements() -> Iterator[CaptureQueriesContext]:
    """Count the statements sent within the block, with BEGIN, SAVEPOINT and COMMIT: ``len(it)``."""
    with CaptureQueriesContext(connection) as captured:
        yield captured


def cpu_seconds_of(pid: int) -> float:
    """Return the processor time spent so far by a process and those that it started."""
    total = 0.0
    family = {pid}
    parents = {int(path.name): _fields(path) for path in Path("/proc").iterdir() if path.name.isdigit()}
    while more := {child for child, fields in parents.items() if fields and int(fields[1]) in family} - family:
        family |= more
    for each in family:
        if fields := parents.get(each):
            total += (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND
    return total


def _fields(path: Path) -> list[str]:
    """Return the fields of a process's ``stat`` after its name; nothing where it has ended."""
    try:
        return (path / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
