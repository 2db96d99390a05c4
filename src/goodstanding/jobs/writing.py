"""Rows that one transaction is to write, gathered: a statement a table, however many things the transaction is about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from django.db.models import Model

from goodstanding.jobs import inserting
from goodstanding.jobs.inserting import Row, Values

Rows = dict[Any, Row]  # by primary key


class Writes:
    """Rows to be written at :meth:`flush`. Of a row that is written more than once the last word counts.

    Those that nobody looks at again are told as plain values (:meth:`over_values`, :meth:`new_values`): of every field, by
    its attribute's name.
    """

    def __init__(self) -> None:
        self._over: dict[tuple[type[Model], tuple[str, ...]], Rows] = {}
        self._new: dict[type[Model], Rows] = {}
        self._first: dict[type[Model], Rows] = {}

    def over(self, rows: Iterable[Model], fields: Sequence[str] = ()) -> None:
        """Write ``rows`` over what stands there. ``fields``: of rows that are there write these only (else all)."""
        for row in rows:
            self._write_over(type(row), row.pk, row, tuple(fields))

    def over_values(self, model: type[Model], rows: Iterable[Values], fields: Sequence[str] = ()) -> None:
        """The same for plain values."""
        key = _key(model)
        for row in rows:
            self._write_over(model, row[key], row, tuple(fields))

    def new(self, rows: Iterable[Model]) -> None:
        """Write those of ``rows`` that are not there yet."""
        for row in rows:
            key = row.pk if row.pk is not None else id(row)
            self._new.setdefault(type(row), {}).setdefault(key, row)

    def new_values(self, model: type[Model], rows: Iterable[Values]) -> None:
        """The same for plain values."""
        key = _key(model)
        for row in rows:
            self._new.setdefault(model, {}).setdefault(row[key], row)

    def first(self, rows: Iterable[Model]) -> None:
        """Write ``rows``, of which none is there: one that is there after all is an ``IntegrityError`` at the flush."""
        for row in rows:
            self._first.setdefault(type(row), {})[row.pk] = row

    def flush(self) -> int:
        """Write everything, in the order in which its tables were first named, and forget it.

        Returns how many of the rows of :meth:`new` were new.
        """
        over, self._over = self._over, {}
        new, self._new = self._new, {}
        first, self._first = self._first, {}
        inserted = 0
        for model, rows in new.items():
            inserted += inserting.insert(model, list(rows.values()), conflict=inserting.Conflict.KEEP)
        for model, rows in first.items():
            inserting.insert(model, list(rows.values()))
        for (model, names), rows in over.items():
            inserting.insert(model, list(rows.values()), conflict=inserting.Conflict.OVER, fields=names)
        return inserted

    def _write_over(self, model: type[Model], key: Any, row: Row, fields: tuple[str, ...]) -> None:
        if key in self._first.get(model, ()):
            self._first[model][key] = row
            return
        names = fields or _all(model)
        for (other, less), earlier in self._over.items():
            if other is model and (less == names or set(less) <= set(names)):
                earlier.pop(key, None)
        self._over.setdefault((model, names), {})[key] = row


@cache
def _all(model: type[Model]) -> tuple[str, ...]:
    return tuple(field.name for field in model._meta.concrete_fields if not field.primary_key)


def _key(model: type[Model]) -> str:
    return str(model._meta.pk.attname)
