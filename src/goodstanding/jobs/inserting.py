"""Inserting rows, and what becomes of those that are there already.

PostgreSQL gets many rows as one JSON document, which it takes apart itself: for our worker that is a fifth of the work of
preparing and quoting each value. Elsewhere, and for few rows, Django's own inserts do it. Which rows are written, and what
they hold, is the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

from django.db import connections, models, router

from goodstanding.jobs.querysets import InsertQuerySet

FEW = 5  # rows, up to which Django's way is as good


class Conflict(StrEnum):
    """What becomes of a row whose place is taken."""

    RAISE = ""
    KEEP = "keep"  # what is there stays
    OVER = "over"  # of the row with this primary key, some fields are written


def insert(
    model: type[models.Model],
    rows: Sequence[models.Model],
    *,
    conflict: Conflict = Conflict.RAISE,
    fields: Sequence[str] = (),
) -> int:
    """Insert ``rows``; return how many were inserted (with :attr:`Conflict.OVER`: or written). ``fields``: for that one.

    One statement on PostgreSQL, no savepoint.
    """
    if not rows:
        return 0
    connection = connections[router.db_for_write(model)]
    if connection.vendor == "postgresql" and len(rows) > FEW and _fits(model):
        with connection.cursor() as cursor:
            cursor.execute(_statement(model, conflict, tuple(fields)), [_document(model, rows)])
            return int(cursor.rowcount)
    if conflict is Conflict.KEEP:
        managed: InsertQuerySet[Any] = InsertQuerySet(model)
        return managed.insert_new(rows)
    over: dict[str, Any] = {}
    if conflict is Conflict.OVER:
        over = {"update_conflicts": True, "unique_fields": [model._meta.pk.name], "update_fields": list(fields)}
    model._default_manager.bulk_create(rows, **over)
    return len(rows)


def _plain(value: Any) -> Any:
    return value


def _stamp(value: datetime | None) -> str | None:
    return value.isoformat() if value is not None else None


_WRITERS: dict[type[models.Field[Any, Any]], Callable[[Any], Any]] = {
    models.CharField: _plain,
    models.EmailField: _plain,
    models.SlugField: _plain,
    models.TextField: _plain,
    models.BooleanField: _plain,
    models.BigIntegerField: _plain,
    models.PositiveBigIntegerField: _plain,
    models.PositiveIntegerField: _plain,
    models.PositiveSmallIntegerField: _plain,
    models.SmallIntegerField: _plain,
    models.DateTimeField: _stamp,
    models.DateField: _stamp,
    models.JSONField: _plain,
}


@cache
def _columns(model: type[models.Model]) -> tuple[tuple[str, str, Callable[[Any], Any] | None], ...]:
    """Of each column that is written its attribute, its name, and how a value of it is written as JSON."""
    written = [field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)]
    return tuple((field.attname, str(field.column), _WRITERS.get(type(_target(field)))) for field in written)


def _target(field: models.Field[Any, Any]) -> models.Field[Any, Any]:
    """The field itself; of a foreign key the one that it names."""
    while isinstance(field, models.ForeignKey):
        field = field.target_field
    return field


@cache
def _fits(model: type[models.Model]) -> bool:
    return all(writer is not None for _, _, writer in _columns(model))


def _document(model: type[models.Model], rows: Iterable[models.Model]) -> str:
    columns = [(attribute, name, writer) for attribute, name, writer in _columns(model) if writer is not None]
    return json.dumps([{name: writer(getattr(row, attr)) for attr, name, writer in columns} for row in rows])


@cache
def _statement(model: type[models.Model], conflict: Conflict, fields: tuple[str, ...]) -> str:
    connection = connections[router.db_for_write(model)]
    quote, options = connection.ops.quote_name, model._meta
    there = {field.name: field for field in options.concrete_fields}
    named = {str(field.column): field for field in there.values() if not isinstance(field, models.AutoField)}
    types = ", ".join(f"{quote(name)} {_target(field).db_type(connection)}" for name, field in named.items())
    columns = ", ".join(map(quote, named))
    ending = ""
    if conflict is Conflict.KEEP:
        ending = " ON CONFLICT DO NOTHING"
    elif conflict is Conflict.OVER:
        written = [quote(str(there[name].column)) for name in fields]
        sets = ", ".join(f"{column} = EXCLUDED.{column}" for column in written)
        ending = f" ON CONFLICT ({quote(str(options.pk.column))}) DO UPDATE SET {sets}"
    # Names are our models' own; the values are one parameter.
    table = quote(options.db_table)
    return f"INSERT INTO {table} ({columns}) SELECT {columns} FROM json_to_recordset(%s) AS told({types}){ending}"  # noqa: S608
