"""A worker that does all that is due of some sources, and tells how long that took: ``python -m bench.drain SOURCE …``.

It says ``ready`` once it has done what was due at its start, and goes on at a line on its standing input.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import django

_gateway_seconds = 0.0


@dataclass(frozen=True)
class Drained:
    """What some workers did together. ``seconds``: from the first one's start to the last one's end.

    ``cpu`` and ``gateway``, of that in the gateway's own books: seconds of processor, all workers' together.
    """

    worked: int
    seconds: float
    cpu: float
    gateway: float


def drained(sources: Sequence[str], *, processes: int, prepare: Any) -> Drained:
    """Have processes work at once on what ``prepare`` makes due when they are ready."""
    command = [sys.executable, "-m", "bench.drain", *sources]
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(processes)
    ]
    try:
        for each in running:
            assert each.stdout is not None, each
            assert each.stdout.readline().strip() == "ready", "a worker did not start"
        prepare()
        told = [json.loads(each.communicate()[0]) for each in _begun(running)]
    finally:
        for each in running:
            each.kill()
            each.wait()
    seconds = max(each["ended"] for each in told) - min(each["begun"] for each in told)
    return Drained(
        worked=sum(each["worked"] for each in told),
        seconds=seconds,
        cpu=sum(each["cpu"] for each in told),
        gateway=sum(each["gateway"] for each in told),
    )


def _begun(running: Sequence[subprocess.Popen[str]]) -> Sequence[subprocess.Popen[str]]:
    """Let all of them go before any is waited for."""
    for each in running:
        assert each.stdin is not None, each
        each.stdin.write("go\n")
        each.stdin.flush()
    return running


def main(names: Sequence[str]) -> None:
    """Work, wait for a line, work again, and tell of that."""
    django.setup()

    from django.db import connection  # noqa: PLC0415 (Django is set up by now)

    from goodstanding.jobs import registry  # noqa: PLC0415
    from goodstanding.jobs.worker import Worker  # noqa: PLC0415

    # What leaves the process where there is a web server is done in it here.
    sources = [replace(each, process=each.here or each.process) for each in registry.sources() if each.name in names]
    assert len(sources) == len(names), names
    _time_the_gateway()
    worker = Worker(sources=sources)
    connection.ensure_connection()
    worker.drain()
    gc.freeze()  # as a worker does
    print("ready", flush=True)
    sys.stdin.readline()
    begun, cpu, gateway = time.time(), time.process_time(), _gateway_seconds
    worked = worker.drain()
    told = {"begun": begun, "ended": time.time(), "worked": worked, "cpu": time.process_time() - cpu}
    print(json.dumps({**told, "gateway": _gateway_seconds - gateway}))


def _time_the_gateway() -> None:
    """Tell the sandbox's own side, which elsewhere is another machine, from ours."""
    from goodstanding.gateways.sandbox.adapter import SandboxGateway  # noqa: PLC0415 (Django is set up by now)

    charge = SandboxGateway.charge

    def timed(*args: Any, **kwargs: Any) -> Any:
        global _gateway_seconds  # noqa: PLW0603 (one process, one figure)
        begun = time.process_time()
        try:
            return charge(*args, **kwargs)
        finally:
            _gateway_seconds += time.process_time() - begun

    SandboxGateway.charge = timed  # type: ignore[method-assign]


if __name__ == "__main__":
    main(sys.argv[1:])
