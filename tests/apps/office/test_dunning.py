"""The dunning policy as staff set it: seen as a table, set with a reason, refused in words."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.urls import reverse

from goodstanding.audit.models import AuditEntry
from goodstanding.billing import policies
from goodstanding.billing.models import DunningPolicy, GatewayCustomer, Invoice, PaymentAttempt
from goodstanding.clock import StoppedClock
from goodstanding.core.facts import Ladder
from goodstanding.office import once
from tests.apps.checkout.test_joining import buy
from tests.apps.office.conftest import act, words
from tests.apps.staff import statements, with_permissions

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "/office/dunning/"
B55 = {"days": "2, 5, 7, 7", "counted": "previous", "at_end": "end", "card_notice_days": "30", "reason": "as agreed"}


def put(client: Any, **given: str) -> Any:
    return client.post(PAGE, {"form_name": once.new_name(), **B55, **given})


def test_the_ladder_is_set_for_bills_to_come_and_leaves_a_note(office: Any, clock: StoppedClock) -> None:
    """B55: "+2, then +5, +7, +7"."""
    before = clock.now
    assert "3 days after it" in words(office.get(PAGE))
    clock.set(clock.now + timedelta(days=1))
    assert put(office, silent="2", least="15.00 EUR, 2000 JPY").status_code == 302
    assert policies.ladder(policies.in_force(clock.now), "EUR") == Ladder((2, 7, 14, 21), silent=(2,), least_minor=1500)
    assert policies.ladder(policies.in_force(clock.now), "JPY").least_minor == 2000
    assert policies.ladder(policies.in_force(clock.now), "USD").least_minor == 0
    assert policies.ladder(policies.in_force(before), "EUR") == Ladder(), "bills of before keep what they had"
    assert AuditEntry.objects.filter(action="set dunning", why="as agreed").count() == 1
    assert "21 days after it" in words(office.get(PAGE))


def test_sent_twice_it_is_set_once(office: Any) -> None:
    name = once.new_name()
    put(office, form_name=name)
    put(office, form_name=name)
    assert DunningPolicy.objects.count() == 1


WRONG = [
    ({"days": "three"}, "whole numbers"),
    ({"days": "0, 3"}, "from 1 on"),
    ({"days": "200, 200"}, "within a year"),
    ({"days": "5, 3", "counted": "first"}, "after the one before"),
    ({"days": "1,2,3,4,5,6,7,8,9,10,11,12,13", "counted": "first"}, "At most 12"),
    ({"end_after": "20"}, "last try or later"),
    ({"end_after": "30", "at_end": "keep"}, "there is none"),
    ({"silent": "6"}, "no such step"),
    ({"least": "15"}, "15.00 EUR"),
    ({"least": "0.00 EUR"}, "above zero"),
    ({"least": "1.00 EUR, 2.00 EUR"}, "each currency"),
    ({"card_notice_days": "181"}, "180"),
    ({"at_end": "forget"}, "valid choice"),
    ({"reason": ""}, "required"),
]


@pytest.mark.parametrize(("given", "said"), WRONG, ids=[str(given) for given, _ in WRONG])
def test_what_makes_no_ladder_is_refused_in_words_and_changes_nothing(
    office: Any, given: dict[str, str], said: str
) -> None:
    answer = put(office, **given)
    assert answer.status_code == 422
    assert said in words(answer)
    assert not DunningPolicy.objects.exists()
    assert not AuditEntry.objects.exists()


def test_who_may_only_look_sets_nothing(client: Any, dana: Any) -> None:
    with_permissions(client, dana, "view_dunningpolicy")
    assert 'name="days"' not in client.get(PAGE).content.decode()
    assert put(client).status_code == 403
    assert reverse("gs_office:dunning") == PAGE
    assert not DunningPolicy.objects.exists()


def overdue(alice: Any, price: Any, clock: StoppedClock, until: Any, card: str) -> Invoice:
    buy(alice, price("full", "month"), clock, card=card)
    clock.advance(timedelta(days=30, hours=23))
    until(clock.now + timedelta(days=1))
    return Invoice.objects.get(settled_at=None)


def test_staff_have_an_overdue_bill_tried_again_from_the_members_page(
    office: Any, send: Any, alice: Any, price: Any, clock: StoppedClock, until: Any, work: Any
) -> None:
    bill = overdue(alice, price, clock, until, "sandbox_fails_later")
    page = words(office.get(reverse("gs_office:member", args=[alice.pk])))
    assert act(alice, "retry", bill.pk) in page
    assert "100.00 EUR is charged to Visa … 0341." in words(office.get(act(alice, "retry", bill.pk)))
    assert send(alice, "retry", bill.pk, reason="she phoned").status_code == 302
    again = send(alice, "retry", bill.pk, reason="and again")
    assert again.status_code == 422
    assert "being paid right now" in words(again)
    work()
    assert AuditEntry.objects.filter(action="try payment again", why="she phoned").count() == 1
    assert PaymentAttempt.objects.filter(kind="charge", state="failed").count() == 2


def test_what_is_paid_is_not_tried_again(office: Any, send: Any, alice: Any, price: Any, clock: StoppedClock) -> None:
    buy(alice, price("full", "month"), clock)
    bill = Invoice.objects.get()
    assert "retry" not in words(office.get(reverse("gs_office:member", args=[alice.pk])))
    refused = send(alice, "retry", bill.pk, reason="why not")
    assert refused.status_code == 422
    assert "not to be paid any more" in words(refused)


def test_cards_that_expire_before_they_are_needed_are_listed_and_others_are_not(
    office: Any, alice: Any, bob: Any, price: Any, clock: StoppedClock, work: Any
) -> None:
    buy(alice, price("full", "year"), clock, card="sandbox_expires_soon")
    buy(bob, price("full", "year"), clock)
    work()
    page = words(office.get("/office/cards/"))
    assert "Visa … 0101" in page
    assert "April 30, 2026" in page
    assert "alice@example.org" in page
    assert "4242" not in page
    few = statements(office, "/office/cards/")
    GatewayCustomer.objects.filter(member=bob).update(card_good_before=date(2026, 6, 1))
    assert statements(office, "/office/cards/") == few, "as many for two as for one"
