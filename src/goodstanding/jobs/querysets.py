"""Reads and writes that rows of work share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Self, TypeVar

from django.db import connections, models, router
from django.db.models import Min, Q
from django.db.models.constants import OnConflict
from django.db.models.sql import InsertQuery

if TYPE_CHECKING:
    from goodstanding.jobs.lease import Leased

Row = TypeVar("Row", bound="models.Model")
LeasedRow = TypeVar("LeasedRow", bound="Leased")


class InsertQuerySet(models.QuerySet[Row]):
    """Adds what the ORM lacks: an insert that says how many rows were new."""

    def insert_new(self, rows: Sequence[Row]) -> int:
        """Insert those of ``rows`` that break no unique constraint; return how many that were.

        One statement for each batch that the database takes (a single row is always one), no savepoint, and nothing in
        the server's log for those that were there. ``bulk_create(ignore_conflicts=True)`` does not tell how many were
        new. Beware: SQLite also passes over rows that break a CHECK or NOT NULL.
        """
        using = router.db_for_write(self.model)
        connection = connections[using]
        fields = [field for field in self.model._meta.concrete_fields if not isinstance(field, models.AutoField)]
        size = max(connection.ops.bulk_batch_size([field.column for field in fields], list(rows)), 1)
        inserted = 0
        for start in range(0, len(rows), size):
            query = InsertQuery(self.model, on_conflict=OnConflict.IGNORE)
            query.insert_values(fields, list(rows[start : start + size]))
            with connection.cursor() as cursor:
                for statement, params in query.get_compiler(using).as_sql():
                    cursor.execute(statement, params)
                    inserted += cursor.rowcount
        return inserted


class LeasedQuerySet(InsertQuerySet[LeasedRow]):
    """Rows of work (see :mod:`goodstanding.jobs.lease`)."""

    def open(self) -> Self:
        """Those not worked off and not given up."""
        return self.filter(state__in=self.model.OPEN)

    def free(self, now: datetime) -> Self:
        """Those that nobody holds at ``now``."""
        return self.filter(Q(leased_until=None) | Q(leased_until__lte=now))

    def due(self, now: datetime) -> Self:
        """Those to be worked on at ``now``, in their order."""
        return self.open().free(now).filter(due_at__lte=now).order_by(*self.model.DUE_ORDER)

    def next_due(self, now: datetime) -> datetime | None:
        """Return the moment at which the next one can be worked on, if there is one: for those that are due, one before ``now``."""
        waiting = self.open().free(now).aggregate(at=Min("due_at"))["at"]
        held = self.open().filter(leased_until__gt=now).aggregate(at=Min("leased_until"))["at"]
        return min((at for at in (waiting, held) if at is not None), default=None)
