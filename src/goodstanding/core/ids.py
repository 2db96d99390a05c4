"""Public ids: prefixed, and derived from what named the thing first, so that a replay gives the same ids."""

from __future__ import annotations

import hashlib
from functools import lru_cache

_BITS = 100
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = [one + other for one in _LETTERS for other in _LETTERS]  # ten bits each: twice as quick as letter by letter
_SHIFTS = range(_BITS - 10, -1, -10)
_REMEMBERED = 8192  # one transaction asks for the same ids again and again


def derived(prefix: str, *parts: str) -> str:
    """Return ``prefix_`` and 20 letters and digits that depend on ``parts`` alone (100 bits).

    The parts are separated unambiguously: ``("ab", "c")`` and ``("a", "bc")`` give different ids.
    """
    assert parts, prefix
    return f"{prefix}_{_letters(parts)}"


@lru_cache(_REMEMBERED)
def _letters(parts: tuple[str, ...]) -> str:
    packed = b"".join([len(part).to_bytes(4, "big") + part for part in map(str.encode, parts)])
    number = int.from_bytes(hashlib.sha256(packed).digest(), "big") >> (256 - _BITS)
    return "".join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])
