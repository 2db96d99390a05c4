"""What a gateway is asked for, and what it answers: plain values, the same for every gateway (DESIGN section 6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from goodstanding.core.facts import Fact
from goodstanding.core.money import Money
from goodstanding.core.periods import Interval


class When(StrEnum):
    """From when a change or an end counts."""

    NOW = "now"
    PERIOD_END = "period_end"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A customer to be made. ``key`` is made from the member and the account: one customer each."""

    key: str
    email: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Recurring:
    """What is to recur, where the gateway bills by its own clock: ``quantity`` times ``amount`` each ``interval``.

    ``price``: our name of it. ``level``: the level's slug, empty where it gives none; the gateway keeps it with its price
    and tells it back. ``name``: for people, on bills. Intervals step in UTC from the moment of joining. ``payments``: after
    so many bills that ask for money it ends by itself, at the end of what the last one paid (0: never).
    """

    price: str
    level: str
    name: str
    amount: Money
    interval: Interval
    quantity: int = 1
    payments: int = 0


@dataclass(frozen=True, slots=True)
class BeginRequest:
    """Something to be paid while the payer is there.

    ``card``: the token that stands for a card; or ``method``: a stored one; with neither, the gateway asks for a card on a
    page of its own. ``amount``: to be taken now; zero takes nothing and keeps the card (``keep``). ``recurring``: what
    comes again by the gateway's own clock, the first period begins now and costs ``amount``; the card is kept for it.
    ``invoice``: our reference of what is paid; told back with the payment where nothing recurs. ``return_url``: where the
    payer goes after a page of the gateway's. ``capture``: take the money now; else it is set aside.
    """

    key: str
    customer: str
    amount: Money
    return_url: str
    card: str = ""
    method: str = ""
    keep: bool = False
    recurring: Recurring | None = None
    invoice: str = ""
    description: str = ""
    capture: bool = True


@dataclass(frozen=True, slots=True)
class ChargeRequest:
    """A stored method of ``customer`` to be charged.

    ``invoice``: our reference of what is paid, told back; or the gateway's own open invoice, which is settled by it.
    """

    key: str
    customer: str
    method: str
    amount: Money
    invoice: str = ""
    description: str = ""
    capture: bool = True


@dataclass(frozen=True, slots=True)
class BillRequest:
    """A bill to be paid later: its ``number``, the ``reference`` to quote, what is ``left`` to be paid (as people read it) and
    by which ``day``; and in whose words, those of the way to pay that its payer chose.
    """

    number: str
    reference: str
    left: str
    day: str
    words: str


@dataclass(frozen=True, slots=True)
class Instructions:
    """How a bill is to be paid: ``text`` of several lines, and the ``reference`` to quote."""

    text: str
    reference: str


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a subscription: ``to`` something else from ``when`` on, or (at once) another stored ``method``, or both."""

    key: str
    to: Recurring | None = None
    method: str = ""
    when: When = When.NOW


@dataclass(frozen=True, slots=True)
class Redirect:
    """The payer is to go to ``url``. What becomes of it is asked for by ``ref`` (``look``), and told by webhook."""

    url: str
    ref: str


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """The payer's browser goes on with ``secret``, on our page."""

    secret: str = field(repr=False)
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """It is done: ``facts`` tell what, all of one customer. ``ref``: the payment, refund or subscription; ``method``: what
    was kept for later, where something was.
    """

    ref: str
    facts: tuple[Fact, ...]
    method: str = ""


Begun = Redirect | ClientSecret | Taken


@dataclass(frozen=True, slots=True)
class StoredMethod:
    """A card kept by the gateway, as people know it: ``label`` ("Visa"), its last four digits, and when it expires."""

    ref: str
    label: str
    last4: str
    expires: str = ""  # MM/YY


@dataclass(frozen=True, slots=True)
class TryCard:
    """A card for trying things: its ``token``, and the ``number`` that a person may type for it (:meth:`meant_by`).

    ``label`` completes "a card that …"; it is marked for translation and to be translated where it is shown.
    """

    token: str
    label: str
    number: str

    def meant_by(self, typed: str) -> bool:
        """Tell whether what a person typed (a number, with or without blanks and dashes, or the token) means this card."""
        plain = typed.strip()
        return plain == self.token or _digits(plain) == _digits(self.number)


def _digits(text: str) -> str:
    return text.replace(" ", "").replace("-", "")
