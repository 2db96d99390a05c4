"""``GOODSTANDING_SMTP_URL``: one line that says which mail server, turned into Django's settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

SECONDS = 10  # for each step of a conversation; all of them together should end within a lease
HERE = ("localhost", "127.0.0.1", "::1")


class BadSmtpUrl(ValueError):
    """A ``GOODSTANDING_SMTP_URL`` that names no mail server we can use. The message never repeats any of it."""


@dataclass(frozen=True, slots=True)
class _Way:
    port: int
    tls: bool = False
    ssl: bool = False


_WAYS = {"smtp": _Way(25), "smtp+tls": _Way(587, tls=True), "smtps": _Way(465, ssl=True)}


def parse(url: str) -> dict[str, Any]:
    """Return Django's settings for the mail server that ``url`` names; for an empty one, mails are shown, not sent.

    ``smtp://localhost``, ``smtp+tls://user:password@mail.example.org:587``, ``smtps://user:password@mail.example.org``.
    """
    if not url:
        return {"EMAIL_BACKEND": "goodstanding.site.shown_mails.EmailBackend"}
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        # Without its cause, which may repeat a password that holds a slash.
        raise BadSmtpUrl(
            "this cannot be read as an address (is the port a number, and is a / in the password written %2F?)"
        ) from None
    way = _WAYS.get(parts.scheme)
    if way is None:
        raise BadSmtpUrl("it must begin with smtp+tls://, smtps:// or smtp://")
    host = unquote(parts.hostname or "")
    if not host:
        raise BadSmtpUrl("the mail server's name is missing: write smtps://user:password@mail.example.org")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise BadSmtpUrl("nothing may follow the port; in a password a / is written %2F, a ? %3F and a # %23")
    if bool(parts.username) != bool(parts.password):
        raise BadSmtpUrl("a user and a password belong together")
    if parts.password and parts.scheme == "smtp" and host not in HERE:
        raise BadSmtpUrl("a password does not travel in plain: write smtp+tls:// or smtps://")
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": host,
        "EMAIL_PORT": port or way.port,
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": way.tls,
        "EMAIL_USE_SSL": way.ssl,
        "EMAIL_TIMEOUT": SECONDS,
    }
