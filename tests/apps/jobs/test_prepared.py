"""A read that is worked out once, and inserts of plain values: the same rows as Django's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from goodstanding.jobs import inserting
from goodstanding.jobs.inserting import FEW, Conflict
from goodstanding.jobs.models import Job, Schedule
from goodstanding.jobs.prepared import Prepared, made_of
from goodstanding.jobs.writing import Writes

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _jobs(count: int, *, note: str = "") -> list[Job]:
    return [
        Job(kind="remind", key=f"job {number}", payload={"note": note}, due_at=NOON, added_at=NOON)
        for number in range(count)
    ]


def test_a_prepared_read_finds_the_rows_of_each_value_as_django_reads_them():
    asked = []

    def by_key(key: str):
        asked.append(key)
        return Job.objects.filter(key=key, kind="remind").order_by("pk")

    read = Prepared(by_key, "key")
    Job.objects.bulk_create(_jobs(3, note="50 % 'quoted'"))

    for number in (2, 0):
        (row,) = read.rows(key=f"job {number}")
        found, known = made_of(row, Job), Job.objects.get(key=f"job {number}")
        assert found == known
        assert found.due_at == NOON
        assert found.payload == known.payload == {"note": "50 % 'quoted'"}
    assert read.rows(key="nobody's") == []
    assert len(asked) == 1, "it is worked out once"


@pytest.mark.parametrize("count", [1, FEW, FEW + 1])
def test_few_rows_and_many_are_inserted_alike(count: int):
    assert inserting.insert(Job, _jobs(count), conflict=Conflict.KEEP) == count
    assert inserting.insert(Job, _jobs(count + 1, note="later"), conflict=Conflict.KEEP) == 1

    notes = dict(Job.objects.values_list("key", "payload"))
    assert notes == {f"job {number}": {"note": "" if number < count else "later"} for number in range(count + 1)}
    assert set(Job.objects.values_list("due_at", flat=True)) == {NOON}


def test_plain_values_are_written_as_rows_are_and_the_last_word_counts():
    later, names = NOON + timedelta(hours=1), [field.attname for field in Schedule._meta.concrete_fields]
    writes = Writes()
    writes.first([Schedule(kind="purge", next_at=NOON)])
    writes.over_values(Schedule, [dict.fromkeys(names) | {"kind": "purge", "next_at": later}])
    writes.flush()
    assert Schedule.objects.get(kind="purge").next_at == later

    writes.over([Schedule(kind="purge", next_at=later)], ["next_at"])
    writes.over_values(Schedule, [dict.fromkeys(names) | {"kind": "purge", "next_at": NOON}])
    writes.flush()
    assert Schedule.objects.get(kind="purge").next_at == NOON
