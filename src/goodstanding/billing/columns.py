"""What the pages on money are made of: how rows are found, and how one leads to the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from goodstanding.core.ids import derived
from goodstanding.gateways.models import GatewayAccount
from goodstanding.people import pages

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Column = Callable[[Any], str]
SHOWN = 100  # rows that one page names at most


class Ledger(pages.Records):
    """Rows of one kind. Their public ids are derived from the gateway's, so that either finds them without a search.

    ``prefix``: of the public id. ``owner``: the way to the member, for finding by the whole e-mail.
    """

    prefix: ClassVar[str] = ""
    owner: ClassVar[str] = "account__member"
    search_fields = ("id",)  # shows the search box; what it finds, found_by says
    search_help_text = _("The whole id, ours or the gateway's, or a member's whole e-mail.")

    @admin.display(description=_("payer"))
    def payer(self, row: Any) -> str:
        """Who owes or pays, in words; lists link it."""
        return str(row.account.member or row.account)

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """The columns, with the way to the payer."""
        return [_payer(request.user) if name == "payer" else name for name in super().get_list_display(request)]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find by what is told: each way goes by an index."""
        term = search_term.strip()
        return (queryset.filter(self.found_by(term)) if term else queryset), False

    def found_by(self, term: str) -> Q:
        """Return what ``term`` finds."""
        if "@" in term:
            return Q(**{f"{self.owner}__email": term.lower()})
        return Q(pk__in=[term, *ids_of(self.prefix, term)])


def _payer(user: Any) -> Column:
    @admin.display(description=_("payer"))
    def payer(row: Any) -> str:
        who = row.account.member or row.account
        return pages.link(user, who._meta.label, who.pk, who)

    return payer


def ids_of(prefix: str, external_id: str) -> list[str]:
    """Return the public ids that an object has, whichever gateway account it is of."""
    return [derived(prefix, account, external_id) for account in GatewayAccount.objects.values_list("pk", flat=True)]


def statuses(names: Iterable[str]) -> Any:
    """Return a filter by status."""
    return one_of("status", [str(name) for name in names], _("status"))


def one_of(field: str, values: Sequence[str], title: Any) -> Any:
    """Return a filter by values that are shown as they stand."""
    return pages.one_of(field, [(value, value) for value in values], title)


def named(model: type[Model], prefix: str, field: str, user: Any) -> Column:
    """Return a column that links the row whose name at the gateway stands in ``field``, where there is one."""

    @admin.display(description=field.capitalize())
    def column(row: Any) -> str:
        reference = getattr(row, field)
        if not reference:
            return pages.NOTHING
        pk = derived(prefix, row.gateway_account_id, reference)
        there = model._default_manager.filter(pk=pk).exists()
        return pages.link(user, model._meta.label, pk, reference) if there else str(reference)

    column.__name__ = field
    return column


def belonging(model: type[Model], field: str, user: Any) -> Column:
    """Return a column that links the rows of the same billing account that name this row in ``field``."""

    @admin.display(description=str(model._meta.verbose_name_plural).capitalize())
    def column(row: Any) -> str:
        rows = model._default_manager.filter(account=row.account_id, **{field: row.external_id}).order_by("pk")
        links = ((pages.link(user, model._meta.label, each.pk, _brief(each)),) for each in rows[:SHOWN])
        return format_html_join(", ", "{}", links) or pages.NOTHING

    column.__name__ = str(model._meta.model_name)
    return column


def lists(kinds: Sequence[tuple[type[Model], StrOrPromise]], user: Any, of: Callable[[Any], dict[str, str]]) -> Column:
    """Return a column that links the lists of what belongs to a row, each where ``user`` may see it."""

    @admin.display(description=_("More"))
    def more(row: Any) -> str:
        links = []
        for model, words in kinds:
            options = model._meta
            if user.has_perm(f"{options.app_label}.view_{options.model_name}"):
                address = reverse(f"admin:{options.app_label}_{options.model_name}_changelist", query=of(row))
                links.append((format_html('<a href="{}">{}</a>', address, words),))
        return format_html_join(" · ", "{}", links) or pages.NOTHING

    return more


def _brief(row: Any) -> str:
    return f"{row.external_id} ({row.status}, {pages.money(row.amount_minor, row.currency)})"
