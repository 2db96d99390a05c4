"""The staff's pages on the catalogue. Every change is noted, tells all processes, and has prices looked at again."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import PROTECT, Model, Prefetch, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from goodstanding import clock
from goodstanding.audit.admin import Audited
from goodstanding.catalogue import services
from goodstanding.catalogue.code_words import code_words
from goodstanding.catalogue.forms import GroupForm, LevelForm, NameForm, RateForm, promised_last
from goodstanding.catalogue.gift_forms import LevelGiftForm
from goodstanding.catalogue.models import (
    POLICIES,
    DiscountCode,
    GatewayPrice,
    Level,
    LevelGift,
    LevelGroup,
    LevelPath,
    LevelTerms,
    Price,
    TaxRate,
)
from goodstanding.catalogue.price_forms import PriceForm
from goodstanding.people import pages
from goodstanding.people.pages import moments


class Catalogue(Audited, pages.Quick):
    """Rows of the catalogue. One at a time is deleted, where nothing refers to it."""

    actions = None

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        """Tell that the catalogue changed, in the transaction that changes it."""
        super().save_related(request, form, formsets, change)
        services.changed(now=clock.now())

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        """Tell that the catalogue changed, in the transaction that changes it."""
        super().delete_model(request, obj)
        services.changed(now=clock.now())


class AddOnly(admin.TabularInline):
    """Rows that can be added and read here; what can be changed is changed on the row's own page."""

    extra = 1
    can_delete = False
    show_change_link = True

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not here."""
        return False


class TermsInline(pages.Untouched, admin.TabularInline):
    """What the level promised, and since when: history."""

    model = LevelTerms
    fk_name = "level"
    extra = 0
    can_delete = False
    verbose_name_plural = _("what was promised to those who bought it")
    fields = readonly_fields = ("from_then_on", "grace_days", "prepaid_grace_days", "seats", "seat_level", *POLICIES)

    @admin.display(description=_("since"))
    def from_then_on(self, terms: LevelTerms) -> str:
        """From when on."""
        return pages.moment(terms.since) if terms.since else str(_("the beginning"))


class PathInline(admin.TabularInline):
    """To which levels one may change from this one, and how."""

    model = LevelPath
    fk_name = "from_level"
    extra = 1
    fields = ("to_level", "when", "reckoning")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **how: Any) -> Any:
        """Offer the levels of its group."""
        level = request.resolver_match.kwargs.get("object_id") if request.resolver_match else None
        if db_field.name == "to_level" and level is not None:
            how["queryset"] = Level.objects.filter(group__levels=level)
        return super().formfield_for_foreignkey(db_field, request, **how)


class PriceInline(AddOnly):
    """What the level costs."""

    model = Price
    form = PriceForm

    fields = ("amount", "currency", "interval_count", "interval", "renews", "is_open")

    @admin.display(description=_("amount"))
    def amount(self, price: Price) -> str:
        """The amount of a price that is there; that of a new one is typed."""
        return pages.money(price.amount_minor, price.currency)


class NameInline(AddOnly):
    """What gateways call the price."""

    model = GatewayPrice
    form = NameForm
    fields = ("gateway", "external_id", "lookup_key")
    verbose_name = _("name at a gateway")
    verbose_name_plural = _("names at the gateways")


class GiftInline(admin.TabularInline):
    """The level as a gift. What was bought stays what it was."""

    model = LevelGift
    form = LevelGiftForm
    extra = 0


def in_use(level: Level) -> bool:
    """Whether anything but prices refers to the level; whoever does protects it from being deleted."""
    ends: list[Any] = [end for end in Level._meta.get_fields(include_hidden=True) if end.one_to_many]
    return any(
        end.related_model._base_manager.filter(**{end.field.name: level}).exists()
        for end in ends
        if end.on_delete is PROTECT and end.related_model is not Price
    )


@admin.register(LevelGroup)
class LevelGroupAdmin(Catalogue):
    """Groups of levels."""

    form = GroupForm
    list_display = ("slug", "name", "allows_several", "only_listed_changes")
    ordering = ("slug",)

    def get_readonly_fields(self, request: HttpRequest, obj: LevelGroup | None = None) -> tuple[str, ...]:
        """Keep the slug, and how many levels it allows once some are held."""
        if obj is None:
            return ()
        return ("slug", "allows_several") if any(in_use(level) for level in obj.levels.all()) else ("slug",)


@admin.register(Level)
class LevelAdmin(Catalogue):
    """Levels, with what they promise and cost."""

    form = LevelForm
    list_display = ("slug", "name", "group", "grace", "costs", "is_open", "is_hidden", "legacy_membertype_id")
    list_filter = ("group", "is_open", "is_hidden")
    list_select_related = ("group",)
    ordering = ("slug",)
    search_fields = ("slug", "name")
    fieldsets = (
        (None, {"fields": ("slug", "name", "group", "legacy_membertype_id", "description")}),
        (
            _("To whom it is offered"),
            {"fields": ("is_open", "is_hidden", "position", ("sale_from", "sale_until"), "capacity")},
        ),
        (
            _("How it is bought"),
            {"fields": ("takes_donations", "needs_card", "pause_days_max", "pauses_max", "pause_open_ended")},
        ),
        (_("Seats"), {"fields": ("seats", "seats_max", "seat_level")}),
        (_("What it promises from now on"), {"fields": ("grace_days", "prepaid_grace_days", "end_rule", *POLICIES)}),
    )
    inlines = (PriceInline, PathInline, TermsInline)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Level]:
        """With promises and prices, in as many statements as there are tables."""
        terms = Prefetch("terms", LevelTerms.objects.order_by("since", "id"))
        return super().get_queryset(request).prefetch_related(terms, "prices")

    def get_inlines(self, request: HttpRequest, obj: Level | None) -> Any:
        """History and prices belong to a level that is there."""
        return self.inlines if obj is not None else ()

    def get_readonly_fields(self, request: HttpRequest, obj: Level | None = None) -> tuple[str, ...]:
        """Keep the slug, and the group once the level is held."""
        if obj is None:
            return ()
        return ("slug", "group") if in_use(obj) else ("slug",)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        """Promise what was typed to those who buy from now on."""
        super().save_related(request, form, formsets, change)
        days = {name: form.cleaned_data[name] for name in ("grace_days", "prepaid_grace_days")}
        services.set_terms(form.instance, **days, now=clock.now())

    @admin.display(description=_("grace, days"))
    def grace(self, level: Level) -> str:
        """What is promised now, and after a prepaid term."""
        latest = promised_last(level)
        return f"{latest.grace_days} / {latest.prepaid_grace_days}" if latest else pages.NOTHING

    @admin.display(description=_("prices"))
    def costs(self, level: Level) -> str:
        """Its prices."""
        return ", ".join(price.words for price in level.prices.all()) or pages.NOTHING


@admin.register(Price)
class PriceAdmin(Catalogue):
    """Prices are added, named, put on sale or taken off, and deleted; what they are never changes."""

    form = PriceForm
    list_display = ("words", "level", "is_open", "named")
    list_filter = ("level", "currency", "is_open")
    list_select_related = ("level",)
    ordering = ("level", "amount_minor", "id")
    search_fields = ("id", "gateway_prices__external_id", "gateway_prices__lookup_key")
    fixed = ("level", "amount", "currency", "interval_count", "interval", "renews")
    further = (
        "trial_count", "trial_unit", "intro_payments", "payments", "keeps", "keeps_count", "keeps_unit", "terms_max",
        "fixed_start", "fixed_rollover", "fixed_prorated", "fixed_full_until", "ends_on", "taxed", "tax_inclusive",
    )  # fmt: skip
    inlines = (NameInline, GiftInline)

    def get_inlines(self, request: HttpRequest, obj: Price | None) -> Any:
        """A gift is of a price that is there."""
        return self.inlines if obj is not None else (NameInline,)

    def get_fieldsets(self, request: HttpRequest, obj: Price | None = None) -> Any:
        """What it is; how it is billed at first and at last; the calendar; tax; and whether it is on sale."""
        added = obj is None
        trial = ("trial_count", "trial_unit", *(["trial_amount"] if added else ["trial_minor"]))
        intro = ("intro_payments", "intro_amount" if added else "intro_minor")
        parts = ("payments", "total_amount" if added else "total_minor")
        least = ("minimum_amount" if added else "minimum_minor",)
        return (
            (None, {"fields": self.fixed}),
            (_("At first"), {"fields": (trial, intro)}),
            (_("Instalments"), {"fields": (parts, "keeps", ("keeps_count", "keeps_unit"))}),
            (_("The payer chooses"), {"fields": (*least, "terms_max")}),
            (
                _("The calendar"),
                {"fields": ("fixed_start", "fixed_rollover", ("fixed_prorated", "fixed_full_until"), "ends_on")},
            ),
            (_("Tax"), {"fields": (("taxed", "tax_inclusive"),)}),
            (_("Seats"), {"fields": ("seat_amount_minor",)}),
            (_("On sale"), {"fields": ("is_open", ("sale_from", "sale_until"), "position")}),
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Price]:
        """With the gateways' names."""
        return super().get_queryset(request).prefetch_related("gateway_prices")

    def get_readonly_fields(self, request: HttpRequest, obj: Price | None = None) -> tuple[str, ...]:
        """One that is there stays what it is."""
        amounts = ("trial_minor", "intro_minor", "total_minor", "minimum_minor")
        return () if obj is None else (*self.fixed, *self.further, *amounts)

    @admin.display(description=_("amount"))
    def amount(self, price: Price) -> str:
        """The amount of a price that is there; that of a new one is typed."""
        return pages.money(price.amount_minor, price.currency)

    @admin.display(description=_("price"))
    def words(self, price: Price) -> str:
        """Amount and interval."""
        return price.words

    @admin.display(description=_("names at the gateways"))
    def named(self, price: Price) -> str:
        """What gateways call it."""
        return ", ".join(str(name) for name in price.gateway_prices.all()) or pages.NOTHING


