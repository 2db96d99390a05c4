"""The web server as it runs in use, and many who ask it at once."""

from __future__ import annotations

import http.client
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from bench import measure
from goodstanding.site import server

FLOOR = "bench.floor_app:application"
_END_OF_HEAD = b"\r\n\r\n"


@dataclass(frozen=True)
class Server:
    """A running web server."""

    pid: int
    port: int


@dataclass(frozen=True)
class Load:
    """What some requests took: each of them in milliseconds, all together in seconds, the server's processor in ms each."""

    took: Sequence[float]
    seconds: float
    cpu: float

    @property
    def speed(self) -> float:
        """Requests a second."""
        return len(self.took) / self.seconds


@contextmanager
def running(application: str, port: int, *, processes: int = 1) -> Iterator[Server]:
    """Run a web server, started as the site's own is."""
    command = [application if part == server.APPLICATION else part for part in server.command()]
    command[command.index("--port") + 1] = str(port)
    command[command.index("--workers") + 1] = str(processes)
    process = subprocess.Popen(command)
    try:
        _wait(process, port)
        yield Server(process.pid, port)
    finally:
        process.terminate()
        process.wait(timeout=30)


def request(path: str, *, headers: str = "", body: str = "") -> bytes:
    """Return a request as it goes over the wire: POST where it has a body. ``headers``: lines without their ends."""
    told = body.encode()
    head = [f"{'POST' if told else 'GET'} {path} HTTP/1.1", "Host: localhost", *filter(None, headers.split("\n"))]
    if told:
        head += ["Content-Type: application/json", f"Content-Length: {len(told)}"]
    return "\r\n".join(head).encode() + _END_OF_HEAD + told


def load(at: Server, requests: Sequence[bytes], *, clients: int) -> Load:
    """Send requests from so many clients at once, each on a connection kept open; all must be answered by 200.

    One thread sends them all: threads would take turns, and measure each other.
    """
    crowd = [_Client(at.port, requests[number::clients]) for number in range(min(clients, len(requests)))]
    before, begun = measure.cpu_seconds_of(at.pid), time.perf_counter()
    with selectors.DefaultSelector() as waiting:
        for client in crowd:
            client.send()
            waiting.register(client.socket, selectors.EVENT_READ, client)
        while waiting.get_map():
            ready = waiting.select(timeout=30)
            assert ready, "the web server answers no more"
            for key, _ in ready:
                if key.data.receive() and not key.data.send():
                    waiting.unregister(key.fileobj)
                    key.data.socket.close()
    seconds = time.perf_counter() - begun
    cpu = (measure.cpu_seconds_of(at.pid) - before) * 1000 / len(requests)
    return Load([each for client in crowd for each in client.took], seconds, cpu)


class _Client:
    """One who asks again as soon as he is answered."""

    def __init__(self, port: int, requests: Sequence[bytes]) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.took: list[float] = []
        self._requests = iter(requests)
        self._begun = 0.0
        self._read = b""

    def send(self) -> bool:
        """Send the next request, if there is one."""
        told = next(self._requests, None)
        if told is None:
            return False
        self._begun = time.perf_counter()
        self.socket.sendall(told)
        return True

    def receive(self) -> bool:
        """Read what is there; return whether the answer is complete."""
        part = self.socket.recv(65536)
        assert part, "the web server hung up"
        self._read += part
        head, found, body = self._read.partition(_END_OF_HEAD)
        if not found or len(body) < _length(head):
            return False
        self.took.append((time.perf_counter() - self._begun) * 1000)
        assert head.startswith(b"HTTP/1.1 200 "), head[:40]
        self._read = b""
        return True


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    raise AssertionError("an answer without its length")


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(300):
        assert process.poll() is None, "the web server ended"
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            connection.getresponse().read()
        except OSError:
            time.sleep(0.1)
        else:
            return
        finally:
            connection.close()
    sys.exit(f"the web server does not answer on port {port}")
