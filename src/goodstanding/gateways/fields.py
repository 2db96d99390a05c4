"""A column for secrets: written by people, read by adapters, shown to nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

from goodstanding.gateways.protocol import Secret

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.expressions import Expression

    _Field = models.CharField[str | Secret, Secret]
else:
    _Field = models.CharField


class SecretField(_Field):
    """Text that comes back as a :class:`Secret`, in no form that is made for the model, and empty in dumps of data."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"max_length": 255, "blank": True, "editable": False} | kwargs)

    def from_db_value(self, value: str | None, _expression: Expression, _connection: BaseDatabaseWrapper) -> Secret:
        """Wrap what the database holds."""
        return Secret(value or "")

    def value_to_string(self, _obj: models.Model) -> str:
        """Give nothing away to a serialiser."""
        return ""
