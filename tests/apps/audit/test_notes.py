"""Whatever staff do by hand leaves an entry that says who, what and why."""

from __future__ import annotations

import pytest
from django.urls import reverse

from goodstanding.audit.models import AuditEntry
from goodstanding.audit.services import note
from goodstanding.catalogue.models import LevelGroup
from tests.apps.staff import page_of, statements

LIST = reverse("admin:gs_audit_auditentry_changelist")
pytestmark = pytest.mark.django_db


def test_adding_changing_and_deleting_are_noted(client, dana, clock):
    client.force_login(dana)
    manner = {"change_when": "by_price", "change_reckoning": "prorated"}
    client.post(reverse("admin:gs_catalogue_levelgroup_add"), {"slug": "green", "name": "Green", **manner})
    group = LevelGroup.objects.get()
    client.post(page_of(group), {"name": "Greener", **manner})
    client.post(page_of(group), {"name": "Greener", **manner})  # changes nothing
    client.post(page_of(group, "delete"), {"post": "yes"})
    entries = AuditEntry.objects.order_by("id").values_list("by", "action", "object_type", "object_id", "at")
    done = [f"{verb} level group" for verb in ("add", "change", "delete")]
    assert list(entries) == [(dana.pk, what, "gs_catalogue.levelgroup", "green", clock.now) for what in done]


def test_what_a_command_did_has_nobody_by_name(client, dana, alice, clock):
    note(by=None, on=alice, what="merge", why="the same person", now=clock.now)
    client.force_login(dana)
    shown = client.get(page_of(alice)).content.decode()
    assert "a command" in shown
    assert "the same person" in shown


def test_the_list_takes_as_many_statements_for_one_as_for_many(client, dana, charlie, alice, clock):
    client.force_login(dana)
    note(by=dana, on=alice, what="merge", why="x", now=clock.now)
    few = statements(client, LIST)
    for who in (dana, charlie, alice.user):
        note(by=who, on=alice, what="merge", why="x", now=clock.now)
    assert statements(client, LIST) == few
