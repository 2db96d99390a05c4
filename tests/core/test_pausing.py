"""Pauses as values: what they move, what a level allows, and who goes on, drops one, or gives up (B52, B53); with mutants."""

from __future__ import annotations

import types
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from goodstanding.core import pausing
from goodstanding.core.facts import PauseSpan

from .mutants import mutated

BERLIN = ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)


def on(month: int, day: int, hour: int = 0, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


def span(start: datetime, end: datetime | None = None) -> PauseSpan:
    return PauseSpan(start, end)


JUNE = (on(6, 1), on(7, 1))
FEBRUARY = (on(1, 31), on(2, 28))  # of who pays on the 31st
MOVED = [
    ("no pause", JUNE, (), [JUNE], on(7, 1)),
    (
        "ten days within",
        JUNE,
        (span(on(6, 11), on(6, 21)),),
        [(on(6, 1), on(6, 11)), (on(6, 21), on(7, 11))],
        on(7, 11),
    ),
    ("without an end", JUNE, (span(on(6, 11)),), [(on(6, 1), on(6, 11))], None),
    ("from the first moment", JUNE, (span(on(6, 1), on(6, 3)),), [(on(6, 3), on(7, 3))], on(7, 3)),
    ("from where it ends: the next one is put off", JUNE, (span(on(7, 1), on(7, 20)),), [JUNE], on(7, 20)),
    ("before it: of another period", JUNE, (span(on(5, 1), on(5, 9)),), [JUNE], on(7, 1)),
    ("after it: of another period", JUNE, (span(on(7, 2), on(7, 9)),), [JUNE], on(7, 1)),
    (
        "two, the second in what the first moved",
        JUNE,
        (span(on(6, 11), on(6, 21)), span(on(7, 5), on(7, 7))),
        [(on(6, 1), on(6, 11)), (on(6, 21), on(7, 5)), (on(7, 7), on(7, 13))],
        on(7, 13),
    ),
    (
        "two, one right after the other",
        JUNE,
        (span(on(6, 11), on(6, 21)), span(on(6, 21), on(6, 25))),
        [(on(6, 1), on(6, 11)), (on(6, 25), on(7, 15))],
        on(7, 15),
    ),
    (
        "over the end of February",
        FEBRUARY,
        (span(on(2, 20), on(3, 2)),),
        [(on(1, 31), on(2, 20)), (on(3, 2), on(3, 10))],
        on(3, 10),
    ),
    (
        "over the end of a leap year's February",
        (on(1, 31, year=2028), on(2, 29, year=2028)),
        (span(on(2, 20, year=2028), on(3, 2, year=2028)),),
        [(on(1, 31, year=2028), on(2, 20, year=2028)), (on(3, 2, year=2028), on(3, 11, year=2028))],
        on(3, 11, year=2028),
    ),
]  # fmt: skip
LIMITED = pausing.Limits(days=30, times=2)
OPEN = pausing.Limits(days=30, open_ended=True)
NOW = on(6, 11, 9)
ALLOWED = [
    ("from now on, for as many days as it may be", LIMITED, (), NOW, on(7, 11), ""),
    ("a day more", LIMITED, (), NOW, on(7, 12), "too_long"),
    ("later on", LIMITED, (), on(6, 12), on(6, 13), ""),
    ("days are of the calendar, there", LIMITED, (), on(6, 11, 22), on(7, 11, 22), ""),
    ("the night before is another day, there", LIMITED, (), on(6, 11, 21), on(7, 11, 22), "too_long"),
    ("not at all", pausing.Limits(), (), NOW, on(6, 12), "not_offered"),
    ("a member does not say so of what is past", LIMITED, (), NOW - DAY, on(6, 12), "past"),
    ("B53: an end before its start", LIMITED, (), on(6, 20), on(6, 19), "backwards"),
    ("B53: an end at its start", LIMITED, (), on(6, 20), on(6, 20), "backwards"),
    ("without an end, where that is not offered", LIMITED, (), NOW, None, "open_ended"),
    ("without an end, where it is", OPEN, (), NOW, None, ""),
    ("with a set end the days count there, too", OPEN, (), NOW, on(8, 1), "too_long"),
    ("a second one within a year", LIMITED, (span(on(1, 1), on(1, 2)),), NOW, on(6, 12), ""),
    ("a third one", LIMITED, (span(on(1, 1), on(1, 2)), span(on(2, 1), on(2, 2))), NOW, on(6, 12), "too_often"),
    (
        "a year after the first a third one may begin",
        LIMITED,
        (span(NOW - 365 * DAY, NOW - 364 * DAY), span(on(2, 1), on(2, 2))),
        NOW,
        on(6, 12),
        "",
    ),
    (
        "a moment earlier it may not",
        LIMITED,
        (span(NOW - 365 * DAY + timedelta(seconds=1), NOW - 364 * DAY), span(on(2, 1), on(2, 2))),
        NOW,
        on(6, 12),
        "too_often",
    ),
]  # fmt: skip
RUNS, COMES, LASTS, WAITS = (
    (span(on(6, 1), on(6, 20)),),
    (span(on(6, 15), on(6, 20)),),
    (span(on(6, 1)),),
    (span(on(6, 15)),),
)
ACTS = [
    ("resumed", RUNS, (span(on(6, 1), NOW),)),
    ("resumed", LASTS, (span(on(6, 1), NOW),)),
    ("resumed", (span(on(5, 1), on(5, 2)), span(NOW)), (span(on(5, 1), on(5, 2)),)),
    ("resumed", COMES, "not_paused"),
    ("resumed", (), "not_paused"),
    ("dropped", COMES, ()),
    ("dropped", WAITS, ()),
    ("dropped", RUNS, "begun"),
    ("dropped", LASTS, "begun"),
    ("dropped", (span(on(5, 1), on(5, 2)), *COMES), (span(on(5, 1), on(5, 2)),)),
    ("dropped", (span(on(5, 1), on(5, 2)),), "not_paused"),
    ("dropped", (), "not_paused"),
    ("given_up", RUNS, RUNS),
    ("given_up", LASTS, (span(on(6, 1), NOW),)),
    ("given_up", COMES, ()),
    ("given_up", WAITS, ()),
    ("given_up", (span(NOW),), ()),
    ("given_up", (span(on(5, 1), on(5, 2)),), (span(on(5, 1), on(5, 2)),)),
]  # fmt: skip
ADDED = [
    ((), on(6, 15), on(6, 20), COMES),
    ((), on(6, 15), None, WAITS),
    ((), on(7, 1), on(7, 9), (span(on(7, 1), on(7, 9)),)),
    ((), on(7, 1, 1), on(7, 9), "beyond"),
    ((), on(6, 15), on(6, 15), "backwards"),
    (RUNS, on(6, 25), on(6, 26), "twice"),
    (WAITS, on(6, 25), on(6, 26), "twice"),
    ((span(on(6, 1), on(6, 9)),), on(6, 8), on(6, 26), "twice"),
    ((span(on(6, 1), on(6, 9)),), on(6, 9), on(6, 26), (span(on(6, 1), on(6, 9)), span(on(6, 9), on(6, 26)))),
]  # fmt: skip


@pytest.mark.parametrize(("paid", "pauses", "pieces", "end"), [row[1:] for row in MOVED], ids=[row[0] for row in MOVED])
def test_a_pause_moves_what_is_paid_and_loses_none_of_it(
    paid: tuple[datetime, datetime],
    pauses: tuple[PauseSpan, ...],
    pieces: list[tuple[datetime, datetime]],
    end: datetime | None,
) -> None:
    found = pausing.moved(*paid, pauses)
    assert (list(found.pieces), found.end) == (pieces, end)
    if end is not None:
        assert sum((there - here for here, there in found.pieces), timedelta()) == paid[1] - paid[0]
        assert end - found.start == paid[1] - paid[0]


@pytest.mark.parametrize(
    ("limits", "before", "start", "end", "why"), [row[1:] for row in ALLOWED], ids=[row[0] for row in ALLOWED]
)
def test_a_level_says_how_far_its_members_pause(
    limits: pausing.Limits, before: tuple[PauseSpan, ...], start: datetime, end: datetime | None, why: str
) -> None:
    assert required(pausing, limits, before, start, end) == why


@pytest.mark.parametrize(("act", "pauses", "found"), ACTS)
def test_going_on_dropping_and_giving_up(act: str, pauses: tuple[PauseSpan, ...], found: object) -> None:
    assert acted(pausing, act, pauses) == found


@pytest.mark.parametrize(("pauses", "start", "end", "found"), ADDED)
def test_one_pause_at_a_time_within_what_is_paid(
    pauses: tuple[PauseSpan, ...], start: datetime, end: datetime | None, found: object
) -> None:
    assert added(pausing, pauses, start, end) == found


def test_levels_paused_together_allow_what_all_of_them_do() -> None:
    def both(*limits: pausing.Limits) -> pausing.Limits:
        return pausing.strictest(limits)

    assert both(LIMITED) == LIMITED
    assert both(LIMITED, OPEN) == pausing.Limits(days=30, times=2)
    assert both(OPEN, pausing.Limits(days=10, open_ended=True)) == pausing.Limits(days=10, open_ended=True)
    assert both(LIMITED, pausing.Limits()).days is None
    assert both().days is None


MUTANTS = [
    ("not start <= pause.start <= until", "not start <= pause.start < until"),
    ("not start <= pause.start <= until", "not start < pause.start <= until"),
    ("if pause.start > since:", "if pause.start > start:"),
    ("until + (pause.end - pause.start)", "until"),
    ("until + (pause.end - pause.start)", "end + (pause.end - pause.start)"),
    ("start if until is None else until - length", "start"),
    ("each.start <= at and (each.end is None or at < each.end)", "each.start <= at"),
    ("each.end is None or each.end > at", "each.end is not None and each.end > at"),
    ("    if start > latest:", "    if start >= latest:"),
    ("    if start > latest:", "    if False:"),
    ("ahead(pauses, now) is not None or any(", "any("),
    ("each.end is not None and start < each.end", "False"),
    ("each.end is not None and start < each.end", "each.end is not None and start <= each.end"),
    ("self.times - sum(start - YEAR < each.start for each in pauses)", "self.times - len(pauses)"),
    ("start - YEAR < each.start", "start - YEAR <= each.start"),
    ("if self.left(pauses, start) == 0:", "if False:"),
    ("if end is None and not self.open_ended:", "if end is None:"),
    ("if start < now:", "if False:"),
    ("days_of(start, end, tz=tz) > self.days", "days_of(start, end, tz=tz) >= self.days"),
    ("(end.astimezone(tz).date() - start.astimezone(tz).date()).days", "(end - start).days"),
    ("    if running(pauses, now) is not None:\n        raise", "    if False:\n        raise"),
    ("not pauses or pauses[-1].start <= now", "not pauses"),
    ("if at == there.start:", "if False:"),
    ("there is not None and there.start >= now", "there is not None and there.start > now"),
    ("there is not None and there.end is None", "there is not None"),
    ("if there is not None and there.end is None:", "if False:"),
]  # fmt: skip


@pytest.mark.parametrize(("there", "instead"), MUTANTS, ids=[row[1] for row in MUTANTS])
def test_a_mutant_is_told_from_the_real_thing(there: str, instead: str) -> None:
    assert answers(mutated(pausing, there, instead)) != answers(pausing), "no table tells them apart"


def answers(module: types.ModuleType) -> list[object]:
    found: list[object] = []
    for _, paid, pauses, *_ in MOVED:
        here = module.moved(*paid, pauses)
        found.append((here.pieces, here.start, here.end))
    for _, limits, before, start, end, _ in ALLOWED:
        own = module.Limits(limits.days, limits.times, open_ended=limits.open_ended)
        found.append(required(module, own, before, start, end))
    found += [acted(module, act, pauses) for act, pauses, _ in ACTS]
    return [*found, *(added(module, pauses, start, end) for pauses, start, end, _ in ADDED)]


def required(
    module: types.ModuleType,
    limits: pausing.Limits,
    before: tuple[PauseSpan, ...],
    start: datetime,
    end: datetime | None,
) -> str:
    try:
        limits.require(before, start, end, now=NOW, tz=BERLIN)
    except module.CannotPause as refused:
        return str(refused.code)
    return ""


def acted(module: types.ModuleType, act: str, pauses: tuple[PauseSpan, ...]) -> object:
    try:
        return getattr(module, act)(pauses, now=NOW, **({"at": NOW} if act == "resumed" else {}))
    except module.CannotPause as refused:
        return refused.code


def added(module: types.ModuleType, pauses: tuple[PauseSpan, ...], start: datetime, end: datetime | None) -> object:
    try:
        return module.paused(pauses, start=start, end=end, now=NOW, latest=on(7, 1))
    except module.CannotPause as refused:
        return refused.code
