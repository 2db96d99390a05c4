"""Lives through the database with all that money can do, as nobody would write them down.

``GOODSTANDING_TEST_EXAMPLES`` says how many lives are tried (8 where nothing is said: each step goes through the services).
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from goodstanding import clock as clock_module
from goodstanding.core.changes import Reckoning, When
from goodstanding.core.standing import judge_member
from goodstanding.memberships.reading import records_of
from goodstanding.memberships.rebuilding import rebuild_customers, rebuild_standing
from goodstanding.reports.books import books
from tests.conftest import START
from tests.scenarios.money_life import CODES, MoneyLife, begin, wrong_now
from tests.scenarios.test_our_lives import by_the_oracle

pytestmark = pytest.mark.django_db(transaction=True)

EXAMPLES = int(os.environ.get("GOODSTANDING_TEST_EXAMPLES", "8"))
CARD = st.sampled_from(("sandbox_ok", "sandbox_ok", "sandbox_declined", "sandbox_fails_later", "sandbox_challenge"))
LEVEL = st.sampled_from(("full", "full year", "weekday", "household", "company", "tried", "parts", "friend"))
SAME_GROUP = st.sampled_from(("full", "full year", "weekday", "household", "company"))
BUY = st.tuples(LEVEL, st.sampled_from(("", "", *CODES)), st.integers(0, 2), CARD)
NOTHING = st.none()
STEP = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from((1, 25, 24 * 5, 24 * 9, 24 * 31, 24 * 60))),
    st.tuples(st.just("wait"), st.sampled_from((1, 25, 24 * 5, 24 * 9, 24 * 31, 24 * 60))),
    st.tuples(st.just("buy"), BUY),
    st.tuples(st.just("change"), st.tuples(SAME_GROUP, CARD)),
    st.tuples(st.just("change"), st.tuples(SAME_GROUP, st.just("sandbox_ok"))),
    st.tuples(
        st.just("staff change"),
        st.tuples(SAME_GROUP, st.sampled_from(When), st.sampled_from(Reckoning), st.booleans()),
    ),
    st.tuples(st.just("pause"), st.sampled_from((0, 3, 40))),
    st.tuples(st.just("seats"), st.integers(0, 3)),
    st.tuples(st.just("adjust"), st.sampled_from((-2500, 700, 30000))),
    st.tuples(st.just("gift"), st.tuples(st.sampled_from((2500, 5000)), CARD)),
    st.tuples(st.just("to balance"), st.sampled_from((1, 3))),
    st.tuples(st.just("pay"), CARD),
    st.tuples(
        st.sampled_from(
            ("resume", "take back", "seat", "leave", "redeem", "cancel", "stay", "end", "close", "refund", "part", "by hand")
        ),
        NOTHING,
    ),
    st.tuples(st.sampled_from(("redeem", "seat", "approve", "refuse")), NOTHING),
)  # fmt: skip


def wrong_at_last(life: MoneyLife) -> list[str]:
    """I4, I11 and the reports: standing is what it was when it was seen, and by the slow oracle; made anew, all is the same."""
    found, records = [], records_of([life.member.pk]).get(life.member.pk, [])
    paused = any(
        sub.pauses for record in records for sub in record.subscriptions
    )  # the oracle counts those in half days
    for at, status in life.seen.items():
        asked = str(judge_member(records, at).status)
        slow = asked if paused else by_the_oracle(records, at)
        if not asked == slow == status:
            found.append(f"{status} at {at:%m-%d %H:%M}, {asked} when asked later, {slow} by the oracle")
    found += books(zone=ZoneInfo("UTC"), until=(life.clock.now + timedelta(days=400)).date()).wrong
    return found + [f"{each.table} {each.row}" for each in (*rebuild_customers()[2], *rebuild_standing()[2])]


@settings(max_examples=EXAMPLES, deadline=None, phases=(Phase.explicit, Phase.generate), suppress_health_check=list(HealthCheck), derandomize=True)  # fmt: skip
@given(
    st.tuples(st.one_of(SAME_GROUP, LEVEL), st.sampled_from(("", *CODES)), st.integers(0, 2), st.just("sandbox_ok")),
    st.lists(STEP, min_size=5, max_size=9),
)
def test_whatever_money_did_in_a_life_it_is_all_there(db: None, first: tuple[Any, ...], steps: list[Any]) -> None:
    """I4 to I9, I11 to I13, over join, pay, fail, refund, balance, codes, gift cards, changes, pauses, seats, the end."""
    with clock_module.stopped(START) as clock:
        life = begin(clock)
        for what, how in (("buy", first), *steps):
            life.live(what, how)
            assert wrong_now(life) == [], life.done
        assert wrong_at_last(life) == [], life.done
