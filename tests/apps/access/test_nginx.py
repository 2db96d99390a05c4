"""The example of ``docs/how-to/forward-auth.md``, the very file, run by a real nginx before a real server."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from django.test import Client

from goodstanding.access.services import pass_for
from goodstanding.access.views import COOKIE
from tests.access_cases import DAY
from tests.nginx import Wiki, get, running
from tests.site.command import free_port

pytestmark = [pytest.mark.nginx, pytest.mark.django_db(transaction=True)]

EXAMPLE = Path(__file__).parents[3] / "docs" / "how-to" / "forward-auth-nginx.conf"
HOST = {"Host": "wiki.example.org"}
ENTER = "http://members.test/access/enter"
FORGED = {
    "X-Goodstanding-Member": "mbr_forged",
    "X-Goodstanding-Status": "good",
    "X-Goodstanding-Levels": "studio",
    "X-Goodstanding-Until": "unlimited",
    "X-Goodstanding-Reason": "ok",
    "X-Original-URI": "/public/",
    "X-Forwarded-Uri": "/public/",
    "X-Forwarded-For": "127.0.0.1",
    "X-Forwarded-Host": "members.example.org",
    "X-Real-IP": "127.0.0.1",
}


@dataclass(frozen=True)
class Guarded:
    """The wiki behind its proxy."""

    port: int
    wiki: Wiki

    def get(self, path, token="", **headers):
        cookie = {"Cookie": f"other=1; {COOKIE}={token}"} if token else {}
        return get(self.port, path, HOST | cookie | {name.replace("_", "-"): value for name, value in headers.items()})


def example(*, listens: str, goodstanding: str, wiki: int, members: str) -> str:
    """The file as it stands, with the addresses of this test in place of those of the example."""
    text = EXAMPLE.read_text()
    places = {
        "listen 80;": f"listen 127.0.0.1:{listens};",
        "server 127.0.0.1:8000;": f"server {goodstanding};",
        "server 127.0.0.1:8080;": f"server 127.0.0.1:{wiki};",
        "https://members.example.org/": f"{members}/",
    }
    for before, after in places.items():
        assert before in text, before
        text = text.replace(before, after)
    return text


@pytest.fixture
def guarded(live_server, tmp_path):
    port = free_port()
    with Wiki() as wiki:
        address = live_server.url.removeprefix("http://")
        text = example(listens=port, goodstanding=address, wiki=wiki.port, members="http://members.test")
        with running(tmp_path, text, port=int(port)):
            yield Guarded(int(port), wiki)


@pytest.fixture
def token(clock):
    def make(user):
        browser = Client()
        browser.force_login(user)
        return pass_for(user, session_key=str(browser.session.session_key), now=clock.now)

    return make


def test_a_member_is_let_in_and_told_of(guarded, person, token):
    alice = person("studio, in grace")
    answer = guarded.get("/page?a=1", token(alice))
    assert answer.status == 200
    ((path, headers),) = guarded.wiki.asked
    assert path == "/page?a=1"
    assert headers["X-Goodstanding-Member"] == alice.gs_member.pk
    assert headers["X-Goodstanding-Status"] == "grace"
    assert headers["X-Goodstanding-Levels"] == "studio"
    assert headers["X-Goodstanding-Until"] == "2026-02-27T10:00:00Z"


@pytest.mark.parametrize(
    ("name", "anywhere", "studio"),
    [
        ("studio", 200, 200),
        ("studio, for ever", 200, 200),
        ("bench", 200, 302),
        ("studio, grace is over", 302, 302),
        ("studio, waits for approval", 302, 302),
        ("charlie, a user", 302, 302),
    ],
)
def test_who_may_enter_where(guarded, person, token, name, anywhere, studio):
    shown = token(person(name))
    assert (guarded.get("/", shown).status, guarded.get("/studio/", shown).status) == (anywhere, studio)


@pytest.mark.parametrize("path", ["/page?a=1&b=2", "/"])
def test_a_stranger_is_shown_the_way_in_with_where_he_wanted_to_go(guarded, path):
    answer = guarded.get(path)
    assert (answer.status, answer.headers["Location"]) == (302, f"{ENTER}?next=http://wiki.example.org{path}")
    answer = guarded.get(f"/studio{path}")
    wanted = f"{ENTER}?level=studio&next=http://wiki.example.org/studio{path}"
    assert (answer.status, answer.headers["Location"]) == (302, wanted)
    assert guarded.wiki.asked == []


def test_no_forged_header_lets_anybody_in_or_reaches_the_wiki(guarded, person, token):
    forged = {name.replace("-", "_"): value for name, value in FORGED.items()}
    assert guarded.get("/", **forged).status == 302
    bench = token(person("bench"))
    assert guarded.get("/studio/", bench, **forged).status == 302
    assert guarded.wiki.asked == []
    assert guarded.get("/", bench, **forged).status == 200
    ((_path, headers),) = guarded.wiki.asked
    assert headers["X-Goodstanding-Levels"] == "bench"
    assert "X-Goodstanding-Reason" not in headers
    assert "forged" not in str(headers)


@pytest.mark.parametrize(
    "path",
    [
        "/_standing/member",
        "/_standing/studio",
        "/%5fstanding/member",
        "//studio/",
        "/x/../studio/",
        "/x/%2e%2e/studio/",
    ],
)
def test_there_is_no_way_round(guarded, person, token, path):
    assert guarded.get(path, token(person("bench"))).status in (302, 404)
    assert guarded.wiki.asked == []


def test_what_the_wiki_refuses_itself_is_its_own(guarded, person, token):
    assert guarded.get("/wiki-s-own-refusal", token(person("bench"))).status == 403


def test_what_is_sent_is_guarded_too_and_arrives_whole(guarded, person, token):
    shown = token(person("bench"))
    headers = HOST | {"Cookie": f"{COOKIE}={shown}", "Content-Length": "0"}
    assert get(guarded.port, "/edit", headers, "POST").status == 200
    assert get(guarded.port, "/studio/edit", headers, "POST").status == 302


def test_time_closes_it(guarded, person, token, clock):
    shown = token(person("studio"))
    assert guarded.get("/studio/", shown).status == 200
    clock.advance(17 * DAY)
    assert guarded.get("/studio/", shown).status == 302


def test_who_logs_out_is_out(guarded, person, clock):
    browser = Client()
    alice = person("studio")
    browser.force_login(alice)
    shown = pass_for(alice, session_key=str(browser.session.session_key), now=clock.now)
    assert guarded.get("/", shown).status == 200
    browser.logout()
    assert guarded.get("/", shown).status == 302


def test_nobody_is_let_in_while_the_site_is_away(tmp_path, person, token):
    shown = token(person("studio"))
    port = free_port()
    with Wiki() as wiki:
        text = example(listens=port, goodstanding=f"127.0.0.1:{free_port()}", wiki=wiki.port, members="http://m.test")
        with running(tmp_path, text, port=int(port)):
            assert Guarded(int(port), wiki).get("/", shown).status == 500
        assert wiki.asked == []
