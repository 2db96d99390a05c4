"""What the staff's pages of all rooms share: lists that stay quick, links that lead somewhere, money and moments."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.forms import Media
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from goodstanding import conf
from goodstanding.core.currencies import MoneyRefused
from goodstanding.core.money import Money

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    _Paginator = Paginator[Any]
    _ModelAdmin = admin.ModelAdmin[Any]
    _Filter = admin.SimpleListFilter
else:
    _Paginator, _ModelAdmin, _Filter = Paginator, admin.ModelAdmin, admin.SimpleListFilter

NOTHING = "–"
LISTED = 10_000  # rows that a list counts and pages through; a search finds the rest
STYLE = "gs_people/staff.css"

Column = str | Callable[[Any], Any]


class BoundedPaginator(_Paginator):
    """Counts no further than :data:`LISTED`, so that a list of a million rows opens like one of a hundred."""

    @cached_property
    def count(self) -> int:
        """How many rows there are, up to the bound."""
        rows = self.object_list
        assert isinstance(rows, QuerySet), rows
        return int(rows.order_by()[:LISTED].count())


class Quick(_ModelAdmin):
    """A list that stays quick whatever its length, with our style sheet."""

    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # they count, once for each choice of each filter
    list_per_page = 50

    @property
    def media(self) -> Media:
        """Our small sheet, after Django's."""
        return super().media + Media(css={"all": [STYLE]})


class Untouched:
    """Rows that nobody adds, changes or deletes by hand."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False


class Records(Untouched, Quick):
    """Rows that nobody adds, changes or deletes by hand. Other rows that they name are linked, where the reader may see them.

    ``shown``: what the page of one row shows.
    """

    change_form_template = "admin/gs_people/record.html"
    shown: Sequence[Column | Sequence[Column]] = ()

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """The columns, linked as far as the reader may follow."""
        return self._linked(self.list_display, request)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """The fields, linked as far as the reader may follow."""
        return self._linked(self.shown or [field.name for field in self.opts.fields], request)

    def _linked(self, names: Sequence[Any], request: HttpRequest) -> list[Any]:
        pointing = {field.name for field in self.opts.fields if field.many_to_one or field.one_to_one}

        def linked(name: Any) -> Any:
            if isinstance(name, tuple):
                return tuple(linked(each) for each in name)
            return related(self.model, name, request.user) if name in pointing else name

        return [linked(name) for name in names]


def page_of(user: Any, label: str, pk: str | int) -> str:
    """Return the address of a row's page (``label``: ``gs_people.member``), ``""`` where ``user`` may not see one."""
    app, _, model = label.lower().partition(".")
    if not (user.has_perm(f"{app}.view_{model}") or user.has_perm(f"{app}.change_{model}")):
        return ""
    try:
        return reverse(f"admin:{app}_{model}_change", args=[quote(pk)])
    except NoReverseMatch:
        return ""


def link(user: Any, label: str, pk: str | int, text: object) -> str:
    """Return ``text``, as a link to a row's page where ``user`` may see it."""
    address = page_of(user, label, pk)
    return format_html('<a href="{}">{}</a>', address, text) if address else format_html("{}", text)


def related(model: type[Model], name: str, user: Any) -> Callable[[Any], str]:
    """Return a column that links the row that ``name`` points to."""
    field = model._meta.get_field(name)

    def column(row: Model) -> str:
        other = getattr(row, name)
        return link(user, other._meta.label, other.pk, other) if other is not None else NOTHING

    column.__name__ = name
    words = capfirst(str(getattr(field, "verbose_name", name)))
    return admin.display(description=words, ordering=name)(column)


def by_the_clock(at: datetime) -> datetime:
    """Return a moment by the site's clock; at the ends of time, where there is none, as it is."""
    try:
        return at.astimezone(conf.time_zone())
    except OverflowError:
        return at


def moment(at: datetime | None) -> str:
    """Return a moment to the second, by the site's clock."""
    if at is None:
        return NOTHING
    shown = by_the_clock(at)
    return format_html(
        '<time datetime="{}">{}</time>',
        at.astimezone(UTC).isoformat(),
        f"{shown:%Y-%m-%d %H:%M:%S}".removesuffix(" 00:00:00"),
    )


def period(start: datetime, end: datetime | None) -> str:
    """Return ``[start, end)`` for people."""
    return format_html("{} – {}", moment(start), moment(end) if end is not None else _("no end"))


def moments(name: str, description: StrOrPromise = "") -> Callable[[Any], str]:
    """Return a column that shows the moment in the field ``name``."""

    def column(row: Any) -> str:
        return moment(getattr(row, name))

    column.__name__ = name
    return admin.display(description=description or _words(name), ordering=name)(column)


def money(amount_minor: int | None, currency: str) -> str:
    """Return an amount for people; what is no money (an amount without a currency) as it stands."""
    if amount_minor is None:
        return NOTHING
    try:
        return Money(amount_minor, currency).format()
    except MoneyRefused:
        return f"{amount_minor} {currency}".strip()


def amounts(name: str, description: StrOrPromise = "") -> Callable[[Any], str]:
    """Return a column that shows the amount in the field ``name``, of the row's currency."""

    def column(row: Any) -> str:
        return format_html('<span class="gs-money">{}</span>', money(getattr(row, name), row.currency))

    column.__name__ = name
    return admin.display(description=description or _words(name.removesuffix("_minor")))(column)


def as_json(data: object) -> str:
    """Return data as staff read it."""
    return format_html('<pre class="gs-json" tabindex="0">{}</pre>', json.dumps(data, indent=1, ensure_ascii=False))


def one_of(field: str, values: Sequence[tuple[str, StrOrPromise]], title: StrOrPromise) -> type[_Filter]:
    """Return a filter by fixed values; Django's own asks the whole table which there are."""

    class Filter(_Filter):
        parameter_name = field

        def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[tuple[str, StrOrPromise]]:
            return values

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            wanted = self.value()
            return queryset.filter(**{field: wanted}) if wanted in dict(values) else queryset

    Filter.title = title
    return Filter


def _words(name: str) -> str:
    return capfirst(name.replace("_", " "))
