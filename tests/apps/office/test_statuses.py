"""What lists call a membership: shown from the records, said otherwise by staff, and never a key to a door (X03)."""

from __future__ import annotations

import json
from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.urls import reverse

from goodstanding import conf
from goodstanding.audit.models import AuditEntry
from goodstanding.billing.models import Errand, Invoice, Subscription
from goodstanding.communications.models import Mail
from goodstanding.memberships import statuses
from goodstanding.memberships.models import Membership, StatusOverride, StatusRule
from goodstanding.memberships.reading import records_of, standing_now
from goodstanding.memberships.services import DecisionRefused
from tests.apps.checkout.test_joining import buy
from tests.apps.office.conftest import act, words

pytestmark = pytest.mark.django_db


def called(member, clock):
    """What the member's one membership is called now."""
    member.refresh_from_db()
    found = statuses.statuses_of([member], records_of([member.pk]), clock.now)
    return [each.said.status for each in found.values()]


def standing(member, clock):
    return str(standing_now(member.pk, now=clock.now).status)


def page(office, member):
    return words(office.get(reverse("gs_office:member", args=[member.pk])))


def in_days(clock, days):
    return (clock.now + timedelta(days=days)).astimezone(conf.time_zone()).date()


def explained(member):
    out = StringIO()
    call_command("explain", member.email, "--json", stdout=out)
    return json.loads(out.getvalue())["members"][0]


def test_an_override_changes_what_is_shown_and_nothing_else(send, office, alice, paid, clock, dana):
    paid(alice)
    place = Membership.objects.get()
    assert called(alice, clock) == ["new"]
    assert "Called on lists: <strong>new</strong>" in page(office, alice)
    assert "nobody is let in or kept out" in words(office.get(act(alice, "status", place.pk))).lower()

    given = {"status": "expired", "lasts": "until", "until_on": in_days(clock, 3).isoformat(), "reason": "moved away"}
    answer = send(alice, "status", place.pk, **given)

    assert answer.status_code == 302, words(answer)
    assert called(alice, clock) == ["expired"]
    assert standing(alice, clock) == "good", "the display opens and closes nothing"
    assert "<strong>expired</strong>" in page(office, alice)
    assert "moved away (dana@example.org)" in page(office, alice)
    assert AuditEntry.objects.filter(by=dana, action="override status", why="moved away").count() == 1
    assert explained(alice)["statuses"][0]["overridden"] == {"until_on": given["until_on"], "reason": "moved away"}


def test_c050_c051_on_its_day_it_is_over_with_nobody_doing_anything(send, alice, paid, clock):
    paid(alice)
    day = in_days(clock, 3)
    given = {"status": "grace", "lasts": "until", "until_on": day.isoformat(), "reason": "x"}
    send(alice, "status", Membership.objects.get().pk, **given)
    assert called(alice, clock) == ["grace"]
    clock.advance(timedelta(days=3))
    assert called(alice, clock) == ["new"]


def test_c036_a_renewal_ends_it(send, alice, paid, until, clock):
    invoice = paid(alice)
    given = {"status": "grace", "lasts": "for_good", "until_on": in_days(clock, 3).isoformat(), "reason": "x"}
    answer = send(alice, "status", Membership.objects.get().pk, **given)
    assert answer.status_code == 302, words(answer)
    until(clock.now + timedelta(days=32))
    assert called(alice, clock) == ["grace"]
    due = Invoice.objects.exclude(pk=invoice.pk).get()
    pay = {"how": "cash", "paid_at": clock.now.isoformat(), "reason": "desk"}
    assert send(alice, "payment", due.pk, **pay).status_code == 302
    assert called(alice, clock) == ["new"]


def test_staff_end_it(send, office, alice, paid, clock):
    paid(alice)
    statuses.say(
        Membership.objects.get(), status="grace", until_on=None, for_good=True, reason="x", by=None, now=clock.now
    )
    said = StatusOverride.objects.get()
    assert act(alice, "plain_status", said.pk) in page(office, alice)
    assert send(alice, "plain_status", said.pk, reason="found").status_code == 302
    assert called(alice, clock) == ["new"]
    answer = send(alice, "plain_status", said.pk, reason="found")
    assert (answer.status_code, "taken back already" in words(answer)) == (422, True)


