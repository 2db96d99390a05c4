"""Paid by hand in a real browser: choose a transfer, pending with how to pay; a part comes, the rest comes, good."""

from __future__ import annotations

import pytest
from django.urls import reverse

from goodstanding.billing.models import BankStatement, Invoice
from goodstanding.gateways.models import GatewayAccount, HandMethod
from goodstanding.memberships.reading import standing_now
from goodstanding.people.models import Member
from tests.apps.office.conftest import act
from tests.apps.office.test_browser import desk, look  # noqa: F401 - a fixture
from tests.browser import SIZES

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("size", SIZES)
def test_a_transfer_from_the_bill_to_the_door(size, desk, open_page, live_server, price, clock, tmp_path):  # noqa: F811
    GatewayAccount.objects.filter(pk="manual").update(is_offered=True, position=9)
    words = "Please transfer {amount} by {due} to DE02 1203 0000 0000 2020 51.\nQuote {reference}."
    HandMethod.objects.filter(code="transfer").update(is_offered=True, instructions=words)
    bought = price("full", "month")
    payer = open_page(size=size)
    payer.goto(f"{live_server.url}{reverse('gs_checkout:join', args=['full', bought.pk])}")
    payer.get_by_label("Name").fill("Erin Elm")
    payer.get_by_label("E-mail").fill("erin@example.org")
    payer.get_by_label("Password").fill("correct horse battery")
    payer.get_by_label("Bank transfer").check()
    look(payer, f"join {size}")
    payer.get_by_role("button", name="Join, and pay").click()
    payer.get_by_role("heading", name="Here is your bill").wait_for()
    look(payer, f"billed {size}")
    assert "DE02 1203" in payer.inner_text("main")
    erin = Member.objects.get(email="erin@example.org")
    assert standing_now(erin.pk, now=clock.now).status == "pending"
    bill = Invoice.objects.get()

    staff = desk(size)
    for amount, left in (("40,00", "60.00"), ("", "")):
        staff.goto(f"{live_server.url}{act(erin, 'payment', bill.pk)}")
        staff.get_by_label("How much").fill(amount)
        staff.get_by_label("by transfer").check()
        staff.get_by_label("Reference").fill("statement 3")
        staff.get_by_label("Reason").fill("came")
        look(staff, f"record {size}")
        staff.get_by_role("button", name="Record the payment").click()
        staff.get_by_text("Recorded.").first.wait_for()
        assert left in staff.inner_text("main")
        payer.goto(f"{live_server.url}{reverse('gs_portal:invoice', args=[bill.pk])}")
        look(payer, f"invoice {size}{' part' if left else ''}")
    look(staff, f"member {size}")
    assert standing_now(erin.pk, now=clock.now).status == "good"
    _statement(staff, live_server, bill, size, tmp_path / "march.csv")


def _statement(staff, live_server, bill, size, file):
    """The bank's statement, and how people pay."""
    file.write_text(f"Date;Name;Text;Amount\n2026-03-02;Erin;{bill.number};1,00\n2026-03-02;Bob;dues;25,00\n;x;y;1\n")
    staff.goto(f"{live_server.url}{reverse('gs_office:statements')}")
    staff.get_by_label("The bank’s statement").set_input_files(file)
    look(staff, f"bank {size}")
    staff.get_by_role("button", name="Look at it").click()
    staff.get_by_text("the invoice is paid already").wait_for()
    look(staff, f"statement {size}")
    assert BankStatement.objects.count() == 1
    for name in ("by_hand", "invoices"):
        staff.goto(f"{live_server.url}{reverse(f'gs_office:{name}')}")
        look(staff, f"{name} {size}")
    staff.goto(f"{live_server.url}{reverse('gs_office:hand_method', args=['transfer'])}")
    look(staff, f"method {size}")
