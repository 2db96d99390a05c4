"""Accounts: signing up, logging in and out, a new password, a confirmed e-mail; and what strangers are not told."""

from __future__ import annotations

import logging
import re

import pytest
from django.core import mail
from django.core.cache import cache
from django.urls import NoReverseMatch, reverse

from goodstanding.people.models import Member, User

pytestmark = pytest.mark.django_db

SIGN_UP, LOG_IN, LOG_OUT = "/accounts/signup/", "/accounts/login/", "/accounts/logout/"
FORGOTTEN, CHANGE = "/accounts/password/reset/", "/accounts/password/change/"
PASSWORD = "a-long-one-of-erin-s"
ANOTHER = "quite-another-of-hers"
ERIN = {"name": "Erin Elm", "email": "Erin@Example.ORG", "password1": PASSWORD}
UNWANTED = ("account_email", "account_inactive", "account_reauthenticate", "account_confirm_login_code")


@pytest.fixture(autouse=True)
def no_limits_reached():
    """Rate limits are kept in the cache, which outlives a test."""
    cache.clear()


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    """``committed(call)``: do it, and what was to follow its commit."""

    def run(call):
        with django_capture_on_commit_callbacks(execute=True):
            return call()

    return run


@pytest.fixture
def erin(client, clock, committed):
    committed(lambda: client.post(SIGN_UP, ERIN))
    client.logout()
    return User.objects.get(email="erin@example.org")


def in_the_mail():
    """Return the path of the one link in the last mail."""
    (link,) = re.findall(r"http://testserver(/\S+)", str(mail.outbox[-1].body))
    return link


def log_in(client, email="erin@example.org", password=PASSWORD, **more):
    return client.post(LOG_IN, {"login": email, "password": password, **more})


def test_who_signs_up_is_a_user_logged_in_and_no_member(client, clock, committed):
    answer = committed(lambda: client.post(SIGN_UP, ERIN))
    assert (answer.status_code, answer.url) == (302, "/me/")
    user = User.objects.get()
    assert (user.email, user.name, user.joined_at) == ("erin@example.org", "Erin Elm", clock.now)
    assert (user.is_staff, user.is_superuser, user.is_active) == (False, False, True)
    assert client.session["_auth_user_id"] == str(user.pk)
    assert not Member.objects.exists()


