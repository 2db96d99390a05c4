"""The staff's pages on uses of discount codes: to read."""

from __future__ import annotations

from django.contrib import admin

from goodstanding.checkout.models import CodeUse
from goodstanding.people import pages
from goodstanding.people.pages import moments


@admin.register(CodeUse)
class CodeUseAdmin(pages.Records):
    """Who used which code, and how that use stands."""

    list_display = ("id", "code", "member", "state", moments("reserved_at"), moments("ended_at"))
    list_display_links = ("id",)
    list_select_related = ("code", "member")
    list_filter = ("state",)
    ordering = ("-id",)
    sortable_by = ("id",)
    search_fields = ("code__text__startswith",)
    shown = ("code", "member", "state", moments("reserved_at"), moments("ended_at"))
