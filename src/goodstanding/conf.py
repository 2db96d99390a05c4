"""Settings: every one that Goodstanding knows, and the only module that reads them.

The ready-to-run site takes each from the environment or ``.env`` (:mod:`goodstanding.site.settings`); another Django
project sets what it wants in its own settings module. What a setting is for stands in ``docs/reference/settings.md``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, TypeVar, cast
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from goodstanding.core.tax import read_place

T = TypeVar("T")

KEY_LENGTH = 32


class BadSetting(ImproperlyConfigured):
    """A setting has a value that it cannot have."""


@dataclass(frozen=True, slots=True)
class Setting(Generic[T]):
    """A setting: its name, what it is when nobody says anything, how its text is read, and what it is for."""

    name: str
    default: T
    read: Callable[[str], T]
    what: str

    def from_text(self, text: str) -> T:
        """Return the value that ``text`` means, or raise :class:`BadSetting` naming this setting."""
        try:
            return self.read(text)
        except ValueError as error:
            raise BadSetting(f"{self.name}: {error}") from error

    def value(self) -> T:
        """Return the value in force: the Django setting of this name, else the default."""
        return cast("T", getattr(settings, self.name, self.default))


def flag(text: str) -> bool:
    """Read yes or no."""
    known = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if text.lower() not in known:
        raise ValueError(f"{text!r} is neither 1 (true, yes, on) nor 0 (false, no, off)")
    return known[text.lower()]


def number(*, least: int, most: int) -> Callable[[str], int]:
    """Return a reader of whole numbers from ``least`` to ``most``."""

    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
            raise ValueError(f"{text!r} is not a whole number from {least} to {most}")
        return int(text)

    return read


def names(text: str) -> tuple[str, ...]:
    """Read a list of names parted by commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def zone_name(text: str) -> str:
    """Read the name of a time zone, such as ``Europe/Berlin``."""
    try:
        return ZoneInfo(text).key
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{text!r} is no time zone; write one such as Europe/Berlin") from error


def reckoning(text: str) -> str:
    """Read how parts of a period are reckoned: ``second-exact`` or ``day-based``, and ``half-up`` or ``half-even``."""
    found = [part.strip() for part in text.split(",")]
    measures, roundings = ("second-exact", "day-based"), ("half-up", "half-even")
    if len(found) != len((measures, roundings)) or found[0] not in measures or found[1] not in roundings:
        raise ValueError(f"{text!r} is neither of second-exact and day-based, a comma, and half-up or half-even")
    return ", ".join(found)


def secret(text: str) -> str:
    """Read a secret key."""
    if len(text) < KEY_LENGTH:
        raise ValueError(f"this is no key: write {KEY_LENGTH} random characters or more")  # and do not repeat it
    return text


