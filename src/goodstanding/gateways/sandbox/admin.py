"""The staff's pages on the sandbox: order faults, contest payments and decide disputes, see what was sent."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from goodstanding import clock
from goodstanding.gateways.sandbox.models import Dispute, Fault, Invoice, Message, Payment, Subscription
from goodstanding.gateways.sandbox.vendor import disputes


@admin.register(Fault)
class FaultAdmin(admin.ModelAdmin):
    """What is to go wrong next."""

    list_display = ("account", "kind", "left", "seconds")
    ordering = ("id",)


class ReadOnly(admin.ModelAdmin):
    """The vendor's books: nobody writes in them by hand."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False


@admin.register(Payment)
class PaymentAdmin(ReadOnly):
    """Payments; any that went well can be contested."""

    list_display = ("id", "customer", "amount_minor", "currency", "status", "failure", "token", "created_at")
    list_filter = ("status",)
    search_fields = ("=id", "=customer__id", "=reference")
    ordering = ("-created_at", "id")
    actions = ("contest",)

    def has_contest_permission(self, request: HttpRequest) -> bool:
        """Whoever may change payments of the sandbox."""
        return request.user.has_perm("gs_sandbox.change_payment")

    @admin.action(description=_("Have the chosen payments disputed"), permissions=["contest"])
    def contest(self, request: HttpRequest, chosen: QuerySet[Payment]) -> None:
        """Play the payers who go to their bank."""
        payments = list(chosen.filter(status=Payment.Status.SUCCEEDED))
        for payment in payments:
            disputes.contest(payment.pk, now=clock.now())
            self.log_change(request, payment, "dispute")
        _say(self, request, len(payments))


@admin.register(Dispute)
class DisputeAdmin(ReadOnly):
    """Disputes, to be decided."""

    list_display = ("id", "payment", "amount_minor", "status", "opened_at")
    list_filter = ("status",)
    ordering = ("-opened_at", "id")
    actions = ("win", "lose")

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Whoever may change disputes of the sandbox."""
        return request.user.has_perm("gs_sandbox.change_dispute")

    @admin.action(description=_("Decide for the organisation"), permissions=["decide"])
    def win(self, request: HttpRequest, chosen: QuerySet[Dispute]) -> None:
        """Play the bank that finds for the organisation."""
        self._decide(request, chosen, won=True)

    @admin.action(description=_("Decide for the payer"), permissions=["decide"])
    def lose(self, request: HttpRequest, chosen: QuerySet[Dispute]) -> None:
        """Play the bank that finds for the payer."""
        self._decide(request, chosen, won=False)

    def _decide(self, request: HttpRequest, chosen: QuerySet[Dispute], *, won: bool) -> None:
        decided = [dispute for dispute in chosen if disputes.close(dispute.pk, won=won, now=clock.now())]
        for dispute in decided:
            self.log_change(request, dispute, "won" if won else "lost")
        _say(self, request, len(decided))


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnly):
    """What recurs by the sandbox's clock."""

    list_display = ("id", "customer", "status", "period_end", "ends_at", "next_at")
    list_filter = ("status",)
    search_fields = ("=id", "=customer__id")
    ordering = ("-created_at", "id")


@admin.register(Invoice)
class InvoiceAdmin(ReadOnly):
    """The sandbox's own bills."""

    list_display = ("number", "customer", "status", "due_minor", "currency", "created_at", "next_at")
    list_filter = ("status",)
    search_fields = ("=id", "=number", "=customer__id")
    ordering = ("-created_at", "id")


@admin.register(Message)
class MessageAdmin(ReadOnly):
    """Webhooks, and whether they were sent."""

    list_display = ("type", "external_id", "account", "state", "created_at", "due_at", "attempts", "last_error")
    list_filter = ("state", "account")
    search_fields = ("=external_id", "=customer__id")
    ordering = ("-id",)
    exclude = ("body",)


def _say(page: ReadOnly, request: HttpRequest, count: int) -> None:
    words = ngettext("%d done.", "%d done.", count) % count
    page.message_user(request, words, messages.SUCCESS if count else messages.WARNING)
