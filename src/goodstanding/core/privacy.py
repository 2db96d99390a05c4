"""How an app says what personal data it holds: in its ``privacy.py``, found by name (a test finds what nobody declared).

``HOLDS`` names the fields that hold something about a person; ``NOT_PERSONAL`` those that could but do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Erase(StrEnum):
    """What becomes of the fields when a person asks to be forgotten."""

    BLANK = "blank"  # the row stays, these fields are emptied
    DELETE = "delete"  # the row goes
    KEEP = "keep"  # the law or the ledger wants it; ``why`` says which


@dataclass(frozen=True, slots=True)
class Holding:
    """Fields of one model (by its class name) that hold personal data: why, whether exported, and how erased."""

    model: str
    fields: tuple[str, ...]
    why: str
    erase: Erase
    export: bool


NotPersonal = Mapping[str, tuple[str, ...]]
"""By model's class name, the fields of a text kind that never hold anything about a person."""