REFUSED = [
    ({"status": "", "lasts": "for_good"}, "This field is required"),  # C41: for good, without a status
    ({"lasts": "until", "until_on": ""}, "Say until which day"),  # C42: until a day, without one
    ({"lasts": "until", "until_on": "2020-01-01"}, "must lie ahead"),
    ({"lasts": "until", "until_on": "today"}, "must lie ahead"),  # C051: today would be over at once
    ({"lasts": "until", "until_on": "soon"}, "Enter a valid date"),
    ({"status": "deceased"}, "Select a valid choice"),  # that is a day, told on its own
    ({"lasts": "sometimes"}, "Select a valid choice"),
    ({"reason": " "}, "This field is required"),
]


@pytest.mark.parametrize(("given", "why"), REFUSED)
def test_c41_c42_an_override_that_cannot_be_is_refused(send, alice, paid, clock, given, why):
    paid(alice)
    whole = {"status": "grace", "lasts": "until", "until_on": in_days(clock, 1).isoformat(), "reason": "x"}
    if given.get("until_on") == "today":
        given = {**given, "until_on": in_days(clock, 0).isoformat()}
    answer = send(alice, "status", Membership.objects.get().pk, **{**whole, **given})
    assert (answer.status_code, why in words(answer)) == (422, True), words(answer)
    assert not StatusOverride.objects.exists()
    accepted = send(alice, "status", Membership.objects.get().pk, **whole)  # C43: until a day, with one
    assert accepted.status_code == 302


