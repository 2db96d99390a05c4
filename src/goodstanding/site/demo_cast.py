"""The people of Riverside Makerspace, and what each did when: nobody is real, every state that there is has somebody in it.

A moment is told as people tell it: so many months, days and hours before the demonstration begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from goodstanding.core.periods import Interval, Unit, nth
from goodstanding.site.demo_acts import (
    Act,
    cancels,
    gets_a_card,
    invites,
    is_given,
    is_held,
    is_paid_back,
    joins,
    pauses,
    pays_at_the_desk,
    takes_a_seat,
    taps_at,
    transfers,
    waits_for_approval,
)

NAME = "Riverside Makerspace"
AUTO = "sandbox-auto"
FAILS_LATER = "sandbox_fails_later"
MONTH = Interval(Unit.MONTH)

_EUR = {"currency": "EUR"}
CATALOGUE = [
    {
        "slug": "full",
        "name": "Full member",
        "group": "membership",
        "position": 1,
        "description": "Day and night, every machine you were shown how to use, a shelf of your own.",
        "pause_days_max": 60,
        "pauses_max": 2,
        "prices": [
            {"amount_minor": 10000, "interval": "month", **_EUR},
            {"amount_minor": 100000, "interval": "year", "position": 1, **_EUR},
        ],
    },
    {
        "slug": "weekday",
        "name": "Weekday member",
        "group": "membership",
        "position": 2,
        "description": "Monday to Friday, whenever somebody of the staff is there to open the workshop.",
        "pause_days_max": 60,
        "pauses_max": 2,
        "prices": [{"amount_minor": 6000, "interval": "month", "gifts": [{"times": 3, "amount_minor": 15000}], **_EUR}],
    },
    {
        "slug": "household",
        "name": "Household",
        "group": "membership",
        "position": 5,
        "description": "You and two others under one roof, each a full member. One of you pays.",
        "seats": 2,
        "seats_max": 5,
        "seat_level": "full",
        "prices": [{"amount_minor": 16000, "interval": "month", "seat_amount_minor": 4000, **_EUR}],
    },
    {
        "slug": "day",
        "name": "Day pass",
        "group": "passes",
        "group_allows_several": True,
        "position": 3,
        "description": "Twenty-four hours in the workshop. It ends by itself.",
        "prices": [
            {"amount_minor": 1500, "interval": "hour", "interval_count": 24, "renews": False, "gifts": [{}], **_EUR}
        ],
    },
    {
        "slug": "supporter",
        "name": "Supporter",
        "group": "supporters",
        "group_allows_several": True,
        "position": 4,
        "description": "You like that we are here. The front door and the kitchen are yours, the machines are not.",
        "takes_donations": True,
        "prices": [
            {"amount_minor": 1000, "interval": "month", "minimum_minor": 300, **_EUR},
            {"amount_minor": 9000, "interval": "year", "position": 1, "trial": {"count": 30, "unit": "day"}, **_EUR},
        ],
    },
]

# One of each kind, as "goodstanding import codes" reads them.
CODES = """\
code,percent,off,prices,payments,limit_each,words
WELCOME10,10,,,1,1,for whoever comes to the open day
FRIEND25,,25.00 EUR,,1,1,for friends of members
STUDENT,,,full: 70.00 EUR / month,all,,for who shows a student card
"""
# By key: name, place, and the levels that may enter (none: every member).
DOORS = {
    "workshop": ("Workshop door", "Ground floor, left", ("full", "household", "day")),
    "front": ("Front door", "Mill Lane 4", ()),
}


@dataclass(frozen=True, slots=True)
class Ago:
    """A moment before the beginning. ``months`` are those of the calendar: what renews monthly has renewed so often.

    What began then renews ``days``, ``hours`` and ``minutes`` before the beginning: ``to_the_minute``, or up to three days
    earlier, where the month back then was a short one.
    """

    months: int = 0
    days: int = 0
    hours: int = 0
    minutes: int = 0
    to_the_minute: bool = False

    def before(self, start: datetime, *, tz: tzinfo) -> datetime:
        """Return the moment."""
        near = start - timedelta(days=self.days, hours=self.hours, minutes=self.minutes)
        tries = range(self.months, self.months + 3)  # of three months one, at least, has such a day
        found = [(nth(near, MONTH, n=-months, tz=tz), months) for months in tries]
        on_the_day = (at for at, months in found if nth(at, MONTH, n=months, tz=tz) == near)
        return next(on_the_day) if self.to_the_minute else found[0][0]


@dataclass(frozen=True, slots=True)
class Somebody:
    """A name, an e-mail address's first part, and what they did when. ``shows``: the state to look at."""

    name: str
    key: str
    shows: str
    did: tuple[tuple[Ago, Act], ...]

    @property
    def email(self) -> str:
        """The address, at a domain that is for examples."""
        return f"{self.key}@example.org"


def _joined(name: str, shows: str, months: int, days: int, act: Act, *more: tuple[Ago, Act]) -> Somebody:
    # Most join on one of the evenings on which newcomers are shown round, so they renew at the same moments, too.
    first = Ago(months=months, days=days, hours=3)
    return Somebody(name, name.split(maxsplit=1)[0].lower(), shows, ((first, act), *more))


def _card(days: int) -> tuple[Ago, Act]:
    return Ago(days=days, hours=2), gets_a_card()


