"""Every page for staff: strangers are sent to log in, members are refused, staff see what they may see and no more."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib import admin
from django.urls import reverse

from tests.apps.staff import with_permissions

ROOMS = ("gs_people", "gs_catalogue", "gs_billing", "gs_memberships", "gs_audit")
MODELS = [
    model for room in ROOMS for model in apps.get_app_config(room).get_models() if admin.site.is_registered(model)
]
RECORDS = ("gs_billing", "gs_memberships", "gs_audit")
RULES = ("statusrule", "giftoffer")  # what the site decides, in a room of records
NEVER_BY_HAND = [model for model in MODELS if model._meta.app_label in RECORDS and model._meta.model_name not in RULES]

pytestmark = pytest.mark.django_db


def address(model, page="changelist", *arguments):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=arguments)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_list_is_for_those_who_may_see_it(client, model, alice, charlie, dana):
    assert client.get(address(model)).status_code == 302
    for nobody in (alice.user, charlie):
        client.force_login(nobody)
        refused = client.get(address(model))
        assert (refused.status_code, refused.url.partition("?")[0]) == (302, reverse("admin:login")), nobody
    assert with_permissions(client, dana).get(address(model)).status_code == 403
    own = f"view_{model._meta.model_name}"
    shown = with_permissions(client, dana, own).get(address(model))
    assert shown.status_code == 200
    assert client.get(address(model), {"q": "alice@example.org"}).status_code == 200
    content = shown.content.decode().partition('id="content-start"')[2].partition('id="footer"')[0]
    assert "style=" not in content
    assert "<script>" not in content


@pytest.mark.parametrize("model", NEVER_BY_HAND, ids=lambda model: model.__name__)
def test_nobody_adds_changes_or_deletes_what_was_recorded(client, model, dana):
    client.force_login(dana)
    assert client.get(address(model, "add")).status_code == 403
    assert "delete_selected" not in client.get(address(model)).content.decode()


def test_there_are_pages_for_everything_that_staff_ask_for():
    named = {model.__name__ for model in MODELS}
    wanted = """User Member LevelGroup Level Price GatewayPrice Account GatewayCustomer Subscription Invoice Payment Refund
        Dispute Transfer Fact Membership Hold Approval Grant StandingChange Alarm AuditEntry"""
    assert set(wanted.split()) <= named