def test_both_a_day_and_for_good_is_refused_and_the_database_wants_a_status(alice, paid, clock):
    paid(alice)
    place = Membership.objects.get()
    with pytest.raises(DecisionRefused, match="Either"):
        statuses.say(
            place, status="grace", until_on=in_days(clock, 9), for_good=True, reason="x", by=None, now=clock.now
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        StatusOverride.objects.create(id="sov_x", member=alice, membership=place.pk, status="", since=clock.now)


C37_C40 = [
    ({"start_at": "", "end_at": "2026-05-04"}, "This field is required"),  # an end without a start
    ({"start_at": "2026-05-05", "end_at": "2026-05-04"}, "must come after its start"),  # an end before its start
]


@pytest.mark.parametrize(("given", "why"), C37_C40)
def test_c37_to_c40_dates_by_hand_that_cannot_be_are_refused(send, alice, clock, given, why):
    """C38, C39. Not ours: a start before the day of joining (that day *is* the first), an end for life (it has none)."""
    answer = send(alice, "grant", level="full", reason="x", **given)
    assert (answer.status_code, why in words(answer)) == (422, True), words(answer)


def test_another_member_s_membership_is_not_on_this_member_s_page(office, alice, bob, paid):
    paid(alice)
    place = Membership.objects.get()
    assert office.get(act(bob, "status", place.pk)).status_code == 404
    assert office.get(act(alice, "status", place.pk)).status_code == 200


# Deceased


def test_c070_who_died_is_charged_no_more_written_to_no_more_and_called_deceased(
    send, office, alice, bob, paid, until, clock, dana
):
    paid(alice)
    paid(bob)
    until(clock.now + timedelta(days=32))
    assert set(Invoice.objects.filter(settled_at=None).values_list("status", flat=True)) == {"open"}
    mails = Mail.objects.filter(about=alice.pk).count()
    assert mails

    answer = send(alice, "died", on=in_days(clock, -2).isoformat(), reason="her brother called")

    assert answer.status_code == 302, words(answer)
    assert called(alice, clock) == ["deceased"]
    assert Subscription.objects.get(customer__member=alice).status == "cancelled"
    assert Invoice.objects.get(account__member=alice, settled_at=None).status == "void"
    until(clock.now + timedelta(days=40))
    assert Mail.objects.filter(about=alice.pk).count() == mails, "nobody writes to the dead"
    assert Mail.objects.filter(about=bob.pk).count() > mails, "the others are written to as before"
    assert not Invoice.objects.filter(account__member=alice, status="open").exists()
    assert AuditEntry.objects.filter(by=dana, action="record death", object_id=alice.pk).count() == 1
    assert "Died on" in page(office, alice)
    listed = office.get(reverse("gs_office:members"), {"standing": "deceased"}).context["found"]
    assert [member.pk for member, *_ in listed] == [alice.pk]
    told = explained(alice)
    assert (told["deceased_on"], told["statuses"][0]["status"]) == (in_days(clock, -42).isoformat(), "deceased")


def test_what_the_dead_had_paid_stays_until_its_end(send, alice, paid, clock):
    paid(alice)
    send(alice, "died", on=in_days(clock, 0).isoformat(), reason="x")
    assert standing(alice, clock) == "good"
    clock.advance(timedelta(days=32))
    assert standing(alice, clock) == "lapsed", "and there is no grace after it"


@pytest.mark.django_db(transaction=True)
def test_what_a_gateway_bills_is_ended_there(send, alice, price, clock, work):
    buy(alice, price("full", "month"), clock, at="sandbox-auto")
    assert send(alice, "died", on=in_days(clock, 0).isoformat(), reason="x").status_code == 302
    assert Errand.objects.get().kind == Errand.Kind.END_NOW
    work()
    assert Subscription.objects.get().status == "cancelled"


@pytest.mark.parametrize(("days", "why"), [(1, "has not come yet"), (None, "This field is required")])
def test_a_death_that_cannot_be_is_refused(send, alice, paid, clock, days, why):
    paid(alice)
    answer = send(alice, "died", on="" if days is None else in_days(clock, days).isoformat(), reason="x")
    assert (answer.status_code, why in words(answer)) == (422, True)
    alice.refresh_from_db()
    assert alice.deceased_on is None
    assert Subscription.objects.get().status == "active"


def test_a_death_is_recorded_once_and_taken_back(send, office, alice, clock):
    day = in_days(clock, 0)
    assert send(alice, "lives", reason="x").status_code == 422
    assert send(alice, "died", on=day.isoformat(), reason="x").status_code == 302
    again = send(alice, "died", on=day.isoformat(), reason="x")
    assert (again.status_code, "recorded already" in words(again)) == (422, True)
    assert act(alice, "lives") in page(office, alice)
    assert send(alice, "lives", reason="another of that name").status_code == 302
    alice.refresh_from_db()
    assert alice.deceased_on is None


# The site's own rules


def test_a_site_s_rules_take_the_place_of_the_stock_ones(office, alice, paid, clock, dana):
    paid(alice)
    assert called(alice, clock) == ["new"]
    rule = {"status": "member", "position": 1, "since_of": "started", "since_count": 0, "until_of": "ended"}
    units = {"since_unit": "month", "until_unit": "month", "until_count": 0}
    added = office.post(reverse("admin:gs_memberships_statusrule_add"), {**rule, **units})
    assert added.status_code == 302, words(added)
    assert AuditEntry.objects.filter(by=dana, object_type="gs_memberships.statusrule").count() == 1
    StatusRule.objects.create(status="board", position=2)  # nothing follows from it; staff can say it
    assert called(alice, clock) == ["member"]
    assert [name for name in statuses.names() if name in ("member", "board")] == ["member", "board"]
    assert "<strong>member</strong>" in page(office, alice)


def test_rules_before_a_day_and_after_it(alice, paid, clock):
    paid(alice)
    StatusRule.objects.create(
        status="ending soon", since_of="ended", since_count=-1, since_unit="week", until_of="ended"
    )
    assert called(alice, clock) == [""]
    clock.advance(timedelta(days=26))
    assert called(alice, clock) == ["ending soon"]
    with pytest.raises(IntegrityError), transaction.atomic():
        StatusRule.objects.create(status="never", until_of="ended")


def test_the_list_says_it_where_it_is_asked_for(office, alice, bob, paid):
    paid(alice)
    address = reverse("gs_office:members")
    assert "full: new" not in words(office.get(address))
    shown = office.get(address, {"called": "on"})
    assert [(member.pk, each["called"]) for member, each in shown.context["found"]] == [
        (alice.pk, "full: new"),
        (bob.pk, ""),
    ]
    assert "full: new" in words(shown)


def test_explain_says_what_lists_call_it(alice, paid, clock):
    paid(alice)
    out = StringIO()
    call_command("explain", alice.email, stdout=out)
    assert "on lists full is called new: joined 20" in out.getvalue()
    status = explained(alice)["statuses"][0]
    assert (status["level"], status["status"], status["overridden"]) == ("full", "new", None)
    assert date.fromisoformat(status["joined_on"]) == date.fromisoformat(status["started_on"]) == in_days(clock, 0)
