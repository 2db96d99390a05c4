"""Everything in one go: it comes up, says whom to log in as, and goes down as one."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.site.command import Site, free_port

PROCESSES = Path("/proc")
pytestmark = [
    pytest.mark.loopback,
    pytest.mark.slow,
    pytest.mark.skipif(not PROCESSES.is_dir(), reason="looks for processes in /proc"),
]
PATIENCE_SECONDS = 60


class Running:
    """A site that is up."""

    def __init__(self, site: Site, **settings: str) -> None:
        self.site, self.port = site, free_port()
        self.process = site.start("up", PORT=self.port, **settings)
        self.said = ""

    def wait_until_up(self) -> None:
        """Read what it says until it is up."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.said += line
            if line.startswith("Stop with"):
                return
        pytest.fail(f"it ended: {self.said} {self.process.stderr and self.process.stderr.read()}")

    def get(self, path: str) -> int:
        """Return the status with which the site answers."""
        connection = http.client.HTTPConnection("127.0.0.1", int(self.port), timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        finally:
            connection.close()

    def others(self) -> list[int]:
        """Return the ids of the processes of its group, itself left out."""
        found = []
        for pid in (int(path.name) for path in PROCESSES.iterdir() if path.name.isdigit()):
            try:
                if os.getpgid(pid) == self.process.pid != pid:
                    found.append(pid)
            except ProcessLookupError:
                continue
        return found

    def ended(self) -> tuple[int, str]:
        """Wait for the end; return exit code and what was said on standard error."""
        _, errors = self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode, errors


@pytest.fixture
def up(tmp_path, request) -> Iterator[Running]:
    """A site that is up: bare, unless the test asks (``indirect``) for the demonstration, which takes a while to live through."""
    if getattr(request, "param", "") == "demonstration":
        running = Running(Site(tmp_path))
    else:
        running = Running(Site(tmp_path).already_migrated(), GOODSTANDING_DEMO="0")
    try:
        running.wait_until_up()
        yield running
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.process.pid, signal.SIGKILL)
        running.process.communicate()


def named(pid: int) -> str:
    """Return the command line of a process."""
    return (PROCESSES / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode()


@pytest.mark.parametrize("up", ["demonstration"], indirect=True)
def test_it_comes_up_and_a_second_one_says_that_the_port_is_in_use(up):
    assert f"http://127.0.0.1:{up.port}/" in up.said
    for somebody in ("alice@example.org", "bob@example.org", "charlie@example.org", "dana@example.org (staff)"):
        assert somebody in up.said
    assert [up.get(path) for path in ("/", "/healthz", "/readyz", "/static/gs_site/site.css")] == [200] * 4
    again = up.site.run("up", PORT=up.port)
    assert again.returncode == 2
    assert again.stderr.count("\n") == 1
    assert f"port {up.port} is in use" in again.stderr
    os.kill(up.process.pid, signal.SIGTERM)
    assert up.ended()[0] == 0


@pytest.mark.parametrize("whole_group", [True, False], ids=["ctrl-c", "one process"])
def test_it_goes_down_as_one(up, whole_group):
    others = up.others()
    assert len(others) >= 2
    # In a terminal Ctrl-C tells every process of the group at once.
    (os.killpg if whole_group else os.kill)(up.process.pid, signal.SIGINT)
    code, errors = up.ended()
    assert code == 0, errors
    assert "Traceback" not in errors
    assert up.others() == []
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        trial.bind(("127.0.0.1", int(up.port)))


@pytest.mark.parametrize("part", ["granian", "work"])
def test_where_one_part_dies_the_other_is_stopped_and_the_code_is_1(up, part):
    victim = next(pid for pid in sorted(up.others()) if part in named(pid))
    os.kill(victim, signal.SIGKILL)
    code, errors = up.ended()
    assert code == 1
    assert "ended by itself" in errors
    deadline = time.monotonic() + 10
    while up.others() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert up.others() == []


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"GOODSTANDING_DEMO": "0"}, "GOODSTANDING_DEMO=0"),
        ({"GOODSTANDING_HTTPS": "1"}, "a site in use"),
        ({"GOODSTANDING_HOST": "0.0.0.0"}, "reached from the network"),
    ],
)
def test_nobody_with_a_known_password_is_made_where_others_could_come_in(tmp_path, settings, reason):
    running = Running(Site(tmp_path).already_migrated(), **settings)
    try:
        running.wait_until_up()
        assert "No demo people" in running.said
        assert reason in running.said
        assert "goodstanding-demo" not in running.said
    finally:
        running.process.terminate()
        assert running.ended()[0] == 0
