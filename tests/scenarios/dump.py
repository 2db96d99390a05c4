"""Every row of every table of ours as values that can be compared, and worlds that are undone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.db import models, transaction

Dump = dict[str, dict[str, dict[str, Any]]]

# What says how and when the work was done, not what came of it.
BOOKKEEPING = {"gs_jobs_job", "gs_jobs_schedule"}
EVENT_COLUMNS = {"id", "gateway_account_id", "external_id", "type", "created_at", "livemode"}


def tables() -> list[type[models.Model]]:
    """Our models that have a table."""
    found = [model for model in apps.get_models() if model._meta.app_label.startswith("gs_")]
    return [model for model in found if not model._meta.proxy and model._meta.db_table not in BOOKKEEPING]


def dump(*, without: tuple[str, ...] = ()) -> Dump:
    """Rows by table and primary key; of the inbox only what was told."""
    found = {}
    for model in tables():
        name = model._meta.db_table
        columns = [field.attname for field in model._meta.concrete_fields]
        if name == "gs_inbox_webhookevent":
            columns = [column for column in columns if column in EVENT_COLUMNS]
        if name not in without:
            rows = model._default_manager.order_by("pk").values_list("pk", *columns)
            found[name] = {str(row[0]): dict(zip(columns, row[1:], strict=True)) for row in rows}
    return found


def differences(one: Dump, other: Dump) -> list[str]:
    """What differs, in words: rows that only one has, and columns."""
    found = []
    for table in sorted({*one, *other}):
        rows, others = one.get(table, {}), other.get(table, {})
        found += [f"{table} {pk} is only in the one: {rows[pk]}" for pk in sorted(set(rows) - set(others))]
        found += [f"{table} {pk} is only in the other: {others[pk]}" for pk in sorted(set(others) - set(rows))]
        for pk in sorted(set(rows) & set(others)):
            for column in rows[pk]:
                if rows[pk][column] != others[pk][column]:
                    found.append(f"{table} {pk} {column}: {rows[pk][column]!r} and {others[pk][column]!r}")
    return found


@contextmanager
def undone() -> Iterator[None]:
    """Whatever happens within did not happen."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
