"""Discount codes in a real browser: a wrong one is refused and stays as typed, a right one lowers the price before anything is paid."""

from __future__ import annotations

from typing import Any

import pytest

from goodstanding.billing.models import Invoice, Payment
from goodstanding.catalogue.models import TaxRate
from goodstanding.checkout.models import CodeUse
from tests.apps.checkout.test_codes import code, three
from tests.apps.checkout.wishes import sold
from tests.apps.portal.test_browser import log_in, look

__all__ = ["log_in"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("size", ["phone", "desktop"])
def test_a_wrong_code_is_refused_and_right_ones_lower_the_price_before_paying(
    live_server: Any, open_page: Any, log_in: Any, alice: Any, shop: None, clock: Any, size: str
) -> None:
    """B45, P49: refused in words, then what each takes off is told, then just that is charged."""
    TaxRate.objects.create(place="", from_on="2026-01-01", percent=20, name="VAT")
    price = sold("member", taxed=True, amount_minor=20000)
    code(clock)
    three(clock)
    page = log_in(open_page(size=size), alice)
    page.goto(f"{live_server.url}/join/member/{price.pk}/")
    page.get_by_role("button", name="Pay 240.00 EUR and join").wait_for()
    page.get_by_label("Code").fill("sumer")
    page.get_by_role("button", name="Show what it comes to").click()
    page.get_by_role("link", name="There is no such code here").wait_for()
    assert page.get_by_label("Code").input_value() == "sumer"
    look(page, "code-wrong")
    page.get_by_label("Code").fill("twenty, ten, five")
    page.get_by_role("button", name="Show what it comes to").click()
    page.get_by_role("button", name="Pay 198.00 EUR and join").wait_for()
    for words in ("Code TWENTY", "20.00 EUR off, the first payment", "-5.00 EUR", "33.00 EUR"):
        assert page.get_by_text(words).count(), words
    assert page.get_by_label("Code").input_value() == "twenty, ten, five"
    look(page, "code-right")
    assert not CodeUse.objects.exists()
    page.get_by_label("Card number").fill("4242 4242 4242 4242")
    page.get_by_role("button", name="Pay 198.00 EUR and join").click()
    page.get_by_role("heading", level=1, name="Welcome!").wait_for()
    assert Payment.objects.get(status="succeeded").amount_minor == 19800
    page.goto(f"{live_server.url}/me/invoices/{Invoice.objects.get().pk}/")
    page.get_by_text("TWENTY, 20.00 EUR off, the first payment: -20.00 EUR").wait_for()
    look(page, "code-invoice")
