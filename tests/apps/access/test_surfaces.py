"""Every surface gives the same answer to the same person under the same rule."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from goodstanding.access import remedies
from goodstanding.catalogue.models import Level, LevelGroup
from goodstanding.core.access import ENTERING, Code
from tests.access_cases import CASES, RULES, Case

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.apps.access.urls")]

JSON = {"Accept": "application/json"}
FOR_PROXIES = [case for case in CASES if RULES[case.rule].statuses == ENTERING]


def query(rule: str) -> str:
    return urlencode([("level", level) for level in sorted(RULES[rule].levels or ())])


@pytest.mark.parametrize("case", CASES, ids=str)
def test_pages_templates_and_programs_are_told_the_same(client, person, case: Case):
    client.force_login(person(case.person))
    for way in ("decorated", "classed"):
        page = client.get(f"/{way}/{case.rule}/")
        assert page.status_code == (200 if case.allowed else 403)
        assert (page.content == b"inside") == case.allowed
        assert case.allowed or page.context["decision"].code == case.code
        told = client.get(f"/{way}/{case.rule}/", headers=JSON)
        assert told.status_code == page.status_code
        assert case.allowed or told.json()["error"] == case.code
    shown = client.get(f"/tagged/{case.rule}/").content.decode()
    assert shown == f"{'inside' if case.allowed else 'outside'}|{case.code}"


@pytest.mark.parametrize("case", FOR_PROXIES, ids=str)
def test_a_proxy_is_told_the_same_and_the_way_in_leads_on_or_says_why_not(with_pass, person, case: Case):
    browser = with_pass(person(case.person))
    answer = browser.get(f"/access/check?{query(case.rule)}")
    assert answer.status_code == (200 if case.allowed else 403)
    assert answer["X-Goodstanding-Reason"] == case.code
    entered = browser.get(f"/access/enter?{query(case.rule)}&next=/there")
    assert (entered.status_code, entered.get("Location")) == ((302, "/there") if case.allowed else (403, None))
    assert case.allowed or entered.context["decision"].code == case.code


@pytest.mark.parametrize("rule", RULES)
def test_a_stranger_is_sent_to_log_in_and_back(client, settings, rule):
    settings.LOGIN_URL = "/log-in/"
    for way in ("decorated", "classed"):
        answer = client.get(f"/{way}/{rule}/?page=2")
        assert answer.status_code == 302
        assert answer["Location"].startswith("/log-in/?next=/")
        assert answer["Location"].endswith("%3Fpage%3D2")
        told = client.get(f"/{way}/{rule}/", headers=JSON)
        assert (told.status_code, told.json()["error"]) == (401, "not_logged_in")
    assert client.get(f"/tagged/{rule}/").content == b"outside|not_logged_in"
    assert client.get(f"/access/check?{query(rule)}").status_code == 401


def test_what_is_sent_by_a_form_is_guarded_too(client, person):
    client.force_login(person("studio, grace is over"))
    assert client.post("/decorated/studio/").status_code == 403


def test_the_decorator_works_bare(client, person):
    client.force_login(person("bench"))
    assert client.get("/bare/").content == b"inside"


def test_what_is_let_through_is_kept_by_no_cache(client, person):
    client.force_login(person("studio"))
    assert "no-store" in client.get("/bare/")["Cache-Control"]
    kept = client.get("/kept/")
    assert kept["Cache-Control"] == "max-age=60, private"
    assert "Cookie" in kept["Vary"]


@pytest.mark.parametrize("name", ["studio, grace is over", "charlie, a user"])
def test_what_is_refused_is_kept_by_no_cache(client, person, name):
    client.force_login(person(name))
    for headers in ({}, JSON):
        answer = client.get("/decorated/any/", headers=headers)
        assert "no-store" in answer["Cache-Control"]
        assert {"Accept", "Cookie"} <= {part.strip() for part in answer["Vary"].split(",")}


def test_the_refusal_says_why_and_what_to_do_and_leads_back(client, person, monkeypatch):
    monkeypatch.setattr(remedies, "_offered", {})
    remedies.offer(Code.OTHER_LEVEL, url_name="home", label="Look at the <levels>")
    remedies.offer(Code.OTHER_LEVEL, url_name="not_there", label="Not there")
    remedies.offer(Code.LAPSED, url_name="home", label="Renew")
    group = LevelGroup.objects.create(slug="main", name="Main")
    Level.objects.create(slug="studio", name="The <Studio>", group=group)
    client.force_login(person("bench"))
    page = client.get("/decorated/studio/?a=1&b=2").content.decode()
    assert "This is for members of another level: The &lt;Studio&gt;." in page
    assert "Change your level, or add one." in page
    assert "covered until 2026-04-01T10:00:00Z" in page
    assert 'href="/?next=%2Fdecorated%2Fstudio%2F%3Fa%3D1%26b%3D2">Look at the &lt;levels&gt;' in page
    assert 'href="/decorated/studio/?a=1&amp;b=2"' in page
    assert "Renew" not in page
    assert "Not there" not in page
    assert "unsafe" not in client.get("/decorated/studio/")["Content-Security-Policy"]


def test_time_alone_closes_a_page_and_nothing_needs_to_run(client, person, clock):
    from tests.access_cases import DAY

    client.force_login(person("studio"))
    assert client.get("/decorated/studio/").status_code == 200
    clock.advance(17 * DAY)
    answer = client.get("/decorated/studio/")
    assert (answer.status_code, answer.context["decision"].code) == (403, "lapsed")
