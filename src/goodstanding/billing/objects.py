"""A customer's objects as they are kept: fetched together as text, each understood only when somebody asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping

from goodstanding.core import codec
from goodstanding.core.facts import Fact
from goodstanding.core.fold import Key

Facts = tuple[Fact, ...]
States = Mapping[Key, Facts]
KEPT_CHARACTERS = 4_000_000


class Objects(MutableMapping[Key, Facts]):
    """The facts of each object, by its key. ``read`` understands a row's text."""

    __slots__ = ("_known", "_read", "_texts")

    def __init__(self, *, read: Callable[[str], Facts] = codec.loads) -> None:
        self._texts: dict[Key, str] = {}
        self._known: dict[Key, Facts] = {}
        self._read = read

    def add(self, key: Key, text: str) -> None:
        """Add what stands in the row of an object."""
        self._texts[key] = text

    def __getitem__(self, key: Key) -> Facts:
        facts = self._known.get(key)
        if facts is None:
            facts = self._known[key] = self._read(self._texts[key])
        return facts

    def __setitem__(self, key: Key, facts: Facts) -> None:
        self._texts[key] = ""
        self._known[key] = facts

    def __delitem__(self, key: Key) -> None:
        del self._texts[key]
        self._known.pop(key, None)

    def __iter__(self) -> Iterator[Key]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


class Memory:
    """Understands texts, and remembers those read lately: of one customer several events come close together.

    Facts never change, so what is remembered is never out of date. Holds up to twice ``characters`` of text.
    """

    def __init__(self, characters: int = KEPT_CHARACTERS) -> None:
        self._room = self._characters = characters
        self._young: dict[str, Facts] = {}
        self._old: dict[str, Facts] = {}

    def read(self, text: str) -> Facts:
        """Return the facts that ``text`` holds."""
        facts = self._young.get(text)
        if facts is None:
            facts = self._old.get(text) or codec.loads(text)
            self._room -= len(text)
            if self._room < 0:
                self._old, self._young, self._room = self._young, {}, self._characters
            self._young[text] = facts
        return facts

    def forget(self) -> None:
        """Remember nothing."""
        self._young, self._old, self._room = {}, {}, self._characters
