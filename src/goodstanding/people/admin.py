"""The staff's pages on users. Those on members stand where standing is known: in the room of memberships."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.auth.admin import UserAdmin as BaseUserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from goodstanding import clock
from goodstanding.audit.admin import Audited
from goodstanding.people import pages
from goodstanding.people.forms import UserAddForm, UserForm
from goodstanding.people.models import User

RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")


@admin.register(User)
class UserAdmin(Audited, pages.Quick, BaseUserAdmin):
    """Who can log in. Nobody is deleted: who must not log in any more is made inactive.

    Only superusers hand out rights, and only they touch somebody who has some.
    """

    form = UserForm
    add_form = UserAddForm
    list_display = ("email", "name", "is_active", "is_staff")
    list_filter = ("is_staff", "is_active")
    sortable_by = ("email",)
    ordering = ("email",)
    search_fields = ("email", "name")
    search_help_text = _("The beginning of an e-mail, or part of a name.")
    list_select_related = ("gs_member",)
    readonly_fields = ("last_login", "joined_at", "member", "no_member")
    fieldsets = (
        (None, {"fields": ("email", "name", "password", "is_active")}),
        (_("Rights"), {"fields": RIGHTS}),
        (_("Dates"), {"fields": ("joined_at", "last_login")}),
    )
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("email", "name", "usable_password", "password1", "password2")}),
    )

    def get_list_display(self, request: HttpRequest) -> tuple[Any, ...]:
        """The columns, with the way to the member for whoever may go there."""
        return (*self.list_display, "member") if request.user.has_perm("gs_people.view_member") else self.list_display

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Show the member, or how to make one of this user."""
        found = super().get_fieldsets(request, obj)
        if obj is None:
            return found
        name, permission = ("member", "view") if hasattr(obj, "gs_member") else ("no_member", "add")
        allowed = request.user.has_perm(f"gs_people.{permission}_member")
        return (*found, (_("Member"), {"fields": (name,)})) if allowed else found

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[Any, ...]:
        """Let superusers alone hand out rights."""
        rights = () if request.user.is_superuser else RIGHTS
        return (*self.readonly_fields, *rights)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        """Find by the beginning of the e-mail, or by part of the name."""
        if not search_term.strip():
            return queryset, False
        term = search_term.strip()
        found = queryset.filter(email__startswith=term.lower())
        return (found if "@" in term else found | queryset.filter(name__icontains=term)), False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Whoever has rights is touched by superusers alone; his password, too."""
        if obj is not None and (obj.is_staff or obj.is_superuser) and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Nobody."""
        return False

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: FBT001
        """Remember when the user was made."""
        if not change:
            obj.joined_at = clock.now()
        super().save_model(request, obj, form, change)

    @admin.display(description=_("member"))
    def member(self, user: User) -> str:
        """The way to the member whom this user is."""
        found = getattr(user, "gs_member", None)
        if found is None:
            return pages.NOTHING
        return format_html(
            '<a href="{}">{}</a>', reverse("admin:gs_people_member_change", args=[quote(found.pk)]), found
        )

    @admin.display(description=_("member"))
    def no_member(self, user: User) -> str:
        """The way to make a member of this user."""
        address = reverse("admin:gs_people_member_add", query={"user": user.pk})
        return format_html('{} <a href="{}">{}</a>', _("This user is no member."), address, _("Make a member"))
