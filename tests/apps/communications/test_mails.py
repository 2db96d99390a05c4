"""Mails: posted with what they tell of, sent once, tried again, given up on at last."""

from __future__ import annotations

import logging
import smtplib
from datetime import timedelta
from email.header import decode_header, make_header
from email.utils import getaddresses, parsedate_to_datetime

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from goodstanding.communications import sending, services
from goodstanding.communications.kinds import BadContext, UnknownKind
from goodstanding.communications.models import Mail
from goodstanding.jobs import lease, registry
from goodstanding.jobs.worker import Worker
from tests.apps.communications.told import LINK

State = Mail.State
SECOND = timedelta(seconds=1)
REFUSED = smtplib.SMTPRecipientsRefused({"alice@example.org": (550, b"no alice@example.org here")})
GREYLISTED = smtplib.SMTPRecipientsRefused({"alice@example.org": (451, b"later")})
pytestmark = [pytest.mark.django_db]


def only() -> Mail:
    return Mail.objects.get()


# Posting


def test_a_mail_is_kept_as_it_was_said(post, clock):
    assert post("challenge-1", about="mbr_alice", language="de")
    mail = only()
    assert (mail.kind, mail.key, mail.about, mail.language) == ("card_challenge", "challenge-1", "mbr_alice", "de")
    assert (mail.to_address, mail.to_name, mail.state) == ("alice@example.org", "Alice", State.OPEN)
    assert (mail.created_at, mail.due_at, mail.sent_at) == (clock.now, clock.now, None)
    assert mail.id.startswith("mail_")
    assert LINK in mail.text
    assert "25.00 EUR" in mail.subject


def test_the_same_key_again_changes_nothing(post, clock):
    assert post("receipt-1", kind="receipt")
    before = Mail.objects.values().get()
    clock.advance(SECOND)
    assert not post("receipt-1", kind="receipt", to="bob@example.org")
    assert not post("receipt-1", kind="lapsed")
    assert Mail.objects.values().get() == before
    assert post("receipt-2", kind="receipt")


def test_the_same_key_again_does_not_send_a_second_mail(post, server, clock):
    post()
    services.work_once(now=clock.now)
    assert not post()
    assert services.work_once(now=clock.now) == 0
    assert len(server.taken) == 1


def test_a_mail_goes_with_the_transaction_that_posted_it(post):
    def post_and_fail() -> None:
        with transaction.atomic():
            post()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        post_and_fail()
    assert not Mail.objects.exists()
    assert post()


@pytest.mark.parametrize(("kind", "error"), [("greeting", UnknownKind), ("receipt", BadContext)])
def test_a_mistake_of_the_callers_is_refused(clock, kind, error):
    with pytest.raises(error):
        services.post(kind, key="1", to="alice@example.org", context={}, now=clock.now)
    assert not Mail.objects.exists()


def test_where_there_is_no_address_nobody_is_written_to(post):
    assert not post(to="")
    assert not Mail.objects.exists()


@pytest.mark.parametrize(
    "address",
    [
        "alice",
        "alice@example.org\nBcc: bob@example.org",
        "alice@example.org\r\n",
        "alice@example.org, bob@example.org",
        "Alice <alice@example.org>",
        "a" * 300 + "@example.org",
    ],
)
def test_a_wrong_address_harms_nobody_and_is_seen_by_staff(post, server, clock, address):
    assert post(to=address)
    mail = only()
    assert (mail.state, mail.last_error) == (State.PARKED, sending.BAD_ADDRESS)
    assert "\n" not in mail.to_address
    services.retry([mail.pk], now=clock.now)
    services.work_once(now=clock.now)
    if address.strip() != "alice@example.org":  # what could be put right was
        assert (only().state, server.taken) == (State.PARKED, [])


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Alice", "Alice"),
        ("", ""),
        ("Alice\r\nBcc: bob@example.org", "Alice Bcc: bob@example.org"),
        ('Liddell, "A" <bob@example.org>', 'Liddell, "A" <bob@example.org>'),
        ("=?utf-8?q?Alice=0ABcc=3A_bob=40example=2Eorg?=", "= ?utf-8?q?Alice=0ABcc=3A_bob=40example=2Eorg?="),
        ("Ælice", "Ælice"),
        ("Ælice,\nBcc: bob@example.org", "Ælice, Bcc: bob@example.org"),
    ],
)
def test_no_name_makes_another_header_or_another_reader(post, server, clock, name, shown):
    post(name=name)
    services.work_once(now=clock.now)
    assert server.readers == ["<alice@example.org>"]
    [message] = server.taken
    [(found, address)] = getaddresses([message["To"]])
    assert (str(make_header(decode_header(found))), address) == (shown, "alice@example.org")
    assert message["Bcc"] is None
    assert only().state == State.SENT