def _tap(door: str, days: int, hours: int) -> tuple[Ago, Act]:
    return Ago(days=days, hours=hours), taps_at(door)


_REGULARS = (
    _joined("Alice Ash", "good", 8, 12, joins("full"), _card(200), _tap("front", 2, 5), _tap("workshop", 2, 4)),
    _joined("Edda Elm", "good", 5, 20, joins("full"), _card(180), _tap("front", 1, 6), _tap("workshop", 1, 5)),
    _joined("Farid Fir", "good", 5, 12, joins("full"), _card(100), _tap("workshop", 1, 3)),
    _joined("Greta Gorse", "good", 4, 20, joins("full")),
    _joined("Henk Hazel", "good", 3, 20, joins("full"), _card(60)),
    _joined("Ines Iris", "good", 1, 5, joins("full")),
    _joined("Jonas Juniper", "good", 0, 12, joins("full")),
    _joined("Kira Kapok", "good by year", 7, 20, joins("full", "year"), _card(150), _tap("workshop", 3, 7)),
    _joined("Luis Larch", "good by year", 2, 5, joins("full", "year")),
    _joined("Mona Maple", "weekday", 4, 12, joins("weekday"), _card(140), _tap("workshop", 4, 3)),
    _joined("Nils Nutmeg", "weekday", 3, 5, joins("weekday")),
    _joined("Olga Oak", "changed level", 5, 20, joins("weekday"), (Ago(months=2, days=12, hours=3), joins("full"))),
    _joined("Zeno Zelkova", "two levels", 4, 5, joins("full"), (Ago(months=3, days=5, hours=3), joins("supporter"))),
    _joined("Yara Yew", "supporter", 4, 20, joins("supporter"), _card(120), _tap("workshop", 5, 4)),
    _joined("Theo Thyme", "given", 4, 0, is_given("supporter", days=365, reason="Built the wood store with us.")),
)
_HOUSEHOLD = (
    _joined("Maeve Mulberry", "pays for a household", 1, 20, joins("household"), (Ago(days=1), invites("otto"))),
    _joined("Nora Nettle", "through a household", 0, 19, takes_a_seat("maeve"), _card(18), _tap("workshop", 2, 6)),
)
_BY_HAND = (
    _joined("Anton Alder", "by hand", 3, 12, pays_at_the_desk("full", "year")),
    _joined(
        "Bea Bramble",
        "by hand",
        3,
        12,
        pays_at_the_desk("full", how="transfer"),
        *((Ago(months=months, days=11), transfers()) for months in (2, 1, 0)),
    ),
)
_BY_THE_GATEWAY = (
    # The gateway takes an hour from the period's end to the charge.
    Somebody(
        "Pia Pine",
        "pia",
        "in the renewal window",
        ((Ago(months=1, minutes=10, to_the_minute=True), joins("weekday", at=AUTO)),),
    ),
    _joined("Cem Cherry", "good, billed by the gateway", 5, 12, joins("full", at=AUTO), _card(90)),
    _joined("Dora Dill", "good, billed by the gateway", 2, 20, joins("weekday", at=AUTO)),
    _joined("Emil Elder", "in grace, billed by the gateway", 1, 2, joins("full", card=FAILS_LATER, at=AUTO)),
    _joined("Fay Fennel", "lapsed, billed by the gateway", 2, 20, joins("full", card=FAILS_LATER, at=AUTO)),
)
_TROUBLED = (
    _joined("Bob Birch", "lapsed", 2, 12, joins("full", card=FAILS_LATER), _card(70), _tap("front", 1, 4)),
    _joined("Rosa Rowan", "lapsed", 4, 5, joins("weekday", card=FAILS_LATER)),
    _joined("Quentin Quince", "in grace", 1, 2, joins("full", card=FAILS_LATER), _card(30), _tap("workshop", 1, 2)),
    _joined("Samir Sorrel", "cancelled, covered", 3, 12, joins("full"), (Ago(days=5), cancels())),
    _joined("Lena Linden", "paused", 2, 12, joins("full"), _card(60), (Ago(days=6), pauses(days=30))),
    _joined(
        "Hanna Holly",
        "came back",
        7,
        12,
        joins("full"),
        (Ago(months=6), cancels()),
        (Ago(months=1, days=5, hours=3), joins("full")),
    ),
    _joined("Ulf Umber", "held", 4, 5, joins("full"), (Ago(days=4), is_held("The safety briefing is to be repeated."))),
    _joined("Xenia Xeris", "refunded", 0, 20, joins("full"), (Ago(days=6), is_paid_back("Moved away after all."))),
    _joined("Wim Willow", "disputed", 0, 5, joins("full", card="sandbox_disputed")),
    _joined("Vera Vine", "awaiting approval", 0, 2, joins("full"), (Ago(days=1, hours=23), waits_for_approval())),
    _joined("Gus Ginger", "lapsed day pass", 0, 20, joins("day", "hour")),
    Somebody("Ida Ivy", "ida", "day pass", ((Ago(hours=5), joins("day", "hour")), (Ago(hours=4), gets_a_card()))),
    Somebody("Tove Thorn", "tove", "pending", ((Ago(hours=1), joins("full", card="sandbox_declined")),)),
)
CAST = (*_REGULARS, *_HOUSEHOLD, *_BY_HAND, *_BY_THE_GATEWAY, *_TROUBLED)
