"""Lives that nobody would write down, in the core alone: every kind of price, code, tax, credit and change, billed by our clock.

``GOODSTANDING_TEST_EXAMPLES`` says how many lives are tried (60 where nothing is said).
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from goodstanding.core.changes import Manner, Reckoning, When
from goodstanding.core.facts import CodeHeld, Contract
from goodstanding.core.money import Money
from goodstanding.core.periods import Interval, Unit
from goodstanding.core.pricing import PriceTerms
from tests.core.billed_lives import START, BilledLife
from tests.core.billed_truths import told_anew, wrong_with

EXAMPLES = int(os.environ.get("GOODSTANDING_TEST_EXAMPLES", "60"))
CODES = st.sampled_from(
    (
        CodeHeld("TEN", "fixed", amount_minor=1000),
        CodeHeld("BIG", "kept", amount_minor=9000),
        CodeHeld("THIRD", "percentage", basis_points=3333, payments=2),
        CodeHeld("HALF", "percentage", basis_points=5000, payments=0),
        CodeHeld("FREE", "percentage", basis_points=10000),
        CodeHeld("ALT", "alternative", amount_minor=777, payments=0),
    )
)
AMOUNTS = st.sampled_from((0, 1, 999, 2500, 10001))
INTERVALS = st.sampled_from((Interval(Unit.MONTH), Interval(Unit.MONTH, 3), Interval(Unit.YEAR), Interval(Unit.WEEK)))


@st.composite
def contracts(draw: st.DrawFn) -> Contract:
    kind = draw(st.sampled_from(("plain", "plain", "intro", "instalments", "counted")))
    taxed = draw(st.booleans())
    tax: dict[str, Any] = {"taxed": taxed, "tax_inclusive": taxed and draw(st.booleans())}
    match kind:
        case "intro":
            return Contract(intro_minor=draw(AMOUNTS), intro_payments=draw(st.integers(1, 2)), **tax)
        case "instalments":
            keeps = draw(st.sampled_from(("", "12 month", "life")))
            return Contract(
                payments=draw(st.integers(1, 4)), total_minor=draw(st.integers(100, 20000)), keeps=keeps, **tax
            )
        case "counted":
            return Contract(payments=draw(st.integers(1, 3)), **tax)
    return Contract(**tax)


@st.composite
def terms(draw: st.DrawFn, plain: bool = False) -> PriceTerms:
    name = draw(st.sampled_from(("basic", "plus", "gold")))
    contract = Contract(taxed=draw(st.booleans())) if plain else draw(contracts())
    amount = Money(draw(AMOUNTS), "EUR")
    more: dict[str, Any] = {}
    if not plain and draw(st.integers(0, 3)) == 0:
        more = {"trial": Interval(Unit.DAY, 10), "trial_amount": Money(draw(st.sampled_from((0, 100))), "EUR")}
    seat = Money(300, "EUR") if not plain and draw(st.booleans()) else None
    return PriceTerms(f"prc_{name}", name, name.title(), amount, draw(INTERVALS), contract=contract, seat=seat, **more)


@st.composite
def joins(draw: st.DrawFn) -> tuple[Any, ...]:
    wanted = []
    for price in draw(st.lists(terms(), min_size=1, max_size=2)):
        how: dict[str, Any] = {"codes": tuple(draw(st.lists(CODES, max_size=2, unique=True)))}
        if price.seat is not None:
            how["seats"] = draw(st.integers(0, 3))
        wanted.append((price, how))
    return wanted, draw(st.sampled_from((0, 0, 500))), draw(st.integers(0, 4)) > 0


MANNERS = st.builds(Manner, st.sampled_from(When), st.sampled_from(Reckoning))
LATER = Manner(When.NOW, Reckoning.NEXT_BILL)
GOOD = st.integers(0, 3).map(bool)
STEP = st.one_of(
    st.tuples(st.just("wait"), st.tuples(st.sampled_from((1, 4, 9, 16, 31, 100)))),
    st.tuples(st.just("wait"), st.tuples(st.sampled_from((1, 4, 9, 16, 31, 100)))),
    st.tuples(st.just("join"), joins()),
    st.tuples(st.just("change"), st.tuples(st.integers(0, 3), terms(plain=True), MANNERS, GOOD)),
    st.tuples(st.just("change"), st.tuples(st.integers(0, 3), terms(plain=True), st.just(Manner()), GOOD)),
    st.tuples(st.just("fall_behind"), st.tuples(st.integers(1, 6))),
    st.tuples(st.just("fall_behind"), st.tuples(st.integers(1, 3))),
    st.tuples(st.just("replace"), st.tuples(st.integers(0, 3), terms(plain=True), GOOD, st.integers(0, 2))),
    st.tuples(st.just("change"), st.tuples(st.integers(0, 3), terms(plain=True), st.just(LATER), GOOD)),
    st.tuples(st.just("go_up_and_leave"), st.tuples(st.integers(0, 3), terms(plain=True), st.just(LATER))),
    st.tuples(st.just("cancel"), st.tuples(st.integers(0, 3), st.booleans())),
    st.tuples(st.just("pay"), st.tuples(GOOD)),
    st.tuples(st.just("give_back"), st.tuples(st.sampled_from((1, 3)), st.booleans())),
    st.tuples(st.just("adjust"), st.tuples(st.sampled_from((-5000, 1, 700, 30000)))),
)


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate), suppress_health_check=list(HealthCheck))  # fmt: skip
@given(joins(), st.lists(STEP, min_size=4, max_size=9), st.integers(0, 99))
def test_whatever_a_life_was_its_bills_were_said_before_and_its_books_balance(
    first: tuple[Any, ...], steps: list[tuple[str, Any]], seed: int
) -> None:
    """I1, I2, I5 to I10, I12, I13."""
    life = BilledLife()
    life.live("join", first)
    for what, how in steps:
        life.live(what, how)
        assert wrong_with(life) == [], f"after {what}"
    assert told_anew(life, seed) == []
    assert life.now > START + timedelta(minutes=1)
