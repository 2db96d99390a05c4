"""The staff's pages: events, what may be seen and done by whom, and how the gateways are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from goodstanding.audit.models import AuditEntry
from goodstanding.gateways.models import GatewayAccount
from goodstanding.inbox import services
from goodstanding.inbox.models import WebhookEvent

State = WebhookEvent.State
LIST, HEALTH = "admin:gs_inbox_webhookevent_changelist", "admin:gs_inbox_gatewayhealth_changelist"
pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client: Any, dana: Any) -> Any:
    """Log dana in with the permissions named."""

    def log_in(*permissions: str, superuser: bool = False) -> Any:
        dana.is_superuser = superuser
        dana.save()
        dana.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        client.force_login(dana)
        return client

    return log_in


@pytest.fixture
def events(filing: Any, clock: Any) -> dict[str, WebhookEvent]:
    for name, does in {"fine": "", "dead": "bad", "failed": "broken", "ignored": "ignored"}.items():
        filing(f"evt_{name}", does, now=clock.now)
    services.work_once(now=clock.now)
    filing("evt_waiting", now=clock.advance(timedelta(minutes=1)))
    return {event.external_id: event for event in WebhookEvent.objects.all()}


def page(client: Any, name: str, *arguments: str, **query: str) -> Any:
    return client.get(reverse(name, args=arguments), query)


@pytest.mark.parametrize("name", [LIST, HEALTH])
def test_each_page_needs_its_own_permission(staff, events, name):
    own = {LIST: "view_webhookevent", HEALTH: "view_gatewayhealth"}[name]
    assert page(staff("view_member"), name).status_code == 403
    assert page(staff(own), name).status_code == 200


def test_strangers_are_sent_to_log_in(client, events):
    for name in (LIST, HEALTH):
        assert page(client, name).status_code == 302


def test_events_are_listed_filtered_and_found(staff, events):
    client = staff("view_webhookevent")
    assert all(name in page(client, LIST).content.decode() for name in events)
    for query in ({"state__exact": "dead"}, {"type": "brittle.bad"}, {"q": "evt_dead"}, {"q": events["evt_dead"].pk}):
        shown = page(client, LIST, **query).content.decode()
        assert "evt_dead" in shown, query
        assert "evt_waiting" not in shown, query


@pytest.mark.parametrize("superuser", [True, False])
def test_a_body_is_shown_to_superusers_alone(staff, events, superuser):
    event = events["evt_dead"]
    client = staff("view_webhookevent", "change_webhookevent", superuser=superuser)
    shown = page(client, "admin:gs_inbox_webhookevent_change", event.pk)
    assert shown.status_code == 200
    assert ("&quot;does&quot;: &quot;bad&quot;" in shown.content.decode()) == superuser


def test_nobody_adds_changes_or_deletes_an_event(staff, events):
    client = staff(superuser=True)
    event = events["evt_dead"]
    assert page(client, "admin:gs_inbox_webhookevent_add").status_code == 403
    assert page(client, "admin:gs_inbox_webhookevent_delete", event.pk).status_code == 403
    changed = client.post(reverse("admin:gs_inbox_webhookevent_change", args=[event.pk]), {"state": "done"})
    assert changed.status_code == 403
    assert WebhookEvent.objects.get(pk=event.pk).state == State.DEAD


@pytest.mark.parametrize(
    ("permissions", "retried"), [(["view_webhookevent"], False), (["view_webhookevent", "change_webhookevent"], True)]
)
def test_whoever_may_change_events_may_retry_them_and_it_is_noted(staff, events, dana, permissions, retried):
    event = events["evt_dead"]
    staff(*permissions).post(reverse(LIST), {"action": "retry", "_selected_action": [event.pk]})
    assert (WebhookEvent.objects.get(pk=event.pk).state == State.WAITING) == retried
    entries = AuditEntry.objects.filter(object_id=event.pk, by=dana, action="retry event")
    assert entries.count() == retried


def test_health_tells_of_every_account(staff, events, clock):
    WebhookEvent.objects.filter(external_id="evt_ignored").update(received_at=clock.now - timedelta(days=29))
    GatewayAccount.objects.create(code="quiet", gateway="brittle", label="Quiet")
    shown = page(staff("view_gatewayhealth"), HEALTH)
    brittle, quiet = shown.context["health"].accounts
    assert (brittle.waiting, brittle.failed, brittle.dead, brittle.ignored) == (1, 1, 1, {"not_wanted": 1})
    assert (brittle.last_at, brittle.oldest_at) == (clock.now, clock.now - timedelta(minutes=1))
    assert (brittle.can_receive, quiet.can_receive, quiet.last_at) == (True, False, None)
    text = shown.content.decode()
    for words in (
        "Brittle",
        "Quiet",
        "not_wanted",
        "bad_amount: The amount is no integer.",
        "it has no webhook secret",
    ):
        assert words in text, words


def test_health_has_nothing_inline_and_no_links_that_lead_to_a_refusal(staff, events):
    plain = page(staff("view_gatewayhealth"), HEALTH).content.decode().partition('id="content-main"')[2]
    assert "<script" not in plain
    assert "style=" not in plain
    assert "webhookevent" not in plain
    linked = page(staff("view_gatewayhealth", "view_webhookevent"), HEALTH).content.decode()
    assert f"{reverse(LIST)}?gateway_account__code__exact=brittle&amp;state__exact=dead" in linked
    assert (
        staff("view_webhookevent")
        .get(f"{reverse(LIST)}?gateway_account__code__exact=brittle&state__exact=dead")
        .status_code
        == 200
    )


def test_statements_of_health_are_constant(staff, events, filing, clock):
    client = staff("view_gatewayhealth")
    counts = []
    for number in range(2):
        with CaptureQueriesContext(connection) as statements:
            page(client, HEALTH)
        counts.append(len(statements))
        GatewayAccount.objects.create(code=f"more{number}", gateway="brittle", label="More")
        for each in range(10):
            filing(f"evt_{number}_{each}", now=clock.now)
    assert counts[0] == counts[1]


def test_health_stands_in_the_index(staff, events):
    assert reverse(HEALTH) in page(staff("view_gatewayhealth"), "admin:index").content.decode()
