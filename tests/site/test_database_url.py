"""DATABASE_URL is read as written, and what is wrong with it is said without its password."""

from __future__ import annotations

import pytest

from goodstanding.site.database_url import BadDatabaseUrl, parse


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("sqlite:///var/db.sqlite3", "var/db.sqlite3"),
        ("sqlite:////srv/my%20data/db.sqlite3", "/srv/my data/db.sqlite3"),
        ("sqlite:///:memory:", ":memory:"),
    ],
)
def test_sqlite(url, name):
    found = parse(url)
    assert found["NAME"] == name
    assert found["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert found["OPTIONS"]["timeout"] == 20


def test_postgresql_with_everything():
    found = parse("postgresql://ann:p%40ss%2Fword@db.internal:6432/members?sslmode=require&connect_timeout=5")
    wanted = {"NAME": "members", "USER": "ann", "PASSWORD": "p@ss/word", "HOST": "db.internal", "PORT": "6432"}
    assert {key: found[key] for key in wanted} == wanted
    assert found["OPTIONS"] == {"sslmode": "require", "connect_timeout": "5"}
    assert found["CONN_MAX_AGE"] == 60


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("postgres:///members", ""),
        ("postgres:///members?host=/var/run/postgresql", "/var/run/postgresql"),
        ("postgres://ann@%2Fvar%2Frun%2Fpostgresql/members", "/var/run/postgresql"),
        ("postgres://ann@[::1]:5432/members", "::1"),
    ],
)
def test_postgresql_by_socket_and_by_address(url, host):
    assert parse(url)["HOST"] == host


def test_a_pool_keeps_the_connections_itself():
    found = parse("postgres:///members", pool=10)
    assert found["OPTIONS"]["pool"]["max_size"] == 10
    assert found["CONN_MAX_AGE"] == 0
    assert found["CONN_HEALTH_CHECKS"] is False


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("members", "must begin with"),
        ("mysql://ann:hidden@host/members", "must begin with"),
        ("sqlite://var/db.sqlite3", "no host"),
        ("sqlite:///", "name is missing"),
        ("sqlite:///var/", "name is missing"),
        ("sqlite:///db?mode=ro", "nothing after"),
        ("postgres://ann:hidden@host", "name is missing"),
        ("postgres://ann:hidden@host/", "name is missing"),
        ("postgres://ann:hidden@host/one/two", "name is missing"),
        ("postgres://ann:hidden@host:port/members", "port"),
        ("postgres://ann:hidden@host:99999/members", "port"),
        ("postgres://ann:hidden@[::1/members", "cannot be read"),
        ("postgres://ann:hidden@host/members?sslmod=require", "sslmod"),
        ("postgres://ann:hid#den@host/members", "%23"),
    ],
)
def test_what_is_no_address_is_refused_by_name_and_without_its_password(url, words):
    with pytest.raises(BadDatabaseUrl) as caught:
        parse(url)
    assert words in str(caught.value)
    assert "hid" not in str(caught.value)
