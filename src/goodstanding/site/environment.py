"""Where the site's settings come from: the environment, and ``.env`` for what the environment does not say."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from goodstanding import conf
from goodstanding.conf import BadSetting, Setting

T = TypeVar("T")

NAME_FILE = "organisation"
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")

ENV_FILE: Setting[str] = Setting("GOODSTANDING_ENV_FILE", ".env", str, "The file that is read beside the environment.")
DATABASE_URL: Setting[str] = Setting(
    "DATABASE_URL", "", str, "Which database; empty: a SQLite file under GOODSTANDING_HOME."
)
DATABASE_POOL: Setting[int] = Setting(
    "GOODSTANDING_DATABASE_POOL",
    0,
    conf.number(least=0, most=1000),
    "With PostgreSQL: the most connections that a process keeps in a pool; 0: one for each thread.",
)
SECRET_KEY: Setting[str] = Setting(
    "GOODSTANDING_SECRET_KEY", "", str, "Signs sessions; empty: made once, under GOODSTANDING_HOME."
)
DEBUG: Setting[bool] = Setting(
    "GOODSTANDING_DEBUG", default=False, read=conf.flag, what="Pages that show errors in full. Never on a site in use."
)
ALLOWED_HOSTS: Setting[tuple[str, ...]] = Setting(
    "GOODSTANDING_ALLOWED_HOSTS",
    ("localhost", "127.0.0.1", "[::1]"),
    conf.names,
    "The names that the site answers to, parted by commas.",
)
CSRF_TRUSTED_ORIGINS: Setting[tuple[str, ...]] = Setting(
    "GOODSTANDING_CSRF_TRUSTED_ORIGINS",
    (),
    conf.names,
    "Other origins (https://…) that may send forms to the site, parted by commas.",
)
HSTS_SECONDS: Setting[int] = Setting(
    "GOODSTANDING_HSTS_SECONDS",
    30 * 86400,
    conf.number(least=1, most=63072000),
    "With GOODSTANDING_HTTPS: how long browsers remember to come by https only.",
)
LOG_LEVEL: Setting[str] = Setting(
    "GOODSTANDING_LOG_LEVEL", "INFO", lambda text: _one_of(text.upper(), LOG_LEVELS), "What is logged: INFO and above."
)
SMTP_URL: Setting[str] = Setting(
    "GOODSTANDING_SMTP_URL", "", str, "The mail server; empty: mails are shown on standard error, and sent to nobody."
)

# What the site reads for itself. What the rooms read too stands in conf.SETTINGS.
SETTINGS: tuple[Setting[Any], ...] = (
    ENV_FILE,
    DATABASE_URL,
    DATABASE_POOL,
    SECRET_KEY,
    DEBUG,
    ALLOWED_HOSTS,
    CSRF_TRUSTED_ORIGINS,
    HSTS_SECONDS,
    LOG_LEVEL,
    SMTP_URL,
)

_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")


@dataclass(frozen=True, slots=True)
class Environment:
    """Texts by name; an empty text counts as not given."""

    texts: Mapping[str, str]

    @classmethod
    def load(cls, environ: Mapping[str, str]) -> Environment:
        """Return ``environ``, completed by the file that it names (``.env``, where there is one)."""
        path = environ.get(ENV_FILE.name, ENV_FILE.default)
        return cls({**(read_file(Path(path)) if path else {}), **environ})

    def get(self, setting: Setting[T]) -> T:
        """Return the value that is given for ``setting``, else its default."""
        text = self.texts.get(setting.name, "")
        return setting.from_text(text) if text else setting.default

    def unknown(self) -> list[str]:
        """Return names that look like ours and mean nothing."""
        known = {setting.name for setting in (*SETTINGS, *conf.SETTINGS)}
        ours = (name for name in self.texts if name.startswith("GOODSTANDING_"))
        return sorted(name for name in ours if name not in known and not name.startswith("GOODSTANDING_TEST_"))


def read_file(path: Path) -> dict[str, str]:
    """Return what the file of ``NAME=value`` lines says; nothing, where there is no such file.

    Empty lines and lines that begin with # are skipped; quotes around a value are taken off; nothing is expanded.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(f"{path} cannot be read: {error}") from error
    found: dict[str, str] = {}
    for count, line in enumerate(map(str.strip, lines), start=1):
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise BadSetting(f"{path}, line {count}: this is not NAME=value")
        name, value = match.groups()
        quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
        found[name] = value[1:-1] if quoted else value
    return found


def secret_key(home: Path, name: str = "secret-key") -> str:
    """Return the key kept under ``home``, made at the first call and readable by its owner only."""
    path = home / name
    if not path.exists():
        _make_secret_key(path)
    try:
        key = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(f"{path} cannot be read: {error}") from error
    if len(key) < 50:
        raise BadSetting(f"{path} holds no key; remove it, and one is made")
    return key


def _make_secret_key(path: Path) -> None:
    # Written beside and then linked: whoever comes second finds a whole key, never half of one.
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    make_home(path.parent)
    try:
        draft.touch(mode=0o600, exist_ok=False)
        draft.write_text(secrets.token_urlsafe(64) + "\n", encoding="ascii")
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)
    except OSError as error:
        raise cannot_write(path.parent, error) from error
    finally:
        draft.unlink(missing_ok=True)


def remember_name(home: Path, name: str) -> None:
    """Have the site called ``name`` unless its settings say otherwise: a demonstration's organisation, beside its data."""
    try:
        (home / NAME_FILE).write_text(f"{name}\n", encoding="utf-8")
    except OSError as error:
        raise cannot_write(home, error) from error


def organisation(environ: Environment, home: Path) -> str:
    """Return what the site is called: as its settings say, else as a demonstration left it, else by the default."""
    told = environ.get(conf.ORGANISATION)
    if environ.texts.get(conf.ORGANISATION.name):
        return told
    try:
        return conf.ORGANISATION.from_text((home / NAME_FILE).read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError):
        return told


def make_home(home: Path) -> None:
    """Make sure that ``home`` is there and can be written, or raise :class:`BadSetting`."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(home, error) from error
    if not os.access(home, os.W_OK | os.X_OK):
        raise cannot_write(home, PermissionError("permission denied"))


def cannot_write(home: Path, error: OSError) -> BadSetting:
    """Return the refusal for a home that cannot be written."""
    reason = "it is not a folder" if isinstance(error, FileExistsError) else (error.strerror or str(error)).lower()
    return BadSetting(f"{conf.HOME.name} {home} cannot be written: {reason}")


def _one_of(text: str, known: tuple[str, ...]) -> str:
    if text not in known:
        raise ValueError(f"{text!r} is none of {', '.join(known)}")
    return text
