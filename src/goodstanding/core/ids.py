"""Public ids: prefixed, and derived from what named the thing first, so that a replay gives the same ids."""

from __future__ import annotations

import base64
import hashlib

_LENGTH = 20
_DIGEST_BYTES = 15  # in whole groups of five, as many as the letters are made of


def derived(prefix: str, *parts: str) -> str:
    """Return ``prefix_`` and 20 letters and digits that depend on ``parts`` alone (100 bits).

    The parts are separated unambiguously: ``("ab", "c")`` and ``("a", "bc")`` give different ids.
    """
    assert parts, prefix
    packed = b"".join([len(part).to_bytes(4, "big") + part for part in map(str.encode, parts)])
    digest = hashlib.sha256(packed).digest()[:_DIGEST_BYTES]
    return f"{prefix}_{base64.b32encode(digest).decode().lower()[:_LENGTH]}"
