"""GOODSTANDING_SMTP_URL says which mail server; whatever is wrong with it, no password is repeated."""

from __future__ import annotations

import subprocess
import sys

import pytest
from django.core import checks, mail

from goodstanding import conf
from goodstanding.conf import BadSetting
from goodstanding.site import shown_mails
from goodstanding.site.smtp_url import BadSmtpUrl, parse


@pytest.mark.parametrize(
    ("url", "host", "port", "user", "password", "tls", "ssl"),
    [
        ("smtp://localhost", "localhost", 25, "", "", False, False),
        ("smtp://[::1]:2525", "::1", 2525, "", "", False, False),
        ("smtp://relay.internal", "relay.internal", 25, "", "", False, False),
        ("smtp://a:b@localhost", "localhost", 25, "a", "b", False, False),
        ("smtp+tls://a%40b.org:p%2F%3A%40@mail.example.org", "mail.example.org", 587, "a@b.org", "p/:@", True, False),
        ("smtps://a:b@mail.example.org:4650/", "mail.example.org", 4650, "a", "b", False, True),
    ],
)
def test_a_mail_server_is_read(url, host, port, user, password, tls, ssl):
    found = parse(url)
    assert found.pop("EMAIL_BACKEND") == "django.core.mail.backends.smtp.EmailBackend"
    assert 0 < found.pop("EMAIL_TIMEOUT") < 60
    assert found == {
        "EMAIL_HOST": host,
        "EMAIL_PORT": port,
        "EMAIL_HOST_USER": user,
        "EMAIL_HOST_PASSWORD": password,
        "EMAIL_USE_TLS": tls,
        "EMAIL_USE_SSL": ssl,
    }


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://user:hunter2@mail.example.org", "it must begin with"),
        ("user:hunter2@mail.example.org", "it must begin with"),
        ("smtps://user:hunter2@", "name is missing"),
        ("smtps://user:hunter2/@mail.example.org", "cannot be read"),
        ("smtps://user:hunter2@mail.example.org:port", "cannot be read"),
        ("smtps://user:hunter2@mail.example.org:99999", "cannot be read"),
        ("smtps://user@mail.example.org", "belong together"),
        ("smtps://:hunter2@mail.example.org", "belong together"),
        ("smtps://user:hunter2@mail.example.org/path", "nothing may follow"),
        ("smtps://user:25?hunter2@mail.example.org", "nothing may follow|belong together"),
        ("smtps://user:25#hunter2@mail.example.org", "nothing may follow|belong together"),
        ("smtp://user:hunter2@mail.example.org", "in plain"),
    ],
)
def test_what_names_no_mail_server_is_refused_without_its_password(url, words):
    with pytest.raises(BadSmtpUrl, match=words) as caught:
        parse(url)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_without_a_mail_server_mails_are_shown_on_standard_error(capsys):
    assert parse("") == {"EMAIL_BACKEND": "goodstanding.site.shown_mails.EmailBackend"}
    connection = shown_mails.EmailBackend()
    mail.EmailMessage("A subject", "Words", "a@example.org", ["b@example.org"], connection=connection).send()
    out, err = capsys.readouterr()
    assert out == ""
    assert "Subject: A subject" in err


def test_the_command_line_repeats_no_password(tmp_path):
    environment = {
        "GOODSTANDING_ENV_FILE": "",
        "GOODSTANDING_HOME": str(tmp_path),
        "GOODSTANDING_SMTP_URL": "smtps://user:hunter2@mail.example.org:port",
    }
    command = [sys.executable, "-m", "goodstanding.cli", "check"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert "GOODSTANDING_SMTP_URL" in done.stderr
    assert "hunter2" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "text",
    ["hello@example.org", "Fixers <hello@example.org>", '"Fixers, Inc." <hello@example.org>', "Æ <a@localhost>"],
)
def test_a_sender_is_read(text):
    assert conf.MAIL_FROM.from_text(text) == text


@pytest.mark.parametrize(
    "text", ["Fixers", "Fixers <>", "a@example.org\nBcc: b@example.org", "Fixers <a b@x.org>", "@"]
)
def test_what_is_no_sender_is_refused(text):
    with pytest.raises(BadSetting, match="GOODSTANDING_MAIL_FROM"):
        conf.MAIL_FROM.from_text(text)


@pytest.mark.parametrize("text", ["a\nb", " ", "x" * 101])
def test_an_organisations_name_is_one_line(text):
    with pytest.raises(BadSetting, match="GOODSTANDING_ORGANISATION"):
        conf.ORGANISATION.from_text(text)


@pytest.mark.parametrize(
    ("backend", "https", "found"),
    [
        ("goodstanding.site.shown_mails.EmailBackend", True, ["gs.W041"]),
        ("goodstanding.site.shown_mails.EmailBackend", False, []),
        ("django.core.mail.backends.smtp.EmailBackend", True, []),
    ],
)
def test_a_site_in_use_without_a_mail_server_is_found(settings, backend, https, found):
    settings.EMAIL_BACKEND, settings.GOODSTANDING_HTTPS = backend, https
    messages = checks.run_checks(tags=["goodstanding"], include_deployment_checks=True)
    assert [message.id for message in messages] == found
