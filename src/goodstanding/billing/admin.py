"""The staff's pages on money: everything can be read and followed, nothing can be changed (habit 9)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from goodstanding import clock
from goodstanding.audit.services import note
from goodstanding.billing.columns import Ledger, belonging, ids_of, lists, named, one_of, statuses
from goodstanding.billing.models import (
    Account,
    Dispute,
    Fact,
    GatewayCustomer,
    GiftOffer,
    Invoice,
    InvoiceLine,
    ObjectState,
    Payment,
    Refund,
    Subscription,
    SubscriptionItem,
    Transfer,
)
from goodstanding.billing.services import PERSONAL
from goodstanding.core import codec
from goodstanding.core.fold import SubscriptionStatus
from goodstanding.gateways.models import GatewayAccount
from goodstanding.people import pages
from goodstanding.people.pages import amounts, moments

COMMON = (("external_id", "id"), ("gateway_account", "account"))
AMOUNT, MADE, HAPPENED = amounts("amount_minor"), moments("made_at"), moments("happened_at")


class Part(pages.Untouched, admin.TabularInline):
    """Rows that belong to one other row, to read."""

    extra = 0
    can_delete = False

    @admin.display(description=_("amount"))
    def amount(self, row: Any) -> str:
        """The amount in the currency of the whole."""
        whole = row.invoice if isinstance(row, InvoiceLine) else row.subscription
        return format_html('<span class="gs-money">{}</span>', pages.money(row.amount_minor, whole.currency))


class LineInline(Part):
    """What a bill is for; each line is headed by the words on the bill."""

    model = InvoiceLine
    verbose_name_plural = _("lines")
    fields = readonly_fields = ("kind", "period", "amount", "quantity", "price", "item")

    @admin.display(description=_("period"))
    def period(self, line: InvoiceLine) -> str:
        """From when to before when."""
        return pages.period(line.start_at, line.end_at)


class ItemInline(Part):
    """What a subscription renews."""

    model = SubscriptionItem
    verbose_name_plural = _("items")
    fields = readonly_fields = ("external_id", "price", "amount", "every", "quantity", "is_current")

    @admin.display(description=_("every"))
    def every(self, item: SubscriptionItem) -> str:
        """How often it is charged."""
        return f"{item.interval_count} {item.interval}" if item.interval else pages.NOTHING


@admin.register(Account)
class AccountAdmin(Ledger):
    """Who owes and pays. Found by the customer's id at the gateway, too: the account's is derived from it."""

    prefix, owner = "acc", "member"
    list_display = ("id", "member", "currency", moments("created_at"))
    list_select_related = ("member",)
    ordering = ("id",)
    shown = ("id", "member", "currency", moments("created_at"))

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """Lead to everything of this account."""
        kinds = (
            (GatewayCustomer, _("customers")),
            (Subscription, _("subscriptions")),
            (Invoice, _("invoices")),
            (Payment, _("payments")),
            (Refund, _("refunds")),
            (Dispute, _("disputes")),
            (Transfer, _("transfers")),
        )
        more = lists(kinds, request.user, lambda account: {"account__exact": account.pk})
        return [*super().get_fields(request, obj), more]


@admin.register(GatewayCustomer)
class GatewayCustomerAdmin(Ledger):
    """Customers at the gateways. Of those who hold nothing of ours no name is kept."""

    prefix, owner = "cus", "member"
    list_display = ("external_id", "member", "email", "name", "ours", "gateway_account")
    list_select_related = ("gateway_account", "member")
    list_filter = ("gateway_account", "ours", "unresolved")
    ordering = ("gateway_account", "external_id")
    sortable_by = ("external_id",)
    shown = (*COMMON, "member", ("email", "name"), ("ours", "unresolved", "wanted"))

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """Lead to what was told of this customer."""
        kinds = ((Subscription, _("subscriptions")), (Fact, _("facts")))
        more = lists(kinds, request.user, lambda customer: {"customer__exact": customer.pk})
        return [*super().get_fields(request, obj), more]


@admin.register(Subscription)
class SubscriptionAdmin(Ledger):
    """Contracts that renew. Their status is shown, and never asked for access."""

    prefix = "sub"
    list_display = ("external_id", "payer", "status", moments("begun_at"), moments("ends_at"), "paused")
    list_select_related = ("account__member",)
    list_filter = ("gateway_account", statuses(SubscriptionStatus), "paused", "billed_by")
    ordering = ("-begun_at", "id")
    shown = (
        *(*COMMON, "customer", ("status", "paused"), ("billed_by", "currency")),
        (moments("begun_at"), moments("anchor_at")),
        (moments("ends_at"), moments("ended_at")),
    )
    inlines = (ItemInline,)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """Lead to the invoices, too."""

        def of(row: Subscription) -> dict[str, str]:
            return {"account__exact": row.account_id, "subscription__exact": row.external_id}

        return [*super().get_fields(request, obj), lists([(Invoice, _("invoices"))], request.user, of)]


@admin.register(Invoice)
class InvoiceAdmin(Ledger):
    """Bills, with their lines."""

    prefix = "inv"
    search_help_text = _("The invoice's number, its whole id, ours or the gateway's, or a member's whole e-mail.")
    list_display = ("called", "payer", "status", amounts("total_minor"), moments("issued_at"), moments("settled_at"))
    list_select_related = ("account__member",)
    list_filter = (
        "gateway_account",
        statuses(("draft", "open", "paid", "uncollectible", "void", "deleted")),
        ("settled_at", admin.EmptyFieldListFilter),
    )
    ordering = ("-issued_at", "id")
    shown = (
        *(*COMMON, ("number", "status")),
        (amounts("total_minor"), amounts("due_minor"), amounts("paid_minor"), amounts("credit_minor")),
        (moments("issued_at"), moments("settled_at"), moments("closed_at")),
    )
    inlines = (LineInline,)

    @admin.display(description=_("invoice"), ordering="number")
    def called(self, invoice: Invoice) -> str:
        """Its number; a draft has none yet."""
        return invoice.number or invoice.external_id

    def found_by(self, term: str) -> Q:
        """Find by number, too."""
        return super().found_by(term) if "@" in term else super().found_by(term) | Q(number=term)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """Lead to the subscription, and to what was paid, given back and disputed."""
        user = request.user
        money = (belonging(kind, "invoice", user) for kind in (Payment, Refund, Dispute))
        return [*super().get_fields(request, obj), named(Subscription, "sub", "subscription", user), *money]


class Moved(Ledger):
    """Money that moved for an invoice, or was to move. ``refers``: the fields that name other objects."""

    list_select_related = ("account__member",)
    refers: Sequence[str] = ("payment", "invoice")

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """Lead to the payment and the invoice."""
        to: dict[str, tuple[type[Model], str]] = {"invoice": (Invoice, "inv"), "payment": (Payment, "pay")}
        return [*super().get_fields(request, obj), *(named(*to[name], name, request.user) for name in self.refers)]


@admin.register(Payment)
class PaymentAdmin(Moved):
    """Money that came in, or was tried for."""

    prefix, refers = "pay", ("invoice",)
    list_display = ("external_id", "payer", "status", AMOUNT, MADE, "failure")
    list_filter = ("gateway_account", statuses(("succeeded", "failed", "pending")))
    ordering = ("-made_at", "id")
    shown = (*COMMON, ("status", AMOUNT, MADE), "failure")

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """Lead to what was given back and disputed of it."""
        back = (belonging(kind, "payment", request.user) for kind in (Refund, Dispute))
        return [*super().get_fields(request, obj), *back]


@admin.register(Refund)
class RefundAdmin(Moved):
    """Money that was given back."""

    prefix = "rfd"
    list_display = ("external_id", "payer", "status", AMOUNT, MADE)
    list_filter = ("gateway_account", statuses(("pending", "succeeded", "failed", "cancelled")))
    ordering = ("-made_at", "id")
    shown = (*COMMON, ("status", AMOUNT, MADE))


@admin.register(Dispute)
class DisputeAdmin(Moved):
    """Payments that somebody contests at the bank."""

    prefix = "dsp"
    list_display = ("external_id", "payer", "status", AMOUNT, moments("opened_at"), moments("closed_at"))
    list_filter = ("gateway_account", statuses(("open", "won", "lost")))
    ordering = ("-opened_at", "id")
    shown = (*COMMON, ("status", AMOUNT), (moments("opened_at"), moments("closed_at")))


@admin.register(Transfer)
class TransferAdmin(Ledger):
    """The journal: each move has one debit and one credit."""

    search_help_text = _("Our whole id, or a member's whole e-mail.")
    list_display = (HAPPENED, "payer", "debit", "credit", AMOUNT, "key")
    list_display_links = (HAPPENED,)
    list_select_related = ("account__member",)
    ordering = ("-happened_at", "id")
    shown = ("id", "account", "key", ("debit", "credit"), (AMOUNT, HAPPENED))


@admin.register(Fact)
class FactAdmin(Ledger):
    """What was told, word for word. Who a stranger is, superusers alone see."""

    owner = "customer__member"
    search_help_text = _("What it tells of, the customer or the event (the whole id), or a member's whole e-mail.")
    list_display = (HAPPENED, "kind", "ref", "customer", "event", moments("recorded_at"))
    list_display_links = (HAPPENED,)
    list_select_related = ("customer",)
    list_filter = ("gateway_account", one_of("kind", sorted(codec.KINDS), _("kind")))
    ordering = ("-recorded_at", "-happened_at", "id")
    shown = (
        *("id", ("kind", "ref"), ("gateway_account", "customer")),
        (HAPPENED, moments("recorded_at")),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Fact]:
        """Leave the bodies in the database until one is looked at."""
        return super().get_queryset(request).defer("body")

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Lead to the event."""
        return [_event(request.user) if name == "event" else name for name in super().get_list_display(request)]

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """Lead to the event, and show what was told."""
        return [*super().get_fields(request, obj), _event(request.user), _body(request.user)]

    def found_by(self, term: str) -> Q:
        """Find by whatever has an index: an event, a customer, or the object's name by way of its state."""
        if "@" in term:
            return super().found_by(term)
        if term.startswith(("fct_", "evt_")):
            return Q(pk=term) | Q(event=term)
        accounts = list(GatewayAccount.objects.values_list("pk", flat=True))
        owners = ObjectState.objects.filter(gateway_account__in=accounts, ref=term).values_list("customer", flat=True)
        return Q(customer__in=ids_of("cus", term)) | (
            (Q(customer__in=[pk for pk in owners if pk]) | Q(customer=None)) & Q(ref=term)
        )


def _event(user: Any) -> Any:
    @admin.display(description=_("event"))
    def event(fact: Fact) -> str:
        return pages.link(user, "gs_inbox.webhookevent", fact.event, fact.event)

    return event


def _body(user: Any) -> Any:
    @admin.display(description=_("what was told"))
    def body(fact: Fact) -> str:
        ours = fact.customer is None or fact.customer.ours
        hidden = () if ours or user.is_superuser else PERSONAL
        return pages.as_json({key: value for key, value in fact.body.items() if key not in hidden})

    return body


@admin.register(GiftOffer)
class GiftOfferAdmin(admin.ModelAdmin):
    """Of which amounts gift cards can be bought."""

    list_display = ("currency", "choices", "least_minor", "most_minor", "good_for_days", "is_open")

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        """Keep the currency of an offer as it is."""
        return ("currency",) if obj is not None else ()

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody; an offer is closed instead."""
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        """Save, and note who changed what."""
        super().save_model(request, obj, form, change)
        what = "change offer of gift cards" if change else "offer gift cards"
        note(by=request.user, on=obj, what=what, why=", ".join(form.changed_data), now=clock.now())
