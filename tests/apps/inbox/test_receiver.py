"""The receiver: every refusal beside the success, and nothing written but the log."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from goodstanding.inbox.models import WebhookEvent
from tests.apps.inbox.support import LIVES, SECRET, URL, event, signature

BODY = event()
State = WebhookEvent.State
pytestmark = pytest.mark.django_db


def post(client: Client, body: bytes, headers: dict[str, str], url: str = URL) -> Any:
    return client.post(url, data=body, content_type="application/json", headers=headers)


def send(client: Client, body: bytes, *, at: Any, url: str = URL) -> Any:
    return post(client, body, signature(body, at=at), url)


@pytest.mark.db_matters
def test_an_event_is_filed_and_answered(client, clock, stripe_account):
    answer = send(client, BODY, at=clock.now)
    assert (answer.status_code, answer.json()) == (200, {"received": True, "duplicate": False})
    row = WebhookEvent.objects.get()
    assert row.pk.startswith("evt_")
    assert (row.external_id, row.type, row.gateway_account) == ("evt_alice", "customer.created", stripe_account)
    assert (row.state, row.received_at, row.due_at, row.recorded_at) == (State.WAITING, clock.now, clock.now, None)
    assert (row.body, row.loaded_by_hand, row.create_members) == (BODY.decode(), False, False)


@pytest.mark.db_matters
def test_the_same_event_again_is_answered_and_changes_nothing(client, clock, stripe_account):
    send(client, BODY, at=clock.now)
    before = WebhookEvent.objects.values().get()
    again = send(client, BODY, at=clock.advance(timedelta(hours=1)))
    assert (again.status_code, again.json()) == (200, {"received": True, "duplicate": True})
    assert WebhookEvent.objects.values().get() == before


@pytest.mark.db_matters
def test_one_event_of_two_accounts_is_two_events(client, clock, stripe_account):
    stripe_account.pk = "other"
    stripe_account.save(force_insert=True)
    send(client, BODY, at=clock.now)
    send(client, BODY, at=clock.now, url="/webhooks/stripe/other/")
    assert WebhookEvent.objects.values("pk").distinct().count() == 2


@pytest.mark.db_matters
@pytest.mark.parametrize("filed_before", [0, 300])
def test_statements_are_two_for_a_new_event_and_two_for_the_same_again(client, clock, stripe_account, filed_before):
    for number in range(filed_before):
        send(client, event(f"evt_{number}"), at=clock.now)
    for _ in ("new", "again"):
        with CaptureQueriesContext(connection) as statements:
            assert send(client, BODY, at=clock.now).status_code == 200
        assert len(statements) == 2, [each["sql"][:80] for each in statements]


@pytest.mark.parametrize(
    ("url", "status", "code"),
    [
        (URL, 200, None),
        ("/webhooks/stripe/nobody/", 404, "unknown_account"),
        ("/webhooks/paypal/stripe/", 404, "unknown_account"),
        ("/webhooks/stripe/asleep/", 404, "unknown_account"),
        ("/webhooks/stripe/mute/", 404, "no_secret"),
        ("/webhooks/stripe/blank/", 404, "no_secret"),
    ],
)
def test_only_an_account_in_use_with_a_secret_receives(client, clock, stripe_account, url, status, code):
    others: dict[str, dict[str, Any]] = {
        "asleep": {"is_active": False},
        "mute": {"webhook_secret": ""},
        "blank": {"webhook_secret": "  "},
    }
    for name, change in others.items():
        row = type(stripe_account).objects.get(pk="stripe")
        row.pk = name
        for field, value in change.items():
            setattr(row, field, value)
        row.save(force_insert=True)
    answer = send(client, BODY, at=clock.now, url=url)
    assert answer.status_code == status
    assert answer.json().get("error") == code
    assert WebhookEvent.objects.count() == (code is None)


def test_a_signature_with_an_empty_secret_opens_nothing(client, clock, stripe_account):
    stripe_account.webhook_secret = ""
    stripe_account.save()
    answer = post(client, BODY, signature(BODY, at=clock.now, secret=""))
    assert (answer.status_code, answer.json()["error"]) == (404, "no_secret")


def test_the_old_secret_is_good_while_it_is_rolled(client, clock, stripe_account):
    stripe_account.webhook_secret, stripe_account.webhook_secret_old = "whsec_new", SECRET
    stripe_account.save()
    assert send(client, BODY, at=clock.now).status_code == 200


@pytest.mark.parametrize(
    ("age", "code"),
    [(timedelta(seconds=301), "stale"), (timedelta(seconds=-301), "far_future"), (timedelta(days=-1), "far_future")],
)
def test_stale_and_far_future_stamps_are_refused(client, clock, stripe_account, age, code):
    answer = send(client, BODY, at=clock.now - age)
    assert (answer.status_code, answer.json()["error"]) == (400, code)
    assert not WebhookEvent.objects.exists()


@pytest.mark.parametrize("headers", [{}, {"Stripe-Signature": "t=1,v1=00"}, {"Stripe-Signature": "rubbish"}])
def test_unsigned_is_refused(client, clock, stripe_account, headers):
    answer = post(client, BODY, headers)
    assert (answer.status_code, answer.json()["error"]) == (400, "unverified")
    assert not WebhookEvent.objects.exists()


INVOICE: dict[str, Any] = {
    "object": "invoice",
    "id": "in_1",
    "customer": "cus_1",
    "created": 1_741_947_625,
    "status": "paid",
    "currency": "usd",
    "total": 900,
    "amount_due": 900,
    "amount_paid": 900,
    "lines": {"data": []},
}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"id": ', "malformed_json"),
        (b"null", "not_an_event"),
        (b'{"object": "v2.core.event", "id": "evt_1", "type": "v1.x"}', "not_an_event"),
        (event(kind="invoice.paid", **INVOICE), None),
        (event(kind="invoice.paid", **INVOICE | {"amount_due": "900"}), "bad_amount"),
        (event(kind="invoice.paid", **INVOICE | {"amount_due": 900.0}), "bad_amount"),
        (event(kind="invoice.paid", **INVOICE | {"currency": "zzz"}), "bad_currency"),
        (event(kind="invoice.paid", **INVOICE | {"created": "yesterday"}), "bad_moment"),
        (event(kind="invoice.paid", **INVOICE | {"id": None}), "missing_field"),
    ],
)
def test_signed_but_unreadable_is_refused_by_name(client, clock, stripe_account, body, code):
    answer = send(client, body, at=clock.now)
    assert (answer.status_code, answer.json().get("error")) == ((400, code) if code else (200, None))
    assert WebhookEvent.objects.count() == (code is None)


def test_an_event_that_meets_a_fault_of_ours_is_filed_all_the_same(client, clock, brittle_account):
    from tests.apps.inbox import brittle

    answer = post(client, brittle.body("evt_1", "broken"), {}, "/webhooks/brittle/brittle/")
    assert answer.status_code == 200
    assert WebhookEvent.objects.get().state == State.WAITING


@pytest.mark.parametrize("method", ["get", "put", "delete", "head", "options"])
def test_only_post_is_taken(client, stripe_account, method):
    answer = getattr(client, method)(URL)
    assert answer.status_code == 405
    assert answer["Allow"] == "POST"


@pytest.mark.parametrize(("size", "status"), [(1024 * 1024, 200), (1024 * 1024 + 1, 413)])
def test_a_body_has_at_most_one_mebibyte(client, clock, stripe_account, size, status):
    body = BODY + b" " * (size - len(BODY))
    answer = send(client, body, at=clock.now)
    assert answer.status_code == status
    assert WebhookEvent.objects.count() == (status == 200)


@pytest.mark.parametrize("length", ["", "0", "3", "many", "²"])
def test_a_wrong_length_is_refused(client, clock, stripe_account, length):
    answer = client.generic("POST", URL, BODY, CONTENT_LENGTH=length, headers=signature(BODY, at=clock.now))
    assert answer.status_code == 400
    assert not WebhookEvent.objects.exists()


@pytest.mark.db_matters
@pytest.mark.parametrize(("mode", "livemode", "reason"), [("live", False, "test_mode"), ("test", True, "live_mode")])
def test_the_other_mode_is_answered_and_left_alone(client, clock, stripe_account, mode, livemode, reason):
    stripe_account.mode = mode
    stripe_account.save()
    assert send(client, event(livemode=livemode), at=clock.now).status_code == 200
    row = WebhookEvent.objects.get()
    assert (row.state, row.reason, row.closed_at) == (State.IGNORED, reason, clock.now)


def test_refusals_are_logged_by_account_and_code_alone(client, clock, stripe_account, caplog):
    caplog.set_level(logging.DEBUG)
    send(client, BODY, at=clock.now - timedelta(hours=1))
    post(client, BODY, {"Stripe-Signature": "t=1,v1=feedbeef"})
    ours = [record for record in caplog.records if record.name.startswith("goodstanding")]
    assert [(record.account, record.refusal) for record in ours] == [("stripe", "stale"), ("stripe", "unverified")]
    for record in caplog.records:
        shown = json.dumps(vars(record), default=repr)
        for never in ("alice@example.org", "feedbeef", SECRET):
            assert never not in shown


def test_no_cookie_and_no_token_is_asked_for(clock, stripe_account):
    strict = Client(enforce_csrf_checks=True)
    assert send(strict, BODY, at=clock.now).status_code == 200


def test_every_line_of_a_life_is_received(client, clock, stripe_account):
    lines = (LIVES / "steady-monthly.jsonl").read_bytes().splitlines()
    for line in lines:
        assert send(client, line, at=clock.now).status_code == 200
    assert WebhookEvent.objects.count() == len(lines)
