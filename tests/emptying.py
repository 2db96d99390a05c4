"""How the database is emptied after a test with transactions of its own: only the tables that have rows.

Django's own ``flush`` empties every table and then makes the content types and permissions anew, for all models. There
are hundreds of such tests, most of them leave rows in a dozen tables, and none makes a content type.
"""

from __future__ import annotations

from django.apps import apps
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import TransactionTestCase

# What migrating puts there.
KEPT = ("django_content_type", "auth_permission")


def empty_what_has_rows(case: TransactionTestCase) -> None:
    """Take the place of ``TransactionTestCase._fixture_teardown``."""
    for alias in case._databases_names(include_mirrors=False):  # type: ignore[attr-defined]
        connection = connections[alias]
        with transaction.atomic(using=alias), connection.cursor() as cursor:
            cursor.execute(_question(connection))
            # Keys are looked at when the transaction ends: the order is of no importance.
            for (table,) in cursor.fetchall():
                cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")


def _question(connection: BaseDatabaseWrapper) -> str:
    """Return the statement that finds the tables with rows."""
    quote = connection.ops.quote_name
    models = apps.get_models(include_auto_created=True)
    tables = {model._meta.db_table for model in models if model._meta.managed and not model._meta.proxy} - set(KEPT)
    return " UNION ALL ".join(
        f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {quote(table)})" for table in sorted(tables)
    )
