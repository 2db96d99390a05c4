"""What every test may ask for: people, a clock that is told the time, and a browser that forgives nothing."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import TransactionTestCase
from hypothesis import HealthCheck, settings

from goodstanding import clock as clock_module
from goodstanding.clock import StoppedClock
from tests import emptying, migrated

TransactionTestCase._fixture_teardown = emptying.empty_what_has_rows  # type: ignore[attr-defined]

# Property tests at default size prove little; where time is no object they are run much longer.
settings.register_profile("here", max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("here"), max_examples=400, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "here")

pytest_plugins = ["tests.browser"]

START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder that this run keeps its databases in."""
    Path(os.environ["GOODSTANDING_TEST_HOME"]).mkdir(mode=0o700, exist_ok=True)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove it again, once the workers are done."""
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ["GOODSTANDING_TEST_HOME"], ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let tests marked ``loopback`` (and those with a browser or nginx, which need it) reach this machine, and no other."""
    for item in items:
        if any(map(item.get_closest_marker, ("loopback", "browser", "nginx"))):
            item.add_marker(pytest.mark.allow_hosts(["127.0.0.1", "::1", "localhost"]))


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """Begin with the database that ``django_db_modify_db_settings`` copied, and leave it to the end of the run."""
    from django.conf import settings as ours

    return "sqlite3" in ours.DATABASES["default"]["ENGINE"]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> Iterator[None]:
    """Let each worker begin with a copy of a migrated database."""
    from django.conf import settings as ours
    from django.db import connection

    home, told = Path(os.environ["GOODSTANDING_TEST_HOME"]), connection.settings_dict
    if connection.vendor == "sqlite":
        migrated.copy_to(Path(told["TEST"]["NAME"]))
        # Whoever closes the last connection writes the whole log back: keep one open beside those of the tests.
        with contextlib.closing(sqlite3.connect(told["TEST"]["NAME"])) as kept:
            kept.execute("SELECT count(*) FROM sqlite_master").fetchone()
            yield
    else:
        told["TEST"]["TEMPLATE"] = migrated.template(f"test_{ours.DATABASES['default']['NAME']}", home)
        yield


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """Each test's catalogue is rolled back, and its revision's number comes again: remember none across tests.

    Nor who tried what how often: a whole run fits into the quarter of an hour for which that counts.
    """
    from django.core.cache import cache

    from goodstanding.catalogue import knowledge

    knowledge._kept.clear()
    cache.clear()


@pytest.fixture
def clock() -> Iterator[StoppedClock]:
    """Stop the clock at a Monday morning; ``clock.now``, ``clock.set(at)``, ``clock.advance(timedelta)``."""
    with clock_module.stopped(START) as stopped:
        yield stopped


@pytest.fixture
def freeze(clock: StoppedClock) -> Callable[[datetime], datetime]:
    """Stop the clock at a moment of the test's choice: ``freeze(datetime(…, tzinfo=UTC))``."""
    return clock.set


@pytest.fixture
def alice(db: None, clock: StoppedClock) -> Any:
    """Alice, a member (in good standing, where a test pays for her)."""
    return _member("alice", clock)


@pytest.fixture
def bob(db: None, clock: StoppedClock) -> Any:
    """Bob, a member (whose membership has lapsed, where a test sees to it)."""
    return _member("bob", clock)


@pytest.fixture
def charlie(db: None, clock: StoppedClock) -> Any:
    """Charlie, a stranger: he can log in and belongs to nothing. A user, not a member."""
    return _user("charlie", clock)


@pytest.fixture
def dana(db: None, clock: StoppedClock) -> Any:
    """Dana, of the staff. A user, not a member."""
    return _user("dana", clock, staff=True)


def _user(name: str, clock: StoppedClock, *, staff: bool = False) -> Any:
    from goodstanding.people import services

    return services.make_user(email=f"{name}@example.org", name=name.capitalize(), staff=staff, now=clock.now)


def _member(name: str, clock: StoppedClock) -> Any:
    from goodstanding.people import services

    user = _user(name, clock)
    return services.make_member(user=user, email=user.email, name=name.capitalize(), now=clock.now)
