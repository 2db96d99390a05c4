from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodstanding.core.earning import Bill, Column, Earned, Lowered, Piece, earned_by, monthly
from goodstanding.core.journal import Chart, Parts
from goodstanding.core.records import FOR_LIFE

GREENWICH = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
JAN, FEB, MAR, APR = (date(2026, month, 1) for month in (1, 2, 3, 4))


def at(month: int, day: int, hour: int = 0, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


NEW_YEAR = at(1, 1)


def bill(*pieces: Piece, settled: datetime | None = NEW_YEAR, net: int | None = None, **more: object) -> Bill:
    total = sum(piece.amount_minor for piece in pieces) if net is None else net
    made = Bill("EUR", Parts(total, 0, 0), settled or at(1, 1), pieces, settled)
    return replace(made, **more)  # type: ignore[arg-type]


def by_month(one: Bill, zone: ZoneInfo = GREENWICH, to: Chart = Chart.EARNED) -> dict[date, int]:
    found: dict[date, int] = {}
    for each in earned_by(one, zone):
        if each.to is to:
            found[each.month] = found.get(each.month, 0) + each.amount_minor
    return {month: minor for month, minor in found.items() if minor}


def test_a_year_is_earned_by_its_seconds_and_sums_to_the_line() -> None:
    year = bill(Piece(100_00, at(1, 1), at(1, 1, year=2027)))
    found = by_month(year)
    assert [found[date(2026, month, 1)] for month in range(1, 13)] == [
        850, 767, 850, 822, 849, 822, 849, 849, 822, 849, 822, 849,
    ]  # fmt: skip
    assert sum(found.values()) == 100_00


def test_a_month_that_begins_within_one_is_earned_in_both() -> None:
    assert by_month(bill(Piece(31_00, at(1, 16), at(2, 16)), settled=at(1, 16))) == {JAN: 16_00, FEB: 15_00}


def test_months_are_those_of_the_site() -> None:
    """31 January 23:30 in Berlin is still January there, and 1 February 00:30 is not, though Greenwich has January."""
    hour = Piece(10_00, at(1, 31, 22), at(2, 1, 0))
    assert by_month(bill(hour, settled=at(1, 31, 22))) == {JAN: 10_00}
    assert by_month(bill(hour, settled=at(1, 31, 22)), BERLIN) == {JAN: 5_00, FEB: 5_00}


@pytest.mark.parametrize(
    ("piece", "month"),
    [
        (Piece(20_00, at(1, 5), FOR_LIFE), JAN),
        (Piece(20_00, at(1, 5), at(1, 5)), JAN),
        (Piece(20_00, at(1, 5), at(4, 5), at_once=True), JAN),
    ],
    ids=["for life", "for no time", "a donation"],
)
def test_what_is_for_no_time_is_earned_when_it_is_paid(piece: Piece, month: date) -> None:
    assert by_month(bill(piece, settled=at(1, 5))) == {month: 20_00}
    assert by_month(bill(piece, settled=at(3, 5))) == {MAR: 20_00}


def test_what_is_paid_late_is_caught_up_when_it_is_paid() -> None:
    late = bill(Piece(31_00, at(1, 16), at(2, 16)), settled=at(2, 3))
    assert by_month(late) == {FEB: 31_00}


def test_nothing_is_earned_by_a_bill_that_nobody_paid() -> None:
    piece = Piece(31_00, at(1, 16), at(2, 16))
    assert earned_by(bill(piece, settled=None), GREENWICH) == []
    assert earned_by(bill(piece, settled=None, void_at=at(1, 20)), GREENWICH) == []
    given_up = bill(piece, settled=None, given_up_at=at(2, 1), given_up=Parts(31_00, 0, 0))
    assert earned_by(given_up, GREENWICH) == []


def test_credit_that_a_bill_used_before_it_was_given_up_is_earned_then() -> None:
    piece = Piece(31_00, at(1, 16), at(2, 16))
    given_up = bill(piece, settled=None, given_up_at=at(3, 1), given_up=Parts(21_00, 0, 0))
    assert by_month(given_up) == {MAR: 10_00}


def test_a_change_of_level_credits_what_was_still_to_be_earned() -> None:
    """B01: half of June, 100 to 300: what is earned is 50 + 150, whatever the bills say."""
    first = bill(Piece(100_00, at(6, 1), at(7, 1)), settled=at(6, 1))
    change = bill(Piece(-50_00, at(6, 16), at(7, 1)), Piece(150_00, at(6, 16), at(7, 1)), settled=at(6, 16))
    assert by_month(first) == {date(2026, 6, 1): 100_00}
    assert by_month(change) == {date(2026, 6, 1): 100_00}


def test_a_part_given_back_lowers_what_is_still_to_be_earned() -> None:
    """P45: 5 of 25."""
    quarter = bill(Piece(90_00, at(1, 1), at(4, 1)), lowered=(Lowered(at(2, 1), 15_00),))
    assert by_month(quarter) == {JAN: 31_00, FEB: 20_88, MAR: 23_12}  # 44 for 28 and 31 days
    assert by_month(quarter, to=Chart.REFUNDED) == {FEB: 15_00}


def test_a_full_refund_leaves_nothing_to_be_earned_and_what_was_earned_stays() -> None:
    quarter = bill(Piece(90_00, at(1, 1), at(4, 1)), lowered=(Lowered(at(2, 1), 90_00),))
    assert by_month(quarter) == {JAN: 31_00}
    assert by_month(quarter, to=Chart.REFUNDED) == {FEB: 59_00}


def test_a_refund_that_fails_is_earned_again() -> None:
    lowered = (Lowered(at(2, 1), 90_00), Lowered(at(2, 20), -90_00))
    quarter = bill(Piece(90_00, at(1, 1), at(4, 1)), lowered=lowered)
    assert sum(by_month(quarter).values()) == 90_00
    assert by_month(quarter)[JAN] == 31_00
    assert by_month(quarter, to=Chart.REFUNDED) == {}
    after_its_end = replace(quarter, lowered=(Lowered(at(2, 1), 90_00), Lowered(at(5, 20), -90_00)))
    assert by_month(after_its_end) == {JAN: 31_00, date(2026, 5, 1): 59_00}


def test_a_lost_dispute_takes_what_was_still_to_be_earned() -> None:
    lost = bill(Piece(90_00, at(1, 1), at(4, 1)), lowered=(Lowered(at(2, 1), 90_00, Chart.DISPUTES_LOST),))
    assert earned_by(lost, GREENWICH) == [Earned(JAN, 31_00), Earned(FEB, 59_00, Chart.DISPUTES_LOST)]


def test_a_discount_that_no_line_tells_is_spread_over_the_lines() -> None:
    cheap = bill(Piece(60_00, at(1, 1), at(2, 1)), Piece(30_00, at(2, 1), at(3, 1)), net=45_00)
    assert by_month(cheap) == {JAN: 30_00, FEB: 15_00}
    assert by_month(bill(net=12_00, settled=at(2, 2))) == {FEB: 12_00}


MOMENTS = st.integers(0, 24 * 200).map(lambda hours: at(1, 1) + timedelta(hours=hours))


@st.composite
def any_bill(draw: st.DrawFn) -> Bill:
    pieces = []
    for _ in range(draw(st.integers(0, 3))):
        start = draw(MOMENTS)
        end = start + timedelta(minutes=draw(st.integers(0, 60 * 24 * 90)))
        pieces.append(Piece(draw(st.integers(-5_000, 20_000)), start, end, draw(st.booleans())))
    net = sum(piece.amount_minor for piece in pieces) + draw(st.sampled_from((0, 0, 1, -7, 500)))
    posted = draw(MOMENTS)
    ends = draw(st.sampled_from(("settled", "open", "void", "given up", "paid after all", "voided after all")))
    later = posted + timedelta(days=draw(st.integers(0, 60)))
    last = later + timedelta(days=draw(st.integers(0, 60)))
    gone = Parts(draw(st.integers(0, max(net, 0))), 0, 0)
    lowered = [Lowered(draw(MOMENTS), draw(st.integers(-9_000, 20_000))) for _ in range(draw(st.integers(0, 3)))]
    return Bill(
        currency=draw(st.sampled_from(("EUR", "JPY", "KWD"))),
        parts=Parts(net, 0, draw(st.integers(0, 100))),
        posted_at=posted,
        pieces=tuple(pieces),
        settled_at={"settled": later, "paid after all": last}.get(ends),
        void_at={"void": later, "voided after all": last}.get(ends),
        given_up_at=later if ends in ("given up", "paid after all", "voided after all") else None,
        given_up=gone if ends in ("given up", "paid after all", "voided after all") else Parts(0, 0, 0),
        lowered=tuple(lowered),
    )


@given(any_bill(), st.sampled_from((GREENWICH, BERLIN, ZoneInfo("Pacific/Auckland"))))
def test_in_the_end_all_that_was_paid_is_earned_or_given_back(one: Bill, zone: ZoneInfo) -> None:
    """A bill's parts sum to it to the minor unit, whatever was given back and when; what nobody paid earns nothing."""
    earned = earned_by(one, zone)
    total = sum(each.amount_minor for each in earned)
    if one.settled_at is not None:
        assert total == one.parts.deferred_minor
    elif one.given_up_at is not None and one.void_at is None:
        assert total == one.parts.deferred_minor - one.given_up.deferred_minor
    else:
        assert total == 0
    columns = dict.fromkeys(Column, 0)
    for _, column, minor in monthly(one, zone, earned):
        columns[column] += minor
    still = columns[Column.BILLED] - columns[Column.EARNED] - columns[Column.UNEARNED]
    waits = one.settled_at is None and one.void_at is None and one.given_up_at is None
    assert still == (one.parts.deferred_minor if waits else 0)
    assert columns[Column.UNPAID] == still
    assert one.settled_at is None or columns[Column.GIFTS_UNPAID] == 0


@given(any_bill())
def test_nothing_is_earned_before_it_is_paid_and_months_change_no_sum(one: Bill) -> None:
    earned = earned_by(one, GREENWICH)
    if one.settled_at is not None and not one.lowered:
        assert all(each.month >= one.settled_at.date().replace(day=1) for each in earned)
        assert sum(each.amount_minor for each in earned_by(one, BERLIN)) == sum(each.amount_minor for each in earned)
