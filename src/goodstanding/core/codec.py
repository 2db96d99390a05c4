"""Facts as JSON and back: the form in which the ledger keeps them. Defaults are left out; moments are ISO 8601 in UTC."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from goodstanding.core import facts
from goodstanding.core.facts import Fact

KINDS: Mapping[str, type[Fact]] = {
    "customer": facts.CustomerSeen,
    "subscription": facts.SubscriptionSeen,
    "invoice": facts.InvoiceSeen,
    "failure": facts.InvoicePaymentFailed,
    "payment": facts.PaymentSeen,
    "link": facts.PaymentLinked,
    "refund": facts.RefundSeen,
    "dispute": facts.DisputeSeen,
    "price": facts.PriceSeen,
    "product": facts.ProductSeen,
}
_NAMES: Mapping[type[Fact], str] = {cls: name for name, cls in KINDS.items()}

Json = dict[str, Any]


def kind_of(fact: Fact) -> str:
    """Return the fact's name in storage, for example ``invoice``."""
    return _NAMES[type(fact)]


def encode(fact: Fact) -> Json:
    """Return ``fact`` as a JSON object with its kind under ``is``."""
    return {"is": kind_of(fact), **_encode(fact)}


def decode(data: Json) -> Fact:
    """Return the fact that :func:`encode` wrote. Raises KeyError for a kind that this version does not know."""
    kind: Any = KINDS[data["is"]]
    return typing.cast(Fact, _decoder(kind)(data))


def _encode(value: Any) -> Json:
    out: Json = {}
    cls: Any = type(value)
    for name, default in _defaults(cls):
        field = getattr(value, name)
        if field == default and default is not dataclasses.MISSING:
            continue
        out[name] = _plain(field)
    return out


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        assert value.tzinfo is not None, value
        return value.astimezone(UTC).isoformat()
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if dataclasses.is_dataclass(value):
        return _encode(value)
    return value


@cache
def _defaults(cls: type[Any]) -> tuple[tuple[str, Any], ...]:
    return tuple((field.name, field.default) for field in dataclasses.fields(cls))


@cache
def _decoder(cls: type[Any]) -> Callable[[Json], Any]:
    hints = typing.get_type_hints(cls)
    readers = {field.name: _reader(hints[field.name]) for field in dataclasses.fields(cls)}

    def read(data: Json) -> Any:
        return cls(**{name: reader(data[name]) for name, reader in readers.items() if name in data})

    return read


def _reader(hint: Any) -> Callable[[Any], Any]:
    if hint is datetime:
        return datetime.fromisoformat
    if typing.get_origin(hint) is types.UnionType:
        inner = _reader(next(arg for arg in typing.get_args(hint) if arg is not type(None)))
        return lambda value: None if value is None else inner(value)
    if typing.get_origin(hint) is tuple:
        args = typing.get_args(hint)
        if args[-1] is Ellipsis:
            each = _reader(args[0])
            return lambda value: tuple(each(part) for part in value)
        return tuple
    if dataclasses.is_dataclass(hint):
        assert isinstance(hint, type), hint
        return _decoder(hint)
    return lambda value: value