@admin.register(TaxRate)
class TaxRateAdmin(Catalogue):
    """Rates of tax by place and date: a new rate is a new row, so that old bills stay explained."""

    form = RateForm
    list_display = ("place", "from_on", "percent", "name")
    list_filter = ("place",)
    ordering = ("place", "from_on")

    def get_readonly_fields(self, request: HttpRequest, obj: TaxRate | None = None) -> tuple[str, ...]:
        """One that is there stays what it is, but for its name."""
        return () if obj is None else ("place", "from_on", "percent")


@admin.register(GatewayPrice)
class GatewayPriceAdmin(Catalogue):
    """What gateways call our prices: mended here, or moved to another price."""

    form = NameForm
    list_display = ("external_id", "lookup_key", "gateway", "price")
    list_display_links = ("external_id", "lookup_key")
    list_select_related = ("price",)
    ordering = ("gateway", "external_id", "id")
    search_fields = ("external_id", "lookup_key")


@admin.register(DiscountCode)
class DiscountCodeAdmin(pages.Records):
    """Discount codes, to read: they are made and switched in the office. Found by how they begin, or by their lot."""

    list_display = ("text", "says", "batch", moments("ends_at"), "limit", "is_open")
    list_display_links = ("text",)
    list_filter = ("kind", "is_open")
    ordering = ("-id",)
    sortable_by = ("text",)
    search_fields = ("text__startswith", "batch")
    shown = (
        "text",
        "says",
        ("for_levels", "opens_levels"),
        (moments("starts_at"), moments("ends_at")),
        ("limit", "limit_each"),
        "is_open",
        "batch",
        "words",
        moments("made_at"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[DiscountCode]:
        """With levels and prices, in as many statements as there are tables."""
        return super().get_queryset(request).prefetch_related("prices", "levels", "opens")

    @admin.display(description=_("gives"))
    def says(self, code: DiscountCode) -> str:
        """What it does, in words."""
        return code_words(code)

    @admin.display(description=_("for the levels"))
    def for_levels(self, code: DiscountCode) -> str:
        """Those it is for."""
        return ", ".join(level.name for level in code.levels.all()) or str(_("all"))

    @admin.display(description=_("opens the levels"))
    def opens_levels(self, code: DiscountCode) -> str:
        """Hidden and closed ones."""
        return ", ".join(level.name for level in code.opens.all()) or pages.NOTHING
