"""The staff's pages on mails: what was said to whom, and sending again what was given up on."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from goodstanding import clock
from goodstanding.audit.services import note
from goodstanding.communications import services
from goodstanding.communications.models import Mail
from goodstanding.communications.querysets import MailQuerySet


@admin.register(Mail)
class MailAdmin(admin.ModelAdmin):
    """Mails, the newest first. To read, and to send again."""

    list_display = ("subject", "to_address", "kind", "about", "state", "created_at", "sent_at", "last_error")
    list_filter = ("state", "kind")
    search_fields = ("to_address__exact", "about__exact", "key__exact", "id__exact")
    search_help_text = _("The whole address, or the whole id of the mail or of what it is about.")
    show_full_result_count = False
    ordering = ("-created_at", "-id")
    actions = ("send_again",)
    fieldsets = (
        (None, {"fields": ("id", "kind", "to_name", "to_address", "language", "about", "key")}),
        (_("What it says"), {"fields": ("subject", "text")}),
        (_("What became of it"), {"fields": ("state", "created_at", "sent_at")}),
        (_("Attempts"), {"fields": ("attempts", "due_at", "last_error", "leased_by", "leased_until")}),
    )

    def get_queryset(self, request: HttpRequest) -> MailQuerySet:
        """Leave what no page shows in the database."""
        return Mail.objects.defer("html")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: mails are posted by what they tell of."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody: what was said was said."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody: its key is what keeps it from being sent twice."""
        return False

    def has_send_permission(self, request: HttpRequest) -> bool:
        """Whoever may change mails."""
        return request.user.has_perm("gs_communications.change_mail")

    @admin.action(description=_("Send again what was given up on"), permissions=["send"])
    def send_again(self, request: HttpRequest, chosen: MailQuerySet) -> None:
        """Open those of the chosen mails that were given up on again, and note who wanted it."""
        now = clock.now()
        with transaction.atomic():
            mails = list(chosen.parked().exclude(to_address="").only("pk"))
            count = services.retry([mail.pk for mail in mails], now=now)
            for mail in mails:
                note(by=request.user, on=mail, what="send mail again", why="by hand", now=now)
        words = ngettext("%d mail will be sent again.", "%d mails will be sent again.", count) % count
        self.message_user(request, words, messages.SUCCESS if count else messages.WARNING)
