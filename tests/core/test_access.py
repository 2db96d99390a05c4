"""The pure function: the table of cases, time passing, and what it says to whom."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

import pytest

from goodstanding.core.access import HOLD_WORDS, WORDS, Code, Rule, allowed_until, at_moment, decide
from goodstanding.core.records import HoldKind, Status
from goodstanding.memberships.refresh import entries
from tests.access_cases import CASES, DAY, NOW, PEOPLE, RULES, Case, granted, paid


def outlook(person: str) -> list[dict[str, Any]] | None:
    records = PEOPLE[person]
    return entries(records, NOW) if records is not None else None


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_table(case: Case):
    found = decide(outlook(case.person), RULES[case.rule], now=NOW)
    assert (found.allowed, found.code) == (case.allowed, case.code)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_document_alone_answers_as_the_outlook_does(case: Case):
    whole = outlook(case.person)
    document = at_moment(whole, NOW) if whole is not None else None
    assert decide(document, RULES[case.rule], now=NOW) == decide(whole, RULES[case.rule], now=NOW)


def test_the_table_has_everybody_and_every_code():
    assert {case.person for case in CASES} == PEOPLE.keys()
    assert {case.code for case in CASES} == set(Code) - {Code.NOT_LOGGED_IN, Code.STALE}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
@pytest.mark.parametrize("person", PEOPLE)
def test_who_is_not_logged_in_is_nobody(person, rule):
    assert decide(outlook(person), rule, now=NOW, logged_in=False).code == Code.NOT_LOGGED_IN


def test_an_outlook_closes_by_the_clock_alone():
    told = entries([paid("studio", until=10)], NOW)
    rule = Rule.of("studio")
    codes = [decide(told, rule, now=NOW + days * DAY).code for days in (0, 10, 11, 17)]
    assert codes == [Code.OK, Code.OK, Code.OK, Code.LAPSED]
    paid_only = Rule(statuses=frozenset({Status.GOOD}))
    assert decide(told, paid_only, now=NOW + 11 * DAY).code == Code.GRACE
    end = NOW + 17 * DAY
    assert allowed_until(told, rule, now=NOW) == end
    assert decide(told, rule, now=end - timedelta(microseconds=1)).allowed
    assert not decide(told, rule, now=end).allowed


def test_who_never_ends_is_let_in_without_end():
    told = entries([granted("studio", ends=None)], NOW)
    assert allowed_until(told, Rule(), now=NOW) is None


def test_a_document_that_is_over_proves_nothing():
    (document, *_) = entries([paid("studio", until=10)], NOW)
    over = datetime.fromisoformat(document["changes_at"])
    assert decide(document, Rule(), now=over - timedelta(microseconds=1)).allowed
    assert decide(document, Rule(), now=over).code == Code.STALE


def test_the_first_entry_holds_for_anything_earlier():
    told = entries([granted("studio")], NOW)
    assert decide(told, Rule(), now=NOW - 400 * DAY).allowed
    assert decide([], Rule(), now=NOW).code == Code.NO_MEMBER


def test_what_cannot_be_read_lets_nobody_in():
    with pytest.raises(ValueError, match="wonderful"):
        decide({"status": "wonderful", "levels": []}, Rule(), now=NOW)


@pytest.mark.parametrize("make", [lambda: Rule(frozenset()), lambda: Rule(statuses=frozenset())])
def test_a_rule_that_admits_nobody_is_a_slip(make):
    with pytest.raises(AssertionError):
        make()


def test_a_decision_says_what_decided():
    found = decide(outlook("bench, studio in grace"), Rule.of("studio"), now=NOW)
    assert (found.status, found.levels, found.wanted) == (Status.GRACE, ("bench", "studio"), ("studio",))
    assert found.until == "2026-02-27T10:00:00Z"
    assert "grace until 2026-03-06" in found.because


@pytest.mark.parametrize("case", [case for case in CASES if not case.allowed], ids=str)
def test_a_refusal_says_why_and_what_to_do(case: Case):
    found = decide(outlook(case.person), RULES[case.rule], now=NOW)
    assert found.words
    assert found.what_to_do
    assert "{" not in found.words + found.what_to_do


def test_every_hold_is_told_with_its_cure():
    found = decide(outlook("studio, suspended and disputed"), Rule(), now=NOW)
    assert found.words == "Your membership is suspended by the staff. A payment of yours is disputed."
    assert "your bank" in found.what_to_do
    assert HOLD_WORDS.keys() == set(HoldKind)
    assert WORDS.keys() == set(Code)


def test_levels_are_called_by_their_names_and_sentences_are_translated():
    found = decide(outlook("bench"), Rule.of("studio"), now=NOW)
    assert found.words == "This is for members of another level: studio."
    said = found.why(names={"studio": "The {studio}"}, translate=lambda text: text.replace("This is for", "Nur für"))
    assert said == "Nur für members of another level: The {studio}."
    assert found.remedy(translate=str.upper) == found.what_to_do.upper()


def test_deciding_is_a_matter_of_microseconds():
    told = entries([paid("studio", until=10), granted("bench")], NOW)
    rule = Rule.of("studio")
    begun = time.perf_counter()
    for _ in range(2000):
        decide(told, rule, now=NOW)
    assert (time.perf_counter() - begun) / 2000 < 200e-6  # some 10 µs; the bound is for a busy machine
