"""Taking events in: once, in one transaction with what it writes, again after failures, at last given up on."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from goodstanding.billing.models import Fact
from goodstanding.inbox import services
from goodstanding.inbox.models import WebhookEvent
from goodstanding.jobs import lease
from goodstanding.jobs.services import BATCH
from tests.apps.inbox import brittle

State = WebhookEvent.State
SECOND = timedelta(seconds=1)
pytestmark = [pytest.mark.django_db, pytest.mark.db_matters]


def reload(event: WebhookEvent) -> WebhookEvent:
    return WebhookEvent.objects.get(pk=event.pk)


def test_an_event_is_taken_in_once(filing, clock):
    event = filing("evt_1", now=clock.now)
    assert services.work_once(now=clock.advance(SECOND)) == 1
    row = reload(event)
    assert (row.state, row.closed_at, row.recorded_at) == (State.DONE, clock.now, clock.now)
    assert (row.attempts, row.leased_until, row.leased_by, row.last_error) == (0, None, "", "")
    fact = Fact.objects.get()
    assert (fact.event, fact.recorded_at, fact.gateway_account_id) == (event.pk, clock.now, "brittle")
    assert services.work_once(now=clock.advance(SECOND)) == 0


def test_what_is_ignored_says_why_and_records_nothing(filing, clock):
    event = filing("evt_1", "ignored", now=clock.now)
    services.work_once(now=clock.now)
    row = reload(event)
    assert (row.state, row.reason, row.note) == (State.IGNORED, "not_wanted", "Nobody wants it.")
    assert row.recorded_at is None
    assert not Fact.objects.exists()


def test_what_contradicts_itself_is_given_up_on_at_once(filing, clock):
    event = filing("evt_1", "bad", now=clock.now)
    services.work_once(now=clock.now)
    row = reload(event)
    assert (row.state, row.attempts) == (State.DEAD, 1)
    assert row.last_error == "bad_amount: The amount is no integer."
    assert not Fact.objects.exists()


def test_a_failure_is_tried_again_after_longer_and_longer_pauses_and_then_given_up_on(filing, clock):
    event = filing("evt_1", "broken", now=clock.now)
    for attempt, pause in enumerate(lease.PAUSES, start=1):
        assert services.work_once(now=clock.now) == 1
        row = reload(event)
        assert (row.state, row.attempts, row.due_at) == (State.FAILED, attempt, clock.now + pause)
        assert services.work_once(now=clock.now + pause - SECOND) == 0
        clock.advance(pause)
    assert services.work_once(now=clock.now) == 1
    row = reload(event)
    assert (row.state, row.attempts) == (State.DEAD, lease.MAX_ATTEMPTS)
    assert services.work_once(now=clock.advance(timedelta(days=365))) == 0


def test_an_error_is_named_with_its_place_and_without_its_words(filing, clock, caplog):
    caplog.set_level(logging.DEBUG)
    event = filing("evt_1", "broken", now=clock.now)
    services.work_once(now=clock.now)
    assert reload(event).last_error.startswith("RuntimeError at ")
    assert brittle.SECRET_WORD not in reload(event).last_error
    assert brittle.SECRET_WORD not in caplog.text


def test_what_was_broken_and_is_mended_is_taken_in_with_the_moment_at_which_it_was(filing, clock):
    event = filing("evt_1", "broken 1", now=clock.now)
    services.work_once(now=clock.now)
    services.work_once(now=clock.advance(lease.PAUSES[0]))
    row = reload(event)
    assert (row.state, row.attempts, row.last_error, row.recorded_at) == (State.DONE, 1, "", clock.now)


@pytest.mark.parametrize("does", ["locked 2", "raced 2"])
def test_locks_and_lost_races_are_tried_again_at_once(filing, clock, does):
    event = filing("evt_1", does, now=clock.now)
    services.work_once(now=clock.now)
    assert (reload(event).state, reload(event).attempts) == (State.DONE, 0)


def test_a_lock_that_stays_counts_as_a_failure(filing, clock):
    event = filing("evt_1", "locked", now=clock.now)
    services.work_once(now=clock.now)
    assert (reload(event).state, reload(event).attempts) == (State.FAILED, 1)


def test_one_failure_does_not_hold_up_the_others(filing, clock):
    filing("evt_1", "broken", now=clock.now)
    filing("evt_2", now=clock.now)
    services.work_once(now=clock.now)
    states = dict(WebhookEvent.objects.values_list("external_id", "state"))
    assert states == {"evt_1": State.FAILED, "evt_2": State.DONE}


def test_a_claimed_event_is_nobody_elses_until_the_lease_runs_out(filing, clock):
    filing("evt_1", now=clock.now)
    assert len(services.claim(now=clock.now, worker="alice", limit=5)) == 1
    assert services.claim(now=clock.now + lease.LEASE - SECOND, worker="bob", limit=5) == []
    assert len(services.claim(now=clock.now + lease.LEASE, worker="bob", limit=5)) == 1


def test_a_late_workers_write_fails_and_takes_everything_back(filing, clock):
    event = filing("evt_1", now=clock.now)
    [late] = services.claim(now=clock.now, worker="late", limit=5)
    [other] = services.claim(now=clock.advance(lease.LEASE), worker="other", limit=5)
    services.process([late], now=clock.now)
    assert not Fact.objects.exists()
    assert (reload(event).state, reload(event).leased_by) == (State.WAITING, "other")
    services.process([other], now=clock.now)
    assert reload(event).state == State.DONE
    assert Fact.objects.count() == 1
    with pytest.raises(lease.LostLease):
        lease.close(late, state=State.DEAD)
    assert reload(event).state == State.DONE


def test_a_late_workers_failure_is_not_booked(filing, clock):
    event = filing("evt_1", "broken 1", now=clock.now)
    [late] = services.claim(now=clock.now, worker="late", limit=5)
    [other] = services.claim(now=clock.advance(lease.LEASE), worker="other", limit=5)
    services.process([late], now=clock.now)
    assert reload(event).state == State.WAITING
    services.process([other], now=clock.now)
    assert reload(event).state == State.DONE


def test_an_event_that_kills_its_workers_goes_alone_and_is_given_up_on(filing, clock):
    deadly = filing("evt_1", now=clock.now)
    filing("evt_2", now=clock.advance(SECOND))
    assert len(services.claim(now=clock.now, worker="dies", limit=5)) == 2
    for _ in range(lease.MAX_ATTEMPTS - 1):
        alone = services.claim(now=clock.advance(lease.LEASE), worker="dies", limit=5)
        assert [each.external_id for each in alone] == ["evt_1"]
    [neighbour] = services.claim(now=clock.now, worker="lives", limit=5)
    services.process([neighbour], now=clock.now)
    assert (reload(neighbour).external_id, reload(neighbour).state) == ("evt_2", State.DONE)
    assert services.work_once(now=clock.advance(lease.LEASE)) == 1
    assert (reload(deadly).state, reload(deadly).last_error) == (State.DEAD, "worker_died")


def test_what_was_given_back_is_not_counted_as_a_death(filing, clock):
    event = filing("evt_1", now=clock.now)
    lease.release(services.claim(now=clock.now, worker="stops", limit=5))
    assert services.work_once(now=clock.now) == 1
    assert (reload(event).state, reload(event).attempts) == (State.DONE, 0)


def test_batches_are_bounded_and_in_order(filing, clock):
    names = [f"evt_{number:02}" for number in range(BATCH + 5)]
    for name in reversed(names):
        filing(name, now=clock.now + SECOND * names.index(name))
    clock.advance(timedelta(minutes=5))
    brittle.reset()
    assert services.work_once(now=clock.now) == BATCH
    assert services.work_once(now=clock.now) == 5
    assert brittle.reads == names


def test_received_events_go_before_loaded_ones(filing, clock, brittle_account):
    body = brittle.body("evt_loaded")
    batch = services.Batch("load_1", create_members=False, position=0)
    services.file(brittle_account, [(brittle.BrittleGateway().parse(body), body)], now=clock.now, batch=batch)
    filing("evt_received", now=clock.advance(SECOND))
    claimed = services.claim(now=clock.now, worker="w", limit=5)
    assert [each.external_id for each in claimed] == ["evt_received", "evt_loaded"]


def test_an_event_loaded_by_hand_counts_as_recorded_when_it_was_created(brittle_account, clock):
    body = brittle.body("evt_1")
    event = brittle.BrittleGateway().parse(body)
    batch = services.Batch("load_1", create_members=False, position=0)
    services.file(brittle_account, [(event, body)], now=clock.now, batch=batch)
    services.work_once(now=clock.now)
    assert WebhookEvent.objects.get().recorded_at == event.created_at
    assert Fact.objects.get().recorded_at == event.created_at


@pytest.mark.parametrize("state", [State.DONE, State.IGNORED, State.DEAD, State.FAILED])
def test_a_replay_keeps_the_moment_of_recording_and_changes_nothing(filing, clock, state):
    event = filing("evt_1", now=clock.now)
    services.work_once(now=clock.now)
    recorded_at = clock.now
    facts = list(Fact.objects.values())
    WebhookEvent.objects.update(state=state, attempts=3, last_error="x")
    assert services.retry(WebhookEvent.objects.all(), now=clock.advance(timedelta(days=3))) == 1
    assert services.work_once(now=clock.now) == 1
    row = reload(event)
    assert (row.state, row.recorded_at, row.attempts) == (State.DONE, recorded_at, 0)
    assert list(Fact.objects.values()) == facts


def test_a_retry_takes_the_event_from_whoever_holds_it(filing, clock):
    event = filing("evt_1", now=clock.now)
    [held] = services.claim(now=clock.now, worker="slow", limit=1)
    services.retry(WebhookEvent.objects.all(), now=clock.now)
    services.process([held], now=clock.now)
    assert reload(event).state == State.WAITING
    assert services.work_once(now=clock.now) == 1
    assert reload(event).state == State.DONE


def test_an_event_of_the_other_mode_is_looked_at_again_when_the_account_changes(filing, clock, brittle_account):
    event = filing("evt_1", live=False, now=clock.now)
    assert (event.state, event.reason) == (State.IGNORED, "test_mode")
    services.retry(WebhookEvent.objects.all(), now=clock.now)
    services.work_once(now=clock.now)
    assert (reload(event).state, reload(event).reason) == (State.IGNORED, "test_mode")
    brittle_account.mode = "test"
    brittle_account.save()
    services.retry(WebhookEvent.objects.all(), now=clock.now)
    services.work_once(now=clock.now)
    assert (reload(event).state, reload(event).reason) == (State.DONE, "")


def test_an_event_of_a_gateway_that_is_no_longer_known_waits(filing, clock, settings):
    event = filing("evt_1", now=clock.now)
    settings.GOODSTANDING_GATEWAYS = {}
    services.work_once(now=clock.now)
    assert (reload(event).state, reload(event).last_error[:14]) == (State.FAILED, "UnknownGateway")


def statements_of_ignoring(filing, clock, count: int) -> int:
    for number in range(count):
        filing(f"evt_{count}_{number}", "ignored", now=clock.now)
    with CaptureQueriesContext(connection) as statements:
        assert services.work_once(now=clock.now) == count
    return len([each for each in statements if "SAVEPOINT" not in each["sql"]])


def test_statements_around_an_event_are_one_and_two_for_the_batch(filing, clock):
    assert statements_of_ignoring(filing, clock, 1) == 3
    assert statements_of_ignoring(filing, clock, BATCH) == 2 + BATCH


def test_an_idle_turn_is_one_statement(filing, clock):
    with CaptureQueriesContext(connection) as statements:
        assert services.work_once(now=clock.now) == 0
    assert len([each for each in statements if "SAVEPOINT" not in each["sql"]]) == 1
