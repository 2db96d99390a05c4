"""What waits at gateways and what was given up on, and having it tried again."""

from __future__ import annotations

import pytest
from django.urls import reverse

from goodstanding.audit.models import AuditEntry
from goodstanding.billing.models import Errand, Subscription, Turn
from goodstanding.communications.models import Mail
from goodstanding.jobs.models import Job
from goodstanding.memberships import ending
from tests.apps.checkout.test_joining import buy
from tests.apps.office.conftest import words
from tests.apps.staff import statements

pytestmark = pytest.mark.django_db

ADDRESS = "/office/gateways/"


def again(kind, row):
    return reverse("gs_office:again", args=[kind, row.pk])


@pytest.mark.django_db(transaction=True)
def test_an_errand_that_was_given_up_on_is_tried_again(office, alice, price, clock, work, dana):
    buy(alice, price("full", "month"), clock, at="sandbox-auto")
    ending.cancel(Subscription.objects.get(), now=clock.now)
    Errand.objects.update(state="parked", attempts=8, last_error="GatewayUnreachable")
    errand = Errand.objects.get()
    page = office.get(ADDRESS)
    assert again("errand", errand) in words(page)
    assert "alice@example.org" in words(page)
    assert "A worker tries it again" in words(office.post(again("errand", errand), follow=True))
    assert AuditEntry.objects.filter(by=dana, action="retry errand", object_id=errand.pk).count() == 1
    work()
    assert Errand.objects.get().state == "done"
    answer = office.post(again("errand", errand), follow=True)
    assert "nothing to try again" in words(answer)
    assert AuditEntry.objects.filter(action="retry errand").count() == 1


def test_parked_work_of_each_kind_is_counted_shown_and_tried_again(office, alice, paid, clock):
    paid(alice)
    Turn.objects.update(state="parked")
    job = Job.objects.create(kind="jobs.purge", key="x", state="parked", due_at=clock.now, added_at=clock.now)
    mail = Mail.objects.create(
        id="mail_1",
        key="k",
        kind="welcome",
        to_address="alice@example.org",
        state="parked",
        created_at=clock.now,
        due_at=clock.now,
        language="en",
    )
    counts = {each.words: each.count for each in office.get("/office/").context["parked"]}
    assert (counts["turns of our clock"], counts["jobs"], counts["mails"]) == (1, 1, 1)
    page = words(office.get(ADDRESS))
    for kind, row in (("turn", Turn.objects.get()), ("job", job), ("mail", mail)):
        assert again(kind, row) in page
        assert "A worker tries it again" in words(office.post(again(kind, row), follow=True)), kind
        row.refresh_from_db()
        assert row.state == "open", kind
    assert sum(each.count for each in office.get("/office/").context["parked"]) == 0


@pytest.mark.parametrize("kind", ["attempt", "errand", "turn", "job", "mail", "event"])
def test_what_is_not_there_is_not_tried_again(office, kind):
    answer = office.post(reverse("gs_office:again", args=[kind, "nothing"]), follow=True)
    assert "nothing to try again" in words(answer)
    assert not AuditEntry.objects.exists()


def test_work_of_another_kind_is_no_page_and_reading_tries_nothing(office):
    assert office.post(reverse("gs_office:again", args=["prayer", "1"])).status_code == 404
    assert office.get(reverse("gs_office:again", args=["job", "1"])).status_code == 405


def test_work_that_a_worker_holds_is_left_to_it(office, alice, paid, clock):
    paid(alice)
    Turn.objects.update(state="parked", leased_until=clock.now.replace(year=2030), leased_by="somebody")
    assert "nothing to try again" in words(office.post(again("turn", Turn.objects.get()), follow=True))
    assert Turn.objects.get().state == "parked"


def test_the_page_takes_as_many_statements_however_much_waits(office, clock):
    before = statements(office, ADDRESS)
    for number in range(5):
        Job.objects.create(kind="jobs.purge", key=f"{number}", state="parked", due_at=clock.now, added_at=clock.now)
    assert statements(office, ADDRESS) == before
