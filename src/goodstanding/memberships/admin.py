"""The staff's pages on members, their standing, and what was decided about them."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django.contrib import admin, messages
from django.contrib.admin.helpers import AdminForm
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from goodstanding import clock, conf
from goodstanding.audit.admin import Audited
from goodstanding.billing.columns import one_of
from goodstanding.core.records import Status
from goodstanding.memberships import listing, member_page
from goodstanding.memberships.forms import DECISIONS, AskForm, Decision
from goodstanding.memberships.models import (
    Alarm,
    Approval,
    Grant,
    Hold,
    Membership,
    Seat,
    StandingChange,
    StatusOverride,
    StatusRule,
)
from goodstanding.memberships.reading import standing_now
from goodstanding.memberships.services import DecisionRefused
from goodstanding.people import pages
from goodstanding.people.forms import MemberForm
from goodstanding.people.models import Member
from goodstanding.people.pages import moments
from goodstanding.people.services import make_member

BEGUN, SINCE, ASKED, START, AT = (moments(name) for name in ("begun_at", "since", "asked_at", "start_at", "at"))


class StandingFilter(admin.SimpleListFilter):
    """By the standing at this moment."""

    title = _("standing")
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every status, the best first."""
        return [(str(status), str(status)) for status in reversed(Status)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Member]) -> QuerySet[Member]:
        """Those who have it."""
        wanted = self.value()
        return queryset.filter(listing.standing_is(wanted, now=clock.now())) if wanted in set(Status) else queryset


