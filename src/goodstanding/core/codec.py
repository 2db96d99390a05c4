"""Facts as JSON and back: the form in which the ledger keeps them. Defaults are left out; moments are ISO 8601 in UTC."""

from __future__ import annotations

import dataclasses
import json
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
    "credit": facts.CreditSeen,
    "access": facts.AccessDecided,
    "price": facts.PriceSeen,
    "product": facts.ProductSeen,
}
_NAMES: Mapping[type[Fact], str] = {cls: name for name, cls in KINDS.items()}

Json = dict[str, Any]
Value = typing.TypeVar("Value")


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


def loads(text: str) -> tuple[Fact, ...]:
    """Return the facts in the text of a JSON list."""
    return tuple([decode(data) for data in json.loads(text)])


def _encode(value: Any) -> Json:
    out: Json = {}
    cls: Any = type(value)
    for name, default, plain in _writers(cls):
        field = getattr(value, name)
        if field is not default and field != default:
            out[name] = plain(field) if plain else field
    return out


def _stamp(value: datetime | None) -> str | None:
    if value is None:
        return None
    assert value.tzinfo is not None, value
    return (value if value.tzinfo is UTC else value.astimezone(UTC)).isoformat()


@cache
def _writers(cls: Any) -> tuple[tuple[str, Any, Callable[[Any], Any] | None], ...]:
    """Of each field its name, its default, and how it is written (``None``: as it is)."""
    hints = typing.get_type_hints(cls)
    return tuple((field.name, field.default, _writer(hints[field.name])) for field in dataclasses.fields(cls))


def _writer(hint: Any) -> Callable[[Any], Any] | None:
    if hint is datetime or hint == datetime | None:
        return _stamp
    if typing.get_origin(hint) is tuple:
        each = _writer(typing.get_args(hint)[0])
        return (lambda value: [each(part) for part in value]) if each else list
    if _dataclass_or_none(hint) is not None:
        return lambda value: None if value is None else _encode(value)
    return _encode if dataclasses.is_dataclass(hint) else None


def _dataclass_or_none(hint: Any) -> Any:
    """The class of a field that holds one of our values or nothing; ``None`` for any other field."""
    parts = typing.get_args(hint)
    inner = [part for part in parts if part is not types.NoneType]
    return inner[0] if len(parts) == 2 and len(inner) == 1 and dataclasses.is_dataclass(inner[0]) else None


def plain(value: Any) -> Json:
    """Return a frozen dataclass of such fields as a JSON object: what else is kept as it was said, beside facts."""
    return _encode(value)


def read(cls: type[Value], data: Json) -> Value:
    """Return the value that :func:`plain` wrote. Raises ``KeyError``, ``TypeError`` or ``ValueError`` for anything else."""
    kind: Any = cls
    return typing.cast(Value, _decoder(kind)(data))


@cache
def _decoder(cls: Any) -> Callable[[Json], Any]:
    """Return what makes a ``cls`` of its JSON object; its code is written out once, for nothing runs more often."""
    hints = typing.get_type_hints(cls)
    named: dict[str, Any] = {"cls": cls}
    arguments = []
    for field in dataclasses.fields(cls):
        reader = _reader(hints[field.name])
        named |= {f"read_{field.name}": reader, f"default_{field.name}": field.default}
        told = f"read_{field.name}(data[{field.name!r}])" if reader else f"data[{field.name!r}]"
        needed = field.default is dataclasses.MISSING
        arguments.append(told if needed else f"{told} if {field.name!r} in data else default_{field.name}")
    made: Callable[[Json], Any] = eval(f"lambda data: cls({', '.join(arguments)})", named)  # noqa: S307 (our own names)
    return made


def _reader(hint: Any) -> Callable[[Any], Any] | None:
    """How a field is read (``None``: as it is)."""
    if hint is datetime:
        return datetime.fromisoformat
    if hint == datetime | None:
        return lambda value: None if value is None else datetime.fromisoformat(value)
    if typing.get_origin(hint) is tuple:
        each = _reader(typing.get_args(hint)[0])
        return (lambda value: tuple([each(part) for part in value])) if each else tuple
    inner = _dataclass_or_none(hint)
    if inner is not None:
        return lambda value: None if value is None else _decoder(inner)(value)
    cls: Any = hint
    return _decoder(cls) if dataclasses.is_dataclass(hint) else None
