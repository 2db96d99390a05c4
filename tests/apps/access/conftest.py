from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from goodstanding.access.services import pass_for
from goodstanding.access.views import COOKIE
from goodstanding.clock import StoppedClock
from goodstanding.memberships.refresh import entries, row_of
from goodstanding.people import services
from tests.access_cases import PEOPLE, Records


@pytest.fixture
def stands(clock: StoppedClock) -> Callable[..., Any]:
    """``stands(user, records)``: make somebody a member, with the standing that follows from his records."""

    def make(user: Any, records: Records | None) -> Any:
        if records is None:
            return user
        member = services.make_member(user=user, now=clock.now)
        if records:
            row_of(member.pk, entries(records, clock.now), clock.now, decided=False).save(force_insert=True)
        return user

    return make


@pytest.fixture
def person(db: None, clock: StoppedClock, stands: Callable[..., Any]) -> Callable[[str], Any]:
    """``person("studio, in grace")``: a user with the standing of one of the people of the table."""

    def make(name: str) -> Any:
        return stands(services.make_user(email="alice@example.org", name="Alice", now=clock.now), PEOPLE[name])

    return make


@pytest.fixture
def with_pass(client: Any, clock: StoppedClock) -> Callable[[Any], Any]:
    """``with_pass(user)``: a browser that is logged in and shows a pass, as after the way in."""

    def make(user: Any) -> Any:
        client.force_login(user)
        client.cookies[COOKIE] = pass_for(user, session_key=client.session.session_key, now=clock.now)
        return client

    return make
