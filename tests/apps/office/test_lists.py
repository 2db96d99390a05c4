"""The first page and the lists: what they show, in how many statements."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from goodstanding.audit.models import AuditEntry
from goodstanding.billing.models import Invoice
from goodstanding.core.records import HoldKind
from goodstanding.memberships import passing, services
from goodstanding.office import once
from goodstanding.people.models import Member
from goodstanding.people.services import make_member
from tests.apps.office.conftest import words
from tests.apps.staff import statements

pytestmark = pytest.mark.django_db


def figures(office):
    context = office.get("/office/").context
    rows = [*context["standings"], *context["to_do"]]
    return {each.words: each.count for each in rows}


def shown(page):
    return [member.email for member, _ in page.context["found"]]


def test_the_first_page_counts_who_stands_how(office, alice, bob, paid, clock, dana):
    assert figures(office)["in good standing"] == 0
    paid(alice)
    paid(bob)
    services.hold(bob, kind=HoldKind.SUSPENDED, reason="keys", by=dana, now=clock.now)
    assert figures(office) == {
        "in good standing": 1,
        "in grace": 0,
        "on hold": 1,
        "pending": 0,
        "lapsed in the last 7 days": 0,
        "unpaid invoices": 0,
        "payments failed in the last 7 days": 0,
        "memberships to approve": 0,
        "alarms": 0,
    }


def test_the_first_page_counts_by_this_moment_though_no_worker_ran(office, alice, paid, clock):
    paid(alice)
    clock.advance(timedelta(days=33))
    found = figures(office)
    assert (found["in good standing"], found["in grace"]) == (0, 1)


@pytest.mark.parametrize("written", [True, False])
def test_who_lapsed_lately_is_counted_and_found_until_they_come_back(office, alice, bob, paid, clock, written):
    paid(alice, "day", "hour")
    clock.advance(timedelta(days=2))
    if written:
        assert passing.roll_due(now=clock.now) == 1
    assert figures(office)["lapsed in the last 7 days"] == 1
    address = reverse("gs_office:members", query={"standing": "lapsed_lately"})
    assert shown(office.get(address)) == ["alice@example.org"]
    clock.advance(timedelta(days=6, seconds=1))
    assert figures(office)["lapsed in the last 7 days"] == 0, "that is more than a week ago"
    clock.advance(-timedelta(days=6, seconds=1))
    paid(alice, "day", "hour")
    assert figures(office)["lapsed in the last 7 days"] == 0
    assert shown(office.get(address)) == []


def test_each_figure_leads_to_a_page(office):
    context = office.get("/office/").context
    for each in [*context["standings"], *context["to_do"], *context["parked"]]:
        assert office.get(each.address).status_code == 200, each


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["alice@example.org", "bob@example.org"]),
        ({"q": "ali"}, ["alice@example.org"]),
        ({"q": "ALICE@"}, ["alice@example.org"]),
        ({"q": "Bob"}, ["bob@example.org"]),
        ({"q": "nobody"}, []),
        ({"standing": "good"}, ["alice@example.org"]),
        ({"standing": "none"}, ["bob@example.org"]),
        ({"standing": "good", "q": "bob"}, []),
    ],
)
def test_members_are_found_by_what_staff_know(office, alice, bob, paid, asked, found):
    paid(alice)
    assert shown(office.get(reverse("gs_office:members", query=asked))) == found


def test_a_standing_that_there_is_not_is_refused_in_words(office, alice):
    page = office.get(reverse("gs_office:members", query={"standing": "rich"}))
    assert page.status_code == 422
    assert "Select a valid choice" in words(page)


def test_one_walks_through_all_members_forward_and_back(office, alice, clock):
    for number in range(120):
        make_member(email=f"m{number:03}@example.org", now=clock.now)
    make_member(email="m060@example.org", now=clock.now)  # the same e-mail again is nobody lost
    page, seen, addresses = office.get("/office/members/"), [], []
    while True:
        seen += [member.pk for member, _ in page.context["found"]]
        addresses.append(page.context["page"].next)
        if not addresses[-1]:
            break
        assert "@" not in addresses[-1], "no e-mail in an address"
        page = office.get(f"/office/members/{addresses[-1]}")
    assert seen == list(Member.objects.order_by("email", "pk").values_list("pk", flat=True))
    back = office.get(f"/office/members/{page.context['page'].previous}")
    assert [member.pk for member, _ in back.context["found"]] == seen[50:100]
    first = office.get(f"/office/members/{back.context['page'].previous}")
    assert [member.pk for member, _ in first.context["found"]] == seen[:50]
    assert not first.context["page"].previous


def test_a_page_beside_somebody_who_is_no_more_is_the_first(office, alice):
    assert shown(office.get("/office/members/?after=mbr_gone")) == ["alice@example.org"]


def test_lists_take_as_many_statements_however_long_they_are(office, alice, bob, paid, clock):
    paid(alice)
    before = {name: statements(office, reverse(f"gs_office:{name}")) for name in ("front", "members", "payments")}
    of_all = reverse("gs_office:invoices", query={"status": "all"})
    invoices = statements(office, of_all)
    paid(bob)
    for number in range(8):
        paid(make_member(email=f"m{number}@example.org", now=clock.now))
    after = {name: statements(office, reverse(f"gs_office:{name}")) for name in before}
    assert after == before
    assert statements(office, of_all) == invoices


def test_a_members_page_takes_as_many_statements_however_long_the_story_is(office, alice, paid, until, clock):
    address = reverse("gs_office:member", args=[alice.pk])
    paid(alice)
    until(clock.now + timedelta(days=32))
    before = statements(office, address)
    for _ in range(6):
        paid(alice, "day", "hour")
    assert statements(office, address) == before


def test_unpaid_invoices_are_listed_until_they_are_paid(office, alice, paid, until, clock):
    paid(alice)
    address = reverse("gs_office:invoices")
    assert not office.get(address).context["found"]
    until(clock.now + timedelta(days=32))
    (invoice, due, _reminded) = office.get(address).context["found"][0]
    assert (invoice.settled_at, str(due)) == (None, "100.00 EUR")
    assert figures(office)["unpaid invoices"] == 1
    listed = office.get(reverse("gs_office:invoices", query={"status": "all"})).context["found"]
    assert len(listed) == Invoice.objects.count() == 2


def test_payments_are_listed_and_those_that_failed(office, alice, paid):
    paid(alice)
    assert len(office.get(reverse("gs_office:payments")).context["page"].rows) == 1
    assert not office.get(reverse("gs_office:payments", query={"status": "failed"})).context["page"].rows


def test_somebody_is_made_a_member_by_hand_without_a_log_in(office, dana):
    given = {"email": "Erin@Example.org", "name": "Erin Elm", "reason": "came on Friday", "form_name": once.new_name()}
    answer = office.post(reverse("gs_office:add"), given, follow=True)
    erin = Member.objects.get()
    assert (erin.email, erin.name, erin.user) == ("erin@example.org", "Erin Elm", None)
    assert "erin@example.org is a member now" in words(answer)
    entry = AuditEntry.objects.get(object_id=erin.pk)
    assert (entry.by, entry.action, entry.why) == (dana, "add member", "came on Friday")
    again = office.post(reverse("gs_office:add"), given, follow=True)
    assert "It was done once" in words(again)
    assert Member.objects.count() == AuditEntry.objects.count() == 1


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"email": "nonsense"}, "Enter a valid email address"),
        ({"email": ""}, "This field is required"),
        ({"email": "ALICE@example.org"}, "There is a member with this e-mail already"),
        ({"reason": " "}, "This field is required"),
        ({"form_name": "x"}, "did not arrive whole"),
    ],
)
def test_a_member_who_cannot_be_made_is_refused_in_words(office, alice, given, why):
    whole = {"email": "erin@example.org", "name": "Erin Elm", "reason": "desk", "form_name": once.new_name()}
    answer = office.post(reverse("gs_office:add"), {**whole, **given})
    assert answer.status_code == 422
    assert why in words(answer)
    assert "Erin Elm" in words(answer), "what was typed is kept"
    assert Member.objects.count() == 1
