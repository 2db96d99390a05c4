"""Goodstanding's apps work in a Django project that is not ours and has a user model of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

HERE = Path(__file__).resolve().parent
LIVES = HERE.parent / "payloads" / "stripe" / "lives"
EMAIL = "steady-monthly@lives.example.org"


class Shop:
    """The foreign project, on a database of its own."""

    def __init__(self, folder: Path) -> None:
        self.database = folder / "shop.sqlite3"

    def manage(self, *arguments: str, code: int = 0, **settings: str) -> str:
        """Run ``manage.py``, expect its exit code, and return what it wrote."""
        kept = {
            name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYTHONPYCACHEPREFIX") if name in os.environ
        }
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=HERE / "shop_project",
            env={**kept, "SHOP_DATABASE": str(self.database), "PYTHONDONTWRITEBYTECODE": "1", **settings},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout if code == 0 else done.stdout + done.stderr

    def ask(self, code: str) -> str:
        """Run Python in the project and return what it prints."""
        return self.manage("shell", "--no-imports", "-c", code).strip()


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    shop = Shop(tmp_path_factory.mktemp("shop"))
    shop.manage("migrate", "--verbosity", "0")
    shop.ask("from goodstanding.gateways.services import ensure_stripe_account; ensure_stripe_account()")
    shop.manage("import", "catalogue", str(LIVES / "catalogue.json"))
    shop.manage("events", "load", str(LIVES / "steady-monthly.jsonl"), "--gateway", "stripe", "--create-members")
    return shop


def test_a_life_is_loaded_and_standing_is_told(shop):
    for at, status in (("2025-04-01T00:00:00Z", "good"), ("2030-01-01T00:00:00Z", "lapsed")):
        told = json.loads(shop.manage("standing", EMAIL, "--at", at, "--json"))
        (member,) = told["members"]
        assert (member["email"], member["status"]) == (EMAIL, status)


def test_the_shop_keeps_its_user_model_and_ours_makes_no_table(shop):
    code = (
        "from django.db import connection; from goodstanding.people.models import Member;"
        "tables = connection.introspection.table_names();"
        "print('gs_people_user' in tables, Member._meta.get_field('user').related_model.__name__)"
    )
    assert shop.ask(code) == "False Customer"


def test_a_customer_becomes_a_member(shop):
    code = (
        "from goodstanding import clock; from goodstanding.people import services;"
        "from shop.models import Customer;"
        "customer = Customer.objects.create_user('ann', 'ann@example.org', 'a password of hers');"
        "member = services.make_member(user=customer, now=clock.now());"
        "print(member.user.username, member.email)"
    )
    assert shop.ask(code) == "ann ann@example.org"


def test_nothing_is_left_to_migrate_and_the_checks_find_nothing(shop):
    shop.manage("makemigrations", "--check", "--dry-run")
    shop.manage("check", "--fail-level", "WARNING")


def test_a_database_setting_that_loses_writers_is_found_in_the_shop_too(shop):
    assert "gs.E005" in shop.manage("check", code=1, SHOP_TRANSACTION_MODE="DEFERRED")


def test_days_are_the_shops(shop):
    assert shop.ask("from goodstanding import conf; print(conf.time_zone())") == "Europe/Berlin"


def test_the_administration_and_the_receiver_answer_in_the_shop(shop):
    code = (
        "from django.test import Client; from shop.models import Customer;"
        "staff, _ = Customer.objects.get_or_create(username='dana', is_staff=True, is_superuser=True);"
        "client = Client(SERVER_NAME='localhost'); client.force_login(staff);"
        "print(client.get('/admin/').status_code, client.post('/pay/webhooks/stripe/nobody/').status_code)"
    )
    assert shop.ask(code) == "200 404"


def test_the_shop_guards_its_pages_by_the_standing_of_its_customers(shop):
    code = (
        "from django.test import Client; from shop.models import Customer; from goodstanding.people.models import Member;"
        "customer = Customer.objects.create_user('eve', 'eve@example.org', 'a password of hers');"
        "client = Client(SERVER_NAME='localhost'); client.force_login(customer);"
        "refused = client.get('/members/enter?next=/there');"
        "told = client.get('/members/check');"
        "print(refused.status_code, b'not a member yet' in refused.content, told.status_code);"
        f"Member.objects.filter(email='{EMAIL}').update(user=customer);"
        "print(client.get('/members/check').status_code, client.get('/members/enter?next=/there').status_code)"
    )
    clock = "2025-04-01T00:00:00Z"
    asked = shop.manage("shell", "--no-imports", "-c", code, SHOP_CLOCK=clock).split("\n")[-3:]
    assert asked[:2] == ["403 True 403", "200 302"]
