"""What staff do about a member: done once, with a reason, or refused in words with nothing changed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from goodstanding.audit.models import AuditEntry
from goodstanding.billing.models import Errand, Invoice, Payment, Refund, Subscription
from goodstanding.catalogue.models import Level
from goodstanding.memberships import services
from goodstanding.memberships.models import Approval, Grant, Hold, Membership
from goodstanding.memberships.reading import standing_now
from goodstanding.office import once
from goodstanding.office.forms import ACTIONS, SAYS
from tests.apps.checkout.test_joining import buy
from tests.apps.office.conftest import act, words

pytestmark = pytest.mark.django_db


def status(member, clock):
    return str(standing_now(member.pk, now=clock.now).status)


def entry():
    return AuditEntry.objects.order_by("-pk").first()


def done(response, member):
    """The action was taken, and led back to the member's page."""
    assert response.status_code == 302, words(response)
    assert response.headers["Location"] == reverse("gs_office:member", args=[member.pk])


def refused(response, why):
    assert response.status_code == 422
    assert why in words(response)


def test_every_action_says_what_it_does_to_money_and_access():
    assert set(SAYS) == set(ACTIONS)


def test_a_hold_keeps_out_and_its_release_lets_in(send, office, alice, paid, clock, dana):
    paid(alice)
    assert "Nothing is paid or given back" in words(office.get(act(alice, "hold")))
    done(send(alice, "hold", kind="suspended", reason="keys lost"), alice)
    assert status(alice, clock) == "held"
    assert (entry().by, entry().action, entry().why) == (dana, "hold", "keys lost")
    page = words(office.get(reverse("gs_office:member", args=[alice.pk])))
    assert "Held. good → held." in page
    held = Hold.objects.get()
    assert act(alice, "release", held.pk) in page
    done(send(alice, "release", held.pk, reason="found"), alice)
    assert status(alice, clock) == "good"
    refused(send(alice, "release", held.pk, reason="found"), "lifted already")


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"reason": ""}, "This field is required"),
        ({"kind": "grudge"}, "Select a valid choice"),
        ({"until": "yesterday"}, "is no moment"),
        ({"until": "2020-01-01"}, "must lie ahead"),
        ({"form_name": "nonsense"}, "did not arrive whole"),
    ],
)
def test_a_hold_that_cannot_be_is_refused_and_keeps_what_was_typed(send, alice, paid, clock, given, why):
    paid(alice)
    answer = send(alice, "hold", **{"kind": "suspended", "reason": "keys lost", **given})
    refused(answer, why)
    if "reason" not in given:
        assert "keys lost" in words(answer)
    assert status(alice, clock) == "good"
    assert not Hold.objects.exists()


def test_a_form_that_is_sent_twice_is_done_once(send, office, alice, clock):
    Level.objects.get(pk="full")
    given = {"level": "full", "start_at": clock.now.isoformat(), "reason": "board"}
    name = once.new_name()
    done(send(alice, "grant", form_name=name, **given), alice)
    done(send(alice, "grant", form_name=name, **given), alice)
    assert Grant.objects.count() == 1
    assert "It was done once" in words(office.get(reverse("gs_office:member", args=[alice.pk])))
    done(send(alice, "grant", **given), alice)
    assert Grant.objects.count() == 2, "another form is another grant"


def test_a_form_that_was_refused_can_be_sent_again(send, alice, clock):
    name = once.new_name()
    refused(send(alice, "hold", form_name=name, kind="suspended", reason="x", until="2020-01-01"), "must lie ahead")
    done(send(alice, "hold", form_name=name, kind="suspended", reason="x"), alice)
    assert Hold.objects.count() == 1


def test_a_grant_gives_a_level_and_its_withdrawal_takes_it_back(send, alice, clock):
    end = (clock.now + timedelta(days=9)).isoformat()
    done(send(alice, "grant", level="full", start_at=clock.now.isoformat(), end_at=end, reason="board"), alice)
    assert status(alice, clock) == "good"
    done(send(alice, "withdraw", Grant.objects.get().pk, reason="left the board"), alice)
    assert status(alice, clock) == "lapsed"
    assert entry().why == "left the board"


def test_a_grant_that_ends_before_it_begins_is_refused(send, alice, clock):
    given = {"level": "full", "start_at": "2026-03-05", "end_at": "2026-03-04", "reason": "board"}
    refused(send(alice, "grant", **given), "must come after its start")
    assert not Grant.objects.exists()


