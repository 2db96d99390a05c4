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
CODE = "code"  # a discount code, a gift card
# How often each may fail: with one e-mail, and from one address (a whole club may sit behind one).
FAILURES = {PASSWORD: (10, 50), CODE: (10, 10)}
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
    if signals.doing not in FAILURES:
        return Verdict(passes=True)
    known = cache.get_many(list(_keys(signals)))
    counts = [known.get(key, 0) for key in _keys(signals)]
    # Where no e-mail is known, all who name none are no one person.
    limits = FAILURES[signals.doing] if signals.email else FAILURES[signals.doing][1:]
    if all(count < limit for count, limit in zip(counts[-len(limits) :], limits, strict=True)):
        return Verdict(passes=True)
    if signals.doing == CODE:
        return Verdict(passes=False, words=_("Too many tries. Wait a quarter of an hour, then try again."))
    return Verdict(passes=False, words=_("Too many tries. Wait a quarter of an hour, or ask for a new password."))


def note_failure(signals: Signals) -> None:
    """Note that a try came to nothing (a wrong password). Forgotten a quarter of an hour after the first."""
    for key in _keys(signals):
        cache.add(key, 0, FORGOTTEN_AFTER.total_seconds())
        try:
            cache.incr(key)
        except ValueError:  # forgotten in this very moment
            cache.add(key, 1, FORGOTTEN_AFTER.total_seconds())


def seconds_to_wait(signals: Signals, *, most: int, within: timedelta) -> int:
    """Count something that may be done ``most`` times from one address ``within`` a while; return how many whole seconds it
    has to wait, 0 where it may be done now.
    """
    length = int(within.total_seconds())
    window, passed = divmod(int(signals.now.timestamp()), length)
    key = f"{_keys(signals)[1]}.{window}"
    cache.add(key, 0, length)
    try:
        count = cache.incr(key)
    except ValueError:  # forgotten in this very moment
        count = 1
    return length - passed if count > most else 0


def _keys(signals: Signals) -> tuple[str, str]:
    """The names under which tries are counted, by e-mail and by address; they tell neither."""

    def name(what: str) -> str:
        return "goodstanding.tries." + salted_hmac("goodstanding.protection", f"{signals.doing}|{what}").hexdigest()

    return name(f"email {signals.email}"), name(f"address {signals.address}")
