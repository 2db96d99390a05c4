"""Reading what came over the wire, the same for every adapter: a header by its name, a body that must be JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from goodstanding.gateways.protocol import BadEvent

_SUSPECT = re.compile(rb"\\u0000|\\u[dD][89a-fA-F]")


def header(headers: Mapping[str, str], name: str) -> str:
    """Return a header, whatever the case of its name; ``""`` where there is none."""
    return next((value for each, value in headers.items() if each.lower() == name.lower()), "")


def json_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object in ``body``. Raises ``BadEvent``: also for texts that no database keeps, and NaN."""
    try:
        text = body.decode()
        value = json.loads(text, parse_constant=_no_number)
        if _SUSPECT.search(body):
            _must_be_storable(value)
    except (ValueError, RecursionError) as error:
        raise BadEvent("malformed_json", "The body is no JSON text in UTF-8.") from error
    if not isinstance(value, dict):
        raise BadEvent("not_an_event", "The body is no JSON object.")
    return value


def text(envelope: Mapping[str, Any], name: str, form: re.Pattern[str], length: int) -> str:
    """Return the text under ``name``, which must be of ``form`` and no longer than ``length``. Raises ``BadEvent``."""
    value = envelope.get(name)
    if value is None or value == "":
        raise BadEvent("missing_field", f"{name} is missing.")
    if not isinstance(value, str) or len(value) > length or form.fullmatch(value) is None:
        raise BadEvent("bad_field", f"{name} is not of its form.")
    return value


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and Infinity are no JSON


def _must_be_storable(value: object) -> None:
    """Raise ``ValueError`` for half a surrogate pair or a NUL anywhere: no database keeps those as text."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            waiting += [*each.keys(), *each.values()]
        elif isinstance(each, list):
            waiting += each
        elif isinstance(each, str) and b"\0" in each.encode():
            raise ValueError("NUL")
