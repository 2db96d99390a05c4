"""A gateway for tests, at the border that we own: its events can be told to break, to contradict themselves, to wait.

A body is ``{"id": "evt_1", "at": 1741947625, "live": true, "does": "…"}``. What an event ``does``: ``""`` tells of a
product, ``ignored`` is ignored, ``bad`` contradicts itself, ``broken`` meets a fault of ours, ``broken N`` does so N
times and then is fine; ``locked N`` and ``raced N`` meet the database's refusals as often.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from django.db import IntegrityError, OperationalError

from goodstanding.core.facts import ProductSeen
from goodstanding.gateways.protocol import Ability, BadEvent, Event, Reading

PATH = f"{__name__}.BrittleGateway"
SECRET_WORD = "alice@example.org said so"
RAISES: Mapping[str, type[Exception]] = {"broken": RuntimeError, "locked": OperationalError, "raced": IntegrityError}

reads: list[str] = []  # the ids of the events that were read, in order
_broken: Counter[str] = Counter()


def reset() -> None:
    reads.clear()
    _broken.clear()


def body(name: str, does: str = "", *, live: bool = True, at: int = 1_741_947_625) -> bytes:
    return json.dumps({"id": name, "at": at, "live": live, "does": does}).encode()


class BrittleGateway:
    code: ClassVar[str] = "brittle"
    label: ClassVar[str] = "Brittle"
    abilities: ClassVar[frozenset[Ability]] = frozenset({Ability.VERIFY, Ability.PARSE, Ability.FACTS})

    def verify(self, headers: Mapping[str, str], body: bytes, *, secrets: Sequence[str], now: datetime) -> Event:
        return self.parse(body)

    def parse(self, body: bytes) -> Event:
        try:
            told: dict[str, Any] = json.loads(body)
        except ValueError as error:
            raise BadEvent("malformed_json", "No JSON.") from error
        at = datetime.fromtimestamp(told["at"], UTC)
        return Event(told["id"], f"brittle.{told['does'] or 'fine'}".replace(" ", "_"), at, told["live"], told)

    def facts(self, event: Event) -> Reading:
        reads.append(event.external_id)
        what, _, times = str(event.body["does"]).partition(" ")
        if what == "ignored":
            return Reading((), "not_wanted: Nobody wants it.")
        if what == "bad":
            raise BadEvent("bad_amount", "The amount is no integer.")
        if what in RAISES and _broken[event.external_id] < int(times or 10**6):
            _broken[event.external_id] += 1
            raise RAISES[what](SECRET_WORD)
        return Reading((ProductSeen(f"prod_{event.external_id}", event.created_at, name="Bench"),))
