"""Who may enter where: one table of cases for the pure function, for pages, for templates, for programs and for proxies.

Each person is told by his records, so that what is decided by is what is stored. All of them stand at NOW.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from goodstanding.core.access import Rule
from goodstanding.core.records import (
    Grant,
    Hold,
    HoldKind,
    InvoiceRecord,
    LevelSpan,
    Line,
    LineKind,
    MembershipRecord,
    Revocation,
    Status,
    SubscriptionRecord,
    SubscriptionState,
)

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)  # as the fixture ``clock`` begins
DAY = timedelta(days=1)

Records = tuple[MembershipRecord, ...]


def granted(
    level: str, *, begins: int = -30, ends: int | None = 30, holds: Sequence[HoldKind] = (), given: int = -30
) -> MembershipRecord:
    """A place given by staff, from so many days from now to so many."""
    end = None if ends is None else NOW + ends * DAY
    return MembershipRecord(
        ref=f"mem_{level}",
        begun_at=NOW + given * DAY,
        levels=(LevelSpan(NOW + given * DAY, level),),
        grants=(Grant(f"grt_{level}", NOW + begins * DAY, end, NOW + given * DAY),),
        holds=tuple(Hold(kind, NOW - DAY) for kind in holds),
    )


def paid(
    level: str, *, until: int, cancelled: bool = False, revoked: bool = False, settled: bool = True
) -> MembershipRecord:
    """A place that a subscription pays for, whose last settled period ends so many days from now."""
    begun, end = NOW + (until - 30) * DAY, NOW + until * DAY
    states = (SubscriptionState(begun, ends_at=end if cancelled else None),)
    invoice = InvoiceRecord(
        ref=f"inv_{level}",
        issued_at=begun,
        lines=(Line(f"si_{level}", begun, end, LineKind.REGULAR),),
        settled_at=begun if settled else None,
        revocations=(Revocation(NOW - DAY),) if revoked else (),
    )
    return MembershipRecord(
        ref=f"mem_{level}",
        begun_at=begun,
        levels=(LevelSpan(begun, level),),
        subscriptions=(SubscriptionRecord(f"sub_{level}", begun, states),),
        invoices=(invoice,),
    )


# Who there is. ``None``: not a member at all.
PEOPLE: dict[str, Records | None] = {
    "charlie, a user": None,
    "never began": (),
    "studio, to come": (granted("studio", begins=2),),
    "studio, not paid yet": (paid("studio", until=10, settled=False),),
    "studio": (paid("studio", until=10),),
    "studio, for ever": (granted("studio", ends=None),),
    "studio, cancelled, still paid": (paid("studio", until=10, cancelled=True),),
    "studio, renewing": (paid("studio", until=0),),
    "studio, in grace": (paid("studio", until=-3),),
    "studio, grace is over": (paid("studio", until=-7),),
    "studio, cancelled, over": (paid("studio", until=-1, cancelled=True),),
    "studio, paid back": (paid("studio", until=10, revoked=True),),
    "studio, waits for approval": (granted("studio", holds=[HoldKind.APPROVAL]),),
    "studio, denied": (granted("studio", holds=[HoldKind.DENIED]),),
    "studio, not confirmed": (granted("studio", holds=[HoldKind.CONFIRMATION]),),
    "studio, suspended and disputed": (granted("studio", holds=[HoldKind.SUSPENDED, HoldKind.DISPUTE]),),
    "studio, agreement not accepted": (granted("studio", holds=[HoldKind.AGREEMENT]),),
    "bench": (granted("bench"),),
    "bench lapsed": (granted("bench", ends=-1),),
    "bench held": (granted("bench", holds=[HoldKind.SUSPENDED]),),
    "bench to come": (granted("bench", begins=2),),
    "bench in grace": (paid("bench", until=-3),),
    "bench, studio lapsed": (granted("bench"), granted("studio", ends=-1)),
    "bench, studio held": (granted("bench"), granted("studio", holds=[HoldKind.DISPUTE])),
    "bench, studio to come": (granted("bench"), granted("studio", begins=2)),
    "bench, studio in grace": (granted("bench"), paid("studio", until=-3)),
    "bench lapsed, studio": (granted("bench", ends=-1), granted("studio")),
    "locker": (granted("locker"),),
}
RULES: dict[str, Rule] = {
    "any": Rule(),
    "studio": Rule.of("studio"),
    "studio or bench": Rule.of("studio", "bench"),
    "paid": Rule(statuses=frozenset({Status.GOOD})),
    "lapsed studio": Rule(frozenset({"studio"}), frozenset({Status.LAPSED})),
}
# For each person, the code by rule, in the order of RULES.
_TABLE = """
charlie, a user                 no_member    no_member    no_member    no_member    no_member
never began                     no_member    no_member    no_member    no_member    no_member
studio, to come                 pending      pending      pending      pending      pending
studio, not paid yet            pending      pending      pending      pending      pending
studio                          ok           ok           ok           ok           not_now
studio, for ever                ok           ok           ok           ok           not_now
studio, cancelled, still paid   ok           ok           ok           ok           not_now
studio, renewing                ok           ok           ok           ok           not_now
studio, in grace                ok           ok           ok           grace        grace
studio, grace is over           lapsed       lapsed       lapsed       lapsed       ok
studio, cancelled, over         lapsed       lapsed       lapsed       lapsed       ok
studio, paid back               lapsed       lapsed       lapsed       lapsed       ok
studio, waits for approval      held         held         held         held         held
studio, denied                  held         held         held         held         held
studio, not confirmed           held         held         held         held         held
studio, suspended and disputed  held         held         held         held         held
studio, agreement not accepted  held         held         held         held         held
bench                           ok           other_level  ok           ok           not_now
bench lapsed                    lapsed       lapsed       lapsed       lapsed       other_level
bench held                      held         held         held         held         held
bench to come                   pending      pending      pending      pending      pending
bench in grace                  ok           other_level  ok           grace        grace
bench, studio lapsed            ok           other_level  ok           ok           ok
bench, studio held              ok           held         ok           ok           held
bench, studio to come           ok           pending      ok           ok           pending
bench, studio in grace          ok           ok           ok           ok           grace
bench lapsed, studio            ok           ok           ok           ok           not_now
locker                          ok           other_level  other_level  ok           not_now
"""


@dataclass(frozen=True, slots=True)
class Case:
    """Somebody, a rule, and the code that must come out."""

    person: str
    rule: str
    code: str

    def __str__(self) -> str:
        return f"{self.person} x {self.rule}".replace(" ", "-")

    @property
    def allowed(self) -> bool:
        """Whether this one is let in."""
        return self.code == "ok"


def _read() -> list[Case]:
    found = []
    for line in _TABLE.strip().splitlines():
        person, codes = line[:32].strip(), line[32:].split()
        found += [Case(person, rule, code) for rule, code in zip(RULES, codes, strict=True)]
    return found


CASES = _read()
