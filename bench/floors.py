"""The least that must happen, by bare SQL, against which the rest is measured."""

from __future__ import annotations

import hashlib
import hmac
import json
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import django
from django.db import connection

TABLE = "bench_floor"
_OUTLOOK = json.dumps([{"from": "2026-01-01T00:00:00Z", "status": "good", "because": "paid until " * 20}] * 3)


def create_table() -> None:
    """Make the table that floors write to."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE IF NOT EXISTS {TABLE} (id varchar(60) PRIMARY KEY, body text, state varchar(10))")
        cursor.execute(f"INSERT INTO {TABLE} VALUES ('standing', '', '') ON CONFLICT DO NOTHING")


def bare() -> Any:
    """Return the driver's own connection."""
    connection.ensure_connection()
    return connection.connection


def mark() -> str:
    """Return how the driver writes a parameter."""
    return "?" if connection.vendor == "sqlite" else "%s"


def by_key(table: str, column: str, key_column: str, key: str) -> Callable[[], object]:
    """Return a call that selects one value by primary key."""
    driver = bare()
    statement = f"SELECT {column} FROM {table} WHERE {key_column} = {mark()}"
    return lambda: driver.execute(statement, (key,)).fetchone()


SAMPLE = 50_000


def seconds_to_read(table: str, column: str) -> float:
    """Return how long it takes to read a column of JSON in all rows: extrapolated from the first of them."""
    driver = bare()
    (total,) = driver.execute(f"SELECT COUNT(*) FROM {table}").fetchone()
    begun = time.perf_counter()
    for (text,) in driver.execute(f"SELECT {column} FROM {table} LIMIT {SAMPLE}").fetchall():
        json.loads(text)
    return (time.perf_counter() - begun) * max(1.0, float(total) / SAMPLE)


def filed(body: bytes, secret: str) -> None:
    """Take in a message: its signature, its JSON, one row, durable."""
    hmac.new(secret.encode(), b"1." + body, hashlib.sha256).hexdigest()
    json.loads(body)
    driver = bare()
    key = uuid.uuid4().hex
    driver.execute(f"INSERT INTO {TABLE} VALUES ({mark()}, {mark()}, 'waiting')", (key, body.decode()))


PROCESSED_STATEMENTS = 5


def processed(body: str) -> None:
    """Work on a message: its JSON, one fact, the standing, the message's state; in one transaction."""
    json.loads(body)
    driver = bare()
    key = uuid.uuid4().hex
    driver.execute("BEGIN IMMEDIATE" if connection.vendor == "sqlite" else "BEGIN")
    driver.execute(f"INSERT INTO {TABLE} VALUES ({mark()}, {mark()}, '')", (key, body[:1000]))
    driver.execute(f"UPDATE {TABLE} SET body = {mark()} WHERE id = {mark()}", (_OUTLOOK, key))
    driver.execute(f"UPDATE {TABLE} SET state = 'done' WHERE id = {mark()}", (key,))
    driver.execute("COMMIT")


def in_processes(body: str, *, processes: int, times: int) -> float:
    """Return how many messages a second some processes work on at once."""
    command = [sys.executable, "-m", "bench.floors", str(times)]
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(processes)
    ]
    for each in running:
        assert each.stdin, each
        each.stdin.write(body)
        each.stdin.close()
    spent = [float(each.stdout.read()) for each in running if each.stdout]
    for each in running:
        each.wait()
    return times * processes / max(spent)


def main(arguments: Sequence[str]) -> None:
    """Work on the message from standing input so many times; print how many seconds that took."""
    django.setup()
    body = sys.stdin.read()
    processed(body)
    begun = time.perf_counter()
    for _ in range(int(arguments[0])):
        processed(body)
    print(time.perf_counter() - begun)


if __name__ == "__main__":
    main(sys.argv[1:])
