"""``events load``: lines in the order given through the ordinary pipe; a bad one is named and the rest goes on."""

from __future__ import annotations

import io
import json
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from goodstanding.billing.models import Fact
from goodstanding.catalogue.services import import_catalogue
from goodstanding.inbox import loading, services
from goodstanding.inbox.models import WebhookEvent
from tests.apps.inbox import brittle
from tests.apps.inbox.support import LIVES, event

State = WebhookEvent.State
pytestmark = [pytest.mark.django_db, pytest.mark.db_matters]


class Loaded:
    def __init__(self) -> None:
        self.out, self.err = io.StringIO(), io.StringIO()
        self.code = 0

    @property
    def summary(self) -> Any:
        return json.loads(self.out.getvalue())


def load(*files: Path, gateway: str = "stripe", **options: Any) -> Loaded:
    loaded = Loaded()
    try:
        call_command(
            "events", "load", *map(str, files), gateway=gateway, stdout=loaded.out, stderr=loaded.err, **options
        )
    except CommandError as error:
        loaded.code = error.returncode
        loaded.err.write(str(error))
    return loaded


@pytest.fixture
def file(tmp_path: Path) -> Any:
    def write(*lines: bytes, name: str = "events.jsonl", end: bytes = b"\n") -> Path:
        path = tmp_path / name
        path.write_bytes(end.join(lines))
        return path

    return write


@pytest.fixture
def catalogue(db: None, clock: Any) -> None:
    import_catalogue((LIVES / "catalogue.json").read_text(), now=clock.now)


def test_a_life_is_loaded_and_taken_in(stripe_account, catalogue, clock):
    path = LIVES / "steady-monthly.jsonl"
    lines = path.read_bytes().splitlines()
    loaded = load(path, json=True, create_members=True)
    assert loaded.code == 0
    summary = loaded.summary
    processed = summary.pop("processed")
    assert summary == {"files": 1, "lines": len(lines), "filed": len(lines), "duplicates": 0, "bad": []}
    assert processed["done"] + sum(processed["ignored"].values()) == len(lines)
    assert (processed["dead"], processed["failed"], processed["waiting"]) == (0, 0, 0)
    assert WebhookEvent.objects.filter(loaded_by_hand=True, create_members=True).count() == len(lines)
    taken_in = WebhookEvent.objects.filter(state=State.DONE)
    assert all(row.recorded_at == row.created_at for row in taken_in)
    told = {fact.event: fact.recorded_at for fact in Fact.objects.all()}
    assert told
    assert told.items() <= {row.pk: row.created_at for row in taken_in}.items()


def test_the_same_file_again_changes_nothing(stripe_account, catalogue, clock):
    path = LIVES / "steady-monthly.jsonl"
    load(path, create_members=True)
    before = list(WebhookEvent.objects.order_by("pk").values())
    clock.advance(timedelta(days=1))
    again = load(path, path, create_members=True, json=True)
    lines = len(before)
    assert again.code == 0
    assert (again.summary["filed"], again.summary["duplicates"]) == (0, 2 * lines)
    assert again.summary["processed"]["done"] == 0
    assert list(WebhookEvent.objects.order_by("pk").values()) == before


def test_lines_are_filed_and_taken_in_in_the_order_given(brittle_account, clock, file):
    names = ["evt_c", "evt_a", "evt_d", "evt_b", "evt_e"]
    times = [30, 10, 50, 20, 40]
    lines = [brittle.body(name, at=1_741_947_600 + at) for name, at in zip(names, times, strict=True)]
    assert load(file(*lines[:3]), file(*lines[3:], name="more.jsonl"), gateway="brittle").code == 0
    assert brittle.reads == names + names  # once to see whether each can be read, once by the worker
    in_order = WebhookEvent.objects.order_by("position").values_list("external_id", flat=True)
    assert list(in_order) == names


def test_the_order_holds_across_chunks_and_batches(brittle_account, clock, file, monkeypatch):
    monkeypatch.setattr(loading, "CHUNK_LINES", 7)
    names = [f"evt_{number * 37 % 101:03}" for number in range(101)]
    assert load(file(*map(brittle.body, names)), gateway="brittle").code == 0
    assert brittle.reads[101:] == names


def test_a_bad_line_is_named_and_the_rest_goes_on(stripe_account, clock, file):
    good, other = event("evt_1"), event("evt_2")
    invoice = event("evt_3", kind="invoice.paid", object="invoice", id="in_1", created=1_741_947_625, currency="usd")
    path = file(good, b"{", b"", b'{"object": "v2.core.event"}', b"\xff", invoice, b"   ", other)
    loaded = load(path, json=True)
    assert loaded.code == 1
    assert [(bad["file"], bad["line"], bad["code"]) for bad in loaded.summary["bad"]] == [
        (str(path), 2, "malformed_json"),
        (str(path), 4, "not_an_event"),
        (str(path), 5, "malformed_json"),
        (str(path), 6, "bad_amount"),
    ]
    assert f"{path}:2: malformed_json: " in loaded.err.getvalue()
    assert "4 bad lines" in loaded.err.getvalue()
    assert (loaded.summary["lines"], loaded.summary["filed"]) == (6, 2)
    assert set(WebhookEvent.objects.values_list("external_id", flat=True)) == {"evt_1", "evt_2"}


