"""Gateway accounts: made once, found when in use, and their secrets never shown."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core import serializers
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.urls import reverse

from goodstanding.audit.models import AuditEntry
from goodstanding.gateways import checks, registry, services
from goodstanding.gateways.models import GatewayAccount
from goodstanding.gateways.protocol import Ability, Secret

SECRETS = {"webhook_secret": "whsec_new", "webhook_secret_old": "whsec_old", "api_key": "rk_live_key"}
pytestmark = pytest.mark.django_db


@pytest.fixture
def account(db: None) -> GatewayAccount:
    GatewayAccount.objects.create(code="stripe", gateway="stripe", label="Stripe", **SECRETS)
    return GatewayAccount.objects.get()


def test_the_account_is_made_once_live_and_without_keys():
    made = services.ensure_stripe_account()
    assert services.ensure_stripe_account() == made
    row = GatewayAccount.objects.get()
    assert (row.pk, row.gateway, row.mode, row.is_active) == ("stripe", "stripe", "live", True)
    assert (row.webhook_secrets(), row.api_key) == ((), "")


def test_what_is_there_stays_as_it_is(account):
    account.label = "Ours"
    account.save()
    assert services.ensure_stripe_account().label == "Ours"


def test_the_account_for_what_is_paid_by_hand_is_made_once():
    made = services.ensure_manual_account()
    GatewayAccount.objects.update(label="At the desk")
    assert services.ensure_manual_account() == made
    row = GatewayAccount.objects.get()
    assert (row.pk, row.gateway, row.mode, row.billed_by) == ("manual", "manual", "live", "us")
    assert (row.is_active, row.is_offered, row.writes_to_members, row.label) == (True, False, True, "At the desk")
    assert row.webhook_secrets() == ()


def codes_offered():
    return [each.code for each in services.offered()]


def test_the_sandbox_s_accounts_are_offered_and_the_others_are_not(account, django_assert_num_queries):
    services.ensure_manual_account()
    services.ensure_sandbox_accounts()
    with django_assert_num_queries(1):
        assert codes_offered() == ["sandbox", "sandbox-auto"]
    assert set(GatewayAccount.objects.filter(writes_to_members=True).values_list("code", flat=True)) == {
        "manual",
        "sandbox",
        "sandbox-auto",
    }


def test_accounts_are_offered_in_their_order():
    services.ensure_sandbox_accounts()
    GatewayAccount.objects.filter(pk="sandbox").update(position=5)
    assert codes_offered() == ["sandbox-auto", "sandbox"]
    GatewayAccount.objects.update(position=1)
    assert codes_offered() == ["sandbox", "sandbox-auto"]


@pytest.mark.parametrize("change", [{"is_active": False}, {"is_offered": False}, {"gateway": "elsewhere"}])
def test_what_is_out_of_use_not_offered_or_without_adapter_is_left_out(change):
    services.ensure_sandbox_accounts()
    GatewayAccount.objects.filter(pk="sandbox").update(**change)
    assert codes_offered() == ["sandbox-auto"]


def test_a_gateway_that_cannot_begin_a_payment_is_never_offered(account):
    services.ensure_manual_account()
    GatewayAccount.objects.update(is_offered=True)
    assert not registry.can("manual", Ability.BEGIN)
    assert codes_offered() == []


@pytest.mark.parametrize(
    ("gateway", "code", "active", "found"),
    [
        ("stripe", "stripe", True, True),
        ("stripe", "other", True, False),
        ("paypal", "stripe", True, False),
        ("stripe", "stripe", False, False),
    ],
)
def test_an_account_is_found_by_gateway_and_code_while_in_use(account, gateway, code, active, found):
    GatewayAccount.objects.update(is_active=active)
    if found:
        assert services.account_for(gateway, code) == account
    else:
        with pytest.raises(services.UnknownAccount):
            services.account_for(gateway, code)


def test_an_account_whose_gateway_has_no_adapter_is_unknown(account, settings):
    settings.GOODSTANDING_GATEWAYS = {}
    for find in (lambda: services.account_for("stripe", "stripe"), lambda: services.account_named("stripe")):
        with pytest.raises(services.UnknownAccount):
            find()


def test_blank_secrets_count_as_none(account):
    account.webhook_secret_old = "  "
    assert account.webhook_secrets() == ("whsec_new",)


@pytest.mark.parametrize("change", [{"mode": "both"}, {"gateway": ""}])
def test_the_database_refuses_what_makes_no_sense(account, change):
    with pytest.raises(IntegrityError), transaction.atomic():
        GatewayAccount.objects.update(**change)


def test_no_repr_and_no_dump_gives_a_secret_away(account):
    out = io.StringIO()
    call_command("dumpdata", "gs_gateways", stdout=out)
    shown = [repr(account), str(account), repr(account.webhook_secrets()), repr(vars(account)), out.getvalue()]
    shown += [serializers.serialize(kind, [account]) for kind in ("json", "xml")]
    for text in shown:
        for secret in SECRETS.values():
            assert secret not in text


def test_a_secret_is_a_text_that_does_not_show():
    assert Secret("abc") == "abc"
    assert "abc" not in repr(Secret("abc"))
    assert repr(Secret("")) == "Secret('')"


def test_rolling_keeps_the_one_before(account):
    services.roll_webhook_secret(account, "whsec_newest")
    assert account.webhook_secrets() == ("whsec_newest", "whsec_new")
    services.roll_webhook_secret(account, "whsec_newest")
    assert account.webhook_secrets() == ("whsec_newest", "whsec_new")


# The staff's form


@pytest.fixture
def boss(client: Any, dana: Any) -> Any:
    dana.is_superuser = True
    dana.save()
    client.force_login(dana)
    return client


CHANGE = "admin:gs_gateways_gatewayaccount_change"


def save(client: Any, **fields: str) -> Any:
    typed = {"label": "Stripe", "is_active": "on", "position": "0"}
    return client.post(reverse(CHANGE, args=["stripe"]), typed | fields)


def test_the_form_shows_no_secret_not_even_after_a_mistake(boss, account):
    pages = [
        boss.get(reverse(CHANGE, args=["stripe"])),
        save(boss, label="", new_webhook_secret="whsec_typed", new_api_key="rk_typed"),
    ]
    for shown in pages:
        assert shown.status_code == 200
        for secret in (*SECRETS.values(), "whsec_typed", "rk_typed"):
            assert secret not in shown.content.decode()


def test_the_list_shows_no_secret(boss, account):
    shown = boss.get(reverse("admin:gs_gateways_gatewayaccount_changelist")).content.decode()
    assert not any(secret in shown for secret in SECRETS.values())


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ("whsec_new", "whsec_old", "rk_live_key")),
        ({"new_webhook_secret": "whsec_3"}, ("whsec_3", "whsec_new", "rk_live_key")),
        ({"new_webhook_secret": " whsec_3 "}, ("whsec_3", "whsec_new", "rk_live_key")),
        ({"forget_old_webhook_secret": "on"}, ("whsec_new", "", "rk_live_key")),
        ({"forget_webhook_secrets": "on"}, ("", "", "rk_live_key")),
        ({"new_api_key": "rk_2"}, ("whsec_new", "whsec_old", "rk_2")),
        ({"forget_api_key": "on"}, ("whsec_new", "whsec_old", "")),
    ],
)
def test_the_form_keeps_rolls_and_forgets(boss, account, fields, expected):
    assert save(boss, **fields).status_code == 302
    row = GatewayAccount.objects.get()
    assert (row.webhook_secret, row.webhook_secret_old, row.api_key) == expected


def test_a_change_is_noted_by_the_names_of_the_fields(boss, account, dana):
    save(boss, new_webhook_secret="whsec_3")
    entry = AuditEntry.objects.get(object_id="stripe")
    assert (entry.by, entry.action, entry.why) == (dana, "change gateway account", "new_webhook_secret")


def test_code_gateway_and_mode_of_an_account_stay(boss, account):
    save(boss, mode="test", gateway="other", code="other")
    row = GatewayAccount.objects.get()
    assert (row.pk, row.gateway, row.mode) == ("stripe", "stripe", "live")


def test_an_account_is_added(boss):
    fields = {"code": "stripe-test", "gateway": "stripe", "label": "Stripe, test", "mode": "test", "is_active": "on"}
    fields |= {"billed_by": "gateway", "position": "2", "is_offered": "on", "writes_to_members": "on"}
    boss.post(reverse("admin:gs_gateways_gatewayaccount_add"), {**fields, "new_webhook_secret": "whsec_1"})
    row = GatewayAccount.objects.get()
    assert (row.pk, row.mode, row.webhook_secrets()) == ("stripe-test", "test", ("whsec_1",))
    assert (row.position, row.is_offered, row.writes_to_members) == (2, True, True)


def test_whether_it_is_offered_is_changed_and_noted(boss, account, dana):
    save(boss, is_offered="on", position="3")
    row = GatewayAccount.objects.get()
    assert (row.is_offered, row.position, row.writes_to_members) == (True, 3, False)
    assert AuditEntry.objects.get(object_id="stripe").why == "is_offered, position"
    assert save(boss, position="-1").status_code == 200
    assert GatewayAccount.objects.get().position == 3


def test_nobody_deletes_an_account(boss, account):
    assert (
        boss.post(reverse("admin:gs_gateways_gatewayaccount_delete", args=["stripe"]), {"post": "yes"}).status_code
        == 403
    )
    assert GatewayAccount.objects.exists()


# The registry


def test_the_registry_knows_what_the_settings_name(settings):
    assert registry.codes() == ("manual", "sandbox", "stripe")
    settings.GOODSTANDING_GATEWAYS = {}
    with pytest.raises(registry.UnknownGateway):
        registry.gateway("stripe")


@pytest.mark.parametrize(
    ("paths", "ids"),
    [
        ({"stripe": "goodstanding.gateways.stripe.adapter.StripeGateway"}, []),
        ({"stripe": "goodstanding.gateways.nowhere.Gateway"}, ["gs.E021"]),
        ({"strype": "goodstanding.gateways.stripe.adapter.StripeGateway"}, ["gs.E022"]),
    ],
)
def test_wrong_adapters_are_found_at_start(settings, paths, ids):
    settings.GOODSTANDING_GATEWAYS = paths
    assert [found.id for found in checks.check_adapters()] == ids
