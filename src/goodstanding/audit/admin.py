"""Audit entries for staff: to read, not to change."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from goodstanding import clock
from goodstanding.audit.models import AuditEntry
from goodstanding.audit.services import note


class Audited(admin.ModelAdmin):
    """Pages on which whatever staff add, change or delete leaves an audit entry (habit 45), naming the fields."""

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> LogEntry:
        """Note what was added."""
        return self._noted(super().log_addition(request, obj, message), request, obj, "add")

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> LogEntry:
        """Note what was changed."""
        entry = super().log_change(request, obj, message)
        return self._noted(entry, request, obj, "change") if message else entry

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """Note what is about to be deleted."""
        for obj in queryset:
            note(by=request.user, on=obj, what=f"delete {obj._meta.verbose_name}", why=str(obj), now=clock.now())
        return super().log_deletions(request, queryset)

    @staticmethod
    def _noted(entry: LogEntry, request: HttpRequest, obj: Model, done: str) -> LogEntry:
        what = f"{done} {obj._meta.verbose_name}"
        note(by=request.user, on=obj, what=what, why=entry.get_change_message(), now=clock.now())
        return entry


@admin.register(AuditEntry)
class AuditEntryAdmin(admin.ModelAdmin):
    """A list by time, searchable by the object's id."""

    list_display = ("at", "by", "action", "object_type", "object_id", "why")
    list_filter = ("action", "object_type")
    list_select_related = ("by",)
    search_fields = ("object_id", "why")
    show_full_result_count = False
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
