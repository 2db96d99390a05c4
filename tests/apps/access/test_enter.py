"""The way in: a pass for who is logged in, and on to where he wanted to go, which is a host of ours or nowhere."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

import pytest

from goodstanding.access.models import Pass
from goodstanding.access.services import pass_for
from goodstanding.access.views import COOKIE

pytestmark = pytest.mark.django_db

WIKI = "https://wiki.example.org/page?a=1&b=2"
EVIL = [
    "https://evil.example.com/",
    "//evil.example.com/",
    "///evil.example.com/",
    "https:///evil.example.com/",
    "https://wiki.example.org.evil.example.com/",
    "https://wiki.example.org@evil.example.com/",
    "https://wiki.example.org:8443/",
    "https:\\\\evil.example.com/",
    "javascript:alert(1)",
    "data:text/html,x",
    "ftp://wiki.example.org/",
    "http://[",
]


@pytest.fixture(autouse=True)
def guarded_host(settings):
    settings.GOODSTANDING_ACCESS_HOSTS = ("wiki.example.org",)


@pytest.fixture
def member(client, person):
    client.force_login(person("studio"))
    return client


def test_a_member_is_given_a_pass_that_the_check_knows(member):
    answer = member.get("/access/enter?level=studio&next=/there%3Fa=1")
    assert (answer.status_code, answer["Location"]) == (302, "/there?a=1")
    assert "no-store" in answer["Cache-Control"]
    cookie = answer.cookies[COOKIE]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert (cookie["domain"], cookie["secure"], cookie["path"]) == ("", "", "/")
    assert cookie["max-age"] == 14 * 86400
    assert member.get("/access/check?level=studio").status_code == 200


def test_the_cookie_follows_the_settings(member, settings):
    settings.GOODSTANDING_ACCESS_COOKIE_DOMAIN = "example.org"
    settings.SESSION_COOKIE_SECURE = True
    settings.SESSION_EXPIRE_AT_BROWSER_CLOSE = True
    cookie = member.get("/access/enter").cookies[COOKIE]
    assert (cookie["domain"], cookie["secure"], cookie["max-age"]) == ("example.org", True, "")


def test_without_a_place_to_go_it_is_the_first_page(member):
    assert member.get("/access/enter")["Location"] == "/"


def test_a_stranger_logs_in_first_and_comes_back_with_all_that_he_wanted(client, settings, person):
    from urllib.parse import parse_qs, urlsplit

    settings.LOGIN_URL = "/log-in/"
    answer = client.get(f"/access/enter?level=studio&next={WIKI}")
    assert answer.status_code == 302
    assert COOKIE not in answer.cookies
    (back,) = parse_qs(urlsplit(answer["Location"]).query)["next"]
    client.force_login(person("studio"))
    assert client.get(back)["Refresh"] == f"0; url={WIKI}"


@pytest.mark.parametrize("given", [WIKI, quote(WIKI), quote(WIKI, safe="")], ids=["as it is", "quoted", "quoted whole"])
def test_a_guarded_host_is_reached_by_a_page_of_its_own_whether_or_not_the_proxy_can_quote(member, given):
    # A redirect would be forbidden to who comes from the log-in form, by the content policy of that page.
    answer = member.get(f"/access/enter?level=studio&next={given}")
    assert answer.status_code == 200
    assert answer["Refresh"] == f"0; url={WIKI}"
    assert 'href="https://wiki.example.org/page?a=1&amp;b=2"' in answer.content.decode()
    assert COOKIE in answer.cookies


def test_what_belongs_to_the_target_is_no_question(member):
    address = "https://wiki.example.org/?level=locker&colour=red"
    assert member.get(f"/access/enter?level=studio&next={address}")["Refresh"] == f"0; url={address}"


def test_who_is_sent_back_at_once_is_told_instead_of_sent_for_ever(member):
    member.get(f"/access/enter?next={WIKI}")
    answer = member.get(f"/access/enter?next={WIKI}")
    assert "Refresh" not in answer
    assert "wiki.example.org sent you back" in answer.content.decode()
    assert "Refresh" in member.get(f"/access/enter?next={WIKI}&c=3")


@pytest.mark.parametrize("address", EVIL)
@pytest.mark.parametrize("quoted", [False, True])
def test_nobody_is_led_to_strangers(member, address, quoted):
    answer = member.get(f"/access/enter?next={quote(address, safe='') if quoted else address}")
    assert answer.status_code == 400
    assert COOKIE not in answer.cookies
    assert "evil" not in answer.content.decode()


def test_an_address_that_would_be_a_header_or_a_script_stays_an_address(member):
    answer = member.get("/access/enter?next=https://wiki.example.org/%0d%0aSet-Cookie:x=1%22%3E%3Cscript%3E")
    assert "\n" not in answer["Refresh"]
    assert "<script" not in answer.content.decode()
    assert "x" not in answer.cookies


def test_with_https_nobody_is_led_to_http(member, settings):
    settings.SESSION_COOKIE_SECURE = True
    assert member.get("/access/enter?next=http://wiki.example.org/").status_code == 400
    assert member.get("/access/enter?next=https://wiki.example.org/").status_code == 200


@pytest.mark.parametrize("query", ["level=", "levels=studio", "level=%3Cb%3E"])
def test_a_slip_in_the_question_is_told(member, query):
    assert member.get(f"/access/enter?{query}").status_code == 400


def test_only_reading_is_possible(member):
    assert member.post("/access/enter").status_code == 405


def test_who_is_refused_is_told_why_and_keeps_where_he_wanted_to_go(client, person):
    client.force_login(person("bench"))
    answer = client.get(f"/access/enter?level=studio&next={WIKI}")
    assert answer.status_code == 403
    page = answer.content.decode()
    assert "This is for members of another level: studio." in page
    assert 'href="https://wiki.example.org/page?a=1&amp;b=2"' in page
    # Known from now on, so that the check says why and does not send him to log in again.
    assert client.get("/access/check?level=studio")["X-Goodstanding-Reason"] == "other_level"
    assert client.get("/access/check").status_code == 200


def test_one_log_in_has_one_pass(member):
    for _ in range(3):
        member.get("/access/enter")
    assert Pass.objects.count() == 1


def test_a_new_password_needs_a_new_pass(member, person):
    from django.contrib.auth import get_user_model

    member.get("/access/enter")
    (before,) = Pass.objects.all()
    alice = get_user_model().objects.get()
    alice.set_password("another-password-of-hers")
    alice.save()
    after = pass_for(alice, session_key=before.session_key, now=before.made_at)
    assert Pass.objects.count() == 1
    assert not after.startswith(before.pk)


def test_a_session_handed_to_somebody_else_hands_no_pass_on(member, dana, clock):
    member.get("/access/enter")
    (before,) = Pass.objects.all()
    after = pass_for(dana, session_key=before.session_key, now=clock.now)
    assert not after.startswith(before.pk)
    assert Pass.objects.get().user == dana


def test_old_passes_go_when_a_new_one_is_made(person, dana, clock):
    alice = person("studio")
    pass_for(alice, session_key="old", now=clock.now - timedelta(days=15))
    pass_for(alice, session_key="recent", now=clock.now - timedelta(days=13))
    pass_for(dana, session_key="dana's", now=clock.now - timedelta(days=15))
    pass_for(alice, session_key="new", now=clock.now)
    assert sorted(Pass.objects.values_list("session_key", flat=True)) == ["dana's", "new", "recent"]


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, set()),
        ({"GOODSTANDING_ACCESS_COOKIE_DOMAIN": "example.org"}, set()),
        ({"GOODSTANDING_ACCESS_COOKIE_DOMAIN": ".Example.org"}, set()),
        ({"GOODSTANDING_ACCESS_COOKIE_DOMAIN": "ample.org"}, {"gs.W031"}),
        ({"GOODSTANDING_ACCESS_COOKIE_DOMAIN": "members.example.org"}, {"gs.W031"}),
        ({"SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies"}, {"gs.W032"}),
    ],
)
def test_settings_that_cannot_work_are_found(settings, changes, wanted):
    from django.core import checks

    for name, value in changes.items():
        setattr(settings, name, value)
    assert {message.id for message in checks.run_checks(tags=["goodstanding"])} == wanted
