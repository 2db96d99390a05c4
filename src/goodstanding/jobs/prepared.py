"""Reads that are worked out once: of a query that is asked again and again, only the values change.

Having Django make the text of a query takes several times as long as running it, where one row is read by its key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections, models, router
from django.db.backends.base.base import BaseDatabaseWrapper

Row = tuple[Any, ...]
Model = TypeVar("Model", bound=models.Model)


class _Slot(str):
    """Stands where a value comes."""

    __slots__ = ()


class Prepared:
    """A read of the columns that ``query`` selects, by values that are text.

    ``query`` is called once for each kind of database, with something for each of ``names``; it must do nothing with these
    but compare columns of text with them.
    """

    def __init__(self, query: Callable[..., models.QuerySet[Any, Any]], *names: str) -> None:
        self._query = query
        self._slots = {name: _Slot(name) for name in names}
        self._worked_out: dict[str, _WorkedOut] = {}

    def rows(self, **values: str) -> list[Row]:
        """Return the rows that there are for ``values``. One statement."""
        assert values.keys() == self._slots.keys(), values.keys()
        vendor = connections[DEFAULT_DB_ALIAS].vendor
        if vendor not in self._worked_out:
            self._worked_out[vendor] = _work_out(self._query(**self._slots))
        known = self._worked_out[vendor]
        connection = connections[known.using]
        with connection.cursor() as cursor:
            cursor.execute(known.sql, [values[each] if isinstance(each, _Slot) else each for each in known.params])
            found = [tuple(row) for row in cursor.fetchall()]
        return [_read(row, known, connection) for row in found] if known.converters else found


def made_of(row: Row, model: type[Model], *, after: Iterable[type[models.Model]] = ()) -> Model:
    """Return the ``model`` whose columns ``row`` begins with, or that come ``after`` others' (``select_related``)."""
    first = sum(len(each._meta.concrete_fields) for each in after)
    names = [field.attname for field in model._meta.concrete_fields]
    return model.from_db(router.db_for_write(model), names, row[first : first + len(names)])


@dataclass(frozen=True, slots=True)
class _WorkedOut:
    using: str
    sql: str
    params: Sequence[Any]
    converters: Mapping[int, tuple[Sequence[Callable[..., Any]], Any]]  # of columns that this database gives otherwise


def _work_out(query: models.QuerySet[Any, Any]) -> _WorkedOut:
    compiler = query.query.get_compiler(query.db)
    sql, params = compiler.as_sql()
    return _WorkedOut(query.db, sql, params, compiler.get_converters([each for each, *_ in compiler.select]))


def _read(row: Row, known: _WorkedOut, connection: BaseDatabaseWrapper) -> Row:
    read = list(row)
    for place, (converters, expression) in known.converters.items():
        for convert in converters:
            read[place] = convert(read[place], expression, connection)
    return tuple(read)
