"""A simulation leaves the same records however it is cut: in one go, in weeks, in days, or told to stop again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import models, transaction

from goodstanding import clock as the_clock
from goodstanding.gateways import receiving
from goodstanding.gateways.sandbox.models import Message, Subscription
from goodstanding.inbox.models import WebhookEvent
from goodstanding.jobs import registry, services, simulating
from goodstanding.jobs.models import Job
from goodstanding.jobs.simulating import Summary, simulate
from goodstanding.jobs.worker import Worker
from goodstanding.memberships.models import MemberStanding, StandingChange
from goodstanding.people.services import make_member, make_user
from tests.conftest import START
from tests.gateways.living import Life
from tests.scenarios.dump import tables

pytestmark = [pytest.mark.django_db]

CARDS = {
    "alice": "sandbox_ok",
    "bob": "sandbox_fails_later",
    "charlie": "sandbox_disputed",
    "dana": "sandbox_challenge",
}
DAY = timedelta(days=1)
Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture
def lives(db, clock) -> dict[str, Life]:
    """Four members who joined with cards that end differently; nothing of it is heard yet."""
    found = {}
    for name, card in CARDS.items():
        user = make_user(email=f"{name}@example.org", name=name, staff=False, now=clock.now)
        found[name] = Life(make_member(user=user, email=user.email, name=name, now=clock.now))
        found[name].join(card=card)
    return found


@contextmanager
def undone() -> Iterator[None]:
    """Whatever happens within did not happen. No ``atomic``: the sandbox insists on transactions of its own."""
    before = transaction.savepoint()
    the_moment = the_clock.now()
    yield
    transaction.savepoint_rollback(before)
    assert the_clock._stopped is not None
    the_clock._stopped.set(the_moment)


def records() -> Rows:
    """Every row of ours, stamps of recording included; only numbers that the database gives are left out."""
    found = {}
    for model in tables():
        fields = [field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)]
        rows = model._default_manager.order_by("pk").values(*[field.attname for field in fields])
        found[model._meta.db_table] = list(rows)
    return found


def differing(one: Rows, other: Rows) -> list[str]:
    return [
        f"{table}: {[row for row in one[table] if row not in other[table]][:3]} and "
        f"{[row for row in other[table] if row not in one[table]][:3]}"
        for table in one
        if one[table] != other[table]
    ]


def stepwise(by: timedelta) -> Callable[[datetime], Summary]:
    def run(until: datetime) -> Summary:
        while the_clock.now() + by < until:
            simulate(the_clock.now() + by, now=the_clock.now())
        return simulate(until, now=the_clock.now())

    return run


class Interrupted:
    """Told to stop after a number of moments."""

    def __init__(self, *, after: int) -> None:
        self._after = after
        self.steps: list[simulating.Step] = []

    def note(self, step: simulating.Step) -> None:
        self.steps.append(step)

    def is_stopping(self) -> bool:
        return len(self.steps) >= self._after


def at_once(until: datetime) -> Summary:
    return simulate(until, now=the_clock.now())


def stopped_every_few_steps(until: datetime) -> Summary:
    """Ctrl-C after each third moment, and the same command again."""
    for _ in range(10_000):
        interrupted = Interrupted(after=3)
        summary = simulate(until, now=the_clock.now(), on_step=interrupted.note, should_stop=interrupted.is_stopping)
        if summary.finished:
            return summary
        assert the_clock.now() == summary.at == interrupted.steps[-1].at
    raise AssertionError("it never ends")


def lived(run: Callable[[datetime], Summary], until: datetime) -> Rows:
    with undone():
        summary = run(until)
        assert (summary.finished, summary.at, summary.skipped, the_clock.now()) == (True, until, [], until)
        return records()


def test_a_season_in_one_go_is_a_season_of_weeks_of_days_and_of_interruptions(lives):
    """Long enough for each card to have ended as it does, and for renewals after that."""
    until = START + 125 * DAY
    whole = lived(at_once, until)
    assert len(whole["gs_memberships_standingchange"]) > 8
    for run in (stepwise(7 * DAY), stepwise(DAY), stopped_every_few_steps):
        assert differing(whole, lived(run, until)) == []


def test_a_day_more_is_noticed(lives):
    """So that the test above can fail."""
    until = START + 31 * DAY
    assert differing(lived(at_once, until), lived(at_once, until + DAY)) != []


def test_each_thing_is_done_at_its_own_moment(lives, clock):
    simulate(START + 80 * DAY, now=clock.now)
    assert not StandingChange.objects.exclude(at=models.F("recorded_at"))
    assert not WebhookEvent.objects.exclude(recorded_at=models.F("created_at"), state="done")
    assert not Message.objects.exclude(closed_at=models.F("created_at"), state="sent")
    changes = StandingChange.objects.filter(member=lives["bob"].member).exclude(after="pending").order_by("recorded_at")
    told = [(change.after, f"{change.recorded_at:%m-%d %H}") for change in changes]
    assert told == [("good", "03-02 10"), ("grace", "04-02 11"), ("lapsed", "04-09 10")]


def test_the_summary_counts_and_steps_are_told_in_order(lives, clock):
    steps: list[simulating.Step] = []
    summary = simulate(START + 40 * DAY, now=clock.now, on_step=steps.append)
    assert [step.at for step in steps] == sorted(step.at for step in steps)
    assert summary.steps == len(steps)
    assert summary.done["inbox"] == WebhookEvent.objects.count()
    assert summary.done["sandbox"] == Message.objects.count()
    assert summary.begun_at == START


def test_jobs_are_done_when_they_are_due(bell, clock):
    for days in (3, 1, 2):
        services.add(bell.kind, key=f"{days}", due_at=START + days * DAY, now=START)
    simulate(START + 2 * DAY, now=clock.now)
    assert bell.rung == ["1", "2"]
    assert set(Job.objects.filter(state="done").values_list("closed_at", flat=True)) == {START + DAY, START + 2 * DAY}


def test_a_failed_job_is_tried_again_at_its_own_moments(bell, clock):
    services.add(bell.kind, key="x", due_at=START, now=START, payload={"does": "break"})
    simulate(START + 3 * DAY, now=clock.now)
    assert len(bell.rung) == 8
    assert Job.objects.get().state == Job.State.PARKED


def test_messages_go_through_the_receiver_that_verifies_them(lives, clock):
    account = lives["alice"].account
    account.webhook_secret = ""
    account.save()
    simulate(START + timedelta(minutes=1), now=clock.now)
    assert not WebhookEvent.objects.exists()
    assert set(Message.objects.values_list("last_error", flat=True)) != {""}


def test_without_a_receiver_messages_wait(lives, clock, monkeypatch):
    monkeypatch.setattr(receiving, "_receivers", [])
    simulate(START + timedelta(minutes=1), now=clock.now)
    assert not Message.objects.filter(state="sent")


def test_never_backwards(clock):
    with pytest.raises(the_clock.NeverBackwards):
        simulate(START - timedelta(seconds=1), now=clock.now)
    assert simulate(START, now=clock.now).finished
    assert clock.now == START


@pytest.fixture
def agenda() -> Iterator[dict[str, Any]]:
    """An agenda and a sweep of the test's own."""
    says: dict[str, Any] = {"next": None, "sweep": 0}
    registry.agenda("test", lambda now: says["next"](now) if callable(says["next"]) else says["next"])
    registry.sweep("test", lambda at: says["sweep"](at) if callable(says["sweep"]) else says["sweep"])
    yield says
    registry.forget_agenda("test")