@pytest.mark.parametrize(
    "values",
    [
        {"state": "lost"},
        {"state": State.SENT},  # and no moment
        {"state": State.OPEN, "to_address": ""},
    ],
)
def test_the_database_refuses_what_cannot_be(post, values):
    post()
    with pytest.raises(IntegrityError), transaction.atomic():
        Mail.objects.update(**values)
    with pytest.raises(IntegrityError), transaction.atomic():
        Mail.objects.create(**{**Mail.objects.values().get(), "id": "mail_other"})


# Sending


def test_a_mail_is_sent_once_by_the_worker(post, server, clock):
    post()
    clock.advance(SECOND)
    worker = Worker(name="w", now=lambda: clock.now)
    assert worker.drain() == 1
    assert worker.drain() == 0
    mail = only()
    assert (mail.state, mail.sent_at, mail.last_error, mail.leased_by) == (State.SENT, clock.now, "", "")
    [message] = server.taken
    assert message["Subject"] == mail.subject
    assert message["From"] == "Fixers <hello@fixers.example>"
    assert message["Message-ID"] == f"<{mail.pk}@fixers.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert parsedate_to_datetime(message["Date"]) == clock.now
    text, html = message.get_payload()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert text.get_payload(decode=True).decode() == mail.text
    assert html.get_payload(decode=True).decode() == mail.html


def test_a_few_are_claimed_at_a_time(post, server, clock):
    for number in range(7):
        post(f"challenge-{number}")
    assert len(services.claim(now=clock.now, worker="w", limit=100)) == services.BATCH == 5


def test_a_failure_is_tried_again_later_and_given_up_on_at_last(post, server, clock, caplog):
    post()
    for attempt, pause in enumerate(lease.PAUSES, start=1):
        server.fails.append(OSError("alice@example.org"))
        assert services.due_at() == clock.now
        services.work_once(now=clock.now)
        mail = only()
        assert (mail.state, mail.attempts, mail.due_at) == (State.OPEN, attempt, clock.now + pause)
        assert services.work_once(now=clock.now) == 0
        clock.advance(pause)
    server.fails.append(OSError("alice@example.org"))
    services.work_once(now=clock.now)
    assert (only().state, only().attempts) == (State.PARKED, lease.MAX_ATTEMPTS)
    assert only().last_error.startswith("OSError at goodstanding/communications/sending.py")
    assert services.due_at() is None
    assert server.taken == []


def test_after_a_failure_it_is_sent_and_the_failure_forgotten(post, server, clock):
    post()
    server.fails.append(GREYLISTED)
    services.work_once(now=clock.now)
    assert only().last_error.startswith("SMTPRecipientsRefused")
    services.work_once(now=clock.advance(lease.PAUSES[0]))
    assert (only().state, only().last_error, len(server.taken)) == (State.SENT, "", 1)


def test_an_address_that_the_mail_server_refuses_for_good_is_not_asked_again(post, server, clock):
    post()
    server.fails.append(REFUSED)
    services.work_once(now=clock.now)
    assert (only().state, only().last_error) == (State.PARKED, "address_refused: The mail server answered 550.")


def test_a_backend_that_takes_nothing_has_sent_nothing(post, server, clock):
    post()
    server.takes = False
    services.work_once(now=clock.now)
    assert only().state == State.OPEN
    assert only().last_error.startswith("NothingSent")


def test_nothing_personal_is_logged(post, server, clock, caplog):
    caplog.set_level(logging.DEBUG)
    post("sent", kind="refunded", name="Alice Liddell")
    services.work_once(now=clock.now)
    for number, error in enumerate([OSError("alice@example.org: Liddell"), REFUSED]):
        post(f"fails-{number}", kind="refunded", name="Alice Liddell")
        server.fails.append(error)
        services.work_once(now=clock.now)
    post("wrong", kind="refunded", to="alice@example.org\n", name="Alice Liddell")
    ours = [record for record in caplog.records if record.name.startswith("goodstanding")]
    said = " ".join(f"{record.getMessage()} {vars(record)}" for record in ours)
    assert "mail sent" in said
    assert "OSError" in said
    kept = " ".join(Mail.objects.values_list("last_error", flat=True))
    for secret in ("alice@example.org", "Liddell", "25.00", "You keep"):
        assert secret not in said + kept, secret


# Workers that die, or are late


def test_a_mail_whose_worker_died_waits_for_the_lease_and_is_sent_then(post, server, clock):
    post()
    assert services.claim(now=clock.now, worker="dead", limit=1)
    assert services.work_once(now=clock.advance(lease.LEASE - SECOND)) == 0
    assert services.due_at() == clock.now + SECOND
    assert services.work_once(now=clock.advance(SECOND)) == 1
    assert (only().state, only().attempts, len(server.taken)) == (State.SENT, 1, 1)


