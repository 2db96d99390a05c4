"""axe-core in our browser: what would keep people with assistive technology out.

The script is the one that ``axe-playwright-python`` brings along (axe-core, MPL-2.0, unchanged, for tests alone). It is handed to
the page by the browser's own debugger, past the content policy, which stays as strict as it is.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from playwright.sync_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(page: Page) -> list[str]:
    """Return what is wrong on the page as it is now: rule, how bad, and where; nothing, where nothing is."""
    page.evaluate(_script())
    found = page.evaluate(
        "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']}).then(found => found.violations)",
        RULES,
    )
    return [f"{each['id']} ({each['impact']}): {node['html']}" for each in found for node in each["nodes"]]


@lru_cache(maxsize=1)
def _script() -> str:
    # In the page, not in a sandbox of the test's own; the closing value is there so that nothing large is sent back.
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8") + "\n;0"