def test_a_moment_that_does_not_go_away_is_passed_over_and_named(agenda, bell, clock):
    agenda["next"] = stuck = START + timedelta(hours=1)
    services.add(bell.kind, key="later", due_at=START + DAY, now=START)
    summary = simulate(START + 10 * DAY, now=clock.now)
    assert bell.rung == ["later"]
    assert summary.finished
    assert [(skipped.name, skipped.at) for skipped in summary.skipped] == [("test", stuck)]
    assert summary.steps < 50


def test_an_agenda_that_always_says_now_is_passed_over(agenda, clock):
    agenda["next"] = lambda now: now
    summary = simulate(START + 10 * DAY, now=clock.now)
    assert (summary.finished, [skipped.name for skipped in summary.skipped]) == (True, ["test"])


def test_what_makes_itself_anew_for_ever_is_passed_over(agenda, clock, monkeypatch):
    monkeypatch.setattr(simulating, "MOST_ROUNDS", 20)
    agenda["next"], agenda["sweep"] = START, 1
    summary = simulate(START + DAY, now=clock.now)
    assert (summary.finished, [skipped.name for skipped in summary.skipped]) == (True, ["test"])


def test_an_agenda_that_goes_away_is_never_passed_over(agenda, clock):
    rung: list[datetime] = []

    def sweep(at: datetime) -> int:
        if at < START + len(rung) * DAY:
            return 0
        rung.append(at)
        return 1

    agenda["next"], agenda["sweep"] = (lambda now: START + len(rung) * DAY), sweep
    summary = simulate(START + 5 * DAY, now=clock.now)
    assert rung == [START + number * DAY for number in range(6)]
    assert summary.skipped == []