def test_who_came_from_a_page_is_led_back_and_never_elsewhere(client, erin):
    assert log_in(client, next="/demo/members/").url == "/demo/members/"
    client.logout()
    for elsewhere in ("https://example.com/", "//example.com/", "javascript:alert(1)"):
        assert log_in(client, next=elsewhere).url == "/me/"
        client.logout()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": ""}, "This field is required."),
        ({"name": "e" * 201}, "at most 200 characters"),
        ({"email": "erin"}, "Enter a valid email address."),
        ({"password1": ""}, "This field is required."),
        ({"password1": "short-one"}, "at least 10 characters"),
        ({"password1": "password1234"}, "too common"),
        ({"password1": "erin@example.org"}, "too similar"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept_but_the_password(client, wrong, words):
    page = client.post(SIGN_UP, {**ERIN, **wrong}).content.decode()
    assert words in page
    assert "This needs another look" in page
    assert not User.objects.exists()
    assert wrong.get("email", "Erin@Example.ORG") in page
    assert 'value="Erin Elm"' in page or "name" in wrong
    assert not re.search(r'type="password"[^>]*value=', page)


def test_an_e_mail_has_one_account_whatever_its_case(client, erin):
    page = client.post(SIGN_UP, {**ERIN, "email": "ERIN@example.org"}).content.decode()
    assert "A user is already registered with this email address." in page
    assert User.objects.count() == 1


def test_nobody_makes_himself_staff(client, clock):
    client.post(SIGN_UP, {**ERIN, "is_staff": "1", "is_superuser": "1", "joined_at": "1999-01-01"})
    user = User.objects.get()
    assert (user.is_staff, user.is_superuser, user.joined_at) == (False, False, clock.now)


@pytest.mark.parametrize("typed", ["erin@example.org", "Erin@Example.org", " erin@example.org "])
def test_the_e_mail_s_case_does_not_matter_at_log_in(client, erin, typed):
    assert log_in(client, typed).url == "/me/"


def test_the_demo_s_people_who_never_signed_up_here_can_log_in(client, alice):
    alice.user.set_password(PASSWORD)
    alice.user.save()
    assert log_in(client, "alice@example.org").url == "/me/"


def test_a_wrong_password_and_an_unknown_e_mail_are_told_the_same(client, erin):
    pages = []
    for email, password in (("erin@example.org", ANOTHER), ("nobody@example.org", PASSWORD)):
        answer = log_in(client, email, password)
        assert (answer.status_code, "_auth_user_id" in client.session) == (200, False)
        pages.append(answer.content.decode().replace(email, "…"))
    assert re.sub(r'value="\w{64}"', "", pages[0]) == re.sub(r'value="\w{64}"', "", pages[1])


def test_who_was_shut_out_by_staff_cannot_log_in(client, erin):
    User.objects.update(is_active=False)
    answer = log_in(client)
    assert (answer.status_code, "_auth_user_id" in client.session) == (200, False)


def test_guessing_is_stopped_for_this_e_mail_also_with_the_right_one(client, erin):
    for _ in range(5):
        log_in(client, password=ANOTHER)
    assert "Too many failed login attempts" in log_in(client).content.decode()
    assert "_auth_user_id" not in client.session


def test_asking_without_end_is_stopped_kindly(client, erin):
    answers = [client.post(FORGOTTEN, {"email": "erin@example.org"}).status_code for _ in range(6)]
    assert answers == [302] * 5 + [429]
    assert "Too many tries" in client.post(FORGOTTEN, {"email": "erin@example.org"}).content.decode()


@pytest.mark.parametrize(("ticked", "at_close"), [({}, True), ({"remember": "on"}, False)])
def test_the_session_lasts_as_long_as_was_asked_for(client, erin, ticked, at_close):
    log_in(client, **ticked)
    assert client.session.get_expire_at_browser_close() is at_close


def test_logging_out_takes_a_form(client, erin):
    log_in(client)
    assert "Log out" in client.get(LOG_OUT).content.decode()
    assert "_auth_user_id" in client.session
    assert client.post(LOG_OUT).url == "/"
    assert "_auth_user_id" not in client.session


def test_a_confirmation_is_asked_for_and_not_waited_for(client, clock, committed):
    from allauth.account.models import EmailAddress

    committed(lambda: client.post(SIGN_UP, ERIN))
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == (["erin@example.org"], "Goodstanding: is this your address?")
    assert not EmailAddress.objects.get().verified
    link = in_the_mail()
    assert "Is erin@example.org yours?" in client.get(link).content.decode()
    assert not EmailAddress.objects.get().verified, "a program that follows links confirms nothing"
    assert client.post(link).url == "/me/"
    assert EmailAddress.objects.get().verified
    assert "This link no longer works" in client.get("/accounts/confirm-email/made-up/").content.decode()


def test_a_forgotten_password_is_replaced_once_by_the_link_in_the_mail(client, erin, committed):
    answer = committed(lambda: client.post(FORGOTTEN, {"email": "ERIN@example.org"}))
    assert answer.url == "/accounts/password/reset/done/"
    link = in_the_mail()
    form = client.get(link, follow=True)
    address = form.redirect_chain[-1][0]
    assert link.rsplit("-", 1)[-1].strip("/") not in address, "the key is not left in the address"
    slip = client.post(address, {"password1": ANOTHER, "password2": PASSWORD}).content.decode()
    assert "You must type the same password each time." in slip
    assert User.objects.get().check_password(PASSWORD)
    assert client.post(address, {"password1": ANOTHER, "password2": ANOTHER}).url.endswith("/key/done/")
    assert User.objects.get().check_password(ANOTHER)
    assert "_auth_user_id" not in client.session
    assert "This link no longer works" in client.get(link, follow=True).content.decode()
    assert log_in(client, password=ANOTHER).url == "/me/"


def test_an_unknown_e_mail_is_told_so_in_its_own_mailbox_alone(client, erin, committed):
    pages = []
    for email in ("erin@example.org", "nobody@example.org"):
        answer = committed(lambda email=email: client.post(FORGOTTEN, {"email": email}, follow=True))
        pages.append(answer.content)
    assert pages[0] == pages[1]
    assert mail.outbox[-1].to == ["nobody@example.org"]
    assert "There is no account with this address" in mail.outbox[-1].body.replace("\n", " ")
    assert "/password/reset/key/" not in mail.outbox[-1].body


def test_a_link_for_another_password_made_up_leads_nowhere(client, erin):
    page = client.get("/accounts/password/reset/key/1-abc-def/", follow=True).content.decode()
    assert "This link no longer works" in page


def test_the_password_is_changed_by_who_knows_the_old_one(client, erin):
    assert client.get(CHANGE).url == f"{LOG_IN}?next={CHANGE}"
    log_in(client)
    new = {"password1": ANOTHER, "password2": ANOTHER}
    assert client.post(CHANGE, {"oldpassword": "guessed-by-bob", **new}).status_code == 200
    assert User.objects.get().check_password(PASSWORD)
    assert client.post(CHANGE, {"oldpassword": PASSWORD, **new}).status_code == 302
    assert User.objects.get().check_password(ANOTHER)
    assert "_auth_user_id" in client.session


def test_a_mail_server_that_is_away_keeps_nobody_out_and_its_words_out_of_the_log(
    client, clock, committed, settings, caplog
):
    settings.EMAIL_BACKEND = "tests.site.test_accounts.Away"
    with caplog.at_level(logging.DEBUG):
        answer = committed(lambda: client.post(SIGN_UP, ERIN))
    assert answer.url == "/me/"
    assert "a mail about an account was not sent" in caplog.text
    assert "example.org" not in caplog.text.lower()


class Away:
    """A mail server that refuses, naming the address."""

    def __init__(self, *args, **kwargs):
        pass

    def send_messages(self, messages):
        from smtplib import SMTPRecipientsRefused

        raise SMTPRecipientsRefused({messages[0].to[0]: (550, b"no such box")})


def test_nothing_is_mailed_of_what_is_not_committed(client, clock, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=False) as waiting:
        client.post(SIGN_UP, ERIN)
    assert (len(waiting), mail.outbox) == (1, [])


def test_the_organisation_s_name_stands_on_pages_and_in_mails(client, clock, committed, settings):
    settings.GOODSTANDING_ORGANISATION = "Elm & Oak <Workshop>"
    assert "Elm &amp; Oak &lt;Workshop&gt;" in client.get(LOG_IN).content.decode()
    committed(lambda: client.post(SIGN_UP, ERIN))
    assert mail.outbox[0].subject == "Elm & Oak <Workshop>: is this your address?"
    assert "Elm & Oak <Workshop>" in mail.outbox[0].body


@pytest.mark.parametrize("name", UNWANTED)
def test_pages_that_nobody_asked_for_are_not_there(name):
    with pytest.raises(NoReverseMatch):
        reverse(name)


@pytest.mark.parametrize("address", [SIGN_UP, LOG_IN, FORGOTTEN])
def test_the_pages_are_under_the_strict_policy_are_not_kept_and_take_no_form_from_elsewhere(address):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    answer = client.get(address)
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert "no-store" in answer.get("Cache-Control", "")
    assert " style=" not in answer.content.decode()
    assert client.post(address, ERIN).status_code == 403


def test_staff_s_own_log_in_stays_where_it_was(client, dana):
    dana.set_password(PASSWORD)
    dana.save()
    assert client.get("/admin/").url.startswith("/admin/login/")
    answer = client.post("/admin/login/?next=/admin/", {"username": "dana@example.org", "password": PASSWORD})
    assert answer.url == "/admin/"


def test_the_first_page_names_people_to_try_only_in_a_demonstration(client, settings, clock):
    from goodstanding.people.services import DEMO_PASSWORD, ensure_demo_people

    assert DEMO_PASSWORD not in client.get("/").content.decode()
    ensure_demo_people(now=clock.now)
    assert DEMO_PASSWORD in client.get("/").content.decode()
    settings.GOODSTANDING_DEMO = False
    page = client.get("/").content.decode()
    assert DEMO_PASSWORD not in page
    assert "dana@example.org" not in page


def test_the_head_leads_where_one_may_go(client, alice, dana):
    for who, there, missing in (
        (None, {"/join/", LOG_IN}, {"/me/", "/office/", LOG_OUT}),
        (alice.user, {"/join/", "/me/", LOG_OUT}, {"/office/", LOG_IN}),
        (dana, {"/join/", "/me/", "/office/", LOG_OUT}, {LOG_IN}),
    ):
        client.logout()
        if who:
            client.force_login(who)
        head = client.get("/healthless").content.decode().partition("<main")[0]
        linked = set(re.findall(r'(?:href|action)="([^"#]*)"', head))
        assert there <= linked, who
        assert not missing & linked, who


def test_an_error_page_needs_nothing_but_itself(settings):
    from django.template.loader import get_template

    page = get_template("500.html").render()
    assert "Something went wrong on our side" in page
    assert "Goodstanding" in page
