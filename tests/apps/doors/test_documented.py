"""What devices are told stands in the how-to, and nothing else does."""

from __future__ import annotations

import re

from goodstanding.core.doors import FRESH, Code
from goodstanding.doors import services, taps, views
from tests.house.sources import ROOT, SOURCE

PAGE = (ROOT / "docs" / "how-to" / "a-door.md").read_text()


def test_every_code_and_every_refusal_is_documented():
    answers, refusals = PAGE.split("## Refusals")
    assert set(re.findall(r"^\| `(\w+)` \| (?:true|false) \|", answers, flags=re.MULTILINE)) == {
        code.value for code in Code
    }
    source = (SOURCE / "doors" / "views.py").read_text()
    raised = set(re.findall(r'\(\d{3}, "(\w+)",', source))
    assert {"bad_card", "not_authorised"} < raised
    listed = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| \d{3} \|", refusals, flags=re.MULTILINE)
    assert {name for row in listed for name in re.findall(r"\w+", row)} == raised


def test_the_numbers_on_the_page_are_those_of_the_code():
    assert FRESH.total_seconds() == 120
    assert "two minutes" in PAGE
    assert services.KEEP_UNKNOWN.total_seconds() == 600
    assert "ten minutes" in PAGE
    assert f"more than {taps.TAPS_A_MINUTE} taps" in PAGE
    assert f"more than {views.BODY_LIMIT_BYTES // 1024} KiB" in PAGE
