"""The forward-auth check: who is known by what, what is told, what ends a pass, and that nothing forged changes anything."""

from __future__ import annotations

import logging
from importlib import import_module

import pytest
from django.conf import settings as django_settings
from django.core import signing
from django.http import HttpResponse
from django.urls import reverse

from goodstanding.access.models import Pass
from goodstanding.access.services import pass_for
from goodstanding.access.views import COOKIE
from tests.access_cases import DAY, granted

pytestmark = pytest.mark.django_db

CHECK = "/access/check"
TOLD = ("Member", "Status", "Levels", "Until")
FORGED = {
    "Cookie": "sessionid=forged",
    "X-Goodstanding-Member": "mbr_forged",
    "X-Goodstanding-Status": "good",
    "X-Goodstanding-Level": "locker",
    "X-Original-URI": "/public/",
    "X-Original-Method": "OPTIONS",
    "X-Forwarded-For": "127.0.0.1",
    "X-Forwarded-Host": "members.example.org",
    "X-Forwarded-Method": "OPTIONS",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Uri": "/access/check?level=locker",
    "X-Real-IP": "127.0.0.1",
    "Forwarded": "for=127.0.0.1;host=members.example.org;proto=https",
    "X-HTTP-Method-Override": "OPTIONS",
    "X-Rewrite-URL": "/",
    "Authorization": "Bearer forged",
    "Remote-User": "alice@example.org",
    "Host": "elsewhere.example.com",
}


def told(answer):
    return {name: answer.get(f"X-Goodstanding-{name}") for name in TOLD}


def test_a_member_is_told_of(with_pass, person):
    alice = person("studio, in grace")
    answer = with_pass(alice).get(CHECK)
    assert (answer.status_code, answer.content, answer["Content-Length"]) == (200, b"", "0")
    assert told(answer) == {
        "Member": alice.gs_member.pk,
        "Status": "grace",
        "Levels": "studio",
        "Until": "2026-02-27T10:00:00Z",
    }
    assert answer["X-Goodstanding-Reason"] == "ok"


def test_what_has_no_end_says_so(with_pass, person):
    assert with_pass(person("studio, for ever")).get(CHECK)["X-Goodstanding-Until"] == "unlimited"


def test_levels_are_those_in_standing(with_pass, charlie, stands):
    stands(charlie, (granted("bench"), granted("studio"), granted("locker", ends=-1)))
    assert with_pass(charlie).get(CHECK)["X-Goodstanding-Levels"] == "bench,studio"


def test_a_refused_member_is_told_of_and_a_stranger_is_not(with_pass, client, person):
    browser = with_pass(person("studio, grace is over"))
    answer = browser.get(f"{CHECK}?level=studio")
    assert answer.status_code == 403
    assert answer["X-Goodstanding-Status"] == "lapsed"
    assert answer["X-Goodstanding-Levels"] == ""
    assert answer.content == (
        b"Your membership has ended, or is paused. Renew it: pay what is open, go on after a pause, or buy a new term.\n"
    )
    browser.cookies.clear()
    answer = browser.get(CHECK)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Goodstanding"
    assert answer["X-Goodstanding-Reason"] == "not_logged_in"
    assert set(told(answer).values()) == {None}


@pytest.mark.parametrize("name", ["studio", "studio, grace is over", None])
def test_no_cache_keeps_an_answer(client, with_pass, person, name):
    browser = with_pass(person(name)) if name else client
    answer = browser.get(CHECK)
    assert answer["Cache-Control"] == "no-store"
    assert answer["Vary"] == "Cookie"
    assert not answer.cookies


def test_any_of_several_levels_will_do(with_pass, person):
    browser = with_pass(person("bench"))
    assert browser.get(f"{CHECK}?level=studio&level=bench").status_code == 200
    assert browser.get(f"{CHECK}?level=studio&level=locker").status_code == 403
    assert browser.get(f"{CHECK}?level=nobody-knows").status_code == 403


@pytest.mark.parametrize(
    "query",
    [
        "level=",
        "level=studio&level=",
        "levels=studio",
        "Level=studio",
        "level=a%0d%0ab",
        "level=" + "x" * 61,
        "next=/",
        "x",
    ],
)
def test_a_slip_in_the_question_lets_nobody_in(with_pass, person, query):
    answer = with_pass(person("studio")).get(f"{CHECK}?{query}")
    assert answer.status_code == 400
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
def test_only_reading_is_possible(with_pass, person, method):
    assert getattr(with_pass(person("studio")), method)(CHECK).status_code == 405


@pytest.mark.parametrize("header", FORGED)
def test_a_forged_header_lets_nobody_in(client, header):
    assert client.get(CHECK, headers={header: FORGED[header]}).status_code == 401


