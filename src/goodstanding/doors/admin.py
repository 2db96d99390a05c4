"""The staff's pages on doors, cards, devices and taps. What is done there the services do, and note."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from goodstanding import clock
from goodstanding.core.doors import Code
from goodstanding.doors import services
from goodstanding.doors.forms import CardAddForm, CardChangeForm, DeviceForm, DoorForm
from goodstanding.doors.models import Card, Device, Door, DoorEvent
from goodstanding.memberships.reading import answers
from goodstanding.memberships.words import member_because
from goodstanding.people import pages
from goodstanding.people.models import Member
from goodstanding.people.pages import moments


class ByService(pages.Quick):
    """Rows that the services make and change, with an audit entry each. Nobody deletes one: taps name them."""

    actions = None

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:  # noqa: FBT001
        """Have the service do it."""
        form.save(commit=False)
        return self.take(request, form, change=change)

    def take(self, request: HttpRequest, form: Any, *, change: bool) -> Any:
        """Do what the form says by the one service that does it; return the row."""
        raise NotImplementedError

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        """Nothing is left to be saved."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        """Nothing is left to be saved."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Say what was refused between the look at the form and the doing."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except services.Refused as refused:
            self.message_user(request, str(refused), messages.ERROR)
            return HttpResponseRedirect(request.path)


@admin.register(Door)
class DoorAdmin(ByService):
    """Doors: who may enter, and whether anybody may. One that is gone is taken out of use."""

    form = DoorForm
    list_display = ("name", "place", "for_whom", "is_active", "locked_out", "id")
    list_filter = ("is_active", "locked_out")
    search_fields = ("name", "place", "=id")
    ordering = ("name", "id")
    readonly_fields = ("id", "for_whom")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Door]:
        """With their levels."""
        return super().get_queryset(request).prefetch_related("levels")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show the id, which stands in the device's address."""
        may = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        levels = "for_levels" if may else "for_whom"
        ours = ("id",) if obj else ()
        return [(None, {"fields": (*ours, "name", "place", levels, "is_active", "locked_out")})]

    def take(self, request: HttpRequest, form: Any, *, change: bool) -> Door:
        """Make or change the door."""
        given = dict(form.cleaned_data)
        given["levels"] = given.pop("for_levels")
        if change:
            return services.change_door(form.instance, **given, by=request.user, now=clock.now())
        now = clock.now()
        first = {name: given[name] for name in ("name", "place", "levels")}
        door = services.make_door(**first, by=request.user, now=now)
        return services.change_door(door, **given, by=request.user, now=now)  # where it begins locked, or out of use

    @admin.display(description=_("who may enter"))
    def for_whom(self, door: Door) -> str:
        """The levels, or everybody in good standing."""
        levels = ", ".join(sorted(level.name for level in door.levels.all())) if door.pk else ""
        return levels or str(_("every member in good standing"))


def by_member(queryset: QuerySet[Any], text: str) -> QuerySet[Any]:
    """Return those rows that are about the member whose e-mail begins with ``text``, or whose whole id it is."""
    term = text.strip()
    if not term:
        return queryset
    members = Member.objects.filter(pk=term) if term.startswith("mbr_") else Member.objects.email_begins(term)
    return queryset.filter(member__in=members)


