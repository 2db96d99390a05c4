"""What every gateway's adapter promises, and the names of what can go wrong (DESIGN section 6).

An adapter translates between a vendor and :mod:`goodstanding.core.facts`; it keeps nothing, renders nothing and decides
nothing about membership. What it can do beyond reading events it says by its ``abilities``; an ability that it lacks is
a method that it lacks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from goodstanding.core.facts import Fact


class Ability(StrEnum):
    """What a gateway may be able to do: the name of the method that does it."""

    VERIFY = "verify"
    PARSE = "parse"
    FACTS = "facts"
    BEGIN = "begin"
    LOOK = "look"
    FETCH_SINCE = "fetch_since"
    LIST_LIVE = "list_live"
    CHARGE = "charge"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"
    CHANGE = "change"
    END = "end"
    RESUME = "resume"
    FORGET = "forget"


class Secret(str):
    """A secret text that does not show in a repr, and so not in a traceback, a log of arguments or a debug page."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret('…')" if self else "Secret('')"


@dataclass(frozen=True, slots=True)
class Event:
    """One message of a gateway, understood as far as its envelope.

    ``created_at`` is the vendor's own moment (aware, UTC). ``body`` is the whole message and is not to be changed.
    """

    external_id: str
    type: str
    created_at: datetime
    livemode: bool
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reading:
    """What an event says, in our words.

    ``ignored`` is empty where the event is to be taken in, else the stated reason why not: ``code: words`` (the code in
    small letters, digits and underscores; it is what ignored events are counted by).
    """

    facts: tuple[Fact, ...]
    ignored: str = ""


class Gateway(Protocol):
    """An adapter. Its ``abilities`` name the methods that it has; ``verify``, ``parse`` and ``facts`` are everybody's."""

    @property
    def code(self) -> str:
        """The gateway's name in addresses, rows and settings, such as ``stripe``."""

    @property
    def label(self) -> str:
        """The gateway's name for people."""

    @property
    def abilities(self) -> frozenset[Ability]:
        """What it can do."""

    def verify(self, headers: Mapping[str, str], body: bytes, *, secrets: Sequence[str], now: datetime) -> Event:
        """Return the event if ``body``, as it came, was signed with one of ``secrets`` close to ``now``.

        Raise :class:`BadSignature` if not, :class:`BadEvent` if it was but is no event.
        """

    def parse(self, body: bytes) -> Event:
        """Return the event in ``body``, whoever sent it. Raise :class:`BadEvent`."""

    def facts(self, event: Event) -> Reading:
        """Read ``event``. Pure: the same event gives the same reading, nothing is asked or changed.

        Raise :class:`BadEvent` where the event contradicts its own form.
        """


class GatewayError(Exception):
    """Something a gateway, or what claims to come from one, did not do as agreed. ``code`` names it."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}" if self.detail else self.code


class GatewayRefused(GatewayError):
    """The gateway said no, for the reason ``code``. ``retry``: whether the same request may succeed later."""

    def __init__(self, code: str, detail: str = "", *, retry: bool) -> None:
        super().__init__(code, detail)
        self.retry = retry


class GatewayUnreachable(GatewayError):
    """The gateway did not answer. What it did, if anything, is unknown."""

    def __init__(self, detail: str = "") -> None:
        super().__init__("unreachable", detail)


class BadEvent(GatewayError):
    """A message that cannot be read. ``detail`` says what is wrong in words and never repeats personal data.

    Codes: ``malformed_json``, ``not_an_event``, ``missing_field``, ``bad_field``, ``bad_moment``, ``bad_amount``,
    ``bad_currency``.
    """


class BadSignature(GatewayError):
    """A message that proves nothing about its sender. Codes: ``no_secret``, ``unverified``, ``stale``, ``far_future``."""
