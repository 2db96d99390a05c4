"""The bank's statement in the office and on the command line; and the ways to pay by hand, as staff set them."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse

from goodstanding.audit.models import AuditEntry
from goodstanding.billing.models import BankStatement, Invoice, Payment
from goodstanding.gateways.models import GatewayAccount, HandMethod, HandTerms
from goodstanding.memberships import bank, undoing
from goodstanding.memberships.reading import standing_now
from goodstanding.office import once
from tests.apps.checkout.test_by_hand import join
from tests.apps.office.conftest import words

pytestmark = pytest.mark.django_db


@pytest.fixture
def bills(alice, bob, price, clock):
    """Alice and Bob joined, to pay by transfer."""
    for member in (alice, bob):
        join(member, price("full", "month"), clock)
    clock.advance(timedelta(days=3))
    return Invoice.objects.order_by("number")


def csv(*lines: str) -> str:
    return "\n".join(["Date;Name;Reference;Amount", *lines])


def hand_in(office: Any, text: str, name: str = "march.csv", currency: str = "EUR") -> Any:
    upload = SimpleUploadedFile(name, text.encode())
    return office.post(reverse("gs_office:statements"), {"statement": upload, "currency": currency}, follow=True)


def send(office: Any, **given: Any) -> Any:
    address = reverse("gs_office:statement", args=[BankStatement.objects.get().pk])
    return office.post(address, {"form_name": once.new_name(), **given}, follow=True)


def test_a_statement_is_looked_at_then_recorded_and_the_same_file_twice_records_nothing(
    office, bills, alice, bob, clock, dana
):
    text = csv(
        "2026-03-04;Alice;INV-00001 thanks;100,00",
        "2026-03-04;Bob;rf18 inv0 0002;40,00",
        "2026-03-04;Erin;hello;25,00",
        "nonsense;x;y;z",
    )
    page = words(hand_in(office, text))
    assert not Payment.objects.exists(), "it is only looked at"
    for said in ("pays it", "names no invoice that we know", "There is no date", "1 line can be recorded"):
        assert said in page
    assert "There is no date" in page
    answer = words(send(office, record="1"))
    assert "1 payment was recorded" in answer, "the reference of Bob's is mistyped"
    assert standing_now(alice.pk, now=clock.now).status == "good"
    payment = Payment.objects.get()
    assert (payment.amount_minor, payment.elsewhere, payment.reference) == (10000, "transfer", "INV-00001 thanks")
    assert AuditEntry.objects.filter(by=dana, action="record bank statement").count() == 1
    answer = words(send(office, record="1"))
    assert "was recorded before" in words(hand_in(office, text))
    assert Payment.objects.count() == BankStatement.objects.count() == 1


def test_staff_say_which_invoice_is_meant(office, bills, bob, clock):
    hand_in(office, csv("2026-03-04;Bob;dues;100,00"))
    assert "pays it" in words(send(office, number_2="inv-00002", look="1"))
    assert not Payment.objects.exists()
    send(office, number_2="INV-00002", record="1")
    assert standing_now(bob.pk, now=clock.now).status == "good"


def test_a_line_whose_payment_was_a_mistake_can_be_recorded_for_another(office, bills, alice, bob, clock, dana):
    hand_in(office, csv("2026-03-04;Bob;INV-00001;100,00"))
    send(office, record="1")
    undoing.undo(Payment.objects.get(), reason="it was Bob's", by=dana, now=clock.now)
    matches = bank.matched(bank.kept(BankStatement.objects.get()), chosen={2: "INV-00002"})
    done = bank.record(matches, by=dana, now=clock.now)
    assert [each.refused for each in done] == [""]
    assert [str(standing_now(each.pk, now=clock.now).status) for each in (alice, bob)] == ["pending", "good"]


@pytest.mark.parametrize(
    ("text", "why"), [("", "is empty"), ("hello", "No line names a column"), ("a\0b", "This is no text")]
)
def test_what_is_no_statement_is_refused_in_words(office, text, why):
    assert why in words(hand_in(office, text))
    assert not BankStatement.objects.exists()


def test_a_line_that_is_refused_is_named_and_the_rest_goes_on(office, bills, clock):
    hand_in(office, csv("2024-03-04;Alice;INV-00001;100,00", "2026-03-04;Bob;INV-00002;100,00"))
    answer = words(send(office, record="1"))
    assert "Line 2: The day of the payment is more than a year back" in answer
    assert "1 payment was recorded" in answer


def test_what_a_bank_wrote_is_forgotten(office, bills, clock):
    hand_in(office, csv("2026-03-04;Bob;dues;100,00"))
    assert bank.forget(before=clock.now) == 0
    assert bank.forget(before=clock.now + timedelta(seconds=1)) == 1
    assert (BankStatement.objects.get().lines, bank.kept(BankStatement.objects.get())) == ([], [])


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("import", "bank", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_says_first_and_records_then(bills, tmp_path, alice, clock):
    path = tmp_path / "march.csv"
    path.write_text(csv("2026-03-04;Alice;INV-00001;100,00"))
    assert "1 payments would be recorded" in run(str(path), "--dry-run")
    assert not Payment.objects.exists()
    told = json.loads(run(str(path), "--json"))
    assert (told["recorded"], told["lines"][0]["fit"]) == (1, "exact")
    assert "0 payments were recorded" in run(str(path))
    path.write_text(csv("x;y;z;1"))
    with pytest.raises(CommandError) as bad:
        run(str(path))
    assert bad.value.returncode == 1
    path.write_text("hello")
    with pytest.raises(CommandError) as none:
        run(str(path))
    assert none.value.returncode == 2


METHOD = {"title": "Transfer", "days_until_due": 10, "position": 0, "is_offered": "on", "reason": "new bank"}


def test_staff_say_how_people_pay(office, dana):
    address = reverse("gs_office:hand_method", args=["transfer"])
    for bad, why in (("", "Say how to pay"), ("Pay {sum}", "{sum} is filled by nothing")):
        assert why in words(office.post(address, {**METHOD, "instructions": bad}))
    office.post(address, {**METHOD, "instructions": "Pay {amount}, {reference}"})
    row = HandMethod.objects.get(code="transfer")
    assert (row.days_until_due, row.can_be_chosen) == (10, True)
    assert (AuditEntry.objects.latest("pk").by, AuditEntry.objects.latest("pk").why) == (dana, "new bank")
    added = {**METHOD, "code": "transfer", "instructions": "x"}
    assert "already" in words(office.post(reverse("gs_office:add_hand_method"), added))
    office.post(reverse("gs_office:add_hand_method"), {**added, "code": "invoice"})
    assert HandMethod.objects.filter(code="invoice").exists()


def test_staff_say_when(office):
    given = {"days_ahead": 10, "remind_before": "5, 2", "remind_after": "x", "give_up_days": 30, "reason": "board"}
    address = reverse("gs_office:by_hand")
    assert "Write days with commas" in words(office.post(address, given))
    office.post(address, {**given, "remind_after": "7", "at_least": "15.00 EUR", "is_offered": "on"})
    terms = HandTerms.objects.get()
    assert (terms.remind_before, terms.remind_after, terms.at_least) == ([2, 5], [7], {"EUR": 1500})
    assert GatewayAccount.objects.get(pk="manual").is_offered


def test_who_lacks_the_permission_is_refused(client, charlie, shop):
    client.force_login(charlie)
    for name in ("statements", "by_hand", "add_hand_method"):
        assert client.get(reverse(f"gs_office:{name}")).status_code == 403
