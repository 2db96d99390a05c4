"""What is linked belongs together: references as a forest, in which those that belong together have the same root."""

from __future__ import annotations

from collections.abc import Iterable


class Links:
    """The references that ``pairs`` link, by any chain."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._parents: dict[str, str] = {}
        for one, other in pairs:
            first, second = sorted((self.root(one), self.root(other)))
            self._parents[second] = first

    def root(self, ref: str) -> str:
        """Return the one that stands for all that belong together with ``ref``; itself, where nothing does."""
        while (parent := self._parents.get(ref, ref)) != ref:
            ref = parent
        return ref