def test_what_stood_in_a_bad_line_is_not_repeated(stripe_account, clock, file):
    loaded = load(file(b'{"object": "customer", "email": "alice@example.org"}', b"alice@example.org"), json=True)
    assert loaded.code == 1
    assert "alice" not in loaded.out.getvalue() + loaded.err.getvalue()


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_ends_of_lines_do_not_matter(stripe_account, clock, file, end):
    path = file(event("evt_1"), event("evt_2"), b"", end=end)
    assert load(path, json=True).summary["filed"] == 2


def test_a_line_that_is_too_long_is_passed_over_without_being_read_whole(stripe_account, clock, file, monkeypatch):
    monkeypatch.setattr(loading, "LINE_LIMIT_BYTES", 1000)
    fits = event("evt_2") + b" " * (1000 - len(event("evt_2")))
    path = file(event("evt_1", note="x" * 5000), fits, fits + b" ", event("evt_3"))
    loaded = load(path, json=True)
    assert [(bad["line"], bad["code"]) for bad in loaded.summary["bad"]] == [(1, "too_large"), (3, "too_large")]
    assert set(WebhookEvent.objects.values_list("external_id", flat=True)) == {"evt_2", "evt_3"}


@pytest.mark.parametrize("missing", ["account", "file", "folder"])
def test_an_unknown_account_or_file_does_nothing_and_exits_with_2(stripe_account, clock, file, tmp_path, missing):
    good = file(event("evt_1"))
    bad = {"account": good, "file": tmp_path / "none.jsonl", "folder": tmp_path}[missing]
    loaded = load(good, bad, gateway="nobody" if missing == "account" else "stripe")
    assert loaded.code == 2
    assert loaded.err.getvalue().startswith("unknown_account" if missing == "account" else "unreadable_file")
    assert "\n" not in loaded.err.getvalue().strip()
    assert not WebhookEvent.objects.exists()


def test_an_account_without_a_secret_can_be_loaded_into(stripe_account, clock, file):
    stripe_account.webhook_secret = ""
    stripe_account.save()
    assert load(file(event("evt_1"))).code == 0


def test_the_other_mode_is_counted_and_left_alone(stripe_account, clock):
    loaded = load(LIVES / "test-mode.jsonl", json=True, create_members=True)
    lines = (LIVES / "test-mode.jsonl").read_bytes().splitlines()
    expected = Counter(json.loads(line)["livemode"] for line in lines)[False]
    assert loaded.code == 0
    assert loaded.summary["processed"]["ignored"]["test_mode"] == expected


def test_what_fails_is_told_and_left_to_the_worker(brittle_account, clock, file):
    path = file(*(brittle.body(name, does) for name, does in {"evt_1": "", "evt_2": "broken", "evt_3": ""}.items()))
    loaded = load(path, gateway="brittle", json=True)
    assert loaded.code == 1
    processed = loaded.summary["processed"]
    assert (processed["done"], processed["failed"]) == (2, 1)
    assert "1 failed" in loaded.err.getvalue()


def test_a_load_that_was_cut_short_is_finished_by_loading_again(brittle_account, clock, file, monkeypatch):
    path = file(*(brittle.body(f"evt_{number}") for number in range(10)))
    batch = loading.Load(brittle_account, "load_first", create_members=False, now=clock.now)
    monkeypatch.setattr(loading, "CHUNK_LINES", 4)
    cut = loading.file_all(batch, [path], each_chunk=lambda filed: False)
    assert (cut.lines, cut.new) == (4, 4)
    loaded = load(path, gateway="brittle", json=True)
    assert (loaded.summary["filed"], loaded.summary["duplicates"]) == (6, 4)
    assert loaded.summary["processed"]["done"] == 10


def test_an_event_received_before_stays_a_received_one(brittle_account, clock, file, filing):
    filing("evt_1", now=clock.now)
    services.work_once(now=clock.now)
    recorded_at = clock.now
    clock.advance(timedelta(days=1))
    assert load(file(brittle.body("evt_1")), gateway="brittle").code == 0
    row = WebhookEvent.objects.get()
    assert (row.recorded_at, row.loaded_by_hand) == (recorded_at, False)


def test_loading_again_with_create_members_looks_at_them_again(brittle_account, clock, file):
    path = file(brittle.body("evt_1"), brittle.body("evt_2"))
    load(path, gateway="brittle")
    loaded = load(path, gateway="brittle", create_members=True, json=True)
    assert (loaded.summary["filed"], loaded.summary["processed"]["done"]) == (0, 2)
    assert set(WebhookEvent.objects.values_list("create_members", "state")) == {(True, State.DONE)}
    assert load(path, gateway="brittle", create_members=True, json=True).summary["processed"]["done"] == 0


def test_people_are_told_in_words(stripe_account, clock):
    loaded = load(LIVES / "test-mode.jsonl")
    assert loaded.code == 0
    assert "77 lines: 77 new, 0 known, 0 bad" in loaded.out.getvalue()
    assert "test_mode" in loaded.out.getvalue()
