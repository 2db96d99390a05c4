"""Money on the staff's pages: found by any of its names, linked to each other, shown in its currency, and never changed."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.urls import reverse

from goodstanding.billing.models import (
    Account,
    Dispute,
    Fact,
    GatewayCustomer,
    Invoice,
    Payment,
    Refund,
    Subscription,
    Transfer,
)
from goodstanding.people.models import Member
from tests import lives
from tests.apps.staff import page_of, statements, with_permissions

MODELS = (Account, Dispute, Fact, GatewayCustomer, Invoice, Payment, Refund, Subscription, Transfer)
pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client, dana, lived):
    client.force_login(dana)
    return client


@pytest.fixture
def member(lived):
    return Member.objects.get(email="full-refund@lives.example.org")


def listed(client, model, **query):
    """The public ids on a list, in its order."""
    address = reverse(f"admin:gs_billing_{model._meta.model_name}_changelist")
    content = client.get(address, query).content.decode()
    found = re.findall(
        rf'<th class="[^"]*"><a href="/admin/gs_billing/{model._meta.model_name}/([^/]+)/change/', content
    )
    return [pk.replace("_5F", "_") for pk in found]


def words(client, row):
    return unescape(client.get(page_of(row)).content.decode())


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_row_has_a_page_that_nobody_edits(client, dana, lived, model):
    row = model.objects.all()[0]
    with_permissions(client, dana, f"view_{model._meta.model_name}")
    shown = client.get(page_of(row))
    assert shown.status_code == 200
    assert 'name="_save"' not in shown.content.decode()
    client.force_login(dana)
    dana.is_superuser = True
    dana.save()
    assert client.get(page_of(row)).status_code == 200
    assert client.post(page_of(row), {"status": "paid"}).status_code == 403
    assert client.post(page_of(row, "delete"), {"post": "yes"}).status_code == 403
    assert model.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize(
    "model", [Subscription, Invoice, Payment, Refund, Dispute, GatewayCustomer], ids=lambda model: model.__name__
)
def test_a_row_is_found_by_either_id(desk, model):
    row = model.objects.all()[0]
    for term in (row.external_id, row.pk, f" {row.pk} "):
        assert listed(desk, model, q=term) == [row.pk]
    assert listed(desk, model, q="nothing") == []


def test_an_invoice_is_found_by_its_number_and_all_of_a_member_by_the_email(desk, member):
    invoice = Invoice.objects.filter(account__member=member)[0]
    assert listed(desk, Invoice, q=invoice.number) == [invoice.pk]
    for model in (Invoice, Payment, Refund, Subscription, Transfer):
        found = listed(desk, model, q=member.email.upper())
        assert set(found) == set(model.objects.filter(account__member=member).values_list("pk", flat=True)), model
        assert found


def test_facts_are_found_by_what_they_tell_of_whom_and_what_told_them(desk, member):
    own = Fact.objects.filter(customer__member=member)
    invoice = own.filter(kind="invoice")[0]
    assert set(listed(desk, Fact, q=invoice.ref)) == set(own.filter(ref=invoice.ref).values_list("pk", flat=True))
    assert set(listed(desk, Fact, q=invoice.event)) == set(
        Fact.objects.filter(event=invoice.event).values_list("pk", flat=True)
    )
    assert listed(desk, Fact, q=invoice.pk) == [invoice.pk]
    everything = set(own.values_list("pk", flat=True))
    for term in (str(invoice.customer), member.email):
        assert set(listed(desk, Fact, q=term)) == everything


@pytest.mark.parametrize(
    ("model", "filters"),
    [
        (Invoice, {"status": "paid"}),
        (Payment, {"status": "failed"}),
        (Subscription, {"status": "cancelled"}),
        (Dispute, {"status": "won"}),
        (Refund, {"status": "succeeded"}),
        (Fact, {"kind": "refund"}),
    ],
    ids=str,
)
def test_lists_are_filtered(desk, model, filters):
    wanted = set(model.objects.filter(**filters).values_list("pk", flat=True))
    shown = listed(desk, model, **filters)
    assert set(shown) <= wanted
    assert len(shown) == min(len(wanted), 50)
    assert listed(desk, model, **dict.fromkeys(filters, "' OR 1=1")) == listed(desk, model)


def test_an_invoice_leads_to_everything_about_it(desk, member):
    refund = Refund.objects.get(account__member=member)
    invoice = Invoice.objects.get(external_id=refund.invoice)
    shown = words(desk, invoice)
    payment = Payment.objects.get(external_id=refund.payment)
    subscription = Subscription.objects.get(external_id=invoice.subscription)
    for row in (refund, payment, subscription, invoice.account):
        assert f'href="{page_of(row)}"' in shown, row
    assert "60.00 USD" in shown
    line = invoice.lines.all()[0]
    assert line.description in shown
    assert "6000" not in shown.partition('id="content-main"')[2].partition("<script")[0]
    for row in (refund, payment):
        assert f'href="{page_of(invoice)}"' in words(desk, row)
    assert f'href="{page_of(refund)}"' in words(desk, payment)


def test_an_account_leads_to_its_member_and_its_lists(desk, member):
    account = Account.objects.get(member=member)
    shown = words(desk, account)
    assert f'href="{page_of(member)}"' in shown
    for kind in ("subscription", "invoice", "payment", "refund", "transfer"):
        assert f"{reverse(f'admin:gs_billing_{kind}_changelist')}?account__exact={account.pk}" in shown
    own = set(Invoice.objects.filter(account=account).values_list("pk", flat=True))
    assert set(listed(desk, Invoice, account__exact=account.pk)) == own


def test_limited_staff_are_led_nowhere_that_refuses_them(client, dana, lived, member):
    refund = Refund.objects.get(account__member=member)
    with_permissions(client, dana, "view_refund")
    for address in (page_of(refund), reverse("admin:gs_billing_refund_changelist")):
        shown = client.get(address).content.decode()
        for room in ("gs_billing/invoice", "gs_billing/payment", "gs_billing/account", "gs_people", "gs_gateways"):
            assert f'href="/admin/{room}' not in shown, room


def test_who_a_stranger_is_superusers_alone_see(client, dana, lived):
    fact = Fact.objects.filter(kind="customer", customer__ours=False)[0]
    assert "email" in fact.body
    own = Fact.objects.filter(kind="customer", customer__ours=True)[0]
    with_permissions(client, dana, "view_fact")
    assert fact.body["email"] not in words(client, fact)
    assert own.body["email"] in words(client, own)
    dana.is_superuser = True
    dana.save()
    assert fact.body["email"] in words(client, fact)


def test_amounts_without_a_currency_are_shown_as_they_stand(desk, lived):
    invoice = Invoice.objects.all()[0]
    Invoice.objects.filter(pk=invoice.pk).update(currency="", total_minor=4711)
    assert "4711" in words(desk, invoice)


def test_statements_of_every_list_are_constant(client, dana, clock, tmp_path, lived):
    client.force_login(dana)
    addresses = [reverse(f"admin:gs_billing_{model._meta.model_name}_changelist") for model in MODELS]
    few = [statements(client, address) for address in addresses]
    lives.load(lives.lines(["declined-recovered", "downgrade-year-to-month"]), tmp_path)
    assert [statements(client, address) for address in addresses] == few
