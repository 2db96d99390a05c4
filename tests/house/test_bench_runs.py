"""The measurements run, on a tiny organisation. How fast anything is, is not asked here."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from bench.report import Measurement, table
from tests.house.sources import ROOT

TINY = ("--members", "8", "--rounds", "1", "--long-invoices", "4", "--database", "sqlite", "--json")
TOPICS = (
    "standing check",
    "standing --all",
    "check --rebuild",
    "webhook received",
    "the same event again",
    "webhook processed",
    "renewal run, 1 worker",
    "renewal run, 2 workers",
    "renewal, alone: SQL",
    "renewal, 30 together: SQL",
    "what the sandbox tells of renewals, received",
    "what the sandbox tells of renewals, taken in",
    "a password's hash",
    "checkout, free, by services",
    "checkout, free, over HTTP",
    "checkout, paid by the sandbox, by services",
    "checkout, paid by the sandbox, over HTTP",
    "forward-auth check",
    "gated page",
    "door tap",
)


@pytest.mark.slow
def test_every_measurement_gives_a_figure():
    command = [sys.executable, "-m", "bench", *TINY]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    rows = json.loads(done.stdout)
    assert {(row["database"], row["members"]) for row in rows} == {("SQLite", 8)}
    for topic in TOPICS:
        assert len([row for row in rows if row["what"].startswith(topic)]) >= 1, topic
    assert all(row["measured"] >= 0 for row in rows), rows  # few requests may take less than a tick of the clock


def test_a_figure_stands_beside_its_target_and_its_floor():
    fast = Measurement("checks", 900, "/s", 800, at_least=True, floor=1800, floor_is="bare")
    slow = Measurement("a check", 500, "µs", 250, floor=100, floor_is="SELECT")
    told = Measurement("for information", 3.14, "ms")
    head, _, *rows = table([fast, slow, told]).splitlines()
    assert head.split() == ["what", "target", "measured", "floor", "ratio"]
    assert [" ".join(row.split()) for row in rows] == [
        "checks >= 800/s 900/s 1,800/s (bare) 2.0 ok",
        "a check <= 250 µs 500 µs 100 µs (SELECT) 5.0 MISS",
        "for information 3.1 ms",
    ]
