"""Staff pause, have it go on, drop what has not begun, and end at once: on the pages, each with its reason, or refused in words."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.html import strip_tags

from goodstanding.audit.models import AuditEntry
from goodstanding.billing.models import Invoice, Payment, Subscription
from goodstanding.memberships.models import Membership
from goodstanding.memberships.reading import standing_now
from tests.apps.checkout.test_joining import buy
from tests.apps.office.conftest import act
from tests.apps.office.conftest import words as marked_up
from tests.apps.office.test_actions import done, refused

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)


@pytest.fixture
def renewal(alice, price, clock):
    """What alice's card pays each month, from 2 March on."""
    buy(alice, price("full", "month"), clock)
    clock.advance(3 * DAY)
    return Subscription.objects.get()


def words(response):
    """The page's text, without its tags."""
    return " ".join(strip_tags(marked_up(response)).split())


def status(member, clock):
    return str(standing_now(member.pk, now=clock.now).status)


def page_of(office, member):
    return office.get(reverse("gs_office:member", args=[member.pk]))


def test_pause_and_go_on(send, office, alice, renewal, clock, dana):
    assert "Nothing is charged during the pause." in words(office.get(act(alice, "pause", renewal.pk)))
    assert act(alice, "resume", renewal.pk) not in marked_up(page_of(office, alice)), "there is nothing to go on from"
    end = (clock.now + 20 * DAY).isoformat()
    done(send(alice, "pause", renewal.pk, start=clock.now.isoformat(), end=end, reason="abroad"), alice)
    assert status(alice, clock) == "lapsed"
    page = page_of(office, alice)
    assert re.search("paused since March 5, 2026, [^ ]+ [ap].m. until March 25, 2026", words(page))
    assert act(alice, "pause", renewal.pk) not in marked_up(page)
    assert "pause from March 5, 2026" in words(page)
    refused(send(alice, "pause", renewal.pk, start=clock.now.isoformat(), reason="again"), "There is a pause already.")
    clock.advance(5 * DAY)
    done(send(alice, "resume", renewal.pk, reason="back early"), alice)
    assert status(alice, clock) == "good"
    told = list(AuditEntry.objects.order_by("pk").values_list("by", "action", "why"))
    assert told == [(dana.pk, "pause", "abroad"), (dana.pk, "resume", "back early")]
    refused(send(alice, "resume", renewal.pk, reason="once more"), "There is no such pause.")
    assert "paused since" not in words(page_of(office, alice))


def test_b53_a_pause_to_come_is_dropped(send, office, alice, renewal, clock):
    done(send(alice, "pause", renewal.pk, start=(clock.now + DAY).isoformat(), reason="abroad"), alice)
    page = words(page_of(office, alice))
    assert "to be paused from March 6, 2026" in page
    assert "Drop the pause" in page
    done(send(alice, "resume", renewal.pk, reason="stays here"), alice)
    clock.advance(2 * DAY)
    assert status(alice, clock) == "good"
    assert AuditEntry.objects.latest("pk").action == "drop the pause"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"start": "2026-03-20", "end": "2026-03-19"}, "must come after the day on which the pause begins"),
        ({"start": "soon"}, "is no moment"),
        ({"start": ""}, "This field is required"),
        ({"reason": ""}, "This field is required"),
    ],
)
def test_a_pause_that_cannot_be_is_refused_and_keeps_what_was_typed(send, alice, renewal, given, why):
    answer = send(
        alice, "pause", renewal.pk, **{"start": "2026-03-20", "end": "2026-03-25", "reason": "abroad", **given}
    )
    refused(answer, why)
    if "reason" not in given:
        assert "abroad" in words(answer)
    assert Subscription.objects.get().pause_from is None
    assert not AuditEntry.objects.exists()


def test_what_a_gateway_bills_is_not_paused(send, office, alice, price, clock):
    buy(alice, price("full", "month"), clock, at="sandbox-auto")
    row = Subscription.objects.get()
    assert act(alice, "pause", row.pk) not in marked_up(page_of(office, alice))
    refused(send(alice, "pause", row.pk, start=clock.now.isoformat(), reason="abroad"), "by its own clock")


def test_a_bill_that_is_to_be_paid_by_hand_is_void_while_paused_and_drawn_up_again_when_that_is_dropped(
    send, office, alice, paid, until, clock
):
    paid(alice)
    until(clock.now + 25 * DAY, step=5 * DAY)
    row, bill = Subscription.objects.get(), Invoice.objects.get(settled_at=None)
    given = {"start": (clock.now + DAY).isoformat(), "end": (clock.now + 9 * DAY).isoformat(), "reason": "abroad"}
    done(send(alice, "pause", row.pk, **given), alice)
    bill.refresh_from_db()
    assert bill.status == "void"
    done(send(alice, "resume", row.pk, reason="stays here"), alice)
    again = Invoice.objects.get(status="open")
    assert (again.due_minor, again.lines.get().start_at) == (bill.due_minor, bill.lines.get().start_at)
    done(
        send(alice, "payment", again.pk, how="cash", amount="40", paid_at=clock.now.isoformat(), reason="a part"), alice
    )
    assert Payment.objects.count() == 2
    refused(send(alice, "pause", row.pk, **given), "A part of the open bill was paid.")


@pytest.mark.parametrize(("name", "left"), [("end", "good"), ("close", "lapsed")])
def test_end_now_ends_the_renewal_or_the_membership_with_it(send, office, alice, renewal, clock, until, name, left):
    about = renewal.pk if name == "end" else Membership.objects.get().pk
    assert "Nothing is charged any more" in words(office.get(act(alice, name, about)))
    assert act(alice, name, about) in marked_up(page_of(office, alice))
    refused(send(alice, name, about, reason=""), "This field is required")
    done(send(alice, name, about, reason="moved away"), alice)
    assert status(alice, clock) == left
    renewal.refresh_from_db()
    assert renewal.status == "cancelled"
    assert AuditEntry.objects.latest("pk").why == "moved away"
    refused(send(alice, name, about, reason="moved away"), "already")
    until(clock.now + 40 * DAY, step=10 * DAY)
    assert (status(alice, clock), Payment.objects.count()) == ("lapsed", 1)


def test_what_is_ended_while_it_is_paused_loses_nothing_that_was_paid(send, alice, renewal, clock):
    done(send(alice, "pause", renewal.pk, start=clock.now.isoformat(), reason="abroad"), alice)
    clock.advance(5 * DAY)
    done(send(alice, "end", renewal.pk, reason="moved away"), alice)
    document = standing_now(alice.pk, now=clock.now).document
    assert (document["status"], document["covered_until"][:10]) == ("good", "2026-04-07")
