"""The cards that steer the sandbox. Pure. A number only ever stands for a token; none is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils.translation import gettext_noop as _

from goodstanding.core.cards import good_before
from goodstanding.gateways.protocol import Refusal


class Occasion(StrEnum):
    """In which way a card is used."""

    FIRST = "first"  # its token is given, its owner is there
    AGAIN = "again"  # it is stored, its owner is there
    AWAY = "away"  # it is stored, its owner is away


CHALLENGE = "challenge"
_OK = ""


@dataclass(frozen=True, slots=True)
class Card:
    """What a card does. ``first``, ``again`` and ``away`` say how it ends: ``""`` (well), ``challenge``, or a refusal's code.

    ``does`` completes "a card that …" and is marked for translation, not translated.
    ``good_for``: how many months after it was stored it expires, where that is soon. ``disputed``: its payer contests the payment a day later. ``answer_lost``: it ends as it does, and nobody hears of it.
    """

    token: str
    number: str
    does: str
    first: str = _OK
    again: str = _OK
    away: str = _OK
    brand: str = "Visa"
    good_for: int = 0
    disputed: bool = False
    answer_lost: bool = False

    def outcome(self, occasion: Occasion) -> str:
        """Return how using it ends."""
        return {Occasion.FIRST: self.first, Occasion.AGAIN: self.again, Occasion.AWAY: self.away}[occasion]

    def expires(self, kept_at: datetime) -> str:
        """What is printed as its end (``MM/YY``) on one that was stored at ``kept_at``."""
        if not self.good_for:
            return EXPIRES
        months = kept_at.year * 12 + kept_at.month - 1 + self.good_for
        return f"{months % 12 + 1:02}/{months // 12 % 100:02}"

    def outcome_at(self, occasion: Occasion, *, kept_at: datetime, at: datetime) -> str:
        """Return how using one that was stored at ``kept_at`` ends at ``at``: what has expired is of no use."""
        before = good_before(self.expires(kept_at))
        return str(Refusal.EXPIRED_CARD) if before is not None and at.date() >= before else self.outcome(occasion)

    @property
    def printed(self) -> str:
        """The number as it stands on a card, in groups of four."""
        return " ".join(self.number[start : start + 4] for start in range(0, len(self.number), 4))

    @property
    def last4(self) -> str:
        """What people tell it by."""
        return self.number[-4:]


EXPIRES = "12/34"
RETRIED = frozenset({Refusal.CARD_DECLINED, Refusal.INSUFFICIENT_FUNDS})  # what may succeed another day

OWNER_AWAY = frozenset({CHALLENGE, Refusal.NEEDS_CHALLENGE})  # what its owner can turn into a good one


def retry_after(failure: str) -> str:
    """Return what a failure says of charging the card again while its owner is away (``core.facts.PaymentSeen.retry``)."""
    if failure in OWNER_AWAY:
        return "owner"
    return "later" if failure in RETRIED else "never"


_DECLINED, _POOR, _OLD = str(Refusal.CARD_DECLINED), str(Refusal.INSUFFICIENT_FUNDS), str(Refusal.EXPIRED_CARD)

CARDS: Mapping[str, Card] = {
    card.token: card
    for card in (
        Card("sandbox_ok", "4242424242424242", _("succeeds")),
        Card("sandbox_declined", "4000000000000002", _("is declined"), _DECLINED, _DECLINED, _DECLINED),
        Card("sandbox_insufficient_funds", "4000000000009995", _("has insufficient funds"), _POOR, _POOR, _POOR),
        Card("sandbox_expired", "4000000000000069", _("has expired"), _OLD, _OLD, _OLD),
        Card("sandbox_challenge", "4000002500003155", _("needs approval at first, then succeeds"), CHALLENGE),
        Card(
            "sandbox_challenge_always",
            "4000002760003184",
            _("needs approval every time, at renewals too"),
            CHALLENGE,
            CHALLENGE,
            str(Refusal.NEEDS_CHALLENGE),
        ),
        Card(
            "sandbox_fails_later",
            "4000000000000341",
            _("works now, and fails from the next renewal on"),
            again=_DECLINED,
            away=_DECLINED,
        ),
        Card(
            "sandbox_stolen_later",
            "4000000000009979",
            _("works now, and is reported stolen by the next renewal"),
            again=str(Refusal.STOLEN_CARD),
            away=str(Refusal.STOLEN_CARD),
        ),
        Card("sandbox_expires_soon", "4000000000000101", _("works now, and expires within two months"), good_for=1),
        Card("sandbox_disputed", "4000000000000259", _("succeeds, and is disputed the next day"), disputed=True),
        Card(
            "sandbox_answer_lost",
            "5555555555554444",
            _("succeeds, but the answer is lost"),
            brand="Mastercard",
            answer_lost=True,
        ),
    )
}


def token_of(typed: str) -> str:
    """Return the token that a typed number (with spaces or dashes) or token means, or ``""``."""
    plain = typed.strip()
    if plain in CARDS:
        return plain
    digits = plain.replace(" ", "").replace("-", "")
    return next((card.token for card in CARDS.values() if card.number == digits), "")
