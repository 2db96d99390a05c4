"""Many members from one: the rows of a life as the real worker wrote them, written again under other names.

Ids are derived from what named a thing first. While the model life is taken in, every derivation and every digest is
noted, so that each copy gets those that it would have had; ``check --rebuild`` must find nothing wrong with it.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from django.apps import apps
from django.db import connection, transaction

from goodstanding.core import ids
from goodstanding.memberships import placing

TOKEN = "qqqqqqqq"  # what the model customer is called; every other name has its length
APPS = ("gs_people", "gs_billing", "gs_memberships", "gs_inbox", "gs_sandbox")
BATCH = 1000

MadeOf = dict[str, tuple[str, ...]]
Row = tuple[Any, ...]
Table = tuple[str, tuple[str, ...]]  # name, columns
Snapshot = dict[Table, dict[Any, Row]]


@contextmanager
def derivations() -> Iterator[MadeOf]:
    """Within the block, note of every derived id what it was made of (prefix and parts), and of every digest its text."""
    made: MadeOf = {}
    derived = ids.derived

    def noted(prefix: str, *parts: str) -> str:
        found = derived(prefix, *parts)
        made[found] = (prefix, *parts)
        return found

    def digested(content: bytes) -> Any:
        found = hashlib.sha256(content)
        made[found.hexdigest()] = (content.decode(),)
        return found

    using = [module for module in list(sys.modules.values()) if getattr(module, "derived", None) is derived]
    for module in using:
        module.derived = noted  # type: ignore[attr-defined]
    vars(placing)["hashlib"] = SimpleNamespace(sha256=digested)
    try:
        yield made
    finally:
        vars(placing)["hashlib"] = hashlib
        for module in using:
            module.derived = derived  # type: ignore[attr-defined]


def _made(parts: Sequence[str]) -> str:
    return ids.derived(*parts) if len(parts) > 1 else hashlib.sha256(parts[0].encode()).hexdigest()


def snapshot() -> Snapshot:
    """Return every row that a life may have written, by table and primary key, as the database gives it."""
    found: Snapshot = {}
    for label in APPS:
        for model in apps.get_app_config(label).get_models():
            if model._meta.proxy:
                continue
            fields = model._meta.concrete_fields
            columns = tuple(str(field.column) for field in fields)
            key = next(number for number, field in enumerate(fields) if field.primary_key)
            quoted = ", ".join(f'"{column}"' for column in columns)
            with connection.cursor() as cursor:
                cursor.execute(f'SELECT {quoted} FROM "{model._meta.db_table}"')
                found[model._meta.db_table, columns] = {row[key]: tuple(row) for row in cursor.fetchall()}
    return found


def written(before: Snapshot, after: Snapshot) -> dict[Table, list[Row]]:
    """Return the rows that are new."""
    return {
        table: new
        for table, rows in after.items()
        if (new := [row for key, row in rows.items() if key not in before[table]])
    }


@dataclass
class Model:
    """The rows of a life, to be written again for others."""

    rows: Mapping[Table, Sequence[Row]]
    made_of: MadeOf

    def __post_init__(self) -> None:
        used = {match for rows in self.rows.values() for row in rows for match in self._ids_in(row)}
        waiting = set(used)
        while waiting:  # ids are made of ids
            inner = {each for one in waiting for part in self.made_of[one] for each in self._ids(part)} - used
            used |= inner
            waiting = inner
        self.slots = {found: f"i{number}" for number, found in enumerate(sorted(used))}
        self.forms = {table: [tuple(map(self._form, row)) for row in rows] for table, rows in self.rows.items()}
        self.derivations = [(found, tuple(map(self._form, self.made_of[found]))) for found in self._inner_first()]

    def names(self, token: str) -> dict[str, str]:
        """Return everything that is called differently in the copy named ``token``."""
        assert len(token) == len(TOKEN), token
        names = {"token": token}
        for found, parts in self.derivations:
            names[self.slots[found]] = _made([part % names if dynamic else part for dynamic, part in parts])
        return names

    def copies(self, tokens: Sequence[str]) -> Iterator[tuple[Table, list[Row]]]:
        """Return the rows of a copy for each token, table by table."""
        named = [self.names(token) for token in tokens]
        for table, forms in self.forms.items():
            yield (
                table,
                [
                    tuple([part % names if dynamic else part for dynamic, part in form])
                    for names in named
                    for form in forms
                ],
            )

    def _form(self, value: Any) -> tuple[bool, Any]:
        """Return (whether it differs from copy to copy, the value or its template)."""
        if not isinstance(value, str) or not (TOKEN in value or any(self._ids(value))):
            return False, value
        text = value.replace("%", "%%").replace(TOKEN, "%(token)s")
        return True, _DERIVED.sub(lambda match: self._slot(match.group()), text)

    def _slot(self, found: str) -> str:
        return f"%({self.slots[found]})s" if found in self.slots else found

    def _inner_first(self) -> Iterable[str]:
        done: dict[str, None] = {}

        def add(found: str) -> None:
            if found not in done:
                for part in self.made_of[found]:
                    for inner in self._ids(part):
                        add(inner)
                done[found] = None

        for found in self.slots:
            add(found)
        return done

    def _ids_in(self, row: Row) -> Iterator[str]:
        for value in row:
            if isinstance(value, str):
                yield from self._ids(value)

    def _ids(self, text: str) -> Iterator[str]:
        return (found for found in _DERIVED.findall(text) if found in self.made_of)


_DERIVED = re.compile(r"\b(?:[a-z]{3,6}_[a-z2-7]{20}|[0-9a-f]{64})\b")


def insert(copies: Iterable[tuple[Table, list[Row]]]) -> None:
    """Write rows, as fast as the database allows. One transaction."""
    with transaction.atomic(), connection.cursor() as cursor:
        for (table, columns), rows in copies:
            names = ", ".join(f'"{column}"' for column in columns)
            if connection.vendor == "postgresql":
                with cursor.copy(f'COPY "{table}" ({names}) FROM STDIN') as copy:
                    for row in rows:
                        copy.write_row(row)
            else:
                marks = ", ".join("?" for _ in columns)
                cursor.connection.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', rows)
