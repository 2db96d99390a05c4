"""One row for each thing that somebody of the staff did. Rows are only ever added."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models


class AuditEntry(models.Model):
    """``by`` did ``action`` to an object, because of ``why``. ``by`` is empty where a command did it."""

    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=60)
    object_id = models.CharField(max_length=64)
    why = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "audit entries"
        ordering: ClassVar = ["-at", "-id"]
        indexes: ClassVar = [models.Index(fields=["object_type", "object_id", "at"], name="gs_audit_object")]

    def __str__(self) -> str:
        return f"{self.action} {self.object_type} {self.object_id}"