def test_a_worker_killed_between_sending_and_noting_it_has_it_sent_twice_with_one_id(post, server, clock):
    class Killed(BaseException):
        """As SIGKILL does: nothing is cleaned up."""

    def kill() -> None:
        raise Killed

    post()
    server.meanwhile.append(kill)
    with pytest.raises(Killed):
        services.work_once(now=clock.now)
    assert services.work_once(now=clock.advance(lease.LEASE - SECOND)) == 0
    assert len(server.taken) == 1
    assert services.work_once(now=clock.advance(SECOND)) == 1
    first, second = server.taken
    assert first["Message-ID"] == second["Message-ID"]
    assert only().state == State.SENT


def test_a_late_worker_does_not_send_what_another_has_claimed(post, server, clock):
    post()
    [late] = services.claim(now=clock.now, worker="late", limit=1)
    [other] = services.claim(now=clock.advance(lease.LEASE), worker="other", limit=1)
    services.process(late, now=clock.now)
    assert server.taken == []
    services.process(other, now=clock.now)
    assert (only().state, len(server.taken)) == (State.SENT, 1)


def test_the_lease_begins_anew_for_each_mail_of_a_batch(post, server, clock):
    post("challenge-1")
    post("challenge-2")
    first, second = services.claim(now=clock.now, worker="slow", limit=5)
    services.process(first, now=clock.now)
    clock.advance(lease.LEASE - SECOND)
    # While the second is being sent the lease under which both were claimed runs out.
    server.meanwhile.append(lambda: services.work_once(now=clock.advance(SECOND * 2), worker="other"))
    services.process(second, now=clock.now)
    assert len(server.taken) == 2
    assert set(Mail.objects.values_list("state", flat=True)) == {State.SENT}


@pytest.mark.django_db(transaction=True)
def test_a_lock_in_the_database_does_not_send_a_mail_twice(post, server, clock):
    post()
    locked = [OperationalError("locked"), OperationalError("locked")]

    def stubborn(execute, sql, params, many, context):
        if sql.startswith('UPDATE "gs_communications_mail"') and '"sent_at" =' in sql and locked:
            raise locked.pop()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(stubborn):
        services.work_once(now=clock.now)
    assert not locked
    assert (only().state, len(server.taken)) == (State.SENT, 1)


# Trying again, and reading


def test_what_was_given_up_on_is_sent_after_all_and_nothing_else_is(post, server, clock):
    post("refused")
    server.fails.append(REFUSED)
    services.work_once(now=clock.now)
    post("sent")
    services.work_once(now=clock.now)
    everything = list(Mail.objects.values_list("pk", flat=True))
    assert services.retry(everything, now=clock.advance(SECOND)) == 1
    mail = Mail.objects.get(key="refused")
    assert (mail.state, mail.attempts, mail.due_at, mail.last_error) == (State.OPEN, 0, clock.now, "")
    services.work_once(now=clock.now)
    assert len(server.taken) == 2
    assert services.retry(everything, now=clock.now) == 0


def test_one_whose_address_was_erased_is_not_opened_again(post, server, clock):
    post()
    Mail.objects.update(state=State.PARKED, to_address="")
    assert services.retry([only().pk], now=clock.now) == 0


def test_the_latest_mails_come_in_pages(post, clock):
    for number in range(5):
        post(f"challenge-{number}", about="mbr_alice" if number % 2 else "")
        if number != 2:  # two at one moment
            clock.advance(SECOND)
    everything = services.latest(10)
    assert [mail.created_at for mail in everything] == sorted((m.created_at for m in everything), reverse=True)
    assert len(everything) == 5
    paged, last = [], None
    while page := services.latest(2, before=last):
        paged += page
        last = page[-1].pk
    assert paged == everything
    assert {mail.key for mail in services.latest(9, about="mbr_alice")} == {"challenge-1", "challenge-3"}
    assert services.latest(9, before="mail_unknown") == []


def test_the_next_mail_is_the_one_that_is_due_first(post, clock):
    assert services.due_at() is None
    post("second", now=clock.now + SECOND)
    post("first")
    assert services.due_at() == registry.agendas()["communications"](clock.now) == clock.now


@pytest.mark.parametrize(
    ("changes", "address"),
    [
        ({"GOODSTANDING_URL": "https://members.example.org/"}, "https://members.example.org/me/"),
        ({"GOODSTANDING_HOST": "0.0.0.0", "PORT": 8001}, "http://127.0.0.1:8001/me/"),
        ({"GOODSTANDING_HTTPS": True}, ""),
    ],
)
def test_a_link_leads_to_the_site_or_there_is_none(settings, changes, address):
    for name, value in changes.items():
        setattr(settings, name, value)
    assert services.link("/me/") == address
