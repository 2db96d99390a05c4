"""Debian's nginx (or another on the PATH), run as a person would with a file of ours; never one downloaded."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

import pytest

FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin")
AROUND = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/conf.d/*.conf;
}}
"""
STARTS_WITHIN_SECONDS = 10


def nginx() -> str | None:
    """Return the path of the machine's nginx, where it has one that can ask before it answers."""
    found = shutil.which("nginx", path=os.pathsep.join([os.environ.get("PATH", ""), *FOLDERS]))
    if found is None:
        return None
    told = subprocess.run([found, "-V"], capture_output=True, text=True, check=False).stderr
    return found if "http_auth_request_module" in told else None


@contextmanager
def running(folder: Path, text: str, *, port: int) -> Iterator[None]:
    """Run nginx with ``text`` as a file of its conf.d, until the block ends."""
    path = nginx()
    if path is None:
        pytest.skip("no nginx with auth_request on this machine (Debian: apt-get install nginx-light)")
    (folder / "conf.d").mkdir()
    (folder / "conf.d" / "example.conf").write_text(text)
    (folder / "nginx.conf").write_text(AROUND.format(folder=folder))
    command = [path, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        _wait_for(process, port)
        yield
    finally:
        process.terminate()
        process.wait(timeout=10)
        if process.stdout:
            process.stdout.close()


def _wait_for(process: subprocess.Popen[str], port: int) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=2).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    process.kill()
    said = process.communicate()[0]
    pytest.fail(f"nginx did not start: {said}")


class Wiki:
    """Something behind the proxy that knows nothing of members: it answers, and keeps what it was asked with."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        wiki = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                wiki.asked.append((self.path, dict(self.headers.items())))
                body = f"<title>Wiki</title><h1>Wiki {self.path.partition('?')[0]}</h1>".encode()
                self.send_response(403 if self.path == "/wiki-s-own-refusal" else 200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815 - so named by the library

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.server.shutdown()
        self.server.server_close()


def get(port: int, path: str, headers: Mapping[str, str], method: str = "GET") -> http.client.HTTPResponse:
    """Ask, follow nothing, and return the answer, read."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, headers=dict(headers))
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer
