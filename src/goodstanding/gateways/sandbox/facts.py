"""The sandbox's messages as we read them: an envelope of its own, and in it facts as :mod:`goodstanding.core.codec` has them.

Signed or not, what is not of its form is a named refusal: files of events may be loaded by hand.
"""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from goodstanding.core import codec
from goodstanding.core.currencies import UnknownCurrency, exponent
from goodstanding.core.facts import Fact, PriceSeen, ProductSeen
from goodstanding.gateways.messages import json_object, text
from goodstanding.gateways.protocol import BadEvent, Event, Reading

OBJECT = "sandbox.event"

_ID = re.compile(r"[A-Za-z0-9_]{1,200}")
_TYPE = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*")
_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_LARGEST = 2**53
_LONGEST = 2000


def parse(body: bytes) -> Event:
    """Return the event in ``body``. Raises ``BadEvent``."""
    envelope = json_object(body)
    if envelope.get("object") != OBJECT:
        raise BadEvent("not_an_event", "The message is no event of the sandbox.")
    if not isinstance(envelope.get("livemode"), bool):
        raise BadEvent("missing_field", "livemode is missing.")
    if not isinstance(envelope.get("facts"), list):
        raise BadEvent("missing_field", "facts is no list.")
    return Event(
        external_id=text(envelope, "id", _ID, 200),
        type=text(envelope, "type", _TYPE, 100),
        created_at=_created(envelope),
        livemode=envelope["livemode"],
        body=envelope,
    )


def read(event: Event) -> Reading:
    """Return the facts that ``event`` carries, all of one customer. Raises ``BadEvent``."""
    facts = tuple(_fact(told) for told in event.body["facts"])
    if len({owner for fact in facts if (owner := getattr(fact, "customer", ""))}) > 1:
        raise BadEvent("bad_field", "the facts are of several customers")
    if len({isinstance(fact, PriceSeen | ProductSeen) for fact in facts}) > 1:
        raise BadEvent("bad_field", "the price list and a customer in one event")
    if facts:
        return Reading(facts)
    return Reading((), "nothing_told: it carries no fact")


def _created(envelope: Mapping[str, Any]) -> datetime:
    value = envelope.get("created")
    if value is None:
        raise BadEvent("missing_field", "created is missing.")
    return _moment(value, "created")


def _moment(value: object, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not _EARLIEST <= moment < _LATEST:
        raise BadEvent("bad_moment", f"{name} is no moment of this age with its zone")
    return moment.astimezone(UTC)


def _fact(told: object) -> Fact:
    kind = codec.KINDS.get(str(told.get("is"))) if isinstance(told, dict) else None
    if kind is None or not isinstance(told, dict):
        raise BadEvent("bad_field", "a fact is of no kind that we know")
    _must_fit({name: value for name, value in told.items() if name != "is"}, kind)
    fact = codec.decode(told)
    _must_make_sense(fact)
    return fact


def _must_fit(data: object, kind: Any) -> None:
    """Raise ``BadEvent`` unless ``data`` has the fields of the dataclass ``kind``, each of its type, and no others."""
    if not isinstance(data, dict):
        raise BadEvent("bad_field", "a part of a fact is no object")
    hints = typing.get_type_hints(kind)
    if set(data) - set(hints):
        raise BadEvent("bad_field", "a fact has a field that we do not know")
    for field in dataclasses.fields(kind):
        if field.name in data:
            _must_be(data[field.name], hints[field.name], field.name)
        elif field.default is dataclasses.MISSING:
            raise BadEvent("missing_field", f"{field.name} is missing")


def _must_be(value: object, hint: Any, name: str) -> None:
    options = typing.get_args(hint) if isinstance(hint, types.UnionType) else ()
    if options:
        if value is None:
            return
        hint = options[0]
    if hint is datetime:
        _moment(value, name)
    elif dataclasses.is_dataclass(hint):
        _must_fit(value, hint)
    elif typing.get_origin(hint) is tuple:
        _must_be_row(value, typing.get_args(hint), name)
    elif hint is int:
        if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _LARGEST:
            raise BadEvent("bad_amount", f"{name} is no whole number that can be kept")
    elif not isinstance(value, hint) or (isinstance(value, str) and len(value) > _LONGEST):
        raise BadEvent("bad_field", f"{name} is not of its kind")


def _must_be_row(value: object, of: tuple[Any, ...], name: str) -> None:
    if not isinstance(value, list):
        raise BadEvent("bad_field", f"{name} is no list")
    hints = [of[0]] * len(value) if of[-1] is Ellipsis else list(of)
    if len(hints) != len(value):
        raise BadEvent("bad_field", f"{name} has another number of parts")
    for each, hint in zip(value, hints, strict=True):
        _must_be(each, hint, name)


_STATUSES: Mapping[str, frozenset[str]] = {
    "subscription": frozenset(
        {"incomplete", "trialing", "active", "past_due", "unpaid", "paused", "expired", "cancelled"}
    ),
    "invoice": frozenset({"draft", "open", "paid", "void", "uncollectible", "deleted"}),
    "payment": frozenset({"succeeded", "failed", "pending"}),
    "refund": frozenset({"pending", "succeeded", "failed", "cancelled"}),
    "dispute": frozenset({"open", "won", "lost"}),
}
_LINE_KINDS = frozenset({"regular", "proration", "other"})


def _must_make_sense(fact: Fact) -> None:
    """Raise ``BadEvent`` for a status, currency or kind of line that nobody knows."""
    known = _STATUSES.get(codec.kind_of(fact))
    if known is not None and getattr(fact, "status", next(iter(known))) not in known:
        raise BadEvent("unknown_status", "the status is none that we know")
    if any(line.kind not in _LINE_KINDS for line in getattr(fact, "lines", ())):
        raise BadEvent("bad_field", "a line is of no kind that we know")
    currency = getattr(fact, "currency", None)
    if currency is not None:
        try:
            exponent(currency)
        except UnknownCurrency:
            raise BadEvent("bad_currency", "the currency is none that we know") from None
