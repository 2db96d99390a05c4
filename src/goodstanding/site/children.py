"""Several processes run as one: they begin together and end together."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType

STOP_SECONDS = 15
_LOOK_SECONDS = 0.1


class Together:
    """Child processes by name, in the process group of their parent; used as a block, after which none of them is left."""

    def __init__(self, commands: Mapping[str, Sequence[str]], *, say: Callable[[str], None]) -> None:
        self._commands = commands
        self._say = say
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._told_to_stop = False

    def run(self, *, is_ready: Callable[[], bool], when_ready: Callable[[], None]) -> int:
        """Run until a signal says stop (0) or one of the children ends by itself (1); ``when_ready`` is called once."""
        with self._listening():
            try:
                for name, command in self._commands.items():
                    self._children[name] = subprocess.Popen(command)  # noqa: S603 - our own commands
                return self._watch(is_ready, when_ready)
            finally:
                self._stop()

    def _watch(self, is_ready: Callable[[], bool], when_ready: Callable[[], None]) -> int:
        was_ready = False
        while not self._told_to_stop:
            for name, child in self._children.items():
                # On Ctrl-C the children are told too: look at the signal again before blaming one that ended.
                if child.poll() is not None and not self._told_to_stop:
                    self._say(f"{name} ended by itself (exit code {child.returncode}); stopping the rest.")
                    return 1
            if not was_ready and is_ready():
                was_ready = True
                when_ready()
            time.sleep(_LOOK_SECONDS)
        return 0

    def _stop(self) -> None:
        for child in self._children.values():
            if child.poll() is None:
                child.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for name, child in self._children.items():
            try:
                child.wait(timeout=max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                self._say(f"{name} did not stop within {STOP_SECONDS} seconds; ending it.")
                child.kill()
                child.wait()

    @contextmanager
    def _listening(self) -> Iterator[None]:
        def stop(_number: int, _frame: FrameType | None) -> None:
            self._told_to_stop = True

        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
