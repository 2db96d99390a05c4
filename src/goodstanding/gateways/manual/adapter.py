"""The adapter of what is paid by hand. It keeps the form of an adapter; what was paid is recorded by staff, in words of ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from goodstanding.gateways.instructions import filled
from goodstanding.gateways.messages import json_object
from goodstanding.gateways.protocol import Ability, BadEvent, BadSignature, Event, Reading
from goodstanding.gateways.requests import BillRequest, Instructions

_NO_EVENTS = "Nobody sends messages about what is paid by hand."


class ManualGateway:
    """Cash, transfers and cheques. Whatever claims to be its message is refused: it has no sender."""

    code: ClassVar[str] = "manual"
    label: ClassVar[str] = "By hand"
    abilities: ClassVar[frozenset[Ability]] = frozenset({Ability.VERIFY, Ability.PARSE, Ability.FACTS, Ability.BILL})

    def verify(self, headers: Mapping[str, str], body: bytes, *, secrets: Sequence[str], now: datetime) -> Event:
        """Refuse, whatever was signed with whichever secret."""
        if not any(secret.strip() for secret in secrets):
            raise BadSignature("no_secret", "This account has no webhook secret.")
        raise BadSignature("unverified", _NO_EVENTS)

    def parse(self, body: bytes) -> Event:
        """Refuse, saying whether it was JSON at all."""
        json_object(body)
        raise BadEvent("not_an_event", _NO_EVENTS)

    def facts(self, event: Event) -> Reading:
        """Refuse: there is no such event."""
        raise BadEvent("not_an_event", _NO_EVENTS)

    def bill(self, bill: BillRequest) -> Instructions:
        """Fill the blanks in the organisation's own words: number, reference, amount and day."""
        return Instructions(filled(bill), bill.reference)
