"""Lives of made-up customers, cut from a recorded one: a sign-up, and as many renewals as wanted, thirty days apart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

LIVES = Path(__file__).resolve().parent.parent / "tests" / "payloads" / "stripe" / "lives"
CATALOGUE = LIVES / "catalogue.json"

_SIGN_UP, _RENEWAL = slice(0, 13), slice(14, 23)  # lines of the recorded life
_SIGNED_UP_AT = 1741947630  # the moment that a renewal's events repeat from the sign-up
_RENEWED_AT = 1744626058  # when the recorded renewal began; its last event comes within the next hour and a bit
_INTERVAL_SECONDS = 30 * 86400  # of the recorded renewal's period
_TOOK_SECONDS = 3700
_MOMENT = re.compile(r"(?<![\w.-])1[67]\d{8}(?![\w.])")
_ID = re.compile(r"\b(?:evt|cus|sub|si|pm|in|il|pi|ch|txn|inpay|req)_[A-Za-z0-9]{6,}")
_PERSON = re.compile(r"steady-monthly@lives|Ada Ash|6CRHV0SW")


@dataclass(frozen=True)
class Life:
    """The events of a customer called ``token``, whose renewal number ``due`` began so that it is complete at ``now``."""

    token: str
    due: int
    now: datetime

    @property
    def begun(self) -> list[str]:
        """The events up to the one before the renewal that is due: ``due`` invoices."""
        return [*self.sign_up, *(event for number in range(1, self.due) for event in self.renewal(number))]

    @property
    def sign_up(self) -> list[str]:
        """The events of the first purchase."""
        return [_told(line, self.token, 0, self._shift, self._shift) for line in _recorded()[_SIGN_UP]]

    def renewal(self, number: int) -> list[str]:
        """The nine events of a renewal, numbered from 1."""
        later = self._shift + (number - 1) * _INTERVAL_SECONDS
        return [_told(line, self.token, number, self._shift, later) for line in _recorded()[_RENEWAL]]

    @property
    def _shift(self) -> int:
        return int(self.now.timestamp()) - _TOOK_SECONDS - _RENEWED_AT - (self.due - 1) * _INTERVAL_SECONDS


@cache
def _recorded() -> list[str]:
    return (LIVES / "steady-monthly.jsonl").read_text(encoding="utf-8").splitlines()


@cache
def _first_ids() -> frozenset[str]:
    return frozenset(_ID.findall("".join(_recorded()[_SIGN_UP])))


def _told(line: str, token: str, number: int, begun: int, now: int) -> str:
    """Tell a recorded line of another customer, at another time. Ids of the sign-up stay the same in every renewal."""

    def moment(match: re.Match[str]) -> str:
        seconds = int(match.group())
        return str(seconds + (begun if abs(seconds - _SIGNED_UP_AT) < 60 else now))

    def identity(match: re.Match[str]) -> str:
        turn = "" if match.group() in _first_ids() else f"{number:04d}"
        return f"{match.group()[:14]}{token}{turn}"

    def person(match: re.Match[str]) -> str:
        return f"member-{token}@bench" if "@" in match.group() else f"Ada {token}" if " " in match.group() else token

    return _PERSON.sub(person, _ID.sub(identity, _MOMENT.sub(moment, line)))