@pytest.mark.parametrize(("name", "after"), [("approve", "good"), ("deny", "held")])
def test_a_membership_is_approved_or_denied(send, office, alice, paid, clock, name, after):
    paid(alice)
    asked = services.ask_approval(Membership.objects.get(), now=clock.now)
    assert [each.pk for each in office.get(reverse("gs_office:approvals")).context["page"].rows] == [asked.pk]
    done(send(alice, name, asked.pk, reason="we met"), alice)
    assert status(alice, clock) == after
    assert not office.get(reverse("gs_office:approvals")).context["page"].rows
    refused(send(alice, name, asked.pk, reason="we met"), "already")
    assert Approval.objects.get().reason == "we met"


def test_who_joins_at_the_desk_is_in_good_standing_at_once(send, office, alice, price, clock, dana):
    given = {"price": price("full", "month").pk, "how": "cash", "reference": "17", "paid_at": clock.now.isoformat()}
    done(send(alice, "sell", **given, reason="at the desk"), alice)
    assert status(alice, clock) == "good"
    assert Invoice.objects.get().settled_at is not None
    assert AuditEntry.objects.filter(by=dana, action="sell at the desk", why="at the desk", object_id=alice.pk).exists()


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"price": "price_of_nothing"}, "Select a valid choice"),
        ({"how": "kisses"}, "Select a valid choice"),
        ({"paid_at": "2027-01-01"}, "lies ahead"),
        ({"paid_at": "2020-01-01"}, "more than a year back"),
        ({"reason": ""}, "This field is required"),
    ],
)
def test_a_sale_that_cannot_be_is_refused(send, alice, price, clock, given, why):
    whole = {"price": price("full", "month").pk, "how": "cash", "paid_at": clock.now.isoformat(), "reason": "desk"}
    refused(send(alice, "sell", **{**whole, **given}), why)
    assert not Invoice.objects.exists()
    assert status(alice, clock) == "none"


def test_what_somebody_holds_already_is_not_sold_again(send, alice, paid, price, clock):
    paid(alice)
    given = {"price": price("full", "month").pk, "how": "cash", "paid_at": clock.now.isoformat(), "reason": "desk"}
    refused(send(alice, "sell", **given), "hold this already")
    assert Invoice.objects.count() == 1


def test_p19_a_sale_ends_what_it_takes_the_place_of(send, alice, paid, price, clock):
    paid(alice)
    before = Subscription.objects.get()
    given = {"price": price("weekday").pk, "how": "cash", "paid_at": clock.now.isoformat(), "reason": "fewer days"}
    done(send(alice, "sell", **given), alice)
    before.refresh_from_db()
    assert before.status == "cancelled"
    assert Subscription.objects.filter(status="active").count() == 1


def test_a_payment_by_hand_pays_an_open_invoice(send, office, alice, paid, until, clock):
    paid(alice)
    until(clock.now + timedelta(days=33))
    assert status(alice, clock) == "grace"
    invoice = Invoice.objects.get(settled_at=None)
    assert "100.00 EUR" in words(office.get(act(alice, "payment", invoice.pk)))
    given = {"how": "transfer", "reference": "2026/17", "paid_at": clock.now.isoformat(), "reason": "bank statement"}
    done(send(alice, "payment", invoice.pk, **given), alice)
    assert status(alice, clock) == "good"
    assert "bank statement" in entry().why
    refused(send(alice, "payment", invoice.pk, **given), "paid already")
    assert Payment.objects.count() == 2


def test_an_invoice_of_another_member_is_not_on_this_members_page(office, alice, bob, paid):
    invoice = paid(alice)
    assert office.get(act(bob, "payment", invoice.pk)).status_code == 404
    assert office.get(act(alice, "payment", invoice.pk)).status_code == 200


