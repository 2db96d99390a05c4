"""The time: the only module that asks for it. Edges (views, commands, workers) call :func:`now` and pass it on.

On a site for trying things the clock can be moved, forwards only, for all processes of the site at once: a file under
``GOODSTANDING_HOME`` says what it shows (``docs/decisions/0021-a-clock-that-can-be-moved.md``). While somebody moves it
step by step it stands still between two steps; if that process dies, it runs on by itself after :data:`STANDS_FOR`.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from goodstanding import conf

FILE = "clock.json"
STANDS_FOR = timedelta(seconds=30)
_RENEWED_WITHIN = STANDS_FOR / 3


class ClockRefused(Exception):
    """The clock is not moved. The text says why, for people."""


class ClockNotForMoving(ClockRefused):
    """This is no site for trying things, or its clock is told what to show."""


class ClockIsMoving(ClockRefused):
    """Somebody else is moving the clock."""


class NeverBackwards(ClockRefused):
    """What was recorded would lie in the future."""


class StoppedClock:
    """A clock that shows what it is told, for everybody in this process."""

    def __init__(self, at: datetime) -> None:
        self.now = _aware(at)
        self.is_moving = False

    def set(self, at: datetime) -> datetime:
        """Show ``at`` from here on, and return it."""
        self.now = _aware(at)
        return self.now

    def advance(self, by: timedelta) -> datetime:
        """Show ``by`` more than before, and return that."""
        return self.set(self.now + by)


@dataclass(frozen=True, slots=True)
class _Moved:
    """What the file says: the clock shows ``shows`` until the real moment ``still_until``, and runs on from there."""

    shows: datetime
    still_until: datetime
    mover: str

    def at(self, real: datetime) -> datetime:
        """Return what it shows at the real moment ``real``: never less than that."""
        return max(real, self.shows + max(real - self.still_until, timedelta()))


class Mover:
    """Whoever moves the clock (see :func:`moving`)."""

    def __init__(self) -> None:
        self._name = secrets.token_hex(8)
        self._keep_after = _real()
        if is_moving():
            raise ClockIsMoving("The clock is being moved by somebody else right now. Try again in a moment.")
        self._show(now(), still=True)

    def to(self, at: datetime) -> None:
        """Show ``at``, or what is shown already where that is later, and stand still there."""
        self._require_hold()
        self._show(max(_aware(at), now()), still=True)

    def keep(self) -> None:
        """Stand still for longer: to be called now and then in a long step. Mostly it does nothing."""
        if _real() >= self._keep_after:
            self.to(now())

    def let_run(self) -> None:
        """Have the clock run on from what it shows. Nothing happens where somebody else has it by now."""
        if _stopped is not None:
            _stopped.is_moving = False
        elif (moved := _moved()) is not None and moved.mover == self._name:
            self._show(now(), still=False)

    def _require_hold(self) -> None:
        if _stopped is None and ((moved := _moved()) is None or moved.mover != self._name):
            raise ClockIsMoving("Somebody else has taken over the clock.")

    def _show(self, at: datetime, *, still: bool) -> None:
        if _stopped is not None:
            _stopped.set(at)
            _stopped.is_moving = still
            return
        real = _real()
        self._keep_after = real + _RENEWED_WITHIN
        _write(_Moved(at, real + STANDS_FOR if still else real, self._name))


_stopped: StoppedClock | None = None
_kept: tuple[tuple[object, ...], _Moved | None] = ((), None)


def now() -> datetime:
    """Return the moment, aware and in UTC."""
    if _stopped is not None:
        return _stopped.now
    told = conf.clock()
    if isinstance(told, datetime):
        return told
    real = _real()
    if told:
        return real + told
    moved = _moved()
    return moved.at(real) if moved is not None else real


def ahead() -> timedelta:
    """Return how far the clock was moved ahead of the real one."""
    if _stopped is not None:
        return timedelta()
    moved, real = _moved(), _real()
    return moved.at(real) - real if moved is not None else timedelta()


def is_moving() -> bool:
    """Return whether somebody is moving the clock right now: then nobody else works, so that all is done in its time."""
    if _stopped is not None:
        return _stopped.is_moving
    moved = _moved()
    return moved is not None and _real() < moved.still_until


@contextmanager
def moving() -> Iterator[Mover]:
    """Within the block the clock stands still, unless the block moves it; afterwards it runs on from there.

    Raises :class:`ClockNotForMoving`, and :class:`ClockIsMoving` where somebody else does.
    """
    if _stopped is None and not conf.clock_may_be_moved():
        raise ClockNotForMoving(
            f"The clock is moved on a site for trying things only: not with {conf.HTTPS.name}=1, {conf.DEMO.name}=0 "
            f"or {conf.CLOCK.name}."
        )
    mover = Mover()
    try:
        yield mover
    finally:
        mover.let_run()


def move_to(at: datetime) -> None:
    """Have the clock show ``at`` and run on from there. Raises :class:`ClockRefused`; never goes back."""
    require_ahead(at, now=now())
    with moving() as mover:
        mover.to(at)


def require_ahead(at: datetime, *, now: datetime) -> None:
    """Raise :class:`NeverBackwards` if ``at`` lies before ``now``."""
    if at < now:
        raise NeverBackwards(
            f"The clock shows {now:%Y-%m-%d %H:%M} UTC and is never moved back, to {at:%Y-%m-%d %H:%M}."
        )


@contextmanager
def stopped(at: datetime) -> Iterator[StoppedClock]:
    """Within the block the clock stands at ``at``, or where the block moves it."""
    global _stopped  # noqa: PLW0603 - the one clock of this process
    before = _stopped
    _stopped = StoppedClock(at)
    try:
        yield _stopped
    finally:
        _stopped = before


def _aware(at: datetime) -> datetime:
    assert at.tzinfo is not None, at
    return at.astimezone(UTC)


def _real() -> datetime:
    return datetime.now(UTC)


def _moved() -> _Moved | None:
    """Return what the file says, if there is one that counts. It is read again only when it was written again."""
    global _kept  # noqa: PLW0603 - what this process has read
    if not conf.clock_may_be_moved():
        return None
    path = conf.HOME.value() / FILE
    try:
        found = path.stat()
    except OSError:
        return None
    mark = (path, found.st_mtime_ns, found.st_ino, found.st_size)
    kept = _kept
    if kept[0] != mark:
        kept = _kept = (mark, _read(path))
    return kept[1]


def _read(path: Path) -> _Moved:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return _Moved(
            _aware(datetime.fromisoformat(said["shows"])),
            _aware(datetime.fromisoformat(said["still_until"])),
            str(said["mover"]),
        )
    except (OSError, ValueError, LookupError, TypeError, AssertionError):
        # To pass over it would be to jump back in time.
        raise conf.BadSetting(f"{path} cannot be read. Without it the site shows the real time.") from None


def _write(moved: _Moved) -> None:
    """Write the file whole or not at all, so that nobody reads half of it."""
    path = conf.HOME.value() / FILE
    text = {"shows": moved.shows.isoformat(), "still_until": moved.still_until.isoformat(), "mover": moved.mover}
    new = path.with_name(f"{FILE}.{moved.mover}")
    try:
        new.write_text(json.dumps(text), encoding="utf-8")
        # The system's own stamps are coarse: two writings within a few milliseconds must not look like one.
        stamp = int(_real().timestamp() * 1_000_000_000) + secrets.randbelow(1000)
        os.utime(new, ns=(stamp, stamp))
        new.replace(path)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise ClockNotForMoving(f"{path} cannot be written: {error.strerror}.") from error
