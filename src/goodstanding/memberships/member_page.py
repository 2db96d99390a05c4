"""What the staff's page on a member shows: gathered here, in as many statements however long the story is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from django.core.paginator import Page, Paginator
from django.urls import reverse
from django.utils.translation import gettext as _

from goodstanding.audit.models import AuditEntry
from goodstanding.billing.models import GatewayCustomer
from goodstanding.core.standing import Answer, judge_member
from goodstanding.memberships import statuses
from goodstanding.memberships.documents import Document, of_member
from goodstanding.memberships.forms import DECISIONS
from goodstanding.memberships.level_decisions import LevelDecision
from goodstanding.memberships.models import Alarm, Approval, Grant, Hold, Membership, StatusOverride
from goodstanding.memberships.reading import standing_now
from goodstanding.memberships.timeline import Entry, Story, story
from goodstanding.memberships.words import because
from goodstanding.people import pages
from goodstanding.people.models import Member

MOMENTS = 40  # of the story on one page
NOTED = 50  # audit entries shown


@dataclass(frozen=True, slots=True)
class Asked:
    """Which moment somebody asks for, and whether what changed nothing is left out."""

    at: datetime | None = None
    known_by: datetime | None = None
    changes_only: bool = False
    page: str = ""

    @property
    def is_now(self) -> bool:
        """Whether it is the present that is asked for."""
        return self.at is None and self.known_by is None


@dataclass(frozen=True, slots=True)
class Decided:
    """A hold, grant or approval, with what can be done about it."""

    row: Any
    about: str
    can: tuple[tuple[str, str], ...]  # (address, words)


@dataclass(frozen=True, slots=True)
class Told:
    """What one event told (or one decision), with a link to it. ``links``: what it merely ties together."""

    recorded_at: datetime
    event: str
    address: str
    facts: tuple[str, ...]
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Moment:
    """What was told at one moment, and what came of it."""

    at: datetime
    told: tuple[Told, ...]
    effect: str


def shown(member: Member, asked: Asked, *, user: Any, now: datetime) -> dict[str, Any]:
    """Return everything that the page of ``member`` shows to ``user``."""
    at = asked.at or asked.known_by or now
    told = story(member, until=at, known_by=asked.known_by)
    answer = judge_member(told.records, at)
    document = standing_now(member.pk, now=now).document if asked.is_now else of_member(answer, email="")
    places = list(
        Membership.objects.filter(member=member)
        .select_related("level", "customer")
        .prefetch_related("spans__level", "items__item__subscription")
        .order_by("-is_open", "-begun_at", "id")
    )
    decided = _decisions(member, {place.pk: str(place) for place in places}, user=user, now=now)
    customers = (
        GatewayCustomer.objects.filter(member=member).select_related("gateway_account", "account").order_by("pk")
    )
    called = statuses.statuses_of([member], {member.pk: told.records}, at, known_by=asked.known_by)
    overrides = StatusOverride.objects.filter(member=member).values_list("pk", flat=True)
    levels = LevelDecision.objects.filter(member=member).values_list("pk", flat=True)
    ids = [member.pk, *overrides, *levels, *(each.row.pk for rows in decided.values() for each in rows)]
    return {
        "at": at,
        "standing": _with_moments(document),
        "places": [
            (place, _words(dict(answer.memberships).get(place.pk)) | {"called": called.get(place.pk)})
            for place in places
        ],
        **decided,
        "customers": list(customers),
        "alarms": Alarm.objects.filter(customer__member=member).select_related("customer").order_by("code", "pk"),
        "timeline": _timeline(told, asked, user=user),
        "noted": AuditEntry.objects.filter(object_id__in=ids).select_related("by")[:NOTED],
    }


def actions(member: Member, *, user: Any) -> list[tuple[str, str]]:
    """Return what ``user`` may decide anew about a member: address and words."""
    return [_action(member, name) for name in ("hold", "grant") if user.has_perm(DECISIONS[name].permission)]


def _action(member: Member, name: str, about: str = "") -> tuple[str, str]:
    arguments = [member.pk, name, about] if about else [member.pk, name]
    return reverse("admin:gs_people_member_decide", args=arguments), str(DECISIONS[name].button)


def _decisions(member: Member, places: dict[str, str], *, user: Any, now: datetime) -> dict[str, list[Decided]]:
    def rows(model: Any, open_: Any, *names: str) -> list[Decided]:
        allowed = [name for name in names if user.has_perm(DECISIONS[name].permission)]
        found = []
        for row in model.objects.filter(member=member).select_related("by"):
            can = tuple(_action(member, name, row.pk) for name in allowed) if open_(row) else ()
            found.append(Decided(row, places.get(row.membership, row.membership), can))
        return found[::-1]

    return {
        "holds": rows(Hold, lambda row: row.released_at is None and (row.until is None or row.until > now), "release"),
        "approvals": rows(Approval, lambda row: row.state == Approval.State.PENDING, "approve", "deny"),
        "grants": rows(
            Grant, lambda row: row.withdrawn_at is None and (row.end_at is None or row.end_at > now), "withdraw"
        ),
    }


def _words(answer: Answer | None) -> dict[str, Any]:
    if answer is None:
        return {"status": "none", "because": _("not begun by then"), "covered_until": None}
    return {"status": str(answer.status), "because": because(answer), "covered_until": answer.covered_until}


def _with_moments(document: Document) -> Document:
    """The document with moments in the place of their texts."""
    found = {**document, "levels": [_moments_in(level) for level in document["levels"]]}
    return _moments_in(found)


def _moments_in(document: Document) -> Document:
    names = ("covered_until", "changes_at", "since")
    return document | {name: datetime.fromisoformat(document[name]) for name in names if document.get(name)}


def _timeline(told: Story, asked: Asked, *, user: Any) -> Page[Any]:
    """Return one page of the story, the latest first."""
    order = range(len(told.moments) - 1, -1, -1)
    if asked.changes_only:
        changes = [moment for index in order for moment in _moments(told.at(index), user) if moment.effect]
        return Paginator(changes, MOMENTS).get_page(asked.page)
    page: Page[Any] = Paginator(order, MOMENTS).get_page(asked.page)
    page.object_list = [moment for index in page.object_list for moment in _moments(told.at(index), user)]
    return page


def _moments(entries: Sequence[Entry], user: Any) -> Iterator[Moment]:
    """What :meth:`Story.at` gave, the latest first: what time changed after it, and the moment itself."""
    first = entries[0].at
    for entry in reversed([entry for entry in entries if entry.at != first]):
        yield Moment(entry.at, (Told(entry.at, "", "", (entry.what,)),), entry.effect)
    told = [entry for entry in entries if entry.at == first]
    by_event = groupby(told, key=lambda entry: (entry.recorded_at, entry.event))
    yield Moment(first, tuple(_told(event, at, list(each), user) for (at, event), each in by_event), told[-1].effect)


def _told(event: str, recorded_at: datetime, entries: Sequence[Entry], user: Any) -> Told:
    address = pages.page_of(user, "gs_inbox.webhookevent", event) if event else ""
    facts = tuple(entry.what for entry in entries if entry.kind != "link")
    links = tuple(entry.what for entry in entries if entry.kind == "link")
    return Told(recorded_at, event, address, facts, links)
