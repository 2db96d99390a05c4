"""Staff change a level in a real browser: chosen, looked at, made, and seen on the member's page."""

from __future__ import annotations

import pytest
from django.urls import reverse

from goodstanding.billing.models import Subscription
from goodstanding.memberships import byhand
from goodstanding.memberships.reading import standing_now
from tests.apps.checkout.house import june
from tests.apps.office.test_browser import desk, look  # noqa: F401 - a fixture
from tests.browser import SIZES

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("size", SIZES)
def test_p37_a_level_is_changed_by_staff(size, desk, live_server, alice, dana, house, clock):  # noqa: F811
    byhand.sell(alice, house("basic"), how="cash", reference="7", paid_at=clock.now, by=dana, now=clock.now)
    clock.set(june(11))
    page = desk(size)
    page.goto(f"{live_server.url}{reverse('gs_office:member', args=[alice.pk])}")
    page.get_by_role("link", name="Change the level").click()
    look(page, f"level asked {size}")
    page.get_by_label("To", exact=True).select_option(house("plus").pk)
    page.get_by_role("button", name="Show what it comes to").click()
    page.get_by_text("133.33 EUR").first.wait_for()
    look(page, f"level shown {size}")
    page.get_by_label("nothing is charged or given back before").check()
    page.get_by_role("button", name="Show what it comes to").click()
    page.get_by_label("Reason").fill("a present")
    page.get_by_label("Write to the member").check()
    look(page, f"level free {size}")
    page.get_by_role("button", name="Change it as shown").click()
    page.get_by_text("It is changed: Plus.").wait_for()
    look(page, f"level done {size}")
    assert standing_now(alice.pk, now=clock.now).document["levels"][0]["level"] == "plus"
    page.goto(f"{live_server.url}{reverse('gs_office:change_level', args=[alice.pk, Subscription.objects.get().pk])}")
    page.get_by_role("link", name="Back, do nothing").first.click()
    page.wait_for_url(f"**{reverse('gs_office:member', args=[alice.pk])}")
