"""Who does which kind of job, which kinds recur, and what a worker draws its rows from.

Rooms above register here when Django is ready, so that nothing below imports upward.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from goodstanding.jobs.models import Job


class Run(Protocol):
    """Does jobs of one kind."""

    def __call__(self, job: Job, *, now: datetime) -> None:
        """Do ``job``, any number of times with the same result. Raise ``GiveUp`` where trying again cannot help."""


class Claim(Protocol):
    """Claims rows of one source."""

    def __call__(self, *, now: datetime, worker: str, limit: int) -> Sequence[Any]:
        """Claim up to ``limit`` rows that are due."""


class Process(Protocol):
    """Works on rows of one source."""

    def __call__(self, row: Any, /, *, now: datetime) -> None:
        """Work on one claimed row and close it, whatever happens."""


class Together(Protocol):
    """Works on rows of one source in one go."""

    def __call__(self, rows: Sequence[Any], /, *, now: datetime) -> None:
        """Work on claimed rows and close them, whatever happens: what fails for one of them fails for that one alone."""


@dataclass(frozen=True, slots=True)
class Handler:
    """``atomic``: run in one transaction with the closing of the job. Whoever calls the outside world is not."""

    kind: str
    run: Run
    atomic: bool


@dataclass(frozen=True, slots=True)
class Source:
    """A table of leased rows that the worker serves.

    ``here``: how to work on a row without leaving the process, where ``process`` would; a simulation has no web server.
    ``together``: how to work on several in one go, where that is done. ``most``: how many are claimed together.
    """

    name: str
    claim: Claim
    process: Process
    here: Process | None = None
    together: Together | None = None
    most: int = 20


def together(name: str, claim: Claim, work: Together, *, most: int = 20) -> Source:
    """Return the source whose rows ``work`` works on in one go, be it one row or many."""
    return Source(name, claim, lambda row, *, now: work([row], now=now), together=work, most=most)


NextAt = Callable[[datetime], datetime | None]
Sweep = Callable[[datetime], int]


class AlreadyRegistered(Exception):
    """Two things claim one name."""


_handlers: dict[str, Handler] = {}
_recurring: dict[str, timedelta] = {}
_sources: dict[str, Source] = {}
_agendas: dict[str, NextAt] = {}
_sweeps: dict[str, Sweep] = {}


def handler(kind: str, *, atomic: bool = True) -> Callable[[Run], Run]:
    """Register the decorated function as the one that does jobs of ``kind``."""

    def register(run: Run) -> Run:
        if kind in _handlers:
            raise AlreadyRegistered(kind)
        _handlers[kind] = Handler(kind, run, atomic)
        return run

    return register


def recurring(kind: str, *, every: timedelta) -> None:
    """Have the worker add a job of ``kind`` every so often, the first one at once. Missed ones are not made up for."""
    if kind in _recurring:
        raise AlreadyRegistered(kind)
    _recurring[kind] = every


def source(each: Source) -> None:
    """Have the worker serve ``each``."""
    if each.name in _sources:
        raise AlreadyRegistered(each.name)
    _sources[each.name] = each


def agenda(name: str, next_at: NextAt) -> None:
    """Have a simulation ask ``next_at(now)`` when there is next something to do, by a source or a sweep, if ever.

    What is overdue is named by its own moment, before ``now``. What recurs day in, day out is not named.
    """
    if name in _agendas:
        raise AlreadyRegistered(name)
    _agendas[name] = next_at


def sweep(name: str, run: Sweep) -> None:
    """Have a simulation call ``run(at)`` at each moment of the agendas; it returns how many things it did.

    It does what a recurring job does now and then, a bounded batch; it is called again until it returns nothing.
    """
    if name in _sweeps:
        raise AlreadyRegistered(name)
    _sweeps[name] = run


def forget_agenda(name: str) -> None:
    """Undo :func:`agenda` and :func:`sweep` for ``name``."""
    _agendas.pop(name, None)
    _sweeps.pop(name, None)


def forget(kind: str) -> None:
    """Undo :func:`handler` and :func:`recurring` for ``kind``."""
    _handlers.pop(kind, None)
    _recurring.pop(kind, None)


def forget_source(name: str) -> None:
    """Undo :func:`source` for the one of this name."""
    _sources.pop(name, None)


def handlers() -> dict[str, Handler]:
    """Return the handlers by kind."""
    return dict(_handlers)


def intervals() -> dict[str, timedelta]:
    """Return the recurring kinds and their intervals."""
    return dict(_recurring)


def sources() -> tuple[Source, ...]:
    """Return the sources by name, in order of their names."""
    return tuple(_sources[name] for name in sorted(_sources))


def agendas() -> dict[str, NextAt]:
    """Return the agendas by name, in order of their names."""
    return dict(sorted(_agendas.items()))


def sweeps() -> dict[str, Sweep]:
    """Return the sweeps by name, in order of their names."""
    return dict(sorted(_sweeps.items()))
