"""The pages as a person meets them: at the width of a phone and of a desk, in light and in dark."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDER_THAN_THE_SCREEN = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# Contrast of each visible text with the nearest background behind it, by WCAG's formula; returns what falls below 4.5.
FAINT_TEXTS = """() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = rgba(getComputedStyle(e).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return rgba(matchMedia("(prefers-color-scheme: dark)").matches ? "#121212" : "#fff");
  };
  const faint = [];
  for (const element of document.querySelectorAll("body *")) {
    const text = [...element.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data.trim()).join("");
    if (!text || !element.getClientRects().length) continue;
    const [a, b] = [light(rgba(getComputedStyle(element).color)), light(behind(element))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) faint.push(text);
  }
  return faint;
}"""


@pytest.mark.parametrize("size", ["phone", "desktop"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("address", ["/", "/admin/login/"])
def test_a_page_fits_and_can_be_read(live_server, open_page, address, size, dark):
    page = open_page(size=size, dark=dark)
    page.goto(live_server.url + address)
    assert page.evaluate(WIDER_THAN_THE_SCREEN) <= 0
    if address == "/":
        assert page.evaluate(FAINT_TEXTS) == []


def test_the_first_page_has_one_heading_landmarks_a_language_and_names_for_what_can_be_clicked(live_server, page):
    page.goto(live_server.url)
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("h1").count() == 1
    for landmark in ("banner", "main", "navigation", "contentinfo"):
        assert page.get_by_role(landmark).count() == 1, landmark
    for link in page.get_by_role("link").all():
        assert link.inner_text().strip(), link
        box = link.bounding_box()
        assert box
        assert box["height"] >= 20, link.inner_text()
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(e => +e.tagName[1])")
    assert all(after - before <= 1 for before, after in zip([0, *levels], levels, strict=False)), levels


def test_the_first_page_can_be_walked_by_keyboard(live_server, page):
    page.goto(live_server.url)
    seen = []
    for _ in range(page.get_by_role("link").count()):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("getComputedStyle(document.activeElement).outlineStyle"))
    assert set(seen) == {"solid"}, seen


def test_the_first_page_works_without_scripts_and_asks_nobody_else(live_server, browser):
    context = browser.new_context(java_script_enabled=False)
    asked: list[str] = []
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(live_server.url)
    assert page.get_by_role("heading", level=1).is_visible()
    assert all(address.startswith((live_server.url, "data:")) for address in asked), asked
    context.close()


def test_staff_log_in_and_find_the_members(live_server, page):
    from goodstanding import clock
    from goodstanding.people.services import DEMO_PASSWORD, ensure_demo_people

    ensure_demo_people(now=clock.now())
    page.goto(live_server.url + "/admin/")
    page.get_by_label("Email").fill("Dana@Example.org")
    page.get_by_label("Password").fill(DEMO_PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("heading", name="Administration").wait_for()
