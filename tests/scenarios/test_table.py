"""Every scenario of money and terms is proven by a test that names it, or stands here with the reason why none can.

A scenario's id is named as a word of its own in a file of tests (``P19``, in a docstring, a comment or a parameter), or in the
name of a test (``test_p19_…``). ``B…`` are those of *money*; those of part B of *recurring*, which are not in this table, are
written ``recurring B22``. The texts of the scenarios are not in this repository: a test says what comes out.
"""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__)
TESTS = HERE.parents[1]
NAMED = re.compile(r"(?<![\w:.])([BCEGP]\d{1,2})(?!\w|:\w)|(?<=_)([bcegp]\d{1,2})(?=[_(])")


def ids(letter: str, *numbers: int, width: int = 1) -> set[str]:
    return {f"{letter}{number:0{width}}" for number in numbers}


MONEY = ids(
    "B", 1, 2, 5, 8, 9, 10, 12, 13, 14, 15, 16, 18, 19, 21, 23, 24, 27, 29, 30, 31, 32, 34, 35, 37, 38, 42, 43, 45, 47, 49,
    50, 52, 53, 54, 55, 57, 58, 59, 61, 62, 64, 66, 67, 68, 69, 70, 71, 74, 75, 76, 77, 78, 79, 81, 82, 83, 84, 85, 86,
    width=2,
)  # fmt: skip
CHECKOUT_AND_TERMS = ids(
    "P", 1, 3, 5, 6, 8, 10, 24, 26, 27, 28, 31, 32, 33, 36, 37, 38, 40, 41, 42, 43, 45, 46, 48, 49, 51, width=2
)
PAYMENTS_AGAINST_MEMBERSHIPS = ids("C", 2, 4, *range(6, 34), *range(35, 52))
INSTALMENTS_AND_TAX = ids("E", *range(1, 19))
OWN_CASES = ids("G", *range(1, 13))
SCENARIOS = MONEY | CHECKOUT_AND_TERMS | PAYMENTS_AGAINST_MEMBERSHIPS | INSTALMENTS_AND_TAX | OWN_CASES

NOT_APPLICABLE = {
    "C8": "there are no financial types: which account of the journal a line belongs to follows from what was sold",
    "C33": "there is no status to set: a payment that is taken back takes away what it paid for (C14, C15, C16), and the log "
    "of standing says so",
}
NOT_BUILT: dict[str, str] = {}


def named() -> dict[str, str]:
    """Each id that a test names, and one place where."""
    found: dict[str, str] = {}
    for file in sorted(TESTS.rglob("test_*.py")):
        if file == HERE:
            continue
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            for match in NAMED.finditer(line):
                if not line[: match.start()].endswith("recurring "):
                    found.setdefault((match[1] or match[2]).upper(), f"{file.relative_to(TESTS)}:{number}")
    return found


def test_every_scenario_is_named_by_a_test_or_excused_with_a_reason() -> None:
    there, excused = named(), NOT_APPLICABLE | NOT_BUILT
    assert sorted(SCENARIOS - set(there) - set(excused)) == [], "neither named by a test nor excused"
    assert {each: there[each] for each in excused if each in there} == {}, "excused, and named all the same"
    assert set(excused) <= SCENARIOS
    assert not set(NOT_APPLICABLE) & set(NOT_BUILT)
    assert all(len(reason.split()) > 5 for reason in excused.values())


def test_an_id_is_found_as_a_word_and_in_a_name_and_nowhere_else() -> None:
    lines = {
        '"""P19: and B07, C4."""': ["P19", "B07", "C4"],
        "def test_b86_an_impossible_bill_is_parked(": ["B86"],
        'pytest.param(1, id="E7, the first line")': ["E7"],
        "a card 04:A2:3B:C1:5D, row C108, gs.E003, AB12": [],
        "def test_labels_of_bays_b(": [],
    }
    for line, ids_there in lines.items():
        assert [(match[1] or match[2]).upper() for match in NAMED.finditer(line)] == ids_there, line
