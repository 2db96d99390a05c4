"""Standing in lists: read from the members' rows as they answer for the moment, whatever the worker has written down."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from goodstanding.core.records import Status
from goodstanding.memberships.documents import Document, at_moment
from goodstanding.memberships.models import MemberStanding
from goodstanding.people import pages
from goodstanding.people.models import Member

NOTHING: Document = {"status": str(Status.NONE), "covered_until": None, "levels": []}


def badge(status: str) -> str:
    """Return a standing for the eye, and in words."""
    return format_html('<span class="gs-badge gs-{}">{}</span>', status, status)


def document_of(member: Member, *, now: datetime) -> Document:
    """Return the standing at ``now`` of a member read with his row (``select_related("standing")``): no query."""
    row = getattr(member, "standing", None)
    return at_moment(row.outlook, now) if row is not None else NOTHING


def columns(*, now: datetime) -> list[Callable[[Member], Any]]:
    """Return the columns on standing of a list of members."""

    @admin.display(description=_("standing"))
    def standing(member: Member) -> str:
        return badge(document_of(member, now=now)["status"])

    @admin.display(description=_("covered until"))
    def covered_until(member: Member) -> str:
        until = document_of(member, now=now)["covered_until"]
        return pages.moment(datetime.fromisoformat(until) if until else None)

    @admin.display(description=_("levels"))
    def levels(member: Member) -> str:
        rows = document_of(member, now=now)["levels"]
        return ", ".join(f"{row['level']} ({row['status']})" for row in rows) or pages.NOTHING

    return [standing, covered_until, levels]


def standing_is(status: str, *, now: datetime) -> Q:
    """Return which members have this standing at ``now``: one query for those whose row time has overtaken."""
    overtaken = MemberStanding.objects.filter(changes_at__lte=now).order_by("changes_at", "pk")
    told = overtaken.values_list("pk", "outlook")[: pages.LISTED]
    late = [pk for pk, outlook in told if at_moment(outlook, now)["status"] == status]
    written = Q(standing__status=status) & (Q(standing__changes_at=None) | Q(standing__changes_at__gt=now))
    nobody = Q(standing=None) if status == Status.NONE else Q()
    return written | Q(pk__in=late) | nobody
