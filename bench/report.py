"""What was measured, beside what is wanted and the least that it could have been, as a table for people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

HEADS = ("what", "target", "measured", "floor", "ratio", "")


@dataclass(frozen=True)
class Measurement:
    """One figure. ``limit``: the target, an upper bound, or a lower one where more is better (``at_least``).

    ``floor``: the same figure for the least that must happen, which ``floor_is`` names.
    """

    what: str
    measured: float
    unit: str
    limit: float | None = None
    at_least: bool = False
    floor: float | None = None
    floor_is: str = ""

    @property
    def ok(self) -> bool:
        """Whether the target is reached; a figure without a target is only told."""
        if self.limit is None:
            return True
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit

    @property
    def ratio(self) -> float | None:
        """How many times the floor's cost this cost."""
        if not self.floor or not self.measured:
            return None
        return self.floor / self.measured if self.at_least else self.measured / self.floor

    def document(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {**asdict(self), "ratio": self.ratio, "ok": self.ok}

    def cells(self) -> tuple[str, ...]:
        """Return the row of the table."""
        target = "" if self.limit is None else f"{'>=' if self.at_least else '<='} {self._shown(self.limit)}"
        ratio = "" if self.ratio is None else f"{self.ratio:.1f}"
        verdict = "" if self.limit is None else "ok" if self.ok else "MISS"
        floor = "" if self.floor is None else f"{self._shown(self.floor)} ({self.floor_is})"
        return self.what, target, self._shown(self.measured), floor, ratio, verdict

    def _shown(self, value: float) -> str:
        if self.unit == "/s" or value >= 1000:
            return f"{value:,.0f} {self.unit}".replace(" /s", "/s")
        digits = max(0, 2 - len(str(int(value)))) if value >= 1 else 2
        return f"{value:.{digits}f} {self.unit}"


def table(rows: Iterable[Measurement]) -> str:
    """Return the rows in columns."""
    cells = [HEADS, *(row.cells() for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEADS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])
