"""Each rule of proration has a mutant, and the lives of proration_worlds.py tell every one of them from the real thing.

A mutant is the real source with one decision turned: one that answers alike in all lives would mean that no test could
hold its rule.
"""

from __future__ import annotations

import sys
import types
from pathlib import Path

import pytest

from goodstanding.core import proration

from .proration_worlds import LIVES, told

# (rule, what stands there, what the mutant says instead)
MUTANTS = [
    ("the credit starts from what was paid", "credit = piece.amount.share(", "credit = held.price.share("),
    ("each piece gives back its own share", "parts = counted(rest, of=piece.period", "parts = counted(rest, of=held.period"),
    ("only the time to come is given back", "rest = piece.period.intersect(Period(at))", "rest = piece.period"),
    ("what is not owed any more is not paid out", "billed.share(parts.share, rounding=convention.rounding) - credit", "billed.share(parts.share, rounding=convention.rounding)"),
    ("an open bill is reduced", "unowed += billed.share(", "unowed += piece.amount.share("),
    ("a credit is below zero", "held.name, -credit, rest", "held.name, credit, rest"),
    ("no zero credit", "        if credit:\n", "        if True:\n"),
    ("no zero charge", "    if charge:\n", "    if True:\n"),
    ("nothing charged, nothing paid", "(Paid(charge, rest),) if charge else ()", "(Paid(charge, rest),)"),
    ("the credit is rounded by the convention", "credit = piece.amount.share(parts.share, rounding=convention.rounding)", "credit = piece.amount.share(parts.share)"),
    ("the charge is rounded by the convention", "charge = wanted.price.share(parts.share, rounding=convention.rounding)", "charge = wanted.price.share(parts.share)"),
    ("the charge is for the rest of the period", "rest = Period(moment, whole.end)", "rest = whole"),
    ("another interval begins a new period", "or wanted.interval != held.interval", ""),
    ("a trial that ends begins a new period", "restarts = reset or held.on_trial or", "restarts = reset or"),
    ("a reset begins a new period", "restarts = reset or held.on_trial", "restarts = held.on_trial"),
    ("a reset gives nothing back", "    if not reset:\n", "    if True:\n"),
    ("a trial goes on only in a trial", "if held.on_trial and wanted.trial:", "if wanted.trial:"),
    ("a trial goes on only where there is one", "if held.on_trial and wanted.trial:", "if held.on_trial:"),
    ("what was paid for a trial stays paid", "replace(after, paid=held.paid)", "after"),
    ("a trial is over when it ends", "if charge else (), on_trial=False)", "if charge else ())"),
    ("a free level for life has no period to keep", "or held.period.end is None\n", "\n"),
    ("a new period is stepped on the site's clock", "n=1, tz=ZoneInfo(convention.time_zone)", "n=1, tz=ZoneInfo('UTC')"),
    ("days are the site's", "zone = ZoneInfo(convention.time_zone)\n", "zone = ZoneInfo('UTC')\n"),
    ("days are counted where they are to be", "if convention.measure is Measure.DAY and", "if"),
    ("seconds are counted where they are to be", "if convention.measure is Measure.DAY and", "if False and"),
    ("within a day seconds are counted", "(days := _days(of, convention))", "(days := max(1, _days(of, convention)))"),
    ("changes are made at a whole second", "moment.replace(microsecond=0)", "moment"),
    ("and not before the start", "return max(moment.replace(microsecond=0), period.start)", "return moment.replace(microsecond=0)"),
    ("the end of the period is outside", "if not period.contains(moment):", "if moment > (period.end or moment):"),
    ("what is due is never below zero", "return max(self.total, Money.zero(self.unowed.currency))", "return self.total"),
    ("what is left becomes balance", "return self.due - self.total", "return -self.total"),
    ("down waits for the end", "return held.period.end if down else moment", "return moment"),
    ("up does not wait", "return held.period.end if down else moment", "return held.period.end"),
    ("as much is not down", "down = in_a_year(wanted.price, wanted.interval) < in_a_year", "down = in_a_year(wanted.price, wanted.interval) <= in_a_year"),
    ("years are compared", "return price.amount_minor * _YEAR[unit] / count", "return Fraction(price.amount_minor)"),
    ("in a trial nothing waits", "if held.on_trial or held.period.end is None or", "if held.period.end is None or"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "there", "instead"), MUTANTS, ids=[mutant[0] for mutant in MUTANTS])
def test_a_mutant_is_told_from_the_real_thing(rule: str, there: str, instead: str) -> None:
    mutant = mutated(there, instead)

    assert any(told(life) != answers(name, mutant) for name, life in LIVES.items()), "no life tells this mutant"


def answers(name: str, mutant: types.ModuleType) -> list[object]:
    """Return what a mutant says of a life; where it breaks, that."""
    try:
        return told(LIVES[name], mutant)
    except (AssertionError, AttributeError, TypeError, ZeroDivisionError) as broken:
        return [type(broken)]


def mutated(there: str, instead: str) -> types.ModuleType:
    """The real module, one decision turned. Raises AssertionError where the decision is not in the source any more."""
    source = Path(proration.__file__ or "").read_text()
    assert source.count(there) == 1, f"proration.py says {there!r} {source.count(there)} times"
    made = types.ModuleType("mutant_proration")
    sys.modules[made.__name__] = made  # dataclasses look their module up
    exec(compile(source.replace(there, instead), "mutant proration.py", "exec"), made.__dict__)
    return made
