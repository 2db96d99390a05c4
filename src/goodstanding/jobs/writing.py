"""Rows that one transaction is to write, gathered: a statement a table, however many things the transaction is about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Model

from goodstanding.jobs import inserting

Rows = dict[Any, Model]  # by primary key


class Writes:
    """Rows to be written at :meth:`flush`. Of a row that is written more than once the last word counts."""

    def __init__(self) -> None:
        self._over: dict[tuple[type[Model], tuple[str, ...]], Rows] = {}
        self._new: dict[type[Model], Rows] = {}
        self._first: dict[type[Model], Rows] = {}

    def over(self, rows: Iterable[Model], fields: Sequence[str] = ()) -> None:
        """Write ``rows`` over what stands there. ``fields``: of rows that are there write these only (else all)."""
        for row in rows:
            model = type(row)
            if row.pk in self._first.get(model, ()):
                self._first[model][row.pk] = row
                continue
            names = tuple(fields) or tuple(each.name for each in model._meta.concrete_fields if not each.primary_key)
            for (other, less), earlier in self._over.items():
                if other is model and set(less) <= set(names):
                    earlier.pop(row.pk, None)
            self._over.setdefault((model, names), {})[row.pk] = row

    def new(self, rows: Iterable[Model]) -> None:
        """Write those of ``rows`` that are not there yet."""
        for row in rows:
            key = row.pk if row.pk is not None else id(row)
            self._new.setdefault(type(row), {}).setdefault(key, row)

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