@pytest.mark.parametrize("header", sorted(FORGED.keys() - {"Cookie"}))
def test_a_forged_header_changes_no_answer(with_pass, person, header):
    browser = with_pass(person("studio"))
    for query in ("", "?level=studio", "?level=locker"):
        honest, forged = browser.get(CHECK + query), browser.get(CHECK + query, headers={header: FORGED[header]})
        assert (forged.status_code, forged.headers) == (honest.status_code, honest.headers)


def test_the_session_alone_opens_nothing_and_neither_does_another_s_pass(client, person, dana):
    client.force_login(person("studio"))
    assert client.get(CHECK).status_code == 401
    client.cookies[COOKIE] = "x"
    assert client.get(CHECK).status_code == 401


def test_what_is_not_signed_by_us_as_a_pass_is_nothing_and_costs_no_statement(
    client, with_pass, person, django_assert_num_queries
):
    good = with_pass(person("studio")).cookies[COOKIE].value
    key, stamp, signature = good.split(":")
    forged = [
        "",
        key,
        f"{key}:{stamp}",
        f"{key}:{stamp}:{signature[:-1]}",
        f"{key}:{stamp}:{'0' * len(signature)}",
        f"{'A' * len(key)}:{stamp}:{signature}",
        signing.TimestampSigner(salt="another").sign(key),
        signing.TimestampSigner(key="another", salt="goodstanding.access.pass").sign(key),
        "a" * 5000,
        "\x00",
        "ü:ü:ü",
    ]
    for token in forged:
        with django_assert_num_queries(0):
            assert client.get(CHECK, headers={"Cookie": f"{COOKIE}={token}"}).status_code == 401, token


def test_the_pass_does_not_show_the_session(with_pass, person):
    browser = with_pass(person("studio"))
    assert browser.session.session_key not in browser.cookies[COOKIE].value


def test_who_logs_out_is_out_at_once_also_where_the_cookie_was_copied(with_pass, person):
    browser = with_pass(person("studio"))
    copied = browser.cookies[COOKIE].value
    assert browser.get(CHECK).status_code == 200
    browser.logout()
    assert browser.get(CHECK, headers={"Cookie": f"{COOKIE}={copied}"}).status_code == 401


def test_one_browser_s_log_out_leaves_the_others(with_pass, person, clock):
    from django.test import Client

    alice = person("studio")
    other = Client()
    other.force_login(alice)
    other.cookies[COOKIE] = pass_for(alice, session_key=other.session.session_key or "", now=clock.now)
    with_pass(alice).logout()
    assert other.get(CHECK).status_code == 200


def test_a_changed_password_ends_every_pass(with_pass, person):
    alice = person("studio")
    browser = with_pass(alice)
    alice.set_password("another-password-of-hers")
    alice.save()
    assert browser.get(CHECK).status_code == 401


def test_who_is_made_inactive_is_out(with_pass, person):
    alice = person("studio")
    browser = with_pass(alice)
    alice.is_active = False
    alice.save()
    assert browser.get(CHECK).status_code == 401


def test_who_is_removed_is_out(with_pass, charlie):
    browser = with_pass(charlie)
    assert browser.get(CHECK).status_code == 403
    charlie.delete()
    assert browser.get(CHECK).status_code == 401
    assert not Pass.objects.exists()


def test_a_session_that_staff_end_ends_the_pass(with_pass, person):
    browser = with_pass(person("studio"))
    engine = import_module(django_settings.SESSION_ENGINE)
    engine.SessionStore(browser.session.session_key).delete()
    assert browser.get(CHECK).status_code == 401


def test_a_pass_lives_as_long_as_a_session_does(with_pass, person, settings):
    browser = with_pass(person("studio"))
    assert browser.get(CHECK).status_code == 200
    settings.SESSION_COOKIE_AGE = -1  # shorter than it takes to ask
    assert browser.get(CHECK).status_code == 401


def test_a_revocation_counts_from_the_next_check_on_and_time_by_itself(with_pass, person, clock, dana):
    from goodstanding.core.records import HoldKind
    from goodstanding.memberships import services as memberships

    alice = person("studio")
    browser = with_pass(alice)
    assert browser.get(CHECK).status_code == 200
    clock.advance(17 * DAY)
    assert browser.get(CHECK).status_code == 403
    clock.advance(-17 * DAY)
    memberships.hold(alice.gs_member, kind=HoldKind.SUSPENDED, reason="for a test", by=dana, now=clock.now)
    assert browser.get(CHECK).status_code == 403


