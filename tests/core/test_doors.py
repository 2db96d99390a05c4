"""The pure function, without Django: the table of cases, the tap itself, the card's number."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from goodstanding.core import access, doors
from goodstanding.core.access import Rule
from goodstanding.core.doors import FRESH, BadCard, CardRow, Code, Door, Flag, Tap, decide
from goodstanding.core.records import Status
from tests.door_cases import CASES, DAY, PAID, START, Case, documents, hour

FLAGS = {"active": Flag.NOTHING, "lost": Flag.LOST, "blocked": Flag.BLOCKED}
KEY = "a key that nobody else has, of 32+"


def row_of(case: Case) -> CardRow | None:
    return None if case.card is None else CardRow(case.documents(), FLAGS[case.card])


def door_of(case: Case) -> Door:
    return Door(Rule.of(*case.levels), in_use=case.in_use, locked_out=case.locked_out)


def test_names_in_the_table_are_names():
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)
    assert {case.code for case in CASES} >= {code.value for code in Code} - {
        "stale",
        "no_card",
        "too_late",
        "too_early",
        "replayed",
    }


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_door_answers_as_the_table_says(case):
    found = decide(row_of(case), door_of(case), case.now)
    assert (found.open, found.code, found.until) == (case.opens, case.code, case.changes)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_is_told_about_later_comes_true(case):
    found = decide(row_of(case), door_of(case), case.now)
    moments = [case.now + timedelta(hours=count) for count in range(0, 40 * DAY, 6)]
    for moment in moments:
        same = decide(row_of(case), door_of(case), moment).open is case.opens
        if found.until is None or moment < found.until:
            assert same, moment
    if found.until is not None:
        assert decide(row_of(case), door_of(case), found.until).open is not case.opens
        assert decide(row_of(case), door_of(case), found.until - timedelta(microseconds=1)).open is case.opens


@pytest.mark.parametrize("case", [case for case in CASES if case.card], ids=str)
def test_an_edge_that_knows_two_moments_and_the_levels_opens_as_the_server_does(case):
    """The row of an edge, written at the moment of the case: from when until when, for which levels."""
    found = decide(row_of(case), door_of(case), case.now)
    if not found.open:
        return
    assert found.standing is not None
    assert case.card is not None
    row = CardRow.between(case.now, found.until, found.standing.levels, FLAGS[case.card])
    for moment in (case.now + timedelta(hours=count) for count in range(0, 40 * DAY, 6)):
        there, here = decide(row, door_of(case), moment), decide(row_of(case), door_of(case), moment)
        assert there.open is (found.until is None or moment < found.until)
        assert there.open is here.open


def test_an_edge_refuses_before_after_and_the_lost_card():
    row = CardRow.between(hour(0), hour(2), ["bench"])
    door = Door(Rule.of("bench"))
    assert [decide(row, door, hour(count)).code for count in (-1, 0, 1, 2)] == ["pending", "ok", "ok", "lapsed"]
    assert decide(row, Door(Rule.of("studio")), hour(1)).code == "other_level"
    lost = CardRow.between(hour(0), hour(2), ["bench"], Flag.LOST)
    assert decide(lost, door, hour(1)).code == "lost_card"
    assert decide(CardRow.between(hour(0), None, ["bench"]), door, hour(10**5)).open


GOOD = CardRow(documents(PAID))


@pytest.mark.parametrize(
    ("tap", "code"),
    [
        (Tap(), "ok"),
        (Tap(at=START), "ok"),
        (Tap(at=START - FRESH), "ok"),
        (Tap(at=START - FRESH - timedelta(seconds=1)), "too_late"),
        (Tap(at=START + FRESH), "ok"),
        (Tap(at=START + FRESH + timedelta(seconds=1)), "too_early"),
        (Tap(at=datetime.min.replace(tzinfo=UTC)), "too_late"),
        (Tap(at=datetime.max.replace(tzinfo=UTC)), "too_early"),
        (Tap(again_after=timedelta(0)), "ok"),
        (Tap(again_after=FRESH), "ok"),
        (Tap(again_after=FRESH + timedelta(seconds=1)), "replayed"),
        (Tap(again_after=timedelta(0), differs=True), "replayed"),
    ],
)
def test_a_tap_counts_while_it_is_fresh(tap, code):
    found = decide(GOOD, Door(), START, tap=tap)
    assert (found.open, found.code) == (code == "ok", code)


def test_a_stale_tap_says_nothing_about_the_card():
    assert decide(None, Door(locked_out=True), START, tap=Tap(at=hour(-5))).code == Code.TOO_LATE


def test_one_without_a_card_hears_what_keeps_him_out_first():
    missing = CardRow(documents(PAID), Flag.MISSING)
    assert decide(missing, Door(), START).code == Code.NO_CARD
    assert decide(missing, Door(), hour(17 * DAY)).code == Code.LAPSED


def test_every_code_has_words_and_standings_codes_are_access_own():
    assert set(doors.WORDS) == set(Code)
    assert all(words.why for words in doors.WORDS.values())
    for status in Status:
        document = {"from": hour(0).isoformat(), "status": status, "levels": [{"level": "bench", "status": status}]}
        for rule in (Rule(), Rule.of("bench"), Rule.of("studio")):
            code = str(access.decide([document], rule, now=START).code)
            assert decide(CardRow([document]), Door(rule), START).code == code


def test_a_display_tells_no_reasons_and_the_member_is_told_what_to_do():
    held = [{**documents(((-1, {"bench": "held"}),))[0], "because": "suspended by staff: broke the lathe"}]
    found = decide(CardRow(held), Door(), START)
    assert "lathe" not in found.words
    assert found.standing is not None
    assert found.standing.because == "suspended by staff: broke the lathe"
    assert found.what_to_do == "Ask the staff."
    assert decide(None, Door(), START).what_to_do


def test_in_grace_a_display_hints_and_no_more():
    welcome = decide(GOOD, Door(), START).words
    hint = decide(GOOD, Door(), hour(10 * DAY)).words
    assert welcome != hint
    assert "pay" not in hint.lower()


@pytest.mark.parametrize(
    "uid", ["04A23BC1", "04:a2:3b:c1", "04-a2-3b-c1", " 04 a2 3b c1\n", "0x04A23BC1", "04.A2.3B.C1"]
)
def test_a_number_is_the_same_card_however_it_is_written(uid):
    assert doors.normalised(uid) == "04A23BC1"
    assert doors.digest(uid, key=KEY) == doors.digest("04A23BC1", key=KEY)


@pytest.mark.parametrize("uid", ["0012345678", "ABCD", "x" * 64, "A0000000AB"])
def test_other_numbers_are_taken_as_they_are(uid):
    assert doors.normalised(uid) == uid.upper()


@pytest.mark.parametrize(
    "uid", ["", "   ", "123", ":::::", "x" * 65, "04A2;DROP", "04A2\x00", "ß" * 4, "١٢٣٤", "0x", "🂡" * 4]
)
def test_what_is_no_number_is_refused_without_repeating_it(uid):
    with pytest.raises(BadCard) as caught:
        doors.digest(uid, key=KEY)
    assert not uid.strip() or uid not in str(caught.value)


def test_the_digest_is_the_first_half_of_an_hmac_and_depends_on_the_key():
    wanted = hmac.new(KEY.encode(), b"uid\x0004A23BC1", hashlib.sha256).hexdigest()[:32]
    assert doors.digest("04A23BC1", key=KEY) == wanted
    assert doors.digest("04A23BC1", key=KEY[::-1]) != wanted
    assert doors.digest("04A23BC2", key=KEY) != wanted
