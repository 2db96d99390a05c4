"""The site's own pages, without a browser."""

from __future__ import annotations

import pytest
from django.db import OperationalError

PAGES = ["/", "/admin/login/", "/healthz", "/readyz", "/nothing-here"]


@pytest.mark.django_db
def test_the_first_page_says_where_to_look(client):
    answer = client.get("/")
    assert answer.status_code == 200
    page = answer.content.decode()
    assert 'href="/admin/"' in page
    assert "docs/" in page


@pytest.mark.django_db
@pytest.mark.parametrize("address", PAGES)
def test_every_page_sends_a_strict_content_policy(client, address):
    policy = client.get(address)["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_an_address_that_leads_nowhere_says_so_kindly(client):
    answer = client.get("/nothing-here")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()


def test_the_process_answers_without_a_database(client):
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
def test_a_migrated_database_is_ready(client):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"ready": True, "database": "ok"})


@pytest.mark.django_db
def test_a_database_that_waits_for_migrations_is_not_ready(client):
    from django.db.migrations.recorder import MigrationRecorder

    MigrationRecorder.Migration.objects.filter(app="sessions").delete()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "database": "1 migrations are not applied"}


def test_a_database_that_is_away_is_not_ready_and_nothing_of_it_is_told(client, monkeypatch):
    from goodstanding.site import views

    def away(_connection):
        raise OperationalError("password authentication failed for user ann")

    monkeypatch.setattr(views, "MigrationExecutor", away)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "database": "unreachable"}


@pytest.mark.parametrize("address", ["/", "/healthz", "/readyz"])
def test_only_reading_is_possible(client, address):
    assert client.post(address).status_code == 405


def test_a_form_from_elsewhere_is_refused_kindly():
    from django.test import Client

    answer = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "x"})
    assert answer.status_code == 403
    assert "This form had grown old" in answer.content.decode()


@pytest.mark.django_db
def test_staff_reach_the_administration_and_a_stranger_does_not(client, dana, charlie):
    client.force_login(dana)
    assert client.get("/admin/").status_code == 200
    client.force_login(charlie)
    assert client.get("/admin/").status_code == 302
