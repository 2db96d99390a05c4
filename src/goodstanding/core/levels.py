"""Which level a gateway's price stands for (R22). Resolved late: what tells it may be told after the price was used."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from goodstanding.core.facts import PriceHints

# Old CiviCRM set-ups named their plans so: in the plan's id, its nickname, or the product's name.
_PREFIX = re.compile(r"^membertype_([A-Za-z0-9]+)-")


@dataclass(frozen=True, slots=True)
class LevelMap:
    """How a gateway account's prices map to levels: by price id, by lookup key, by the old membertype number, by slug."""

    by_price: Mapping[str, str] = field(default_factory=dict)
    by_lookup_key: Mapping[str, str] = field(default_factory=dict)
    by_membertype: Mapping[str, str] = field(default_factory=dict)
    slugs: frozenset[str] = frozenset()

    def level_of(self, hints: PriceHints) -> str:
        """Return the slug of the level that a price stands for, or ``""`` for somebody else's price.

        First match of: the mapped price id, metadata that names a level of ours, the lookup key, the old prefix.
        """
        if found := self.by_price.get(hints.price):
            return found
        if hints.level in self.slugs:
            return hints.level
        if hints.lookup_key and (found := self.by_lookup_key.get(hints.lookup_key)):
            return found
        for label in (hints.price, *hints.labels):
            match = _PREFIX.match(label)
            if match and (found := self.by_membertype.get(match[1])):
                return found
        return ""


def joined(one: PriceHints, other: PriceHints) -> PriceHints:
    """Return what two tellings of the same price say together; where they differ, ``one`` counts first."""
    if one == other:
        return one
    return PriceHints(
        price=one.price or other.price,
        product=one.product or other.product,
        lookup_key=one.lookup_key or other.lookup_key,
        level=one.level or other.level,
        labels=tuple(dict.fromkeys((*one.labels, *other.labels))),
    )
