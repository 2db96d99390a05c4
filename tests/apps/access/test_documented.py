"""What the how-to pages name is there, and what is there they name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from goodstanding.access import guards, remedies
from goodstanding.core.access import Code

DOCS = Path(__file__).parents[3] / "docs" / "how-to"
PAGES = (DOCS / "protect-pages.md").read_text()
PROXIES = (DOCS / "forward-auth.md").read_text()


def test_every_code_is_explained_and_no_other():
    assert set(re.findall(r"^\| `(\w+)` \|", PAGES, re.MULTILINE)) == set(Code) - {Code.OK}


@pytest.mark.django_db
def test_every_header_is_explained_and_no_other(with_pass, person):
    answer = with_pass(person("studio")).get("/access/check")
    told = {name for name in answer.headers if name.startswith("X-Goodstanding-")}
    assert set(re.findall(r"^\| `(X-[\w-]+)` \|", PROXIES, re.MULTILINE)) == told


def test_what_is_imported_is_there():
    for module, names in ((guards, ("standing_required", "StandingRequiredMixin", "rule_for")), (remedies, ("offer",))):
        for name in names:
            assert name in PAGES
            assert hasattr(module, name)


def test_the_proxies_copy_the_headers_that_there_are():
    for example in (PROXIES, (DOCS / "forward-auth-nginx.conf").read_text()):
        for name in ("Member", "Status", "Levels", "Until"):
            assert f"X-Goodstanding-{name}" in example
