"""Renewals by tables of dates: early, in grace and late, without drift, and from ends that were given by hand."""

from __future__ import annotations

from typing import Any

import pytest

from goodstanding.core.periods import EndRule, Interval, NotAWholeCount, Period, Unit, renewed_term, term

from .test_periods_steps import BERLIN, DAILY, LIFE, MONTHLY, WEEKLY, YEARLY, local, shown

FEBRUARY_EVE = "2026-02-28 00:00"  # the (exclusive) end of one month from 31 January by the eve rule

EARLY_OR_LATE = [
    # now, grace until, where the renewal starts and ends
    ("2026-02-01 09:00", None, FEBRUARY_EVE, "2026-03-31 00:00"),
    ("2026-02-27 23:59", None, FEBRUARY_EVE, "2026-03-31 00:00"),
    (FEBRUARY_EVE, None, FEBRUARY_EVE, "2026-03-31 00:00"),
    ("2026-02-28 00:01", None, "2026-02-28 00:01", "2026-03-28 00:00"),
    ("2026-03-07 10:00", None, "2026-03-07 10:00", "2026-04-07 00:00"),
    ("2026-03-06 10:00", "2026-03-07 00:00", FEBRUARY_EVE, "2026-03-31 00:00"),
    ("2026-03-06 23:59", "2026-03-07 00:00", FEBRUARY_EVE, "2026-03-31 00:00"),
    ("2026-03-07 00:00", "2026-03-07 00:00", "2026-03-07 00:00", "2026-04-07 00:00"),
    ("2026-03-31 10:00", "2026-03-07 00:00", "2026-03-31 10:00", "2026-04-30 00:00"),
]


@pytest.mark.parametrize(("now", "grace", "starts", "ends"), EARLY_OR_LATE)
def test_early_or_in_grace_it_starts_at_the_old_end_and_after_the_lapse_now(
    now: str, grace: str | None, starts: str, ends: str
) -> None:
    renewal = renewed_term(
        local(FEBRUARY_EVE),
        now=local(now),
        grace_until=None if grace is None else local(grace),
        anchor=local("2026-01-31 10:00"),
        interval=MONTHLY,
        end_rule=EndRule.EVE,
        tz=BERLIN,
    )

    assert (shown(renewal.period.start)[:16], shown(renewal.period.end)[:16]) == (starts, ends)
    in_time = starts == FEBRUARY_EVE
    assert renewal.anchor == (local("2026-01-31 10:00") if in_time else local(now)), "after a lapse, now is the anchor"


LADDERS = [
    # rule, anchor, interval, the (exclusive) ends of term 1, 2, 3 ...
    (EndRule.EVE, "2026-01-31 10:00", MONTHLY, ["02-28 00:00", "03-31 00:00", "04-30 00:00", "05-31 00:00"]),
    (EndRule.SAME_DAY, "2026-01-31 10:00", MONTHLY, ["03-01 00:00", "04-01 00:00", "05-01 00:00", "06-01 00:00"]),
    (EndRule.EXACT, "2026-01-31 10:00", MONTHLY, ["02-28 10:00", "03-31 10:00", "04-30 10:00", "05-31 10:00"]),
    (EndRule.EXACT, "2026-01-29 02:30", MONTHLY, ["02-28 02:30", "03-29 03:00", "04-29 02:30", "05-29 02:30"]),
    (EndRule.SAME_DAY, "2026-03-01 00:00", MONTHLY, ["04-02 00:00", "05-02 00:00", "06-02 00:00"]),
    (EndRule.SAME_DAY, "2026-03-01 14:00", WEEKLY, ["03-09 00:00", "03-16 00:00", "03-23 00:00", "03-30 00:00"]),
    (EndRule.EVE, "2026-03-27 14:00", DAILY, ["03-28 00:00", "03-29 00:00", "03-30 00:00", "03-31 00:00"]),
    (EndRule.SAME_DAY, "2026-03-28 20:00", Interval(Unit.HOUR, 12), ["03-29 09:00", "03-29 21:00", "03-30 09:00"]),
]


@pytest.mark.parametrize(("rule", "anchor", "interval", "ends"), LADDERS)
def test_renewal_after_renewal_does_not_drift(rule: EndRule, anchor: str, interval: Interval, ends: list[str]) -> None:
    period, kept = term(local(anchor), interval, end_rule=rule, tz=BERLIN), local(anchor)
    got = [shown(period.end)[5:16]]
    for _ in ends[1:]:
        assert period.end is not None
        renewal = renewed_term(period.end, now=period.start, anchor=kept, interval=interval, end_rule=rule, tz=BERLIN)
        assert renewal.period.start == period.end
        period, kept = renewal.period, renewal.anchor
        got.append(shown(period.end)[5:16])

    assert got == ends


