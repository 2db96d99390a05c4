"""The clock shows the real time, or what it is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from goodstanding import clock as the_clock
from goodstanding import conf

MOMENT = datetime(2026, 1, 31, 10, 0, tzinfo=UTC)


def test_the_real_time_is_aware_and_runs():
    before = datetime.now(UTC)
    assert before <= the_clock.now() <= datetime.now(UTC)
    assert the_clock.now().tzinfo is UTC


def test_a_moment_stands_still(settings):
    settings.GOODSTANDING_CLOCK = "2026-01-31T11:00:00+01:00"
    assert the_clock.now() == the_clock.now() == MOMENT


@pytest.mark.parametrize(
    ("text", "offset"), [("+90d", timedelta(days=90)), ("-36h", timedelta(hours=-36)), ("+5m", timedelta(minutes=5))]
)
def test_an_offset_runs_on(settings, text, offset):
    settings.GOODSTANDING_CLOCK = text
    before = datetime.now(UTC)
    assert before + offset <= the_clock.now() <= datetime.now(UTC) + offset


def test_the_fixture_moves_and_is_put_back(clock, freeze):
    assert the_clock.now() == clock.now
    assert freeze(MOMENT) == the_clock.now() == MOMENT
    clock.advance(timedelta(days=28))
    assert the_clock.now() == datetime(2026, 2, 28, 10, 0, tzinfo=UTC)


def test_one_clock_within_another():
    with the_clock.stopped(MOMENT):
        with the_clock.stopped(MOMENT.astimezone(timezone(timedelta(hours=5))) + timedelta(hours=1)):
            assert the_clock.now() == MOMENT + timedelta(hours=1)
            assert the_clock.now().tzinfo is UTC
        assert the_clock.now() == MOMENT
    assert the_clock.now() != MOMENT


def test_a_moment_without_a_zone_is_a_bug(clock):
    with pytest.raises(AssertionError):
        clock.set(datetime(2026, 1, 31))  # noqa: DTZ001 - the bug in question


def test_days_are_those_of_the_site_or_of_the_project_around_it(settings):
    settings.GOODSTANDING_TIME_ZONE = "Pacific/Auckland"
    assert conf.time_zone().key == "Pacific/Auckland"
    del settings.GOODSTANDING_TIME_ZONE
    settings.TIME_ZONE = "America/New_York"
    assert conf.time_zone().key == "America/New_York"
