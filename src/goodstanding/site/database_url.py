"""``DATABASE_URL``: one line that says which database, turned into Django's setting."""

from __future__ import annotations

from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

SQLITE_OPTIONS = {
    # Take the write lock at BEGIN: a transaction that reads first and writes later would lose to another writer at once.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
}
CONNECTION_SECONDS = 60  # how long a thread keeps its connection
POSTGRES_SCHEMES = ("postgres", "postgresql")
# What may follow the question mark. Anything else is a slip of the pen, and is said at once.
POSTGRES_PARAMETERS = frozenset(
    {"application_name", "connect_timeout", "host", "options", "passfile", "port", "service", "sslcert", "sslkey"}
    | {"sslmode", "sslrootcert", "target_session_attrs", "user"}
)


class BadDatabaseUrl(ValueError):
    """A ``DATABASE_URL`` that names no database we can use. The message never repeats a password."""


def parse(url: str, *, pool: int = 0) -> dict[str, Any]:
    """Return Django's settings for the database that ``url`` names; ``pool`` is the most connections a process keeps.

    ``sqlite:///relative/path``, ``sqlite:////absolute/path``, ``postgresql://user:password@host:5432/name?sslmode=require``;
    a socket's folder goes into the query: ``postgresql:///name?host=/var/run/postgresql``.
    """
    if "#" in url:
        raise BadDatabaseUrl("a # must be written %23")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise BadDatabaseUrl("this cannot be read as an address (is the port a number?)") from error
    if parts.scheme == "sqlite":
        return _sqlite(parts)
    if parts.scheme in POSTGRES_SCHEMES:
        return _postgres(parts, pool=pool)
    raise BadDatabaseUrl("it must begin with sqlite:/// or postgresql://")


def sqlite(path: str) -> dict[str, Any]:
    """Return Django's settings for the SQLite file ``path``."""
    # Opening costs more than most requests do, and who closes the last connection writes the whole log back.
    kept = {"CONN_MAX_AGE": CONNECTION_SECONDS}
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": path, "OPTIONS": dict(SQLITE_OPTIONS), **kept}


def _sqlite(parts: SplitResult) -> dict[str, Any]:
    if parts.netloc:
        raise BadDatabaseUrl("a SQLite file has no host: write sqlite:///file or sqlite:////whole/path")
    if parts.query:
        raise BadDatabaseUrl("sqlite takes nothing after the file's name")
    path = unquote(parts.path).removeprefix("/")
    if not path or path.endswith("/"):
        raise BadDatabaseUrl("the file's name is missing: write sqlite:///file or sqlite:////whole/path")
    return sqlite(path)


def _postgres(parts: SplitResult, *, pool: int) -> dict[str, Any]:
    name = unquote(parts.path).removeprefix("/")
    if not name or "/" in name:
        raise BadDatabaseUrl("the database's name is missing: write postgresql://user@host/name")
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := sorted(given.keys() - POSTGRES_PARAMETERS):
        raise BadDatabaseUrl(f"unknown after the question mark: {', '.join(unknown)}")
    options: dict[str, Any] = {key: value for key, value in given.items() if key not in {"host", "port", "user"}}
    if pool:
        options["pool"] = {"min_size": 1, "max_size": pool, "timeout": 20}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or given.get("user", "")),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or given.get("host", "")),
        "PORT": str(parts.port or given.get("port", "")),
        # A pool keeps the connections itself; without one each thread keeps its own for a minute.
        "CONN_MAX_AGE": 0 if pool else CONNECTION_SECONDS,
        "CONN_HEALTH_CHECKS": not pool,
        "OPTIONS": options,
    }
