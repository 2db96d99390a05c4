"""Where the stories stand, and the price list that they are told with."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management import call_command

from tests import lives
from tests.stripe_steps import Life
from tests.stripe_stories import START, Price, months_later

BENCH = Price("price_bench", 6000)
BENCH_YEAR = Price("price_bench_year", 60000, every=12)
BENCH_FREE = Price("price_bench_free", 0)
BENCH_JPY = Price("price_bench_jpy", 9000, currency="jpy")
BENCH_KWD = Price("price_bench_kwd", 18500, currency="kwd")
STUDIO = Price("price_studio", 10000)
VISITOR = Price("price_visitor", 1000)  # a level without grace
KEY = Price("membertype_7-key-monthly", 4500)  # a level with fourteen days of grace
LOCKER, BIG_LOCKER = Price("price_locker", 1500), Price("price_locker_big", 2500)  # one level
DONATION = Price("price_somebody_elses", 700)

# The ends of the periods of who began at the beginning of the stories and pays by the month.
E1, E2, E3 = (months_later(START, count) for count in (1, 2, 3))
HALF_HOUR = timedelta(minutes=30)

_STORIES: dict[str, Callable[[Life], None]] = {}


def story(tell: Callable[[Life], None]) -> Callable[[Life], None]:
    """Put a story on the shelf."""
    name = tell.__name__.replace("_", "-")
    assert name not in _STORIES, name
    _STORIES[name] = tell
    return tell


@cache
def told(name: str) -> Life:
    """Return a story, told to its end."""
    assert name in names(), name
    life = Life(name)
    _STORIES[name](life)
    return life


def names() -> list[str]:
    """The names of all stories."""
    from tests.scenarios.stories import back, changing, ending, naming, paying, returning, ties

    assert all((back, changing, ending, naming, paying, returning, ties))
    return sorted(_STORIES)


def _price(price: Price) -> dict[str, Any]:
    interval = (
        {"interval": "year", "interval_count": price.every // 12} if price.every % 12 == 0 else {"interval": "month"}
    )
    named = {"price_id": price.id} if price.lookup_key is None else {"lookup_key": price.lookup_key}
    return {"amount_minor": price.amount, "currency": price.currency.upper(), **interval, "stripe": named}


def _level(slug: str, group: str, *prices: Price, **more: Any) -> dict[str, Any]:
    return {"slug": slug, "name": slug.title(), "group": group, "prices": [_price(price) for price in prices], **more}


def catalogue() -> list[dict[str, Any]]:
    """The catalogue as ``import catalogue`` takes it."""
    return [
        _level("bench", "workshop", BENCH, BENCH_YEAR, BENCH_FREE, BENCH_JPY, BENCH_KWD),
        _level("studio", "workshop", STUDIO),
        _level("visitor", "workshop", VISITOR, grace_days=0),
        _level("keyholder", "workshop", grace_days=14, legacy_membertype_id="7"),
        _level("atelier", "workshop", Price("", 8000, lookup_key="atelier_monthly")),
        _level("locker", "extras", LOCKER, BIG_LOCKER, group_allows_several=True),
    ]


def set_up(folder: Path) -> None:
    """What a user does first: a live gateway account, and the catalogue."""
    from goodstanding.gateways.services import ensure_stripe_account

    ensure_stripe_account()
    path = folder / "catalogue.json"
    path.write_text(json.dumps(catalogue()))
    call_command("import", "catalogue", str(path), stdout=StringIO())


def answers_differ(rows: Sequence[lives.Row]) -> list[str]:
    """Ask for each person's standing at each telling moment; return what is not as it must be."""
    found = []
    for email in sorted({email for row in rows for email in row.emails}):
        own = [row for row in rows if email in row.emails]
        out = StringIO()
        call_command("standing", email, "--json", "--at", *lives.moments(own), stdout=out)
        told = json.loads(out.getvalue())
        found += lives.differences(own, told if isinstance(told, list) else [told])
    return found