@admin.register(Card)
class CardAdmin(ByService):
    """Cards: added by a tap just seen or by number, lost, blocked, found, handed over; and what the doors say to them."""

    list_display = ("__str__", "member", "status", moments("added_at"))
    list_filter = ("status",)
    list_select_related = ("member",)
    ordering = ("-added_at", "id")
    search_fields = ("id",)  # shows the search box
    search_help_text = _("The beginning of a member’s e-mail, or the member’s whole id.")
    raw_id_fields = ("member",)
    shown = ("whose", "label", "last_four", "status", moments("added_at"), "id")
    ways = ("become", "reason", "hand_over_to")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Find by the member."""
        return by_member(queryset, search_term), False

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002
        """One form to add, another for what becomes of a card; each knows the moment."""
        kwargs["form"] = CardChangeForm if obj else CardAddForm
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.now = clock.now()
        return form

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """All that is kept of a card, once it is there."""
        return (*self.shown, "doors") if obj else ()

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """What is known, what the doors say, and what can be done."""
        if obj is None:
            return [(None, {"fields": ("member", "seen", "number", "keep_last_four", "label")})]
        found = [(None, {"fields": self.shown}), (_("What the doors say now"), {"fields": ("doors",)})]
        if self.has_change_permission(request, obj):
            found.append((_("Change"), {"fields": self.ways}))
        return found

    def take(self, request: HttpRequest, form: Any, *, change: bool) -> Any:
        """Do what the form says."""
        return form.take(by=request.user)

    @admin.display(description=_("member"))
    def whose(self, card: Card) -> str:
        """Whose card it is."""
        return f"{card.member} ({card.member_id})"

    @admin.display(description=_("doors"))
    def doors(self, card: Card) -> str:
        """Each door with its answer to this member, and why."""
        found = services.why(card.member, clock.now(), card=card)
        rows = ((door, _opens(decision.open), decision.words, _because(decision)) for door, decision in found)
        lines = format_html_join("", "<li>{}: {}. {} {}</li>", rows)
        return format_html("<ul>{}</ul>", lines) if found else pages.NOTHING


@admin.register(Device)
class DeviceAdmin(ByService):
    """Devices at doors. The token is shown once; what is lost is revoked for good."""

    form = DeviceForm
    list_display = ("name", "id", "where", moments("last_seen_at"), moments("revoked_at"))
    list_filter = (("revoked_at", admin.EmptyFieldListFilter), "doors")
    search_fields = ("name", "=id")
    ordering = ("name", "id")
    state: Sequence[Any] = (*("id", moments("added_at"), moments("last_seen_at"), moments("revoked_at"), "has_token"),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Device]:
        """With their doors."""
        return super().get_queryset(request).prefetch_related("doors")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """With what is known of it, once it is there."""
        may = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        found: list[Any] = [(None, {"fields": ("name", "at_doors" if may else "where")})]
        if obj is not None:
            found.append((_("State"), {"fields": (*self.state, "ways") if may else self.state}))
        return found

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """With the ways to its token."""
        return (*self.state, "where", "ways")

    def get_urls(self) -> list[URLPattern]:
        """With the page of the token."""
        view = self.admin_site.admin_view(self.token_view)
        return [path("<str:device>/<slug:do>/now/", view, name="gs_doors_device_do"), *super().get_urls()]

    def take(self, request: HttpRequest, form: Any, *, change: bool) -> Device:
        """Make or change the device."""
        name, at = form.cleaned_data["name"], form.cleaned_data["at_doors"]
        if change:
            return services.change_device(form.instance, name=name, at=at, by=request.user, now=clock.now())
        return services.make_device(name=name, at=at, by=request.user, now=clock.now())

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        """Go on to its token."""
        return HttpResponseRedirect(_page("do", obj, "token"))

    def token_view(self, request: HttpRequest, device: str, do: str) -> HttpResponse:
        """Ask, and then make a token and show it this once; or revoke the device."""
        found = Device.objects.filter(pk=unquote(device)).first()
        if found is None or do not in {"token", "revoke"}:
            raise Http404
        if not self.has_change_permission(request, found):
            raise PermissionDenied
        token = ""
        try:
            if request.method == "POST" and do == "token":
                token = services.new_device_token(found, by=request.user, now=clock.now())
            elif request.method == "POST":
                reason = request.POST.get("reason", "")[:200]
                services.revoke(found, reason=reason, by=request.user, now=clock.now())
                self.message_user(request, _now("%s is answered no more.") % found, messages.SUCCESS)
                return HttpResponseRedirect(_page("change", found))
        except services.DeviceRevoked as refused:
            self.message_user(request, str(refused), messages.ERROR)
            return HttpResponseRedirect(_page("change", found))
        titles = {"token": _now("Make a new token"), "revoke": _now("Revoke this device")}
        context = {
            **self.admin_site.each_context(request),
            "title": titles[do],
            "opts": self.opts,
            "device": found,
            "do": do,
            "token": token,
            "back": _page("change", found),
        }
        answer = TemplateResponse(request, "admin/gs_doors/token.html", context)
        answer["Cache-Control"] = "no-store"
        return answer

    @admin.display(description=_("doors"))
    def where(self, device: Device) -> str:
        """Its doors."""
        return ", ".join(str(door) for door in device.doors.all()) if device.pk else ""

    @admin.display(boolean=True, description=_("has a token"))
    def has_token(self, device: Device) -> bool:
        """Whether there is one."""
        return bool(device.token_digest)

    @admin.display(description=_("token"))
    def ways(self, device: Device) -> str:
        """The ways to a new token, and out of use."""
        if device.revoked_at is not None:
            return pages.NOTHING
        token, revoke = (_page("do", device, do) for do in ("token", "revoke"))
        return format_html(
            '<a href="{}">{}</a> · <a href="{}">{}</a>', token, _("Make a new token"), revoke, _("Revoke this device")
        )


@admin.register(DoorEvent)
class DoorEventAdmin(pages.Records):
    """Every tap with its answer, the latest first."""

    list_display = (moments("recorded_at"), "door", "member", "card", "opened", "code")
    list_filter = ("opened", pages.one_of("code", [(code.value, code.value) for code in Code], _("code")), "door")
    list_select_related = ("door", "member", "card")
    sortable_by = ()
    ordering = ("-recorded_at", "-id")
    search_fields = ("id",)  # shows the search box
    search_help_text = _("The beginning of a member’s e-mail, or the member’s whole id.")
    links: Sequence[str] = ("door", "member", "card", "device")
    shown = (
        *("id", "door", "member", "card", "opened", "code", "standing", "because_then", moments("until")),
        *(moments("at"), moments("recorded_at"), "device", "tap_id"),
    )

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Find by the member."""
        return by_member(queryset, search_term), False

    @admin.display(description=_("why, as it was known then"))
    def because_then(self, event: DoorEvent) -> str:
        """What standing said at that moment, from the records as far as they were known."""
        if event.member is None:
            return pages.NOTHING
        ((_member, (answer,)),) = answers([event.member], [event.recorded_at], known_by=event.recorded_at)
        return member_because(answer)


def _page(name: str, device: Device, *more: str) -> str:
    """Return the address of a page about a device. Quoted: in the admin ``_24`` in an id would be read as a sign."""
    return reverse(f"admin:gs_doors_device_{name}", args=[quote(device.pk), *more])


def _opens(opens: bool) -> str:  # noqa: FBT001
    return str(_("opens") if opens else _("stays shut"))


def _because(decision: Any) -> str:
    return f"({decision.standing.because})" if decision.standing is not None and decision.standing.because else ""
