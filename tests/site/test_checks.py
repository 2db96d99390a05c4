"""What is wrong with the settings is said at start, with an id and a hint."""

from __future__ import annotations

import pytest
from django.core import checks


def found(*, deploy: bool = False) -> set[str | None]:
    """Return the ids of our checks that find something; each of them has a hint."""
    messages = checks.run_checks(tags=["goodstanding"], include_deployment_checks=deploy)
    assert all(message.hint for message in messages)
    return {message.id for message in messages}


def test_the_site_as_it_comes_is_in_order():
    assert found(deploy=True) == set()


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"USE_TZ": False}, "gs.E001"),
        ({"GOODSTANDING_TIME_ZONE": "Berlin"}, "gs.E002"),
        ({"GOODSTANDING_CLOCK": "noon"}, "gs.E003"),
        ({"GOODSTANDING_CLOCK": "+1d", "GOODSTANDING_HTTPS": True}, "gs.E004"),
        ({"GOODSTANDING_DEMO": True, "GOODSTANDING_HTTPS": True}, "gs.W001"),
    ],
)
def test_a_setting_that_cannot_be_right_is_found(settings, changes, wanted):
    for name, value in changes.items():
        setattr(settings, name, value)
    assert found(deploy=True) == {wanted}


@pytest.mark.parametrize(
    ("database", "wanted"),
    [
        ({"ENGINE": "django.db.backends.sqlite3"}, "gs.E005"),
        ({"ENGINE": "django.db.backends.sqlite3", "OPTIONS": {"transaction_mode": "EXCLUSIVE"}}, "gs.E005"),
        ({"ENGINE": "django.db.backends.mysql"}, "gs.E006"),
    ],
)
def test_a_database_that_would_lose_writers_is_found(monkeypatch, settings, database, wanted):
    monkeypatch.setitem(settings.DATABASES, "default", database)
    assert found() == {wanted}


def test_demo_people_are_a_matter_of_use_only(settings):
    settings.GOODSTANDING_DEMO = True
    assert found(deploy=True) == set()


def test_a_slip_of_the_pen_is_found_with_what_was_meant(monkeypatch):
    monkeypatch.setenv("GOODSTANDING_TIMEZONE", "Europe/Berlin")
    (message,) = checks.run_checks(tags=["goodstanding"])
    assert message.id == "gs.W002"
    assert message.hint == "Did you mean GOODSTANDING_TIME_ZONE?"


def test_a_key_that_others_can_read_is_found(settings, tmp_path):
    settings.GOODSTANDING_HOME = tmp_path
    (tmp_path / "secret-key").touch(mode=0o600)
    assert found() == set()
    (tmp_path / "secret-key").chmod(0o644)
    assert found() == {"gs.W003"}
