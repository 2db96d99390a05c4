"""Reading an object of a file: each value by its kind, every fault noted in words, nothing raised."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any

from goodstanding import conf
from goodstanding.catalogue.models import DESCRIPTION_LENGTH
from goodstanding.core.periods import in_utc

SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_LAST_POSITION = 32767


class Reader:
    """Reads one object; a fault is noted and reading goes on, so that one run names them all."""

    def __init__(self, raw: dict[str, Any], where: str, faults: list[str], warnings: list[str]) -> None:
        self.raw, self.where, self.faults, self.warnings = raw, where, faults, warnings

    def _said(self, **readers: tuple[str, Callable[[str], Any]]) -> dict[str, Any]:
        """Read the keys that are there, each by its reader; what is left out is left alone."""
        found = {column: read(key) for key, (column, read) in readers.items() if key in self.raw}
        begins, ends = found.get("sale_from"), found.get("sale_until")
        if begins is not None and ends is not None and ends <= begins:
            self._fault("sale_until comes no later than sale_from")
        return found

    def _unknown(self, known: set[str]) -> None:
        for key in sorted(set(self.raw) - known):
            self.warnings.append(f"{self.where}: {str(key)[:60]} is not read")

    def _fault(self, words: str) -> None:
        self.faults.append(f"{self.where}: {words}")

    def _slug(self, name: str) -> str:
        value = self.raw.get(name)
        if not isinstance(value, str) or not SLUG.fullmatch(value):
            self._fault(f"{name} is not made of small letters, digits, - and _ (up to 60)")
            return ""
        return value

    def _text(self, name: str) -> str:
        value = self.raw.get(name)
        if not isinstance(value, str) or not 0 < len(value.strip()) <= 200:
            self._fault(f"{name} is missing, empty or longer than 200 characters")
            return ""
        return value.strip()

    def _description(self, name: str) -> str:
        value = self.raw[name]
        if not isinstance(value, str) or len(value) > DESCRIPTION_LENGTH or "\0" in value:
            self._fault(f"{name} is no text of up to {DESCRIPTION_LENGTH} characters")
            return ""
        return value.strip()

    def _one_of(self, known: type[StrEnum]) -> Callable[[str], str]:
        def read(name: str) -> str:
            value = self.raw[name]
            if value not in list(known):
                self._fault(f"{name} is none of {', '.join(known)}")
            return str(value)

        return read

    def _position(self, name: str) -> int:
        return self._number(name, 0, _LAST_POSITION)

    def _flag(self, name: str, *, default: bool = False) -> bool:
        value = self.raw.get(name, default)
        if not isinstance(value, bool):
            self._fault(f"{name} is neither true nor false")
        return bool(value)

    def _number(self, name: str, low: int, high: int, default: int | None = None) -> int:
        value = self.raw.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            self._fault(f"{name} is no whole number from {low} to {high}")
            return low
        return value

    def _moment(self, name: str) -> datetime | None:
        """A moment with its zone; a day alone is its start on the site's clock; null is none."""
        value = self.raw[name]
        if value is None:
            return None
        try:
            if isinstance(value, str) and len(value) == len("2026-12-31"):
                return in_utc(datetime.combine(date.fromisoformat(value), time.min, tzinfo=conf.time_zone()))
            return in_utc(datetime.fromisoformat(value))
        except (TypeError, ValueError):
            self._fault(f"{name} is no day (2026-12-31) and no moment with its zone (2026-12-31T18:00:00+01:00)")
            return None
