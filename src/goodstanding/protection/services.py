"""The judge: whether a try may go on. One door, behind which lock-outs, captcha and lists have their place.

So far everybody passes but who guesses passwords outside of the page to log in (which has limits of its own).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.cache import cache
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

PASSWORD = "password"  # noqa: S105 - the name of a kind of try
FAILURES = 10
FORGOTTEN_AFTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Signals:
    """What is known of a try: of what (``checkout``, ``password``), from which address, with which e-mail, and when."""

    doing: str
    address: str
    email: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the try may go on; ``words`` say why not, to the one who tries."""

    passes: bool
    words: str = ""


def judge(signals: Signals) -> Verdict:
    """Return whether a try may go on. Writes nothing."""
    if signals.doing == PASSWORD and cache.get(_key(signals), 0) >= FAILURES:
        return Verdict(
            passes=False,
            words=_("Too many tries with this e-mail. Wait a quarter of an hour, or ask for a new password."),
        )
    return Verdict(passes=True)


def note_failure(signals: Signals) -> None:
    """Note that a try came to nothing (a wrong password). Forgotten a quarter of an hour after the first."""
    key = _key(signals)
    cache.add(key, 0, FORGOTTEN_AFTER.total_seconds())
    try:
        cache.incr(key)
    except ValueError:  # forgotten in this very moment
        cache.add(key, 1, FORGOTTEN_AFTER.total_seconds())


def _key(signals: Signals) -> str:
    """The name under which tries are counted; it does not tell the e-mail."""
    return (
        "goodstanding.tries." + salted_hmac("goodstanding.protection", f"{signals.doing}|{signals.email}").hexdigest()
    )
