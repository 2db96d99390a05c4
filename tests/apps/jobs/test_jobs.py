"""Jobs: added with what caused them, done once, tried again, parked at last."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from goodstanding.jobs import lease, registry, services
from goodstanding.jobs.models import Job, Schedule

State = Job.State
SECOND = timedelta(seconds=1)
RING = "test.ring"
pytestmark = [pytest.mark.django_db, pytest.mark.db_matters]


def add(clock, key: str = "alice", *, due_in: timedelta = timedelta(0), **payload: str) -> bool:
    return services.add(RING, key=key, payload=payload, due_at=clock.now + due_in, now=clock.now)


def only() -> Job:
    return Job.objects.get(kind=RING)


def test_a_job_is_done_once_when_it_is_due(bell, clock):
    assert add(clock, due_in=SECOND)
    assert services.work_once(now=clock.now) == 0
    assert services.work_once(now=clock.advance(SECOND)) == 1
    assert (bell.rung, only().state, only().closed_at) == (["alice"], State.DONE, clock.now)
    assert services.work_once(now=clock.advance(SECOND)) == 0


def test_a_job_goes_with_the_transaction_that_added_it(bell, clock):
    def add_and_fail() -> None:
        with transaction.atomic():
            add(clock)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        add_and_fail()
    assert not Job.objects.exists()


def test_of_one_kind_and_key_one_is_open_at_a_time(bell, clock):
    assert add(clock, due_in=SECOND * 10, first="yes")
    assert not add(clock, due_in=SECOND * 5, first="no")
    assert not add(clock, due_in=SECOND * 20)
    assert add(clock, "bob")
    job = Job.objects.get(key="alice")
    assert (job.due_at, job.payload, job.asked) == (clock.now + SECOND * 5, {"first": "yes"}, 3)


def test_a_job_that_was_done_can_be_added_again(bell, clock):
    add(clock)
    services.work_once(now=clock.now)
    assert add(clock)
    services.work_once(now=clock.now)
    assert bell.rung == ["alice", "alice"]
    assert Job.objects.filter(kind=RING, state=State.DONE).count() == 2


def test_asked_for_again_while_it_runs_it_runs_again(bell, clock):
    add(clock)
    [job] = services.claim(now=clock.now, worker="w", limit=5)
    assert not add(clock)
    services.process(job, now=clock.now)
    assert only().state == State.OPEN
    assert services.work_once(now=clock.now) == 1
    assert (only().state, len(bell.rung)) == (State.DONE, 2)


def test_a_failure_is_tried_again_later_and_parked_at_last(bell, clock, caplog):
    add(clock, does="break")
    for attempt, pause in enumerate(lease.PAUSES, start=1):
        services.work_once(now=clock.now)
        assert (only().state, only().attempts, only().due_at) == (State.OPEN, attempt, clock.now + pause)
        clock.advance(pause)
    services.work_once(now=clock.now)
    assert (only().state, only().attempts) == (State.PARKED, lease.MAX_ATTEMPTS)
    assert only().last_error.startswith("RuntimeError at ")
    assert "alice@example.org" not in caplog.text


def test_what_cannot_be_helped_is_parked_at_once(bell, clock):
    add(clock, does="give up")
    services.work_once(now=clock.now)
    assert (only().state, only().last_error) == (State.PARKED, "no_such_door: it was taken down")


def test_a_parked_job_is_opened_again_unless_another_took_its_place(bell, clock):
    add(clock, does="give up")
    services.work_once(now=clock.now)
    parked = only().pk
    add(clock)
    assert services.retry([parked], now=clock.now) == 0
    services.work_once(now=clock.now)
    assert services.retry([parked], now=clock.advance(SECOND)) == 1
    row = Job.objects.get(pk=parked)
    assert (row.state, row.attempts, row.due_at) == (State.OPEN, 0, clock.now)


def test_a_job_that_nobody_here_can_do_waits_for_who_can(clock):
    add(clock)
    assert services.work_once(now=clock.now) == 0
    assert only().state == State.OPEN


def test_a_late_worker_cannot_close_what_another_has_claimed(bell, clock):
    add(clock)
    [late] = services.claim(now=clock.now, worker="late", limit=1)
    [other] = services.claim(now=clock.advance(lease.LEASE), worker="other", limit=1)
    services.process(late, now=clock.now)
    assert (only().state, only().leased_by) == (State.OPEN, "other")
    services.process(other, now=clock.now)
    assert only().state == State.DONE


@pytest.mark.parametrize("atomic", [True, False])
def test_an_atomic_job_takes_back_what_it_wrote_when_it_fails(clock, atomic):
    def write_and_break(job: Job, *, now: object) -> None:
        Schedule.objects.create(kind="written", next_at=clock.now)
        raise RuntimeError

    registry.handler("test.write", atomic=atomic)(write_and_break)
    try:
        services.add("test.write", key="", due_at=clock.now, now=clock.now)
        services.work_once(now=clock.now)
    finally:
        registry.forget("test.write")
    assert Schedule.objects.filter(kind="written").exists() != atomic


def test_a_kind_has_one_handler(bell):
    with pytest.raises(registry.AlreadyRegistered):
        registry.handler(RING)(bell)


def test_jobs_long_done_are_forgotten(bell, clock):
    for key, does in {"alice": "", "bob": "give up", "charlie": ""}.items():
        add(clock, key, does=does)
        services.work_once(now=clock.now)
        clock.advance(timedelta(days=1))
    clock.set(clock.now - timedelta(days=1) + services.KEEP_DONE)
    services.add("jobs.purge", key="", due_at=clock.now, now=clock.now)
    services.work_once(now=clock.now)
    assert set(Job.objects.filter(kind=RING).values_list("key", flat=True)) == {"bob", "charlie"}


# Recurring jobs


@pytest.fixture
def hourly(bell):
    registry.recurring(RING, every=timedelta(hours=1))
    return bell


def tick_and_work(clock) -> None:
    services.tick(now=clock.now)
    while services.work_once(now=clock.now):
        pass


def test_a_recurring_job_comes_at_once_and_then_every_so_often(hourly, clock):
    for _ in range(5):
        tick_and_work(clock)
        clock.advance(timedelta(minutes=30))
    assert len(hourly.rung) == 3


def test_what_was_missed_is_not_made_up_for(hourly, clock):
    tick_and_work(clock)
    clock.advance(timedelta(days=2))
    tick_and_work(clock)
    tick_and_work(clock)
    assert len(hourly.rung) == 2
    assert Schedule.objects.get(kind=RING).next_at == clock.now + timedelta(hours=1)


def test_one_that_is_not_done_yet_is_not_added_twice(hourly, clock):
    for _ in range(3):
        services.tick(now=clock.now)
        clock.advance(timedelta(hours=1))
    assert Job.objects.filter(kind=RING).count() == 1
