"""Strict reading of Stripe's JSON: what is not of the expected kind is a named refusal, never a guess."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from goodstanding.core.currencies import UnknownCurrency, exponent
from goodstanding.gateways.protocol import BadEvent, Event

Obj = Mapping[str, Any]

# Stripe's units differ from ISO 4217's minor units for these (its "zero-decimal" and "special case" lists).
_STRIPE_EXPONENTS = {"ISK": 2, "UGX": 2, "MGA": 0}
_LARGEST = 2**53  # beyond any sum that Stripe accepts, and within every database's integers
_EARLIEST, _LATEST = 0, 7_258_118_400  # 1970 and 2200
_LONGEST_ID = 255  # Stripe promises that none of its ids is longer
_DECIMAL = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?")
_RANKS = {"created": 0, "deleted": 2}


def rank(event: Event) -> int:
    """Return where in its object's life an event stands, among those of one second: created, anything else, deleted."""
    return _RANKS.get(event.type.rpartition(".")[2], 1)


def obj(parent: Obj, name: str) -> Obj:
    """Return the object under ``name``. Raises BadEvent where it is none."""
    value = parent.get(name)
    if not isinstance(value, dict):
        raise BadEvent("missing_field", f"{name} is no object")
    return value


def maybe_obj(parent: Obj, name: str) -> Obj:
    """Return the object under ``name``, or an empty one where there is none (``null``, or a bare id)."""
    value = parent.get(name)
    return value if isinstance(value, dict) else {}


def text(parent: Obj, name: str) -> str:
    """Return the string under ``name``, or ``""`` for ``null`` and for nothing. Raises BadEvent for anything else."""
    value = parent.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadEvent("missing_field", f"{name} is no text")
    return value


def needed(parent: Obj, name: str) -> str:
    """Return the id or short word under ``name``. Raises BadEvent where it is empty, missing or too long for one."""
    value = text(parent, name)
    if not value:
        raise BadEvent("missing_field", f"{name} is missing")
    return _short(value, name)


def ref(parent: Obj, name: str) -> str:
    """Return the id under ``name``, which may stand there alone or as an expanded object; ``""`` for none."""
    value = parent.get(name)
    if isinstance(value, dict):
        value = value.get("id")
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadEvent("missing_field", f"{name} is no id")
    return _short(value, name)


def _short(value: str, name: str) -> str:
    if len(value) > _LONGEST_ID:
        raise BadEvent("bad_field", f"{name} is longer than any id")
    return value


def rows(parent: Obj, name: str) -> Iterator[Obj]:
    """Return the objects of a list, whether bare or in Stripe's ``{"data": []}`` wrapping; nothing for no list."""
    value = parent.get(name)
    if isinstance(value, dict):
        value = value.get("data")
    for row in value if isinstance(value, list) else ():
        if isinstance(row, dict):
            yield row


def moment(parent: Obj, name: str) -> datetime:
    """Return the moment under ``name`` (seconds since 1970). Raises BadEvent where there is none, or an absurd one."""
    found = maybe_moment(parent, name)
    if found is None:
        raise BadEvent("bad_moment", f"{name} is missing")
    return found


def maybe_moment(parent: Obj, name: str) -> datetime | None:
    """Return the moment under ``name``, or ``None`` for none. Raises BadEvent for what is no moment."""
    if parent.get(name) is None:
        return None
    value = integer(parent[name])
    if value is None or not _EARLIEST <= value <= _LATEST:
        raise BadEvent("bad_moment", f"{name} is no moment in whole seconds since 1970")
    return datetime.fromtimestamp(value, UTC)


def currency(parent: Obj, expected: str = "") -> str:
    """Return the object's currency in capitals. Raises BadEvent for an unknown one or another than ``expected``."""
    code = needed(parent, "currency").upper()
    try:
        exponent(code)
    except UnknownCurrency:
        raise BadEvent("bad_currency", "the currency is none that we know") from None
    if expected and code != expected:
        raise BadEvent("bad_currency", f"{code} stands where {expected} is expected")
    return code


def amount(parent: Obj, name: str, code: str) -> int:
    """Return the amount under ``name`` in ISO minor units of ``code``. Raises BadEvent where it is no integer."""
    value = integer(parent.get(name))
    if value is None or abs(value) > _LARGEST:
        raise BadEvent("bad_amount", f"{name} is no whole number of minor units")
    return minor(value, code)


def maybe_amount(parent: Obj, name: str, code: str) -> int:
    """Return the amount under ``name``, or 0 where it is ``null`` or missing."""
    return 0 if parent.get(name) is None else amount(parent, name, code)


def fraction_amount(parent: Obj, name: str, code: str) -> int:
    """Return the amount under ``name``, a decimal number of Stripe's units as text, half up in ISO minor units of ``code``.

    Prices of a part of a cent are told so (``"1045.4657657"``). Raises BadEvent where it is no such number.
    """
    value = text(parent, name)
    if not _DECIMAL.fullmatch(value):
        raise BadEvent("bad_amount", f"{name} is no decimal number")
    exact = Fraction(value) * Fraction(10) ** (exponent(code) - _STRIPE_EXPONENTS.get(code, exponent(code)))
    if abs(exact) > _LARGEST:
        raise BadEvent("bad_amount", f"{name} is more than anybody pays")
    return int(abs(exact) + Fraction(1, 2)) * (1 if exact >= 0 else -1)


def count(parent: Obj, name: str, *, most: int = 2**31 - 1) -> int:
    """Return the number under ``name``, 1 where there is none. Raises BadEvent for what counts nothing."""
    if parent.get(name) is None:
        return 1
    value = integer(parent[name])
    if value is None or not 0 <= value <= most:
        raise BadEvent("bad_field", f"{name} is no whole number from 0 to {most}")
    return value


def minor(value: int, code: str) -> int:
    """Return Stripe's units of ``code`` as ISO minor units; half up where Stripe's are the finer ones."""
    step = exponent(code) - _STRIPE_EXPONENTS.get(code, exponent(code))
    if step >= 0:
        return value * int(10**step)
    unit = int(10**-step)
    whole, rest = divmod(abs(value), unit)
    return (whole + (2 * rest >= unit)) * (1 if value >= 0 else -1)


def integer(value: Any) -> int | None:
    """Return ``value`` if it is a whole number (true and false are none), else ``None``."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None
