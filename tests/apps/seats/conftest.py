"""Alice who pays for a household, Bob and Carol who have seats in it, and levels with seats on sale."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from goodstanding.catalogue.services import import_catalogue
from goodstanding.clock import StoppedClock
from goodstanding.memberships.models import Membership
from goodstanding.people.services import make_member, make_user
from tests.apps.checkout.conftest import price, shop, until, work  # noqa: F401 - fixtures
from tests.apps.seats.house import HOUSES, of


@pytest.fixture(autouse=True)
def address(settings: Any) -> None:
    """Links in mails are whole."""
    settings.GOODSTANDING_URL = "https://members.example.org"


@pytest.fixture
def carol(db: None, clock: StoppedClock) -> Any:
    """Carol, a member of nothing yet."""
    user = make_user(email="carol@example.org", name="Carol", now=clock.now)
    return make_member(user=user, name="Carol", now=clock.now)


@pytest.fixture
def houses(shop: None, clock: StoppedClock) -> None:  # noqa: F811 - a fixture
    """Levels with seats beside the makerspace's others."""
    import_catalogue(json.dumps(HOUSES), now=clock.now)


@pytest.fixture
def household(alice: Any, houses: None, price: Callable[..., Any], clock: StoppedClock) -> Membership:  # noqa: F811
    """Alice's: she pays 90.00 each month, and two others have a seat in it."""
    return of(alice, "household", price, clock)
