"""A real browser for tests marked ``browser``: Debian's Chromium (or another on the PATH), never one downloaded.

``page`` fails its test for any error on the console: a script's, a missing file's, or the content policy's.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SIZES = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1280, "height": 800}}


def chromium() -> str | None:
    """Return the path of the machine's Chromium, where it has one."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, started once."""
    path = chromium()
    if path is None:
        pytest.skip("no Chromium on this machine")
    # Playwright's loop runs in this thread; Django would take it for an asynchronous one and refuse the database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield running
        running.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open pages: ``open_page(size="phone", dark=True)``; at the end none of them may have complained."""
    complaints: list[str] = []
    pages: list[Page] = []

    def on_console(message: ConsoleMessage) -> None:
        # A form that is refused in words is an answer like any other, though the console says so.
        if message.type == "error" and "status of 422" not in message.text:
            complaints.append(f"{message.text} ({message.location.get('url', '')})")

    def open_one(*, size: str = "desktop", dark: bool = False) -> Page:
        context = browser.new_context(viewport=SIZES[size], color_scheme="dark" if dark else "light")  # type: ignore[arg-type]
        page = context.new_page()
        page.on("console", on_console)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        pages.append(page)
        return page

    yield open_one
    for page in pages:
        page.context.close()
    assert not complaints, complaints


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    """One page at desktop width."""
    return open_page()
