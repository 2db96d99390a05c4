"""The web server: where it listens, whether it can, and the command that runs it."""

from __future__ import annotations

import errno
import http.client
import socket
import sys
from urllib.parse import urlsplit

from goodstanding import conf
from goodstanding.site.refusals import Refused

APPLICATION = "goodstanding.site.web_process:application"
# A process of granian 2.8 sometimes hangs when it is told to stop (its issue 875); after this long it is ended.
STOP_SECONDS = 5
OUR_OWN = frozenset({"127.0.0.1", "::1", "localhost"})  # what nobody else reaches


def address() -> str:
    """Return the address of the site as a person on this machine types it."""
    host = _host_from_here()
    return f"http://{f'[{host}]' if ':' in host else host}:{conf.PORT.value()}/"


def listens_to_this_machine_only() -> bool:
    """Tell whether nobody on the network can reach the server, by itself or by a proxy for which it was given a name."""
    named = {*conf.allowed_hosts(), *([urlsplit(conf.URL.value()).hostname] if conf.URL.value() else [])}
    return conf.HOST.value() in OUR_OWN and named <= {*OUR_OWN, "[::1]", ".localhost", "testserver"}


def require_port() -> None:
    """Raise :class:`Refused` where nothing can listen on the host and port that are set."""
    host, port = conf.HOST.value(), conf.PORT.value()
    try:
        family, kind, *_, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(where)
            trial.listen()
    except socket.gaierror as error:
        raise Refused(f"{conf.HOST.name} {host!r} is no address of this machine.") from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Refused(f"port {port} is in use. Choose another one: PORT={port % 65535 + 1}") from error
        raise Refused(f"cannot listen on {host} port {port}: {(error.strerror or str(error)).lower()}.") from error


def answers() -> bool:
    """Tell whether the server answers, whatever it says."""
    connection = http.client.HTTPConnection(_host_from_here(), conf.PORT.value(), timeout=2)
    try:
        connection.request("GET", "/healthz")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def command() -> list[str]:
    """Return the command line of the web server."""
    return [
        *(sys.executable, "-m", "granian", APPLICATION),
        *("--interface", "wsgi"),
        *("--host", conf.HOST.value()),
        *("--port", str(conf.PORT.value())),
        *("--workers", str(conf.WEB_PROCESSES.value())),
        *("--blocking-threads", str(conf.WEB_THREADS.value())),
        *("--workers-kill-timeout", f"{STOP_SECONDS}s"),
        *("--log-level", "warning"),
        "--no-ws",
    ]


def _host_from_here() -> str:
    host = conf.HOST.value()
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - nothing is bound here