_OFFSET = re.compile(r"([+-])(\d{1,6})([dhm])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}


def paths(text: str) -> Mapping[str, str]:
    """Read names with a dotted path each, such as ``stripe=some.module.Adapter``, parted by commas."""
    found = dict(part.split("=", 1) for part in names(text) if "=" in part)
    if not found or len(found) != len(names(text)):
        raise ValueError(f"{text!r} is no list such as stripe=some.module.Adapter,other=some.other.Adapter")
    return found


def address(text: str) -> str:
    """Read the address of a site, such as ``https://members.example.org``."""
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", text):
        raise ValueError(f"{text!r} is no address such as https://members.example.org")
    return text.rstrip("/")


def line(text: str) -> str:
    """Read words of one line."""
    if not text.isprintable() or not 0 < len(text.strip()) <= 100:
        raise ValueError("write up to 100 characters on one line")
    return text.strip()


def sender(text: str) -> str:
    """Read a mail address with a name before it, such as ``Example Club <hello@example.org>``."""
    found = parseaddr(text)[1]
    if not text.isprintable() or not re.fullmatch(r"[!-;=?A-~]+@[A-Za-z0-9.-]+", found) or len(text) > 200:
        raise ValueError(f"{text!r} is no sender such as Example Club <hello@example.org>")
    return text


def mailbox(text: str) -> str:
    """Read a mail address, or nothing."""
    if text and (not re.fullmatch(r"[!-;=?A-~]+@[A-Za-z0-9.-]+", text) or len(text) > 200):
        raise ValueError(f"{text!r} is no mail address such as office@example.org")
    return text


@lru_cache(maxsize=8)
def clock_text(text: str) -> datetime | timedelta:
    """Read what the clock shows: a moment at which it stands still, or an offset (``+90d``) with which it runs on."""
    if found := _OFFSET.fullmatch(text):
        sign, count, unit = found.groups()
        return timedelta(**{_UNITS[unit]: int(f"{sign}{count}")})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError(
            f"{text!r} is neither a moment such as 2026-01-31T10:00:00Z nor an offset such as +90d or -36h"
        )
    return moment.astimezone(UTC)


def _checked_clock(text: str) -> str:
    clock_text(text)
    return text


HOME: Setting[Path] = Setting("GOODSTANDING_HOME", Path("var"), Path, "The folder for what the site keeps.")
TIME_ZONE: Setting[str] = Setting("GOODSTANDING_TIME_ZONE", "UTC", zone_name, "The time zone that decides days.")
PRORATION: Setting[str] = Setting(
    "GOODSTANDING_PRORATION",
    "second-exact, half-up",
    reckoning,
    "How parts of a period are counted and rounded, for what begins from now on.",
)
HTTPS: Setting[bool] = Setting(
    "GOODSTANDING_HTTPS",
    default=False,
    read=flag,
    what="The site is reached by https only, through a proxy that ends TLS.",
)
DEMO: Setting[bool | None] = Setting("GOODSTANDING_DEMO", None, flag, "Whether `up` makes people to try things with.")
CLOCK: Setting[str] = Setting(
    "GOODSTANDING_CLOCK", "", _checked_clock, "A clock that stands still or runs ahead, for trying things."
)
HOST: Setting[str] = Setting("GOODSTANDING_HOST", "127.0.0.1", str, "The address that the web server listens on.")
PORT: Setting[int] = Setting("PORT", 8000, number(least=1, most=65535), "The port that the web server listens on.")
WEB_PROCESSES: Setting[int] = Setting(
    "GOODSTANDING_WEB_PROCESSES", 1, number(least=1, most=64), "Processes of the web server."
)
WEB_THREADS: Setting[int] = Setting(
    "GOODSTANDING_WEB_THREADS", 4, number(least=1, most=64), "Threads of each of these processes."
)
GATEWAYS: Setting[Mapping[str, str]] = Setting(
    "GOODSTANDING_GATEWAYS",
    {
        "manual": "goodstanding.gateways.manual.adapter.ManualGateway",
        "sandbox": "goodstanding.gateways.sandbox.adapter.SandboxGateway",
        "stripe": "goodstanding.gateways.stripe.adapter.StripeGateway",
    },
    paths,
    "The gateways that can be used, each with its adapter.",
)
SANDBOX_URL: Setting[str] = Setting(
    "GOODSTANDING_SANDBOX_URL",
    "",
    str,
    "Where the worker reaches the web server, to deliver the sandbox's webhooks; empty: on this machine, at HOST and PORT.",
)
URL: Setting[str] = Setting("GOODSTANDING_URL", "", address, "The site's own address, as people type it.")
ACCESS_COOKIE_DOMAIN: Setting[str] = Setting(
    "GOODSTANDING_ACCESS_COOKIE_DOMAIN",
    "",
    str,
    "The domain whose hosts are shown the access cookie; empty: the site's own host alone.",
)
ACCESS_HOSTS: Setting[tuple[str, ...]] = Setting(
    "GOODSTANDING_ACCESS_HOSTS", (), names, "Other hosts, guarded by forward-auth, to which people are led back."
)
CARD_KEY: Setting[str] = Setting(
    "GOODSTANDING_CARD_KEY", "", secret, "Keys the digests of cards; the site makes one, under GOODSTANDING_HOME."
)
ORGANISATION: Setting[str] = Setting(
    "GOODSTANDING_ORGANISATION", "Goodstanding", line, "The organisation's name, as pages and mails say it."
)
MAIL_FROM: Setting[str] = Setting(
    "GOODSTANDING_MAIL_FROM", "Goodstanding <no-reply@localhost>", sender, "Whom mails come from."
)
STAFF_MAIL: Setting[str] = Setting(
    "GOODSTANDING_STAFF_MAIL", "", mailbox, "Who is written to of failed payments and members' changes; empty: nobody."
)
ENDS_SOON_DAYS: Setting[int] = Setting(
    "GOODSTANDING_ENDS_SOON_DAYS", 7, number(least=0, most=90), "Days before an end when members are warned; 0: not."
)
PLACE: Setting[str] = Setting("GOODSTANDING_PLACE", "", read_place, "Where payers are who say nothing else, for taxes.")

SETTINGS: tuple[Setting[Any], ...] = (
    HOME,
    TIME_ZONE,
    PRORATION,
    HTTPS,
    DEMO,
    CLOCK,
    HOST,
    PORT,
    WEB_PROCESSES,
    WEB_THREADS,
    GATEWAYS,
    SANDBOX_URL,
    CARD_KEY,
    URL,
    ACCESS_COOKIE_DOMAIN,
    ACCESS_HOSTS,
    ORGANISATION,
    PLACE,
    MAIL_FROM,
    STAFF_MAIL,
    ENDS_SOON_DAYS,
)


def time_zone() -> ZoneInfo:
    """Return the site's time zone; in another Django project, unless told otherwise, that project's."""
    return ZoneInfo(getattr(settings, TIME_ZONE.name, None) or settings.TIME_ZONE)


def convention() -> str:
    """Return the name of the convention by which parts of a period are reckoned for what begins now."""
    return f"{PRORATION.value()}, {time_zone().key}"


def language() -> str:
    """Return the language of those who chose none."""
    return settings.LANGUAGE_CODE


def sandbox_url() -> str:
    """Return the address, without a path, at which the sandbox's webhooks are delivered."""
    return SANDBOX_URL.value() or _here()


def site_url() -> str:
    """Return the site's address, without a slash at its end: on a site for trying things, unless told, that on this machine.

    Empty where the site is in use and nobody said what its address is.
    """
    return URL.value().rstrip("/") or ("" if HTTPS.value() else _here())


def call_organisation(name: str) -> None:
    """Have this process call the organisation ``name``, where nobody said what it is called: it read its settings before."""
    if ORGANISATION.value() == ORGANISATION.default:
        setattr(settings, ORGANISATION.name, name)


def _here() -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(HOST.value(), HOST.value())  # noqa: S104 - nothing is bound here
    return f"http://{f'[{host}]' if ':' in host else host}:{PORT.value()}"


def clock() -> datetime | timedelta | None:
    """Return the moment at which the clock stands still, or the offset with which it runs, or ``None``: the real time."""
    text = CLOCK.value()
    return clock_text(text) if text else None


def allowed_hosts() -> tuple[str, ...]:
    """Return the names by which the site may be asked for."""
    return tuple(settings.ALLOWED_HOSTS)


def is_for_trying() -> bool:
    """Return whether money that is none may buy something here: not on a site in use."""
    return not HTTPS.value() and DEMO.value() is not False


def clock_may_be_moved() -> bool:
    """Return whether this is a site for trying things, whose clock people may move.

    Another Django project is one only where it sets ``GOODSTANDING_DEMO`` to something other than no.
    """
    return getattr(settings, DEMO.name, False) is not False and not HTTPS.value() and not CLOCK.value()


def session_seconds() -> int:
    """Return how long a log-in lasts."""
    return settings.SESSION_COOKIE_AGE


def session_is_forgotten_with_the_browser() -> bool:
    """Return whether a log-in ends where the browser is closed."""
    return settings.SESSION_EXPIRE_AT_BROWSER_CLOSE


def session_cookie_is_secure() -> bool:
    """Return whether the browser sends cookies by https only."""
    return settings.SESSION_COOKIE_SECURE


def session_engine() -> str:
    """Return the dotted path of what keeps sessions."""
    return settings.SESSION_ENGINE


@checks.register("goodstanding")
def check_time(**_kwargs: object) -> list[checks.CheckMessage]:
    """Find settings under which moments and days cannot be right."""
    found: list[checks.CheckMessage] = []
    if not settings.USE_TZ:
        found.append(
            checks.Error("USE_TZ is off.", hint="Goodstanding keeps aware moments: set USE_TZ = True.", id="gs.E001")
        )
    try:
        time_zone()
    except (KeyError, ValueError, OSError):
        hint = "Write a name such as Europe/Berlin."
        found.append(checks.Error(f"{TIME_ZONE.name} is no time zone.", hint=hint, id="gs.E002"))
    try:
        clock()
    except ValueError as error:
        hint = "Leave it empty for the real time."
        found.append(checks.Error(f"{CLOCK.name}: {error}.", hint=hint, id="gs.E003"))
    else:
        if CLOCK.value() and HTTPS.value():
            hint = f"A clock that is not the real one is for trying things: empty {CLOCK.name}, or {HTTPS.name}=0."
            found.append(checks.Error(f"{CLOCK.name} is set on a site in use.", hint=hint, id="gs.E004"))
    return found


@checks.register("goodstanding")
def check_database(**_kwargs: object) -> list[checks.CheckMessage]:
    """Find database settings under which two writers would lose to each other."""
    engine = settings.DATABASES["default"]["ENGINE"]
    options = settings.DATABASES["default"].get("OPTIONS", {})
    if engine == "django.db.backends.sqlite3":
        if options.get("transaction_mode") == "IMMEDIATE":
            return []
        hint = 'Without it two writers meet "database is locked": set OPTIONS = {"transaction_mode": "IMMEDIATE", …}.'
        return [checks.Error("SQLite is used without immediate transactions.", hint=hint, id="gs.E005")]
    if engine == "django.db.backends.postgresql":
        return []
    hint = "Goodstanding is tested on SQLite and PostgreSQL."
    return [checks.Error(f"The database engine {engine} is not supported.", hint=hint, id="gs.E006")]


@checks.register("goodstanding", deploy=True)
def check_demo(**_kwargs: object) -> list[checks.CheckMessage]:
    """Find people with known passwords on a site in use."""
    if not (HTTPS.value() and DEMO.value()):
        return []
    hint = f"Their passwords are in the documentation: set {DEMO.name}=0 and remove them."
    return [checks.Warning("`up` makes demo people on a site in use.", hint=hint, id="gs.W001")]


@checks.register("goodstanding", deploy=True)
def check_mail(**_kwargs: object) -> list[checks.CheckMessage]:
    """Find a site in use whose mails reach nobody."""
    if not HTTPS.value() or not settings.EMAIL_BACKEND.startswith("goodstanding."):
        return []
    hint = "They are written to standard error, addresses and all: set GOODSTANDING_SMTP_URL."
    return [checks.Warning("Mails are sent to nobody on a site in use.", hint=hint, id="gs.W041")]
