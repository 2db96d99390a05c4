"""What must hold of a life that our clock billed, whatever it was."""

from __future__ import annotations

import random
from itertools import pairwise

from goodstanding.core.ledger import Ledger, grouped
from tests.core.billed_lives import BilledLife, books_wrong, given_back_wrong


def wrong_with(life: BilledLife) -> list[str]:
    """Everything that must hold of a life, whatever it was."""
    ledger = life.ledger
    found = [*life.wrong, *books_wrong(ledger), *given_back_wrong(ledger)]
    for name in life.names:
        found += _periods(ledger, name)
    return found


def _periods(ledger: Ledger, name: str) -> list[str]:
    """I9: what is billed regularly neither overlaps (but where a change began a new period) nor leaves a hole."""
    states = [each for each in ledger.invoices.values() if each.settled_at is not None and each.last is not None]
    lines = [
        (line.start, line.end, each.last.invoice)
        for each in states
        if each.last is not None
        for line in each.last.lines
        if line.subscription == name and line.kind == "regular" and not line.hints.extra
    ]
    found = []
    for (_, end, _bill), (start, _, bill) in pairwise(sorted(lines)):
        if start > end:
            found.append(f"I9: a hole in {name} from {end} to {start}")
        if start < end and not bill.startswith("gchg"):
            found.append(f"I9: periods of {name} overlap at {start}")
    return found


def told_anew(life: BilledLife, seed: int) -> list[str]:
    """I1, I2: the same facts in another order, some of them twice, tell the same."""
    dice, facts = random.Random(seed), [*life.facts, *life.facts[::3]]
    dice.shuffle(facts)
    one, other = life.ledger, Ledger(grouped(facts))
    same = {
        "invoices": one.invoices == other.invoices,
        "credits": one.credits == other.credits,
        "payments": one.payments == other.payments,
        "subscriptions": {k: v[-1] for k, v in one.subscriptions.items()}
        == {k: v[-1] for k, v in other.subscriptions.items()},
        "balance": one.credit_minor("EUR") == other.credit_minor("EUR"),
    }
    return [f"other {name} in another order" for name, holds in same.items() if not holds]