OWN_DATES = [
    # rule, the old end that is none of the anchor's, interval, the new end: the term from the date that was promised
    (EndRule.EVE, "2026-06-15 00:00", YEARLY, "2027-06-15 00:00"),
    (EndRule.EVE, "2026-03-31 00:00", MONTHLY, "2026-04-30 00:00"),
    (EndRule.SAME_DAY, "2026-06-15 00:00", YEARLY, "2027-06-15 00:00"),
    (EndRule.SAME_DAY, "2026-04-01 00:00", MONTHLY, "2026-05-01 00:00"),
    (EndRule.SAME_DAY, "2026-06-15 13:00", MONTHLY, "2026-07-16 00:00"),
    (EndRule.EXACT, "2026-06-15 13:00", MONTHLY, "2026-07-15 13:00"),
    (EndRule.EVE, "2026-06-15 00:00", WEEKLY, "2026-06-22 00:00"),
    (EndRule.EVE, "2025-06-15 00:00", MONTHLY, "2025-07-15 00:00"),  # before the anchor, even
    (EndRule.EVE, "2025-06-20 00:00", MONTHLY, "2025-07-20 00:00"),
]


@pytest.mark.parametrize(("rule", "old_end", "interval", "new_end"), OWN_DATES)
def test_an_end_given_by_hand_is_the_new_anchor(rule: EndRule, old_end: str, interval: Interval, new_end: str) -> None:
    renewal = renewed_term(
        local(old_end),
        now=local("2025-06-01 00:00"),
        anchor=local("2026-01-20 10:00"),
        interval=interval,
        end_rule=rule,
        tz=BERLIN,
    )

    assert renewal.period == Period(local(old_end), local(new_end))


def test_after_an_end_given_by_hand_the_kept_anchor_does_not_drift_either() -> None:
    kept, end, ends = local("2026-01-20 10:00"), local("2026-10-31 00:00"), []
    for _ in range(5):
        renewal = renewed_term(
            end, now=local("2026-09-01"), anchor=kept, interval=MONTHLY, end_rule=EndRule.EVE, tz=BERLIN
        )
        assert renewal.period.end is not None
        kept, end = renewal.anchor, renewal.period.end
        ends.append(shown(end)[:10])

    assert ends == ["2026-11-30", "2026-12-31", "2027-01-31", "2027-02-28", "2027-03-31"]


def test_a_change_from_months_to_years_keeps_the_anchor() -> None:
    renewal = renewed_term(
        local("2026-02-28"),
        now=local("2026-02-20"),
        anchor=local("2024-01-31 10:00"),
        interval=Interval(Unit.YEAR, 2),
        end_rule=EndRule.EVE,
        tz=BERLIN,
    )

    assert renewal.period == Period(local("2026-02-28"), local("2028-02-29"))
    assert renewal.anchor == local("2024-01-31 10:00")


def test_several_terms_renew_as_one_after_the_other_would() -> None:
    renewal = renewed_term(
        local("2026-02-28"),
        now=local("2026-02-20"),
        anchor=local("2026-01-31 10:00"),
        interval=MONTHLY,
        terms=3,
        end_rule=EndRule.EVE,
        tz=BERLIN,
    )

    assert renewal.period == Period(local("2026-02-28"), local("2026-05-31"))


def test_renewing_for_life_has_no_end() -> None:
    renewal = renewed_term(
        local("2026-02-28"), now=local("2026-02-20"), anchor=local("2026-01-31"), interval=LIFE, tz=BERLIN
    )

    assert renewal.period == Period(local("2026-02-28"), None)


@pytest.mark.parametrize("terms", [0, -1, True, 1.5, None])
@pytest.mark.parametrize("now", ["2026-02-01", "2026-03-20"])
@pytest.mark.parametrize("interval", [MONTHLY, LIFE])
def test_at_least_one_term_is_renewed(terms: Any, now: str, interval: Interval) -> None:
    with pytest.raises(NotAWholeCount, match="terms"):
        renewed_term(
            local("2026-02-28"), now=local(now), anchor=local("2026-01-31"), interval=interval, tz=BERLIN, terms=terms
        )
