"""What every gateway's adapter promises, and the names of what can go wrong (DESIGN section 6).

An adapter translates between a vendor and :mod:`goodstanding.core.facts`; it keeps nothing, renders nothing and decides
nothing about membership. What it can do beyond reading events it says by its ``abilities``; an ability that it lacks is
a method that it lacks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from goodstanding.core.facts import Fact
from goodstanding.core.money import Money
from goodstanding.gateways.requests import (
    BeginRequest,
    Begun,
    BillRequest,
    Change,
    ChargeRequest,
    Enrolment,
    Instructions,
    Redirect,
    StoredMethod,
    Taken,
    TryCard,
    When,
)

Send = Callable[[Mapping[str, str], bytes], object]
"""Hands over a message with its headers; raises where it was not taken."""


class Ability(StrEnum):
    """What a gateway may be able to do: the name of the method that does it."""

    VERIFY = "verify"
    PARSE = "parse"
    FACTS = "facts"
    ENROL = "enrol"
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
    METHODS = "methods"
    DROP = "drop"
    FORGET = "forget"
    # Of gateways where nothing is begun: a bill says how it is to be paid, and somebody records later that it was.
    BILL = "bill"
    # Of gateways that are there for trying: the cards that steer them, their clock, and their messages handed over.
    CARDS = "cards"
    ADVANCE = "advance"
    DELIVER = "deliver"


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


class Account(Protocol):
    """The account for which a gateway is asked; a row of ``GatewayAccount`` is one."""

    @property
    def code(self) -> str:
        """Its name in our records."""

    @property
    def api_key(self) -> Secret:
        """What we prove ourselves with."""

    @property
    def is_live(self) -> bool:
        """Whether real money moves."""

    @property
    def is_active(self) -> bool:
        """Whether it is in use."""

    def webhook_secrets(self) -> tuple[Secret, ...]:
        """What its messages may be signed with, the newest first."""


class AbleGateway(Gateway, Protocol):
    """Every ability there is. Ask :func:`goodstanding.gateways.registry.able` for an adapter that has those you need.

    Nobody calls these inside a transaction: the intent is written and committed first. Whatever moves money or makes
    something carries a ``key`` made from our own row. The same key with the same parameters gives the first answer again,
    be it a refusal; with other parameters it is refused (``key_reused``). So after :class:`GatewayUnreachable` the same call is
    made again, with the same key.

    All may raise :class:`GatewayUnreachable` (what was done, if anything, is unknown) and :class:`GatewayRefused`. What is
    answered is told by webhook too, as the same facts: taking in both changes nothing. Moments are arguments: ``now``.
    """

    def enrol(self, enrolment: Enrolment, *, account: Account, now: datetime) -> str:
        """Make a customer; return the gateway's reference of it."""

    def begin(self, request: BeginRequest, *, account: Account, now: datetime) -> Begun:
        """Begin a payment, keep a card (an amount of zero), or begin what recurs by the gateway's own clock."""

    def charge(self, request: ChargeRequest, *, account: Account, now: datetime) -> Taken | Redirect:
        """Charge a stored method while its owner is away.

        Where its bank wants him there, that is a refusal (``needs_challenge``), or the page to which he is to go.
        """

    def capture(self, payment: str, *, amount: Money, key: str, account: Account, now: datetime) -> Taken:
        """Take ``amount`` of what ``payment`` has set aside (``capture=False`` at its beginning); the rest is let go."""

    def void(self, payment: str, *, key: str, account: Account, now: datetime) -> Taken:
        """Let go what ``payment`` has set aside, or give up one that waits for its payer."""

    def refund(self, payment: str, *, amount: Money, key: str, account: Account, now: datetime) -> Taken:
        """Give ``amount`` of a payment back; several refunds add up to no more than was paid."""

    def change(self, ref: str, change: Change, *, account: Account, now: datetime) -> Taken:
        """Change a subscription: to something else, now (prorated, paid at once) or at the period's end, or what pays for it."""

    def end(self, ref: str, when: When, *, account: Account, now: datetime) -> Taken:
        """End a subscription, now or with what is paid. Ended already: nothing changes."""

    def resume(self, ref: str, *, account: Account, now: datetime) -> Taken:
        """Take back a set end, or a change set for the period's end. Refused (``not_open``) once it has ended."""

    def look(self, ref: str, *, account: Account, now: datetime) -> Event:
        """Return how the object ``ref`` stands, as an event to be filed; nothing changed gives the same event again.

        ``ref``: the gateway's reference, or the key under which it was asked for.
        """

    def fetch_since(self, moment: datetime, *, account: Account, now: datetime) -> Iterable[Event]:
        """Give all messages from ``moment`` on, in their order, whether they were delivered or not."""

    def list_live(self, *, account: Account, now: datetime) -> Iterable[Event]:
        """Give how each live subscription and what belongs to it stands, as :meth:`look` does."""

    def methods(self, customer: str, *, account: Account, now: datetime) -> Sequence[StoredMethod]:
        """Return the stored methods of a customer, the one kept last first."""

    def drop(self, method: str, *, account: Account, now: datetime) -> None:
        """Forget a stored method. Forgotten already: nothing changes."""

    def bill(self, bill: BillRequest) -> Instructions:
        """Return how a bill is to be paid, in words for its payer, to be shown and mailed with it.

        Pure: nothing is asked of anybody, and nothing is begun. Who offers this is paid later, and told of it by people.
        """

    def forget(self, customer: str, *, account: Account, now: datetime) -> Taken:
        """Forget who a customer is: ends what recurs, drops what is stored, blanks name and e-mail."""

    def cards(self) -> Sequence[TryCard]:
        """Return the cards for trying things."""

    def advance(self, *, account: Account, until: datetime) -> int:
        """Have all that the gateway does by its own clock done until ``until``; return how many steps that took."""

    def deliver(self, send: Send, *, account: Account, now: datetime) -> int:
        """Hand the messages that are due to ``send``, in their order; return how many were taken."""


class GatewayError(Exception):
    """Something a gateway, or what claims to come from one, did not do as agreed. ``code`` names it."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}" if self.detail else self.code


class Refusal(StrEnum):
    """Why a gateway says no, in our words (the codes of :class:`GatewayRefused`)."""

    CARD_DECLINED = "card_declined"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    EXPIRED_CARD = "expired_card"
    STOLEN_CARD = "stolen_card"  # reported lost or stolen
    NEEDS_CHALLENGE = "needs_challenge"  # its owner must be there to approve it: begin a payment with him
    CHALLENGE_FAILED = "challenge_failed"
    UNKNOWN_CARD = "unknown_card"  # no such token, or no stored method of this customer
    UNKNOWN_REF = "unknown_ref"
    AMOUNT_MISMATCH = "amount_mismatch"  # of another currency, below zero, or more than there is
    NOT_OPEN = "not_open"  # too late: captured, let go, refunded or ended already
    KEY_REUSED = "key_reused"
    BAD_REQUEST = "bad_request"


class GatewayRefused(GatewayError):
    """The gateway said no, for the reason ``code`` (mostly one of :class:`Refusal`).

    ``retry``: whether the same may succeed later, under a new key. ``facts``: what the refusal tells (a payment that
    failed), to be taken in like any other; its webhook tells the same.
    """

    def __init__(self, code: str, detail: str = "", *, retry: bool, facts: tuple[Fact, ...] = ()) -> None:
        super().__init__(code, detail)
        self.retry = retry
        self.facts = facts


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