@pytest.mark.parametrize(
    ("given", "back", "after"),
    [
        ({"how_much": "all"}, 10000, "lapsed"),
        ({"how_much": "part", "amount": "12.50"}, 1250, "good"),
        ({"how_much": "part", "amount": "12,5"}, 1250, "good"),
        ({"how_much": "part", "amount": "100"}, 10000, "lapsed"),
    ],
)
def test_a_payment_is_given_back_in_whole_or_in_part(send, alice, paid, clock, given, back, after):
    paid(alice)
    clock.advance(timedelta(days=1))
    done(send(alice, "refund", Payment.objects.get().pk, reason="moved away", **given), alice)
    assert Refund.objects.get().amount_minor == back
    assert status(alice, clock) == after
    assert "moved away" in entry().why


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"how_much": "part", "amount": "100.01"}, "Only 100.00 EUR"),
        ({"how_much": "part", "amount": "0"}, "more than zero"),
        ({"how_much": "part", "amount": "-5"}, "more than zero"),
        ({"how_much": "part", "amount": "ten"}, "Write an amount"),
        ({"how_much": "part", "amount": "1.234"}, "Write an amount"),
        ({"how_much": "part", "amount": ""}, "Write an amount"),
        ({"how_much": "all", "amount": "5"}, "You typed a part"),
        ({"how_much": "all", "reason": ""}, "This field is required"),
    ],
)
def test_a_refund_that_cannot_be_is_refused(send, alice, paid, clock, given, why):
    paid(alice)
    refused(send(alice, "refund", Payment.objects.get().pk, **{"reason": "moved away", **given}), why)
    assert not Refund.objects.exists()
    assert status(alice, clock) == "good"


def test_half_given_back_twice_by_one_form_is_given_back_once(send, alice, paid):
    paid(alice)
    payment, name = Payment.objects.get(), once.new_name()
    for _ in range(2):
        answer = send(alice, "refund", payment.pk, form_name=name, how_much="part", amount="50", reason="half")
        done(answer, alice)
    assert Refund.objects.get().amount_minor == 5000


def test_stopping_keeping_and_ending(send, office, alice, paid, clock):
    def ends_at():
        return Subscription.objects.values_list("ends_at", flat=True).get()

    paid(alice)
    row = Subscription.objects.get()
    page = words(office.get(reverse("gs_office:member", args=[alice.pk])))
    assert act(alice, "stop", row.pk) in page
    assert act(alice, "keep", row.pk) not in page
    done(send(alice, "stop", row.pk, reason="asked by mail"), alice)
    assert ends_at() is not None
    assert (entry().action, entry().why) == ("stop renewal", "asked by mail")
    assert act(alice, "keep", row.pk) in words(office.get(reverse("gs_office:member", args=[alice.pk])))
    done(send(alice, "keep", row.pk, reason="stays"), alice)
    assert ends_at() is None
    done(send(alice, "end", row.pk, reason="left"), alice)
    assert status(alice, clock) == "good", "what is paid stays"
    refused(send(alice, "end", row.pk, reason="left"), "ended already")


@pytest.mark.parametrize("name", ["stop", "keep", "end"])
def test_a_subscription_is_not_touched_without_a_reason(send, alice, paid, name):
    paid(alice)
    row = Subscription.objects.get()
    refused(send(alice, name, row.pk, reason=""), "This field is required")
    assert (row.status, row.ends_at) == (Subscription.objects.get().status, None)
    assert not AuditEntry.objects.filter(object_type="gs_billing.subscription").exists()


@pytest.mark.django_db(transaction=True)
def test_what_a_gateway_bills_is_asked_there_and_the_page_says_so(send, office, alice, price, clock, work):
    buy(alice, price("full", "month"), clock, at="sandbox-auto")
    row = Subscription.objects.get()
    assert "The gateway renews it" in words(office.get(act(alice, "stop", row.pk)))
    done(send(alice, "stop", row.pk, reason="asked"), alice)
    assert Errand.objects.get().state == "open"
    page = words(office.get(reverse("gs_office:member", args=[alice.pk])))
    assert "has not confirmed yet" in page
    assert act(alice, "keep", row.pk) in page
    work()
    row.refresh_from_db()
    assert row.ends_at is not None
    assert "has not confirmed yet" not in words(office.get(reverse("gs_office:member", args=[alice.pk])))


@pytest.mark.django_db(transaction=True)
def test_a_card_is_refunded_by_an_errand_and_what_is_promised_is_not_promised_twice(
    send, office, alice, price, clock, work
):
    buy(alice, price("full", "month"), clock)
    payment = Payment.objects.get()
    done(send(alice, "refund", payment.pk, how_much="part", amount="60", reason="closed"), alice)
    assert "on its way back 60.00 EUR" in words(office.get(reverse("gs_office:member", args=[alice.pk])))
    refused(send(alice, "refund", payment.pk, how_much="part", amount="60", reason="closed"), "Only 40.00 EUR")
    work()
    assert Refund.objects.get().amount_minor == 6000
    assert "given back 60.00 EUR" in words(office.get(reverse("gs_office:member", args=[alice.pk])))
