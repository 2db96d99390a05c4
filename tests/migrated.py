"""A migrated database, made once and copied for each worker and each site that wants one: migrating takes seconds.

On SQLite it is kept in the cache of pytest, under a name that is made of the migrations, so another set of migrations is
another file. On PostgreSQL it is a template of the run's own. Whoever gets a copy still migrates it, which then finds nothing to
do; that migrating from nothing works is shown by making it, and by the tests that start a site from nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KEPT_IN = ROOT / ".pytest_cache" / "migrated"
PROGRAM = """
import django
django.setup()
from django.core.management import call_command
from django.db import connection
call_command("migrate", verbosity=0, interactive=False)
connection.close()
"""


def copy_to(path: Path) -> None:
    """Put a migrated SQLite database, with nothing in it, at ``path``."""
    KEPT_IN.mkdir(parents=True, exist_ok=True)
    kept = KEPT_IN / f"{_version()}.sqlite3"
    with _one_at_a_time(KEPT_IN / "lock"):
        if not kept.exists():
            _make(kept)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copyfile(kept, path)


def template(database: str, home: Path) -> str:
    """Return the name of a PostgreSQL database beside ``database`` to copy from; the first who asks in a run makes it."""
    name = f"{database}_migrated"
    with _one_at_a_time(home / "lock"):
        made = home / name
        if not made.exists():
            _make_template(name)
            made.touch()
    return name


def _version() -> str:
    """Return a name for what migrating leads to: all migrations, and what else brings some along."""
    known = hashlib.sha256((ROOT / "uv.lock").read_bytes())
    for path in sorted((ROOT / "src").glob("**/migrations/*.py")):
        known.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return known.hexdigest()[:16]


def _make(kept: Path) -> None:
    with tempfile.TemporaryDirectory(dir=KEPT_IN) as folder:
        _migrate(GOODSTANDING_TEST_HOME=folder, DATABASE_URL="")
        for old in KEPT_IN.glob("*.sqlite3"):
            old.unlink()
        (Path(folder) / "goodstanding.sqlite3").rename(kept)


def _make_template(name: str) -> None:
    import psycopg
    from psycopg import sql

    url = os.environ["DATABASE_URL"]
    with psycopg.connect(_named(url, "postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    with tempfile.TemporaryDirectory() as folder:
        _migrate(GOODSTANDING_TEST_HOME=folder, DATABASE_URL=_named(url, name))


def _named(url: str, database: str) -> str:
    """Return the address of another database of the same server."""
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    found = parts._replace(path=f"/{database}").geturl()
    return found if parts.netloc else found.replace(":/", ":///", 1)


def _migrate(**settings: str) -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", **settings}
    subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, env=environment, check=True)


@contextlib.contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
