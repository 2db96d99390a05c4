"""Every variable that the code names stands on the page of settings. (``tests/house/test_settings.py`` asks the other way.)"""

from __future__ import annotations

import re

from goodstanding import conf
from goodstanding.site import environment
from tests.docs.pages import DOCS, ROOT, SOURCE, first_column

PAGE = (DOCS / "reference" / "settings.md").read_text()
VARIABLE = re.compile(r"GOODSTANDING_[A-Z]+(?:_[A-Z]+)*")


def named_in_code() -> set[str]:
    files = [
        *SOURCE.rglob("*.py"),
        *(ROOT / "scripts").rglob("*.py"),
        ROOT / "tests" / "postgres.py",
        ROOT / "Makefile",
    ]
    return {name for file in files for name in VARIABLE.findall(file.read_text())}


def undocumented(page: str) -> set[str]:
    known = {setting.name for setting in (*conf.SETTINGS, *environment.SETTINGS)}
    return (named_in_code() | known) - set(first_column(page)) - {"GOODSTANDING_TEST"}  # a prefix


def test_every_variable_of_ours_is_documented():
    assert undocumented(PAGE) == set()


def test_one_that_is_not_is_found():
    assert undocumented(PAGE.replace("| `GOODSTANDING_HOME` |", "| home |")) == {"GOODSTANDING_HOME"}