def test_two_agendas_of_one_name_are_refused(agenda):
    with pytest.raises(registry.AlreadyRegistered):
        registry.agenda("test", lambda now: None)
    with pytest.raises(registry.AlreadyRegistered):
        registry.sweep("test", lambda at: 0)


def test_a_worker_leaves_everything_to_whoever_moves_the_clock(bell, clock):
    services.add(bell.kind, key="x", due_at=START, now=START)
    with the_clock.moving():
        one = Worker()
        one.tick()
        assert one.drain() == 0
    assert bell.rung == []
    assert not Job.objects.filter(key="recurring")
    assert Worker().drain() == 1


def test_a_worker_gives_back_what_it_had_not_begun(bell, clock):
    for name in ("alice", "bob"):
        services.add(bell.kind, key=name, due_at=START, now=START)
    movers: list[Any] = []

    def process(job: Job, *, now: datetime) -> None:
        services.process(job, now=now)
        movers.append(the_clock.Mover())

    assert Worker(sources=[registry.Source("jobs", services.claim, process)]).turn() == 1
    assert Job.objects.get(key="bob").leased_until is None
    movers[0].let_run()


def test_an_interrupted_step_gives_back_what_it_had_not_begun(bell, clock):
    def interrupt(job: Job, *, now: datetime) -> None:
        raise KeyboardInterrupt

    registry.handler("test.interrupt")(interrupt)
    try:
        services.add("test.interrupt", key="first", due_at=START, now=START)
        services.add(bell.kind, key="second", due_at=START, now=START)
        with pytest.raises(KeyboardInterrupt):
            simulate(START + DAY, now=clock.now)
    finally:
        registry.forget("test.interrupt")
    assert Job.objects.get(key="second").leased_until is None
    assert not the_clock.is_moving()


def test_the_next_row_is_the_earliest_that_somebody_can_take(bell, clock):
    assert services.next_due(START) is None
    services.add(bell.kind, key="later", due_at=START + DAY, now=START)
    assert services.next_due(START) == START + DAY
    services.add(bell.kind, key="now", due_at=START - DAY, now=START)
    assert services.next_due(START) == START - DAY
    services.claim(now=START, worker="a worker", limit=1)
    assert services.next_due(START) == Job.objects.get(key="now").leased_until
    services.add("test.nobody_does_this", key="x", due_at=START - DAY, now=START)
    assert services.next_due(START) == Job.objects.get(key="now").leased_until


def test_the_standing_of_each_is_right_in_the_end(lives, clock):
    simulate(START + 365 * DAY, now=clock.now)
    standings = MemberStanding.objects.values_list("member__email", "status")
    assert dict(standings) == {
        "alice@example.org": "good",
        "bob@example.org": "lapsed",
        "charlie@example.org": "held",
        "dana@example.org": "lapsed",  # never approved
    }
    assert Subscription.objects.get(customer=lives["alice"].customer).number == 12
