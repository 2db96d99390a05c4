"""No link and no name of a source file leads nowhere, and every page can be found from the index."""

from __future__ import annotations

import pytest

from tests.docs.pages import DOCS, PAGES, ROOT, broken_links, cited, missing, shown


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_every_link_leads_somewhere(page):
    assert broken_links(page, page.read_text()) == []


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_every_source_file_that_is_named_is_there(page):
    assert [found for path, name in cited(page.read_text()) if (found := missing(path, name))] == []


def test_every_page_is_in_the_index():
    index = (DOCS / "README.md").read_text()
    pages = {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")} - {"README.md"}
    listed = {page for page in pages if f"({page})" in index or page.startswith("decisions/")}
    assert listed == pages


def test_a_link_that_leads_nowhere_is_found():
    text = (
        "[a](nowhere.md) [b](reference/commands.md#nothing) [c](reference/commands.md#events-load) [d](https://x.org)"
    )
    assert broken_links(DOCS / "README.md", text) == ["nowhere.md", "reference/commands.md#nothing"]
    assert broken_links(ROOT / "README.md", "[out](../elsewhere.md)") == ["../elsewhere.md"]


def test_a_name_that_is_not_in_its_file_is_found():
    text = "`core/ids.py:derived` `core/ids.py:nobody` `core/nowhere.py` `jobs/worker.py:Worker.turn` `jobs/worker.py:Worker.x`"
    assert [missing(*each) for each in cited(text)] == [
        "", "core/ids.py:nobody", "core/nowhere.py", "", "jobs/worker.py:Worker.x"
    ]  # fmt: skip
