"""Each rule of standing has a mutant, and the small worlds tell every one of them from the real thing.

A mutant is the real source with one decision turned. It is compared with the real code, which agrees with the oracle
(test_standing_worlds.py): a mutant that answers alike in all worlds would mean that no test holds its rule.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from functools import cache
from itertools import zip_longest
from pathlib import Path

import pytest

from goodstanding.core import coverage, standing
from goodstanding.core.records import LineKind

from .world_parts import World, invoice, membership, moments, state, sub
from .worlds import families

# (rule, module, what stands there, what the mutant says instead)
MUTANTS = [
    ("a hold needs coverage, window or grace", "standing", "found.status in (Status.GOOD, Status.GRACE)", "True"),
    ("a hold holds in grace, too", "standing", "found.status in (Status.GOOD, Status.GRACE)", "found.status is Status.GOOD"),
    ("a lifted hold holds no more", "standing", "hold.released_at is None and", ""),
    ("a hold ends as planned", "standing", "(hold.until is None or at < hold.until)", "True"),
    ("the end of coverage is exclusive", "standing", "span[1] is None or at < span[1])", "span[1] is None or at <= span[1])"),
    ("revoked last: no window, no grace", "standing", "if last and not standing:", "if False:"),
    ("an older revocation changes nothing", "standing", "if last and not standing:", "if any(c.revoked_at(at) for c in self.covers):"),
    ("only what has begun counts as last", "standing", "if cover.start <= at]\n        end", "if True]\n        end"),
    ("a paused subscription renews nothing", "standing", "[sub for sub in running if not _paused(sub, at)]", "running"),
    ("a pause ends when it is set to", "standing", "(last.resumes_at is None or at < last.resumes_at)", "True"),
    ("an ended subscription is not live", "standing", "return not last.ended and", "return"),
    ("a set end counts from its moment", "standing", "(last.ends_at is None or at < last.ends_at)", "True"),
    ("a set end counts only from its moment", "standing", "(last.ends_at is None or at < last.ends_at)", "last.ends_at is None"),
    ("the window stands for 24 hours", "standing", "at < ended + WINDOW and failed is None", "failed is None"),
    ("a failure ends the window", "standing", "at < ended + WINDOW and failed is None", "at < ended + WINDOW"),
    ("there is a window", "standing", "at < ended + WINDOW and failed is None", "False"),
    ("with no grace the window still stands", "standing", "at < ended + WINDOW and", "at < ended + min(WINDOW, level.terms.grace_days * DAY) and"),
    ("grace counts from the coverage's end", "standing", "at < ended + level.terms.grace_days * DAY:", "at < ended + WINDOW + level.terms.grace_days * DAY:"),
    ("grace ends", "standing", "at < ended + level.terms.grace_days * DAY:", "True:"),
    ("the end of grace is exclusive", "standing", "at < ended + level.terms.grace_days * DAY:", "at <= ended + level.terms.grace_days * DAY:"),
    ("a settled next invoice ends the waiting", "standing", "any(invoice.settled_at is not None for invoice in coming)", "False"),
    ("the next invoice starts at the end or later", "standing", "line.start >= ended and", "line.start > ended and"),
    ("the next invoice is the first to start", "standing", "if start == first]", "]"),
    ("only a regular line makes the next invoice", "standing", "if line.kind is LineKind.REGULAR and line.start >= ended", "if line.start >= ended"),
    ("a prepaid term has its own grace", "standing", "if at < ended + level.terms.prepaid_grace_days * DAY:", "if at < ended + level.terms.grace_days * DAY:"),
    ("who gave a prepaid term up has no grace", "standing", "and not self.known.cancelled_at", ""),
    ("never covered and alive is pending", "standing", "any(_live(sub, at) for sub in self.known.subscriptions) or", ""),
    ("a paused purchase is still alive", "standing", "any(_live(sub, at) for sub in self.known.subscriptions)", "any(_live(sub, at) and not _paused(sub, at) for sub in self.known.subscriptions)"),
    ("an open prepaid bill is alive", "standing", " or any(map(_open_prepaid, self.known.invoices))", ""),
    ("a closed bill is dead", "standing", "and invoice.closed_at is None", ""),
    ("the level is the one held then", "standing", "if span.since <= at:\n                held", "if span.since < at:\n                held"),
    ("the best membership counts", "standing", "(BEST_FIRST.index(pair[1].status)", "(-BEST_FIRST.index(pair[1].status)"),
    ("of the best the latest end counts", "standing", "else max(end for end in ends", "else min(end for end in ends"),
    ("a seat that was given up gives nothing", "standing", "if self.known.ended_at is not None:", "if False:"),
    ("coverage needs settling", "coverage", "if invoice.settled_at is None:\n            continue", "if invoice.settled_at is None:\n            invoice = __import__('dataclasses').replace(invoice, settled_at=invoice.issued_at)"),
    ("a later period ends an earlier one", "coverage", "if following is not None:", "if False:"),
    ("also a revoked later one ends it", "coverage", "following = next(later, None)", "following = next((p for p in later if not p[1].revocations), None)"),
    ("only of the same item", "coverage", "by_item[line.item].append", "by_item[''].append"),
    ("a proration covers a new item", "coverage", "if line.kind is LineKind.PRORATION and (first is None or first > line.start):", "if False:"),
    ("a proration covers only a new item", "coverage", "first > line.start):\n            end = line.end if first is None else min(line.end, first)", "True):\n            end = line.end"),
    ("a proration ends where a period starts", "coverage", "line.end if first is None else min(line.end, first)", "line.end"),
    ("a revocation takes back what follows", "coverage", "until = min(revocation.since, cover.end)", "until = cover.end"),
    ("a revocation takes nothing back that was", "coverage", "until = min(revocation.since, cover.end)", "until = cover.start"),
    ("a refund that failed gives back the coverage", "coverage", "start = max(start, revocation.until)", "return pieces"),
    ("touching periods are one", "coverage", "start > last[1])", "start >= last[1])"),
    ("a grant counts from when it was given", "coverage", "start = max(grant.start, grant.given_at)", "start = grant.start"),
    ("a withdrawn grant covers no more", "coverage", "end = _earlier(grant.end, grant.withdrawn_at)", "end = grant.end"),
]  # fmt: skip


@cache
def worlds() -> list[World]:
    """The small worlds, each family's in turn, so that the one that tells a mutant comes soon; and one beside them."""
    told = [list(family()) for family in families().values()]
    return [beside(), *(world for row in zip_longest(*told) for world in row if world is not None)]


