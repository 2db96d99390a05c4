from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from goodstanding.catalogue.models import Price
from goodstanding.memberships import byhand
from goodstanding.office import once
from tests.apps.checkout.conftest import house, price, shop, until, work  # noqa: F401 - fixtures


@pytest.fixture
def office(client: Any, dana: Any, shop: None) -> Any:  # noqa: F811 - a fixture
    """Dana's browser, in the office of a makerspace that has something to sell."""
    client.force_login(dana)
    return client


@pytest.fixture
def paid(shop: None, dana: Any, clock: Any, price: Callable[..., Price]) -> Callable[..., Any]:  # noqa: F811 - fixtures
    """Have a member join at the desk: ``paid(alice)``. Returns the invoice."""

    def sell(member: Any, level: str = "full", interval: str = "month") -> Any:
        one = price(level, interval)
        return byhand.sell(member, one, how="cash", reference="7", paid_at=clock.now, by=dana, now=clock.now)

    return sell


@pytest.fixture
def send(office: Any) -> Callable[..., Any]:
    """Send an action's form: ``send(alice, "hold", kind="suspended", reason="keys")``."""

    def post(member: Any, name: str, about: str = "", form_name: str = "", **given: Any) -> Any:
        address = act(member, name, about)
        return office.post(address, {"form_name": form_name or once.new_name(), **given})

    return post


def act(member: Any, name: str, about: str = "") -> str:
    """Return the address of an action."""
    return reverse("gs_office:act", args=[member.pk, name, about] if about else [member.pk, name])


def words(response: Any) -> str:
    """Return a page's text, its blanks as one."""
    return " ".join(response.content.decode().split())
