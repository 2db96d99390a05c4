"""Every setting and every check is documented, and nothing else is."""

from __future__ import annotations

import re

import pytest

from goodstanding import conf
from goodstanding.site import environment
from tests.house.sources import ROOT, SOURCE

PAGE = (ROOT / "docs" / "reference" / "settings.md").read_text()
SETTINGS = (*conf.SETTINGS, *environment.SETTINGS)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_a_setting_is_documented(setting):
    assert f"| `{setting.name}` |" in PAGE


def test_the_page_names_no_setting_that_is_not_there():
    named = set(re.findall(r"^\| `([A-Z_]+)` \|", PAGE, flags=re.MULTILINE))
    assert named == {setting.name for setting in SETTINGS} | {"GOODSTANDING_TEST_POSTGRES"}


def test_every_check_has_its_own_id_and_is_documented():
    # One home for an id; the page lists them all.
    ids = [found for path in SOURCE.rglob("*.py") for found in re.findall(r'id="(gs\.[EW]\d{3})"', path.read_text())]
    assert ids
    assert len(ids) == len(set(ids)), sorted(ids)
    assert set(re.findall(r"^\| (gs\.[EW]\d{3}) \|", PAGE, flags=re.MULTILINE)) == set(ids)