def beside() -> World:
    """A new item, paid for by proration first; its first regular period starts inside that, and is given back."""
    proration = invoice("proration", 0, 6, 0, kind=LineKind.PRORATION)
    regular = invoice("regular", 4, 8, 4, revoked=((5, None),))
    return (membership([proration, regular], [sub(state(5, ended=True))]),)


# The families to look in first, for those that are told late otherwise.
FIRST = {
    "only what has begun counts as last": "revoked",
    "a closed bill is dead": "pending",
    "of the best the latest end counts": "two_memberships",
    "only a regular line makes the next invoice": "prepaid",
    "a grant counts from when it was given": "grants",
    "who gave a prepaid term up has no grace": "prepaid",
    "a paused purchase is still alive": "pending",
    "a pause ends when it is set to": "ending",
    "a seat that was given up gives nothing": "given_up",
}


@pytest.mark.parametrize(("rule", "module", "there", "instead"), MUTANTS, ids=[mutant[0] for mutant in MUTANTS])
def test_a_mutant_is_told_from_the_real_thing(rule: str, module: str, there: str, instead: str) -> None:
    mutant = mutated(module, there, instead)
    first = families()[FIRST[rule]]() if rule in FIRST else ()

    assert any(differs(mutant, world) for world in (*first, *worlds())), (
        "no small world tells this mutant from the real thing"
    )


def differs(mutant: types.ModuleType, world: World) -> bool:
    for at in moments(world):
        real, other = standing.judge_member(world, at), mutant.judge_member(world, at)
        if (real.status, real.covered_until, real.changes_at) != (other.status, other.covered_until, other.changes_at):
            return True
        if list(levels(real)) != list(levels(other)):
            return True
    return False


def levels(answer: standing.MemberAnswer) -> Iterator[tuple[str, str, object]]:
    for _, each in answer.memberships:
        yield each.level, str(each.status), each.covered_until


def mutated(module: str, there: str, instead: str) -> types.ModuleType:
    """The real modules, one decision turned. Raises AssertionError where the decision is not in the source any more."""
    built: dict[str, types.ModuleType] = {}
    for name, real in (("coverage", coverage), ("standing", standing)):
        source = Path(real.__file__ or "").read_text()
        if name == module:
            assert source.count(there) == 1, f"{name}.py says {there!r} {source.count(there)} times"
            source = source.replace(there, instead)
        made = types.ModuleType(f"mutant_{name}")
        sys.modules[made.__name__] = made  # dataclasses look their module up
        if "coverage" in built:
            source = source.replace("goodstanding.core.coverage", "mutant_coverage")
        exec(compile(source, f"mutant {name}.py", "exec"), made.__dict__)
        built[name] = made
    return built["standing"]
