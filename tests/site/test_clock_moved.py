"""A clock that can be moved: forwards only, for all processes at once, on a site for trying things, and by one at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from goodstanding import clock
from goodstanding.conf import BadSetting

DAY = timedelta(days=1)
# Moves the clock a day on, step by step, and waits there until it is killed.
DIES = """
import sys
import django
django.setup()
from datetime import timedelta
from goodstanding import clock
with clock.moving() as mover:
    mover.to(clock.now() + timedelta(days=1))
    print("moving", flush=True)
    sys.stdin.read()
"""


class RealTime:
    """The real time, at the border at which we ask for it."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def passes(self, by: timedelta) -> None:
        self.at += by


@pytest.fixture
def home(tmp_path, settings) -> Any:
    settings.GOODSTANDING_HOME = tmp_path
    return tmp_path


@pytest.fixture
def real(home, monkeypatch) -> RealTime:
    told = RealTime()
    monkeypatch.setattr(clock, "_real", told)
    return told


def test_it_is_moved_and_runs_on(real):
    assert clock.ahead() == timedelta()
    clock.move_to(real.at + 90 * DAY)
    assert (clock.now(), clock.ahead(), clock.is_moving()) == (real.at + 90 * DAY, 90 * DAY, False)
    real.passes(timedelta(hours=1))
    assert clock.now() == real.at + 90 * DAY
    clock.move_to(real.at + 91 * DAY)
    assert clock.ahead() == 91 * DAY


def test_it_is_never_moved_back(real):
    clock.move_to(real.at + DAY)
    with pytest.raises(clock.NeverBackwards):
        clock.move_to(real.at + DAY - timedelta(microseconds=1))
    assert clock.now() == real.at + DAY


def test_while_it_is_moved_it_stands_still(real):
    with clock.moving() as mover:
        mover.to(real.at + DAY)
        shown = clock.now()
        real.passes(clock.STANDS_FOR / 2)
        assert (clock.now(), clock.is_moving()) == (shown, True)
        mover.to(shown - timedelta(hours=1))  # what lies behind is done where the clock stands
        assert clock.now() == shown
    assert (clock.now(), clock.is_moving()) == (shown, False)
    real.passes(DAY)
    assert clock.now() == shown + DAY


def test_a_mover_who_goes_on_keeps_it(real):
    with clock.moving() as mover:
        for _ in range(10):
            real.passes(clock.STANDS_FOR / 2)
            mover.keep()
            assert clock.is_moving()
        assert clock.now() == datetime(2026, 3, 2, 10, 2, 30, tzinfo=UTC)  # never behind the real time


def test_one_moves_it_at_a_time(real):
    with clock.moving():
        with pytest.raises(clock.ClockIsMoving), clock.moving():
            pass
        with pytest.raises(clock.ClockIsMoving):
            clock.move_to(real.at + DAY)
        assert clock.is_moving()
    clock.move_to(real.at + DAY)


def test_when_the_mover_is_gone_it_runs_on_by_itself_and_another_may_take_it(real):
    gone = clock.Mover()
    gone.to(real.at + DAY)
    shown = clock.now()
    real.passes(clock.STANDS_FOR)
    assert (clock.now(), clock.is_moving()) == (shown, False)
    real.passes(timedelta(seconds=5))
    assert clock.now() == shown + timedelta(seconds=5)
    with clock.moving() as another:
        another.to(shown + DAY)
        with pytest.raises(clock.ClockIsMoving):
            gone.to(shown + 2 * DAY)
        gone.let_run()
        assert (clock.now(), clock.is_moving()) == (shown + DAY, True)


def test_a_mover_who_slept_goes_on_from_what_is_shown_by_now(real):
    with clock.moving() as mover:
        mover.to(real.at + DAY)
        real.passes(clock.STANDS_FOR + timedelta(hours=1))
        shown = clock.now()
        mover.to(shown - timedelta(minutes=30))
        assert (clock.now(), clock.is_moving()) == (shown, True)


@pytest.mark.parametrize(
    ("name", "value"),
    [("GOODSTANDING_DEMO", False), ("GOODSTANDING_HTTPS", True), ("GOODSTANDING_CLOCK", "2026-01-31T10:00:00Z")],
)
def test_elsewhere_it_is_not_moved_and_the_file_does_not_count(real, settings, name, value):
    clock.move_to(real.at + 90 * DAY)
    setattr(settings, name, value)
    assert clock.now() < real.at + DAY
    assert clock.ahead() == timedelta()
    assert not clock.is_moving()
    with pytest.raises(clock.ClockNotForMoving):
        clock.move_to(real.at + 91 * DAY)


def test_another_project_has_to_ask_for_it(real, settings):
    del settings.GOODSTANDING_DEMO
    with pytest.raises(clock.ClockNotForMoving):
        clock.move_to(real.at + DAY)
    settings.GOODSTANDING_DEMO = True
    clock.move_to(real.at + DAY)


def test_a_file_that_cannot_be_read_is_named_rather_than_passed_over(home):
    (home / clock.FILE).write_text('{"shows": "soon"}')
    with pytest.raises(BadSetting, match=r"clock\.json"):
        clock.now()


def test_a_home_that_cannot_be_written_to_is_a_refusal(real, home, settings):
    settings.GOODSTANDING_HOME = home / "nowhere"
    with pytest.raises(clock.ClockNotForMoving):
        clock.move_to(real.at + DAY)


def test_nothing_but_the_file_is_left(real, home):
    clock.move_to(real.at + DAY)
    assert [path.name for path in home.iterdir()] == [clock.FILE]


def test_a_stopped_clock_is_moved_without_a_file(home):
    start = datetime(2026, 3, 2, tzinfo=UTC)
    with clock.stopped(start) as stopped:
        with clock.moving() as mover:
            mover.to(start + DAY)
            assert (stopped.now, clock.is_moving()) == (start + DAY, True)
        assert not clock.is_moving()
        with pytest.raises(clock.NeverBackwards):
            clock.move_to(start)
    assert not list(home.iterdir())


def test_another_process_is_seen_and_its_death_survived(home, monkeypatch):
    before = clock.now()
    environment = {**os.environ, "GOODSTANDING_HOME": str(home), "DJANGO_SETTINGS_MODULE": "goodstanding.site.settings"}
    child = subprocess.Popen(
        [sys.executable, "-c", DIES], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "moving\n"
        shown = clock.now()
        assert before + DAY < shown < before + DAY + timedelta(hours=1)
        assert clock.now() == shown
        assert clock.is_moving()
        with pytest.raises(clock.ClockIsMoving):
            clock.move_to(shown + DAY)
    finally:
        child.kill()
        child.communicate()
    later = RealTime()
    later.at = before + timedelta(hours=1) + clock.STANDS_FOR + timedelta(minutes=1)
    monkeypatch.setattr(clock, "_real", later)
    assert not clock.is_moving()
    clock.move_to(shown + DAY)
    assert clock.now() == shown + DAY
