"""The command: one clear line where it cannot, and exit codes that scripts can go by."""

from __future__ import annotations

import json
import sqlite3

import pytest

from tests.site.command import Site


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


@pytest.fixture(scope="module")
def migrated(tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("site")).already_migrated()
    done = site.run("migrate")
    assert done.returncode == 0, done.stderr
    return site


def test_without_words_it_lists_its_commands(site):
    done = site.run()
    assert done.returncode == 0
    for command in ("migrate", "up", "serve", "work", "standing", "explain", "events", "check", "import"):
        assert f"\n  {command} " in done.stdout
    assert "check_records" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "settings", "words"),
    [
        (["standig"], {}, "did you mean 'standing'?"),
        (["migrate"], {"PORT": "http"}, "PORT: 'http' is not a whole number"),
        (["migrate"], {"DATABASE_URL": "mysql://x"}, "DATABASE_URL: it must begin with"),
        (["migrate"], {"DATABASE_URL": "sqlite:////proc/none/x.sqlite3"}, "unable to open database file"),
        (["migrate"], {"DATABASE_URL": "postgresql://ann:hidden@127.0.0.1:1/x"}, "the database refused"),
        (["migrate"], {"GOODSTANDING_HOME": "/proc/none"}, "GOODSTANDING_HOME /proc/none cannot be written"),
        (["standing", "--all"], {}, "the database is not migrated. Run: goodstanding migrate"),
        (["up"], {"GOODSTANDING_HOST": "192.0.2.1"}, "cannot listen on 192.0.2.1"),
    ],
)
def test_what_cannot_be_is_one_clear_line_and_2(site, arguments, settings, words):
    done = site.run(*arguments, **settings)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert "hidden" not in done.stderr


def test_a_word_that_a_command_does_not_know_is_2(site):
    done = site.run("serve", "--loudly")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_migrate_makes_the_gateway_accounts_once_and_a_part_of_it_does_not(site):
    assert site.run("migrate", "contenttypes").returncode == 0
    for _ in range(2):
        assert site.run("migrate").returncode == 0
    with sqlite3.connect(site.folder / "var" / "goodstanding.sqlite3") as database:
        rows = database.execute("SELECT code, gateway, mode FROM gs_gateways_gatewayaccount ORDER BY code").fetchall()
        (mode,) = database.execute("PRAGMA journal_mode").fetchone()
    database.close()
    assert rows == [("manual", "manual", "live"), ("stripe", "stripe", "live")]
    assert mode == "wal"


def test_settings_are_taken_from_the_file_beside(site):
    (site.folder / ".env").write_text("GOODSTANDING_HOME=elsewhere\n")
    assert site.run("migrate", "contenttypes").returncode == 0
    assert (site.folder / "elsewhere" / "goodstanding.sqlite3").exists()
    assert not (site.folder / "var").exists()


def test_json_is_one_document_on_standard_output(migrated):
    done = migrated.run("standing", "--all", "--json", "--at", "2026-01-31T10:00:00Z")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["members"] == []


def test_check_looks_at_settings_and_records(migrated):
    done = migrated.run("check", "--json", GOODSTANDING_TIMEZONE="x")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["findings"] == []
    assert "gs.W002" in done.stderr


@pytest.mark.parametrize("https", ["0", "1"])
def test_the_checks_for_a_site_in_use_find_nothing(migrated, https):
    set_up = {"GOODSTANDING_HTTPS": https, "GOODSTANDING_SMTP_URL": "smtp://mail.example.org"}
    done = migrated.run("check", "--deploy", "--fail-level", "WARNING", **set_up)
    assert done.returncode == 0, done.stderr


def test_no_migration_is_missing(migrated):
    done = migrated.run("makemigrations", "--check", "--dry-run")
    assert done.returncode == 0, done.stdout
