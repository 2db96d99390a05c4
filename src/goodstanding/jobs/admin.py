"""The staff's pages on jobs: to read, and to try again what was parked."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from goodstanding import clock
from goodstanding.jobs import services
from goodstanding.jobs.models import Job, Schedule


class ReadOnly(admin.ModelAdmin):
    """Nobody adds, changes or deletes these rows by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False


@admin.register(Job)
class JobAdmin(ReadOnly):
    """Jobs, those due last first."""

    list_display = ("kind", "key", "state", "due_at", "attempts", "last_error")
    list_filter = ("state", "kind")
    search_fields = ("=key",)
    show_full_result_count = False
    ordering = ("-due_at", "-id")
    actions = ("retry",)

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Whoever may change jobs."""
        return request.user.has_perm("gs_jobs.change_job")

    @admin.action(description=_("Try the chosen jobs again"), permissions=["retry"])
    def retry(self, request: HttpRequest, chosen: QuerySet[Job]) -> None:
        """Open parked jobs again; the admin's log keeps who wanted it."""
        jobs = list(chosen)
        count = services.retry([job.pk for job in jobs], now=clock.now())
        for job in jobs:
            self.log_change(request, job, "retry")
        words = ngettext("%d job will be tried again.", "%d jobs will be tried again.", count) % count
        self.message_user(request, words, messages.SUCCESS if count else messages.WARNING)


@admin.register(Schedule)
class ScheduleAdmin(ReadOnly):
    """When recurring jobs come next."""

    list_display = ("kind", "next_at", "last_at")
    ordering = ("kind",)
