"""Who may enter when: one table for the pure function, for taps over HTTP and for the member's page.

Times are hours after START. A standing is told as an outlook: from which hour on which levels stand how.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from goodstanding.core.records import BEST_FIRST, Status

START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)  # as the fixture ``clock`` begins
Outlook = tuple[tuple[int, dict[str, str]], ...]

DAY = 24
# The lives that the cases are about. A month that is paid, its window, the grace of seven days, and then nothing.
PAID: Outlook = ((-DAY, {"bench": "good"}), (10 * DAY, {"bench": "grace"}), (17 * DAY, {"bench": "lapsed"}))
FOR_LIFE: Outlook = ((-DAY, {"bench": "good"}),)
ENDED: Outlook = ((-DAY, {"bench": "lapsed"}),)
HELD: Outlook = ((-DAY, {"bench": "held"}),)
HELD_FOR_A_DAY: Outlook = ((-DAY, {"bench": "held"}), (DAY, {"bench": "good"}), (5 * DAY, {"bench": "lapsed"}))
WAITING: Outlook = ((-DAY, {"bench": "pending"}),)
TO_COME: Outlook = ((-DAY, {"bench": "pending"}), (DAY, {"bench": "good"}), (31 * DAY, {"bench": "lapsed"}))
TWO_LEVELS: Outlook = (
    (-DAY, {"bench": "good", "studio": "grace"}),
    (DAY, {"bench": "good", "studio": "lapsed"}),
    (2 * DAY, {"bench": "lapsed", "studio": "lapsed"}),
)
STUDIO_HELD: Outlook = ((-DAY, {"bench": "good", "studio": "held"}),)
STUDIO_FROM_TOMORROW: Outlook = ((-DAY, {"bench": "good"}), (DAY, {"studio": "good"}))


@dataclass(frozen=True, slots=True)
class Case:
    """What is there, when it is asked for, and what must come out. ``card`` ``None``: a card that is nobody's.

    ``until``: the hour at which the answer changes by itself. ``page``: the code on the member's page, where it differs.
    """

    name: str
    opens: bool
    code: str
    outlook: Outlook | None = FOR_LIFE
    at: int = 0
    card: str | None = "active"
    levels: tuple[str, ...] = ()
    in_use: bool = True
    locked_out: bool = False
    until: int | None = None
    page: str = ""

    def __str__(self) -> str:
        return self.name.replace(" ", "-")

    @property
    def now(self) -> datetime:
        """The moment of the tap."""
        return hour(self.at)

    @property
    def changes(self) -> datetime | None:
        """The moment at which the answer changes by itself."""
        return hour(self.until) if self.until is not None else None

    def documents(self) -> list[dict[str, Any]] | None:
        """The outlook as it is stored."""
        return documents(self.outlook) if self.outlook is not None else None


def hour(count: int) -> datetime:
    """The moment so many hours after START."""
    return START + timedelta(hours=count)


def documents(outlook: Outlook) -> list[dict[str, Any]]:
    """An outlook as it is stored."""
    found = []
    for begins, levels in outlook:
        rows = [{"level": slug, "status": status, "because": f"why {slug}"} for slug, status in levels.items()]
        status = min((Status(each) for each in levels.values()), key=BEST_FIRST.index)
        holds = [{"kind": "suspended"}] if "held" in levels.values() else []
        document = {"status": str(status), "levels": rows, "holds": holds, "because": "why"}
        found.append({"from": hour(begins).isoformat(), "covered_until": None, **document})
    return found


CASES = (
    Case("a member in good standing enters", opens=True, code="ok"),
    Case("and will until grace runs out", opens=True, code="ok", outlook=PAID, until=17 * DAY),
    Case("in grace he still enters", opens=True, code="ok", outlook=PAID, at=10 * DAY, until=17 * DAY),
    Case("in the last hour of grace", opens=True, code="ok", outlook=PAID, at=17 * DAY - 1, until=17 * DAY),
    Case("but not when grace has run out", opens=False, code="lapsed", outlook=PAID, at=17 * DAY),
    Case("nor a year later, with no worker alive", opens=False, code="lapsed", outlook=PAID, at=400 * DAY),
    Case(
        "the first answer holds for anything earlier", opens=True, code="ok", outlook=PAID, at=-2 * DAY, until=17 * DAY
    ),
    Case("one who has left does not", opens=False, code="lapsed", outlook=ENDED),
    Case("one who is held does not", opens=False, code="held", outlook=HELD),
    Case("but will when the hold ends", opens=False, code="held", outlook=HELD_FOR_A_DAY, until=DAY),
    Case("and does", opens=True, code="ok", outlook=HELD_FOR_A_DAY, at=DAY, until=5 * DAY),
    Case("one who has not paid yet does not", opens=False, code="pending", outlook=WAITING),
    Case("one who has paid for later does not yet", opens=False, code="pending", outlook=TO_COME, until=DAY),
    Case("and then does", opens=True, code="ok", outlook=TO_COME, at=DAY, until=31 * DAY),
    Case("a card of one who never began does not open", opens=False, code="no_member", outlook=None),
    Case("a card that is nobody's does not open", opens=False, code="unknown_card", card=None, page="no_card"),
    Case(
        "one without card or standing hears of the standing",
        opens=False,
        code="unknown_card",
        outlook=ENDED,
        card=None,
        page="lapsed",
    ),
    Case("a lost card does not open", opens=False, code="lost_card", card="lost"),
    Case("a blocked card does not open", opens=False, code="blocked_card", card="blocked"),
    Case("the level asked for enters", opens=True, code="ok", levels=("bench",)),
    Case("any of the levels asked for enters", opens=True, code="ok", levels=("bench", "studio")),
    Case("another level does not", opens=False, code="other_level", levels=("studio",)),
    Case("the level alone does not once it has ended", opens=False, code="lapsed", outlook=ENDED, levels=("bench",)),
    Case("another level that ended is an end", opens=False, code="lapsed", outlook=ENDED, levels=("studio",)),
    Case("the level's own grace counts", opens=True, code="ok", outlook=TWO_LEVELS, levels=("studio",), until=DAY),
    Case(
        "its end is not the other's",
        opens=False,
        code="other_level",
        outlook=TWO_LEVELS,
        at=DAY,
        levels=("studio",),
    ),
    Case("the other goes on", opens=True, code="ok", outlook=TWO_LEVELS, at=DAY, until=2 * DAY),
    Case("a hold of the level asked for counts", opens=False, code="held", outlook=STUDIO_HELD, levels=("studio",)),
    Case("and not at a door for all", opens=True, code="ok", outlook=STUDIO_HELD),
    Case(
        "a change of level opens when it comes",
        opens=False,
        code="other_level",
        outlook=STUDIO_FROM_TOMORROW,
        levels=("studio",),
        until=DAY,
    ),
    Case("and shuts where he was", opens=True, code="ok", outlook=STUDIO_FROM_TOMORROW, levels=("bench",), until=DAY),
    Case("a locked door opens for nobody", opens=False, code="locked_out", locked_out=True),
    Case("nor says whether a card is known", opens=False, code="locked_out", locked_out=True, card=None),
    Case("a door that is not in use opens for nobody", opens=False, code="out_of_use", in_use=False, page="-"),
)
