"""Which entry of a balance paid what (B68), and that nothing comes from nowhere (I6)."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodstanding.core.balance import Entry, Use, spent

DAY = datetime(2026, 3, 2, tzinfo=UTC)


def at(days: int) -> datetime:
    return DAY + timedelta(days=days)


@pytest.mark.parametrize(
    ("entries", "used", "parts", "left"),
    [
        ([(30, 0), (50, 0)], 60, [30, 30], [0, 20]),
        ([(25, 2), (20, 1), (25, 2), (30, 2)], 80, [20, 25, 25, 10], [0, 0, 0, 20]),
        ([(30, 0)], 30, [30], [0]),
        ([(30, 0)], 0, [], [30]),
    ],
)
def test_b68_the_first_entry_is_used_to_its_end(
    entries: list[tuple[int, int]], used: int, parts: list[int], left: list[int]
) -> None:
    """B68: 30 from the first and 30 from the second; with priorities 20, 25, 25 and 10."""
    made = [Entry(f"e{number}", at(number), amount, priority) for number, (amount, priority) in enumerate(entries)]
    found = spent(made, [Use("bill", at(9), used)] if used else [])
    assert [part.amount_minor for part in found.parts] == parts
    assert [amount for _, amount in found.left] == left
    assert found.missing_minor == 0


def test_an_entry_pays_nothing_of_before_it_while_another_can() -> None:
    found = spent([Entry("b", at(5), 50, -1), Entry("a", at(0), 50)], [Use("bill", at(1), 40)])
    assert [(part.entry, part.amount_minor) for part in found.parts] == [("a", 40)]


AMOUNTS = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 200), st.integers(0, 2)), max_size=8)


@given(AMOUNTS, AMOUNTS)
def test_i6_the_sums_hold_whatever_comes_in_between(
    entered: list[tuple[int, int, int]], used: list[tuple[int, int, int]]
) -> None:
    entries = [Entry(f"e{n}", at(day), amount, first) for n, (day, amount, first) in enumerate(entered)]
    uses = [Use(f"u{n}", at(day), amount) for n, (day, amount, _) in enumerate(used)]
    found = spent(entries, uses)
    taken: Counter[str] = Counter()
    paid: Counter[str] = Counter()
    for part in found.parts:
        assert part.amount_minor > 0
        taken[part.entry] += part.amount_minor
        paid[part.use] += part.amount_minor
    left = dict(found.left)
    assert all(amount >= 0 for amount in left.values())
    assert all(taken[each.ref] + left[each.ref] == each.amount_minor for each in entries)
    assert all(paid[each.ref] <= each.amount_minor for each in uses)
    assert sum(paid.values()) + found.missing_minor == sum(each.amount_minor for each in uses)
    assert not (found.missing_minor and found.left_minor)
    assert found == spent(entries[::-1], uses[::-1])
