"""Strangers are forgotten after a while: name and e-mail go, and nobody's standing changes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from goodstanding.billing import services
from goodstanding.billing.handlers import FORGET_STRANGERS
from goodstanding.billing.models import Fact, GatewayCustomer, ObjectState
from goodstanding.jobs import registry
from goodstanding.jobs import services as jobs
from goodstanding.jobs.models import Job
from goodstanding.memberships.models import MemberStanding
from goodstanding.memberships.rebuilding import rebuild_customers, rebuild_standing
from tests import lives

pytestmark = [pytest.mark.django_db, pytest.mark.db_matters]
DAY = timedelta(days=1)


def stranger():
    return GatewayCustomer.objects.get(ours=False)


def names_of(customer):
    """Every e-mail and name that is kept of a customer."""
    rows = Fact.objects.filter(customer=customer).values_list("body", flat=True)
    states = ObjectState.objects.filter(customer=customer).values_list("facts", flat=True)
    bodies = [*rows, *(body for facts in states for body in facts), {"email": customer.email, "name": customer.name}]
    return {body[key] for body in bodies for key in ("email", "name") if body.get(key)}


def everything_else():
    """All facts and states but those of the stranger, and everybody's standing."""
    facts = Fact.objects.exclude(customer=stranger()).order_by("pk")
    states = ObjectState.objects.exclude(customer=stranger()).order_by("pk")
    return [list(rows.values()) for rows in (facts, states, MemberStanding.objects.order_by("pk"))]


def forget(clock, *, before=None):
    return services.forget_strangers(before=before or clock.now, now=clock.now)


def test_a_stranger_is_forgotten_and_who_is_ours_is_not(clock, lived):
    ours = GatewayCustomer.objects.filter(ours=True)[0]
    kept = names_of(ours)
    assert "stranger-foreign@lives.example.org" in names_of(stranger())
    assert kept
    assert forget(clock) == 1
    assert names_of(stranger()) == set()
    assert names_of(ours) == kept


def test_nobodys_standing_changes(clock, lived):
    rows = [row for row in lives.expected() if row.file in ("foreign", "full-refund", "dispute-won", "two-agreements")]
    before = everything_else()
    forget(clock)
    assert everything_else() == before
    assert lives.differences(rows, lives.standing(*lives.moments(rows))) == []


def test_the_records_are_still_what_the_facts_say(clock, lived):
    forget(clock)
    assert rebuild_customers()[2] == []
    assert rebuild_standing()[2] == []
    assert names_of(stranger()) == set()


def test_what_was_recorded_lately_is_kept(clock, lived):
    first = Fact.objects.filter(customer=stranger(), kind="customer").order_by("recorded_at")[0]
    assert forget(clock, before=first.recorded_at) == 0
    assert names_of(stranger())
    assert forget(clock, before=first.recorded_at + timedelta(microseconds=1)) == 1
    assert "email" not in Fact.objects.get(pk=first.pk).body
    assert "stranger-foreign@lives.example.org" in names_of(stranger())  # the later fact still says it


def test_once_forgotten_there_is_nothing_more_to_do(clock, lived):
    assert [forget(clock), forget(clock)] == [1, 0]


def test_a_stranger_told_of_anew_is_forgotten_anew(clock, lived, tmp_path):
    forget(clock)
    told = next(
        body for body in lives.lines(["foreign"]) if "stranger-foreign@" in body and '"customer.updated"' in body
    )
    lives.load(
        [told.replace('"id": "evt_', '"id": "evt_again', 1).replace('"id":"evt_', '"id":"evt_again', 1)], tmp_path
    )
    assert names_of(stranger())
    assert forget(clock) == 1
    assert names_of(stranger()) == set()


def test_a_members_customer_is_no_stranger(clock, lived, alice):
    GatewayCustomer.objects.filter(pk=stranger().pk).update(member=alice)
    assert forget(clock) == 0
    assert names_of(stranger())


def test_one_batch_at_a_time(clock, lived, monkeypatch):
    monkeypatch.setattr(services, "FORGET_BATCH", 1)
    other = GatewayCustomer.objects.filter(ours=True).exclude(external_id="")[0]
    GatewayCustomer.objects.filter(pk=other.pk).update(ours=False, member=None)
    assert [forget(clock), forget(clock), forget(clock)] == [1, 1, 0]


def test_it_is_done_every_day_after_ninety_days(clock, lived):
    assert registry.intervals()[FORGET_STRANGERS] == DAY
    Job.objects.all().delete()
    newest = Fact.objects.filter(customer=stranger(), kind="customer").order_by("-recorded_at")[0]
    for days, forgotten in ((90, False), (91, True)):
        now = clock.set(newest.recorded_at + days * DAY)
        jobs.add(FORGET_STRANGERS, key="recurring", due_at=now, now=now)
        while jobs.work_once(now=now):
            pass
        assert (names_of(stranger()) == set()) == forgotten, days
