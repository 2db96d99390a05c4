"""The Stripe adapter: the envelope of an event is read here, what it says in :mod:`goodstanding.gateways.stripe.facts`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from goodstanding.gateways.messages import header, json_object, text
from goodstanding.gateways.protocol import Ability, BadEvent, Event, Reading
from goodstanding.gateways.stripe import facts, verify

SIGNATURE_HEADER = "Stripe-Signature"

_ID = re.compile(r"[A-Za-z0-9_]{1,200}")
_TYPE = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*")
_TYPE_LENGTH = 100
_EARLIEST = datetime(2010, 1, 1, tzinfo=UTC).timestamp()  # before the first Stripe event
_LATEST = datetime(2100, 1, 1, tzinfo=UTC).timestamp()


class StripeGateway:
    """Stripe, by its webhook events, in the shapes before and after Basil (2025-03-31)."""

    code: ClassVar[str] = "stripe"
    label: ClassVar[str] = "Stripe"
    abilities: ClassVar[frozenset[Ability]] = frozenset({Ability.VERIFY, Ability.PARSE, Ability.FACTS})

    def verify(self, headers: Mapping[str, str], body: bytes, *, secrets: Sequence[str], now: datetime) -> Event:
        """See :meth:`goodstanding.gateways.protocol.Gateway.verify`."""
        verify.check(body, header(headers, SIGNATURE_HEADER), secrets=secrets, now=now)
        return self.parse(body)

    def parse(self, body: bytes) -> Event:
        """See :meth:`goodstanding.gateways.protocol.Gateway.parse`. Thin (v2) events are of another kind: refused."""
        envelope = json_object(body)
        if envelope.get("object") != "event":
            raise BadEvent("not_an_event", "The message is no event of Stripe's snapshot kind.")
        thing = _thing(envelope)
        return Event(
            external_id=text(envelope, "id", _ID, 200),
            type=text(envelope, "type", _TYPE, _TYPE_LENGTH),
            created_at=_moment(envelope),
            livemode=_livemode(envelope, thing),
            body=envelope,
        )

    def facts(self, event: Event) -> Reading:
        """See :meth:`goodstanding.gateways.protocol.Gateway.facts`."""
        return facts.read(event)


def _thing(envelope: Mapping[str, Any]) -> Mapping[str, Any]:
    data = envelope.get("data")
    thing = data.get("object") if isinstance(data, dict) else None
    if not isinstance(thing, dict):
        raise BadEvent("missing_field", "data.object is no object.")
    # Some old payloads leave it out; then the event's type tells.
    if not isinstance(thing.get("object", ""), str):
        raise BadEvent("bad_field", "data.object.object is no text.")
    return thing


def _moment(envelope: Mapping[str, Any]) -> datetime:
    value = envelope.get("created")
    if value is None:
        raise BadEvent("missing_field", "created is missing.")
    # A bool is an int to Python.
    if not isinstance(value, int) or isinstance(value, bool) or not _EARLIEST <= value < _LATEST:
        raise BadEvent("bad_moment", "created is no moment in whole seconds of this century.")
    return datetime.fromtimestamp(value, tz=UTC)


def _livemode(envelope: Mapping[str, Any], thing: Mapping[str, Any]) -> bool:
    value = envelope.get("livemode")
    if isinstance(value, bool):
        return value
    # Very old payloads leave it out. Only what the object itself denies may be taken for a test.
    if "livemode" not in envelope and thing.get("livemode") is False:
        return False
    raise BadEvent("missing_field", "livemode is missing.")
