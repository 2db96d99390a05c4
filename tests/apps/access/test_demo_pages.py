"""The three pages to try access with."""

from __future__ import annotations

import pytest

from goodstanding.site.demo_pages import LEVEL
from tests.access_cases import granted

pytestmark = pytest.mark.django_db

PAGES = ["/demo/", "/demo/members/", "/demo/one-level/"]
WHO = {
    "a stranger": (200, 302, 302),
    "a user": (200, 403, 403),
    "lapsed": (200, 403, 403),
    "of another level": (200, 200, 403),
    "of that level": (200, 200, 200),
}


@pytest.mark.parametrize("who", WHO)
def test_each_page_opens_to_whom_it_is_for(client, charlie, stands, who):
    records = {
        "lapsed": (granted(LEVEL, ends=-1),),
        "of another level": (granted("weekday"),),
        "of that level": (granted(LEVEL),),
    }
    if who != "a stranger":
        client.force_login(stands(charlie, records.get(who)))
    assert tuple(client.get(page).status_code for page in PAGES) == WHO[who]
    told = client.get("/demo/").content.decode()
    assert told.count("You may enter.") == WHO[who].count(200) - 1


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    "use", [{"GOODSTANDING_HTTPS": True}, {"GOODSTANDING_DEMO": False}, {"GOODSTANDING_HOST": "0.0.0.0"}]
)
def test_a_site_in_use_has_none_of_them(client, charlie, stands, settings, page, use):
    for name, value in use.items():
        setattr(settings, name, value)
    client.force_login(stands(charlie, (granted(LEVEL),)))
    assert client.get(page).status_code == 404


@pytest.mark.parametrize("page", PAGES)
def test_only_reading_is_possible(client, charlie, stands, page):
    client.force_login(stands(charlie, (granted(LEVEL),)))
    assert client.post(page).status_code == 405