@pytest.mark.parametrize("many", [1, 40])
@pytest.mark.parametrize("name", ["studio", "studio, grace is over", "charlie, a user", "never began"])
def test_a_check_costs_two_statements_whatever_there_is(
    with_pass, person, stands, clock, django_assert_num_queries, many, name
):
    from goodstanding.people import services

    for count in range(many):
        other = services.make_user(email=f"other{count}@example.org", now=clock.now)
        stands(other, tuple(granted(f"level{place}") for place in range(many)))
        Pass.objects.create(id=f"p{count}", user=other, session_key=f"s{count}", password_stamp="", made_at=clock.now)
    browser = with_pass(person(name))
    with django_assert_num_queries(2):
        browser.get(f"{CHECK}?level=studio")


def test_the_check_takes_the_short_way_and_answers_a_proxy_beside_it_by_plain_http(with_pass, person, settings):
    browser = with_pass(person("studio"))
    settings.SECURE_SSL_REDIRECT = True
    settings.ALLOWED_HOSTS = ["members.example.org"]
    answer = browser.get(CHECK, headers={"Host": "127.0.0.1:8000"})
    assert answer.status_code == 200
    assert "Content-Security-Policy" not in answer
    assert browser.get("/", headers={"Host": "members.example.org"}).status_code == 301


def test_the_check_answers_alike_without_its_middleware(with_pass, person, settings):
    browser = with_pass(person("studio"))
    short = browser.get(CHECK)
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "ForwardAuth" not in name]
    long = browser.get(CHECK)
    assert long.status_code == 200
    assert told(long) == told(short)
    assert long["Cache-Control"] == "no-store"


def test_the_middleware_finds_the_check_under_a_prefix_and_passes_the_rest_on(rf, settings):
    from goodstanding.access.middleware import ForwardAuthMiddleware

    short = ForwardAuthMiddleware(lambda _request: HttpResponse("passed on"))
    assert short(rf.get(reverse("gs_access:check"))).status_code == 401
    for address in ("/access/check/", "/access/checks", "/", "/access/enter"):
        assert short(rf.get(address)).content == b"passed on"


def test_refusals_are_logged_by_ids_alone(with_pass, person, caplog):
    alice = person("studio, grace is over")
    with caplog.at_level(logging.INFO, logger="goodstanding"):
        with_pass(alice).get(CHECK, headers={"X-Original-URI": "/secret-page?token=1"})
    (line,) = [record for record in caplog.records if record.name.startswith("goodstanding.access")]
    assert (line.member, line.refusal) == (alice.gs_member.pk, "lapsed")
    assert "secret" not in str(line.__dict__)
    assert alice.email not in str(line.__dict__)


def test_strangers_fill_no_log(client, caplog):
    with caplog.at_level(logging.INFO):
        assert client.get(CHECK).status_code == 401
    assert caplog.records == []


class TestTheBodyOfARefusal:
    """Traefik and Caddy show people what the check answers: it leads them in, where the site's address is known."""

    HEADERS = {
        "Accept": "text/html,*/*",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "wiki.example.org",
        "X-Forwarded-Uri": "/page?a=1&b=<2>",
    }

    @pytest.fixture(autouse=True)
    def site(self, settings):
        settings.GOODSTANDING_URL = "https://members.example.org"
        settings.GOODSTANDING_ACCESS_HOSTS = ("wiki.example.org",)

    def test_it_leads_in_and_back(self, client):
        answer = client.get(f"{CHECK}?level=studio", headers=self.HEADERS)
        assert answer.status_code == 401
        page = answer.content.decode()
        assert "You are not logged in." in page
        wanted = "next=https%3A%2F%2Fwiki.example.org%2Fpage%3Fa%3D1%26b%3D%3C2%3E"
        assert f'href="https://members.example.org/access/enter?level=studio&amp;{wanted}"' in page
        assert "default-src 'none'" in answer["Content-Security-Policy"]

    @pytest.mark.parametrize(
        "forged",
        [
            {"X-Forwarded-Host": "evil.example.com"},
            {"X-Forwarded-Host": "wiki.example.org@evil.example.com"},
            {"X-Forwarded-Host": "evil.example.com#wiki.example.org"},
            {"X-Forwarded-Host": "evil.example.com\\@wiki.example.org"},
            {"X-Forwarded-Proto": "javascript"},
            {"X-Forwarded-Uri": "@evil.example.com/"},
        ],
    )
    def test_a_forged_address_leads_to_nobody_else(self, client, forged):
        page = client.get(CHECK, headers=self.HEADERS | forged).content.decode()
        assert 'href="https://members.example.org/access/enter?"' in page
        assert "evil" not in page

    def test_it_speaks_the_reader_s_language_and_plain_text_to_a_program(self, client, settings):
        assert client.get(CHECK)["Content-Type"] == "text/plain"
        answer = client.get(CHECK, headers=self.HEADERS | {"Accept-Language": "de"})
        assert '<html lang="de">' in answer.content.decode()
