"""The demonstration's organisation: somebody in every state, made by the ordinary ways, once, and never among other data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail as outgoing
from django.test import TestCase

from goodstanding import clock as the_clock
from goodstanding.billing.models import Invoice, Payment, PaymentAttempt
from goodstanding.communications.models import Mail
from goodstanding.core.periods import Interval, Unit, nth
from goodstanding.doors.models import DoorEvent
from goodstanding.gateways.sandbox.models import Message
from goodstanding.inbox.models import WebhookEvent
from goodstanding.jobs import registry
from goodstanding.memberships.models import Grant, StandingChange
from goodstanding.memberships.reading import standing_now
from goodstanding.people.models import Member
from goodstanding.site import demo, demo_seeding
from goodstanding.site.demo_cast import CAST

NOW = datetime(2026, 3, 31, 10, 0, tzinfo=UTC)  # the last of a month: not every month has such a day
STATUS = {
    "good": "good",
    "good by year": "good",
    "good, billed by the gateway": "good",
    "weekday": "good",
    "changed level": "good",
    "two levels": "good",
    "supporter": "good",
    "given": "good",
    "by hand": "good",
    "day pass": "good",
    "pays for a household": "good",
    "through a household": "good",
    "came back": "good",
    "cancelled, covered": "good",
    "in the renewal window": "good",
    "in grace": "grace",
    "in grace, billed by the gateway": "grace",
    "held": "held",
    "disputed": "held",
    "awaiting approval": "held",
    "pending": "pending",
    "lapsed": "lapsed",
    "lapsed, billed by the gateway": "lapsed",
    "lapsed day pass": "lapsed",
    "paused": "lapsed",
    "refunded": "lapsed",
}


@pytest.fixture(scope="module")
def organisation(django_db_setup: None, django_db_blocker: object) -> Iterator[None]:
    """The organisation, made once for all tests of this module, and rolled back after them."""

    around: Any = type("Around", (TestCase,), {})

    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        around.setUpClass()
        inner = around._enter_atomics()  # as for a single test: what runs outside of transactions knows these for none
        try:
            with the_clock.stopped(NOW):
                demo_seeding.seed(now=NOW)
            yield
        finally:
            around._rollback_atomics(inner)
            around.tearDownClass()


made = pytest.mark.usefixtures("organisation", "db")


@made
@pytest.mark.parametrize("who", CAST, ids=[who.key for who in CAST])
def test_each_is_what_they_are_to_show(who):
    member = Member.objects.get(user__email=who.email)
    assert standing_now(member.pk, now=NOW).status == STATUS[who.shows]


@made
def test_every_standing_there_is_has_somebody():
    assert {"good", "grace", "held", "pending", "lapsed"} <= set(STATUS.values())
    assert {who.shows for who in CAST} == set(STATUS)
    assert 30 <= len(CAST) <= 40


@made
def test_it_was_lived_through_by_the_ordinary_ways():
    assert not Grant.objects.exclude(member__user__email="theo@example.org").exists()
    assert Payment.objects.filter(status="succeeded").count() > 80
    assert PaymentAttempt.objects.filter(state="failed").count() > 5
    assert WebhookEvent.objects.count() > 50
    assert {event.state for event in WebhookEvent.objects.all()} <= {"done", "ignored"}
    assert not Message.objects.filter(state="waiting", due_at__lt=NOW).exists()
    assert not Invoice.objects.filter(issued_at__gt=NOW).exists()
    assert StandingChange.objects.filter(member__user__email="hanna@example.org").count() >= 3


@made
def test_alice_has_paid_month_by_month_at_the_moments_of_her_anchor():
    issued = Invoice.objects.filter(account__member__user__email="alice@example.org").order_by("issued_at")
    moments = [invoice.issued_at for invoice in issued]
    assert len(moments) >= 8
    assert moments == [nth(moments[0], Interval(Unit.MONTH), n=n, tz=UTC) for n in range(len(moments))]


@made
def test_who_pays_by_hand_is_charged_by_nobody_and_nothing_breaks():
    assert not PaymentAttempt.objects.filter(customer__gateway_account="manual", amount_minor__gt=0).exists()
    transfers = Payment.objects.filter(elsewhere="transfer", account__member__email="bea@example.org")
    assert transfers.count() >= 3  # Bea's renewals
    assert standing_now(Member.objects.get(email="bea@example.org").pk, now=NOW).status == "good"


@made
def test_mails_of_the_past_were_written_and_sent_to_nobody():
    kinds = Counter(Mail.objects.values_list("kind", flat=True))
    assert {"welcome", "receipt", "payment_failed", "lapsed", "cancelled", "refunded"} <= set(kinds)
    assert set(Mail.objects.values_list("state", flat=True)) == {"sent"}
    assert outgoing.outbox == []
    assert [source.process.__module__ for source in registry.sources() if source.name == "communications"] == [
        "goodstanding.communications.services"
    ]


@made
def test_doors_were_tapped_and_refused():
    told = {(tap[0], tap[1]): tap[2] for tap in DoorEvent.objects.values_list("door__name", "member__email", "code")}
    assert told["Workshop door", "alice@example.org"] == "ok"
    assert told["Workshop door", "mona@example.org"] == "other_level"
    assert told["Front door", "bob@example.org"] == "lapsed"


@made
def test_a_second_time_nothing_is_made():
    before = Member.objects.count(), Payment.objects.count(), DoorEvent.objects.count()
    assert demo.ensure(now=NOW + timedelta(days=1)) == ""
    assert (Member.objects.count(), Payment.objects.count(), DoorEvent.objects.count()) == before


@made
def test_it_says_as_whom_to_log_in_and_what_each_shows():
    assert demo.lines(now=NOW) == [
        "alice@example.org (a member in good standing)",
        "bob@example.org (a member whose membership has lapsed)",
        "charlie@example.org (a stranger: may log in, belongs to nothing)",
        "dana@example.org (staff)",
    ]