@admin.register(Member)
class MemberAdmin(Audited, pages.Quick):
    """Members: found, read, made by hand, and decided about. Nobody edits or deletes one."""

    form = MemberForm
    list_display = ("__str__",)
    list_filter = (StandingFilter,)
    list_select_related = ("standing",)
    sortable_by = ()
    ordering = ("email", "id")
    search_fields = ("email", "name")
    search_help_text = _("The beginning of an e-mail, part of a name, or a member’s whole id.")
    raw_id_fields = ("user",)

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """With the standing at this moment."""
        return [*self.list_display, *listing.columns(now=clock.now()), "name"]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Find quickly, however many there are."""
        return (queryset.matching(search_term) if search_term.strip() else queryset), False

    def has_change_permission(self, request: HttpRequest, obj: Member | None = None) -> bool:
        """Nobody edits a row; what is decided about a member is a row of its own."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Member | None = None) -> bool:
        """Nobody."""
        return False

    def get_urls(self) -> list[URLPattern]:
        """With the pages on which decisions are taken."""
        decide = self.admin_site.admin_view(self.decide_view)
        return [
            path("<str:member>/decide/<slug:name>/", decide, name="gs_people_member_decide"),
            path("<str:member>/decide/<slug:name>/<str:about>/", decide, name="gs_people_member_decide"),
            *super().get_urls(),
        ]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A member made of a user has the user's e-mail and name."""
        initial: dict[str, Any] = dict(super().get_changeform_initial_data(request))
        users = Member._meta.get_field("user").remote_field.model._default_manager
        key = str(initial.get("user", ""))
        user = users.filter(pk=key).first() if key.isdecimal() else None
        return {"email": getattr(user, "email", ""), "name": getattr(user, "name", ""), **initial}

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """One button: what comes next is the member's page."""
        one = {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().add_view(request, form_url, {**one, **(extra_context or {})})

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:  # noqa: FBT001
        """Make the member by the one service that makes members."""
        form.save(commit=False)
        return make_member(**{name: form.cleaned_data[name] for name in ("user", "email", "name")}, now=clock.now())

    def save_model(self, request: HttpRequest, obj: Member, form: Any, change: bool) -> None:  # noqa: FBT001
        """Nothing is left to be saved."""

    def response_add(self, request: HttpRequest, obj: Member, post_url_continue: str | None = None) -> HttpResponse:
        """Go on to the member's page."""
        self.message_user(request, _now("%s is a member now, without a level.") % obj, messages.SUCCESS)
        return HttpResponseRedirect(_address(obj))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the member: standing with reasons, what was decided, and the whole story; at any moment."""
        if request.method not in ("GET", "HEAD") or not self.has_view_permission(request):
            raise PermissionDenied
        member = Member.objects.select_related("user").filter(pk=unquote(object_id)).first()
        if member is None:
            raise Http404(_now("There is no such member."))
        ask = AskForm(request.GET)
        given = ask.cleaned_data if ask.is_valid() else {}
        asked = member_page.Asked(
            at=given.get("at"),
            known_by=given.get("known_at"),
            changes_only="changes" in request.GET,
            page=request.GET.get("page", ""),
        )
        context = {
            **self._page(request, member, str(member)),
            **member_page.shown(member, asked, user=request.user, now=clock.now()),
            "ask": ask,
            "asked": asked,
            "query": _query(asked),
            "actions": member_page.actions(member, user=request.user),
            "user_address": pages.page_of(request.user, member.user._meta.label, member.user.pk) if member.user else "",
            "time_zone": conf.time_zone().key,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/gs_memberships/member.html", context)

    def decide_view(self, request: HttpRequest, member: str, name: str, about: str = "") -> HttpResponse:
        """Take one decision: a form with a reason; what is refused is said in words above it."""
        kind = DECISIONS.get(name)
        if kind is None or bool(kind.about) != bool(about):
            raise Http404
        if not (self.has_view_permission(request) and request.user.has_perm(kind.permission)):
            raise PermissionDenied
        one = get_object_or_404(Member, pk=member)
        row = get_object_or_404(kind.about, pk=about, member=one) if kind.about else None
        now = clock.now()
        form = kind(request.POST if request.method == "POST" else None, member=one, row=row, now=now)
        if request.method == "POST" and form.is_valid() and self._taken(request, form, one):
            return HttpResponseRedirect(_address(one))
        context = {
            **self._page(request, one, str(kind.title)),
            "form": form,
            "adminform": AdminForm(cast(Any, form), [(None, {"fields": list(form.fields)})], {}),
            "standing": standing_now(one.pk, now=now).document,
            "row": row,
            "errors": form.errors,
        }
        return TemplateResponse(request, "admin/gs_memberships/decision.html", context)

    def _taken(self, request: HttpRequest, form: Decision, member: Member) -> bool:
        before = standing_now(member.pk, now=form.now).status
        try:
            form.take(by=request.user)
        except DecisionRefused as refused:
            form.add_error(None, str(refused))
            return False
        after = standing_now(member.pk, now=form.now).status
        standing = _now("The standing is still %s.") % after if before == after else f"{before} → {after}."
        self.message_user(request, f"{form.done} {standing}", messages.SUCCESS)
        return True

    def _page(self, request: HttpRequest, member: Member, title: str) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "title": title, "opts": self.opts, "member": member}


def _address(member: Member) -> str:
    return reverse("admin:gs_people_member_change", args=[quote(member.pk)])


def _query(asked: member_page.Asked) -> dict[str, str]:
    """What the links on the page keep of what was asked."""
    given = {"at": asked.at, "known_at": asked.known_by}
    return {name: at.isoformat() for name, at in given.items() if at is not None}


class OfMember(pages.Records):
    """Rows about a member, found by the member's e-mail or id."""

    of = "member"  # whose they are
    search_fields = ("id",)  # shows the search box
    search_help_text = _("The beginning of a member’s e-mail, or the member’s whole id.")
    list_select_related: ClassVar[Any] = ("member",)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Find by the member."""
        term = search_term.strip()
        if not term:
            return queryset, False
        members = Member.objects.filter(pk=term) if term.startswith("mbr_") else Member.objects.email_begins(term)
        return queryset.filter(**{f"{self.of}__in": members}), False


@admin.register(Membership)
class MembershipAdmin(OfMember):
    """Places that members have or had."""

    list_display = (BEGUN, "member", "level", "is_open")
    list_display_links = (BEGUN,)
    list_filter = ("level", "is_open")
    list_select_related = ("member", "level", "customer")
    ordering = ("-begun_at", "id")
    shown = ("id", "member", "level", "customer", moments("begun_at"), "is_open", "exclusive_group", "time_zone")


@admin.register(Hold)
class HoldAdmin(OfMember):
    """What keeps members out though they are covered."""

    list_display = (SINCE, "member", "kind", moments("until"), moments("released_at"), "reason", "by")
    list_display_links = (SINCE,)
    list_filter = ("kind", ("released_at", admin.EmptyFieldListFilter))
    list_select_related = ("member", "by")
    ordering = ("-since", "id")
    shown = (
        *("id", "member", "membership", "kind", moments("since"), moments("until"), moments("released_at")),
        *("reason", "by"),
    )


@admin.register(Approval)
class ApprovalAdmin(OfMember):
    """Memberships that staff must approve; those that wait come first."""

    list_display = (ASKED, "member", "state", moments("decided_at"), "reason", "by")
    list_display_links = (ASKED,)
    list_filter = ("state",)
    list_select_related = ("member", "by")
    ordering = ("decided_at", "asked_at", "id")
    shown = ("id", "member", "membership", "state", moments("asked_at"), moments("decided_at"), "reason", "by")


@admin.register(Grant)
class GrantAdmin(OfMember):
    """Coverage that staff gave."""

    list_display = (START, "member", moments("end_at"), moments("withdrawn_at"), "reason", "by")
    list_display_links = (START,)
    list_filter = (("withdrawn_at", admin.EmptyFieldListFilter),)
    list_select_related = ("member", "by")
    ordering = ("-given_at", "id")
    shown = (
        *("id", "member", "membership", moments("start_at"), moments("end_at"), moments("given_at")),
        *(moments("withdrawn_at"), "reason", "by"),
    )


@admin.register(Seat)
class SeatAdmin(OfMember):
    """Memberships held through somebody else's. Given and ended in the office, and by their payers."""

    of = "holder"
    list_display = (SINCE, "holder", "payer", moments("until"), "ended")
    list_display_links = (SINCE,)
    list_select_related = ("holder", "payer", "by")
    ordering = ("-since", "id")
    shown = ("id", "holder", "payer", "membership", "through", moments("since"), moments("until"), "ended", "by")


@admin.register(StatusOverride)
class StatusOverrideAdmin(OfMember):
    """What staff say that memberships are called. Said and taken back in the office."""

    list_display = (SINCE, "member", "status", "until_on", moments("withdrawn_at"), "reason", "by")
    list_display_links = (SINCE,)
    list_filter = ("status", ("withdrawn_at", admin.EmptyFieldListFilter))
    list_select_related = ("member", "by")
    ordering = ("-since", "id")
    shown = (
        *("id", "member", "membership", "status", moments("since"), "until_on", moments("withdrawn_at")),
        *("reason", "by"),
    )


@admin.register(StatusRule)
class StatusRuleAdmin(Audited, pages.Quick):
    """The site's own rules for what memberships are called. As long as there are none, the stock rules hold."""

    list_display = (
        "status",
        "position",
        "since_of",
        "since_count",
        "since_unit",
        "until_of",
        "until_count",
        "until_unit",
    )
    ordering = ("position", "id")


@admin.register(StandingChange)
class StandingChangeAdmin(OfMember):
    """Every change of anybody's standing, the latest first."""

    list_display = (AT, "member", "change", "because", "cause")
    list_display_links = (AT,)
    list_filter = tuple(
        one_of(name, [str(status) for status in reversed(Status)], words)
        for name, words in (("after", _("standing after")), ("before", _("standing before")))
    )
    ordering = ("-recorded_at", "-at", "id")
    shown = (
        *("id", "member", moments("at"), moments("recorded_at"), "before", "after"),
        *("levels_before", "levels_after", "because", "cause"),
    )

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """With the way to what caused them."""
        return [_cause(request.user) if name == "cause" else name for name in super().get_list_display(request)]

    @admin.display(description=_("standing"))
    def change(self, change: StandingChange) -> str:
        """From what to what."""
        return format_html("{} → {}", listing.badge(change.before), listing.badge(change.after))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """With the way to the cause."""
        return [_cause(request.user) if name == "cause" else name for name in super().get_fields(request, obj)]


@admin.register(Alarm)
class AlarmAdmin(pages.Records):
    """What staff should look at. An alarm goes when its cause does."""

    list_display = ("code", "words", "customer", "about")
    list_filter = ("code",)
    list_select_related = ("customer", "customer__member")
    sortable_by = ("code",)
    ordering = ("code", "id")
    shown = ("code", "words", "customer", "about")

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """With the way to the member."""
        return [*super().get_list_display(request), _customers_member(request.user)]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """With the way to the member."""
        return [*super().get_fields(request, obj), _customers_member(request.user)]


def _cause(user: Any) -> Any:
    @admin.display(description=_("cause"))
    def cause(change: StandingChange) -> str:
        told = change.cause.startswith("evt_")
        return pages.link(user, "gs_inbox.webhookevent", change.cause, change.cause) if told else change.cause

    return cause


def _customers_member(user: Any) -> Any:
    @admin.display(description=_("member"))
    def member(alarm: Alarm) -> str:
        found = alarm.customer.member
        return pages.link(user, "gs_people.member", found.pk, found) if found is not None else pages.NOTHING

    return member
