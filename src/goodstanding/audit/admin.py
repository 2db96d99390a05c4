"""Audit entries for staff: to read, not to change."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from goodstanding.audit.models import AuditEntry


@admin.register(AuditEntry)
class AuditEntryAdmin(admin.ModelAdmin):
    """A list by time, searchable by the object's id."""

    list_display = ("at", "by", "action", "object_type", "object_id", "why")
    list_filter = ("action", "object_type")
    search_fields = ("object_id", "why")
    date_hierarchy = "at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds one by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: AuditEntry | None = None) -> bool:
        """Nobody changes one."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AuditEntry | None = None) -> bool:
        """Nobody deletes one."""
        return False
