"""The staff's pages on the inbox: events, and how the gateways are."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from goodstanding import clock
from goodstanding.audit.services import note
from goodstanding.inbox import services
from goodstanding.inbox.health import health
from goodstanding.inbox.models import GatewayHealth, WebhookEvent
from goodstanding.inbox.querysets import WebhookEventQuerySet


@admin.register(WebhookEvent)
class WebhookEventAdmin(admin.ModelAdmin):
    """To read and to try again. A body holds personal data: it is shown to superusers only."""

    list_display = (
        "external_id",
        "type",
        "gateway_account",
        "state",
        "reason",
        "received_at",
        "attempts",
        "last_error",
    )
    list_filter = ("gateway_account", "state", "type")
    list_select_related = ("gateway_account",)
    search_fields = ("=external_id", "=id")
    search_help_text = _("The event's whole id, ours or the gateway's.")
    show_full_result_count = False
    ordering = ("-received_at", "-position", "id")
    actions = ("retry",)
    fieldsets = (
        (None, {"fields": ("id", "external_id", "type", "gateway_account", "livemode", "created_at")}),
        (_("What became of it"), {"fields": ("state", "reason", "note", "recorded_at", "closed_at")}),
        (_("Attempts"), {"fields": ("attempts", "due_at", "last_error", "leased_by", "leased_until")}),
        (_("Arrival"), {"fields": ("received_at", "loaded_by_hand", "create_members", "batch", "position")}),
    )

    def get_queryset(self, request: HttpRequest) -> WebhookEventQuerySet:
        """Leave bodies in the database where nobody will see them."""
        events = WebhookEvent.objects.all()
        return events if self._sees_bodies(request) else events.defer("body")

    def get_fieldsets(self, request: HttpRequest, obj: WebhookEvent | None = None) -> Any:
        """Show the body to whom it may be shown."""
        if not self._sees_bodies(request):
            return self.fieldsets
        return (*self.fieldsets, (_("Body"), {"fields": ("body",), "classes": ("collapse",)}))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: events come from gateways, or are loaded from files."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: WebhookEvent | None = None) -> bool:
        """Nobody edits one."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: WebhookEvent | None = None) -> bool:
        """Nobody deletes one."""
        return False

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Whoever may change events."""
        return request.user.has_perm("gs_inbox.change_webhookevent")

    @admin.action(description=_("Take the chosen events in anew"), permissions=["retry"])
    def retry(self, request: HttpRequest, chosen: WebhookEventQuerySet) -> None:
        """Have a worker try the chosen events again, and note who wanted it."""
        now = clock.now()
        with transaction.atomic():
            events = WebhookEvent.objects.filter(pk__in=list(chosen.values_list("pk", flat=True)))
            count = services.retry(events, now=now)
            for event in events.readable().defer("body"):
                note(by=request.user, on=event, what="retry event", why="by hand", now=now)
        words = ngettext("%d event will be taken in anew.", "%d events will be taken in anew.", count) % count
        self.message_user(request, words, messages.SUCCESS if count else messages.WARNING)

    @staticmethod
    def _sees_bodies(request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)


@admin.register(GatewayHealth)
class GatewayHealthAdmin(admin.ModelAdmin):
    """One page in the place of a list; it stands in the admin's index like one."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nothing is added here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: GatewayHealth | None = None) -> bool:
        """Nothing is changed here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: GatewayHealth | None = None) -> bool:
        """Nothing is deleted here."""
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show how the gateways are."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": _("Gateway health"),
            "opts": self.opts,
            "health": health(now=clock.now()),
            "sees_events": request.user.has_perm("gs_inbox.view_webhookevent"),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/gs_inbox/health.html", context)
