"""The command: what it says, what it refuses, that Ctrl-C is not the end, and that other processes follow."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from goodstanding.gateways.models import GatewayAccount
from goodstanding.jobs import registry, services
from goodstanding.jobs.models import Job
from tests.conftest import START
from tests.gateways.living import Life
from tests.site.command import Site

RING = "test.ring"
DAY = timedelta(days=1)


class Told:
    """What the command said."""

    def __init__(self, *arguments: str) -> None:
        self._out, self._err = StringIO(), StringIO()
        self.code: object = 0
        try:
            call_command("simulate", *arguments, stdout=self._out, stderr=self._err, no_color=True)
        except SystemExit as stop:
            self.code = stop.code

    @property
    def out(self) -> str:
        return self._out.getvalue()

    @property
    def err(self) -> str:
        return self._err.getvalue()


@pytest.fixture
def interrupting(db) -> Iterator[list[str]]:
    """Jobs that press Ctrl-C while they are done, once."""
    rung: list[str] = []

    def ring(job: Job, *, now: object) -> None:
        if not rung:
            os.kill(os.getpid(), signal.SIGINT)
        rung.append(job.key)

    registry.handler(RING)(ring)
    yield rung
    registry.forget(RING)


def test_it_goes_to_the_first_moment_of_the_day_and_counts(alice, clock, settings):
    settings.GOODSTANDING_TIME_ZONE = "Europe/Berlin"
    Life(alice).join(card="sandbox_fails_later")
    told = Told("--until", "2026-04-20", "--json")
    document = json.loads(told.out)
    assert (document["from"], document["at"]) == ("2026-03-02T10:00:00Z", "2026-04-19T22:00:00Z")
    assert clock.now.isoformat() == "2026-04-19T22:00:00+00:00"
    assert document["finished"] is True
    assert document["skipped"] == []
    became = document["standing_became"]
    became.pop("pending", None)  # depends on which of the messages of one moment is read first
    assert became == {"good": 1, "grace": 1, "lapsed": 1}
    assert document["done"]["inbox"] == document["done"]["sandbox"] > 10
    days = [line.split()[0] for line in told.err.splitlines()]
    assert days[0] == "2026-03-02"
    assert days == sorted(set(days))


def test_quiet_says_nothing_on_the_way_and_the_end_is_in_words(alice, clock):
    Life(alice).join()
    told = Told("--until", "2026-04-03", "--quiet")
    assert told.err == ""
    assert "The clock went from 2026-03-02T10:00:00Z to 2026-04-03T00:00:00Z." in told.out
    assert "standing became: good 1" in told.out


def test_what_is_passed_over_is_named(db, clock):
    registry.agenda("test", lambda now: START)
    try:
        told = Told("--until", "2026-03-03", "--quiet")
    finally:
        registry.forget_agenda("test")
    assert "passed over: test at 2026-03-02T10:00:00Z" in told.out


@pytest.mark.parametrize("text", ["2026-03-01", "2026-03-02T09:59:59Z", "yesterday", "2026-02-30", "2126-03-02"])
def test_a_day_that_cannot_be_is_refused(db, clock, text):
    with pytest.raises(CommandError) as refusal:
        Told("--until", text)
    assert refusal.value.returncode == 2
    assert clock.now == START


@pytest.mark.parametrize(
    ("name", "value"),
    [("GOODSTANDING_DEMO", False), ("GOODSTANDING_HTTPS", True), ("GOODSTANDING_CLOCK", "2026-01-31T10:00:00Z")],
)
def test_a_site_in_use_is_refused(db, clock, settings, name, value):
    setattr(settings, name, value)
    with pytest.raises(CommandError, match=name) as refusal:
        Told("--until", "2026-04-03")
    assert refusal.value.returncode == 2
    assert clock.now == START


def test_one_that_the_network_can_reach_has_to_be_said_to_be_for_trying_things(db, clock, settings):
    settings.GOODSTANDING_HOST = "0.0.0.0"
    with pytest.raises(CommandError, match="network"):
        Told("--until", "2026-04-03")
    settings.GOODSTANDING_DEMO = True
    assert Told("--until", "2026-04-03", "--quiet").code == 0


def test_so_is_one_where_real_money_moves(db, clock):
    GatewayAccount.objects.create(code="real", gateway="stripe", label="Real", mode="live", api_key="sk_live_1")
    with pytest.raises(CommandError, match="real money"):
        Told("--until", "2026-04-03")
    GatewayAccount.objects.update(is_active=False)
    assert Told("--until", "2026-04-03", "--quiet").code == 0


def test_ctrl_c_stops_between_two_moments_and_the_same_again_goes_on(interrupting, clock):
    for days in (1, 2):
        for name in "ab":
            services.add(RING, key=f"{days}{name}", due_at=START + days * DAY, now=START)
    told = Told("--until", "2026-03-12", "--json")
    assert (told.code, interrupting) == (130, ["1a", "1b"])
    assert json.loads(told.out)["finished"] is False
    assert "run it again to go on" in told.err
    assert clock.now == START + DAY
    told = Told("--until", "2026-03-12", "--json")
    assert (told.code, interrupting) == (0, ["1a", "1b", "2a", "2b"])
    assert set(Job.objects.values_list("closed_at", flat=True)) == {START + DAY, START + 2 * DAY}


@pytest.mark.slow
def test_other_processes_follow(tmp_path):
    site = Site(tmp_path).already_migrated()
    assert site.run("migrate").returncode == 0
    refused: list[Any] = [
        site.run("simulate"),
        site.run("simulate", "--until", "2001-01-01"),
        site.run("simulate", "--until", "2199-01-01", GOODSTANDING_HTTPS="1"),
    ]
    assert [each.returncode for each in refused] == [2, 2, 2]
    year = int(json.loads(site.run("standing", "--all", "--json").stdout)["at"][:4]) + 2
    done = site.run("simulate", "--until", f"{year}-07-01", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["at"] == f"{year}-07-01T00:00:00Z"
    assert json.loads(site.run("standing", "--all", "--json").stdout)["at"].startswith(f"{year}-07-01T00:0")
    again = site.run("simulate", "--until", f"{year}-06-30")
    assert again.returncode == 2
    assert again.stderr.count("\n") == 1
