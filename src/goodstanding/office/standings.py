"""Who stands how at this moment, found by the index or along the list, whichever reads less: quick at a million members."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from goodstanding.core.records import Status
from goodstanding.memberships.documents import Document, at_moment
from goodstanding.memberships.models import MemberStanding, StandingChange
from goodstanding.memberships.words import PAUSED, says_paused
from goodstanding.people import pages

FEW = 2_000  # so many are named one by one, and sorted; of more, enough are met on the way along the list


def standing_is(status: Status, *, now: datetime) -> Q:
    """Return which members have this standing now, whether a worker has written that down or not."""
    by_time = [pk for pk, entry in overtaken(now=now) if entry["status"] == status]
    rows = written(now=now).filter(status=status)
    if status is Status.NONE:
        return ~Exists(MemberStanding.objects.filter(pk=OuterRef("pk"))) | Exists(rows.filter(pk=OuterRef("pk")))
    few = list(rows.order_by().values_list("pk", flat=True)[: FEW + 1])
    if len(few) <= FEW:
        return Q(pk__in=[*few, *by_time])
    return Q(Exists(rows.filter(pk=OuterRef("pk")))) | Q(pk__in=by_time)


def lapsed_since(since: datetime, *, now: datetime) -> Q:
    """Return which members lapsed since then and have not come back, whether a worker has written that down or not.

    Who is paused has not lapsed.
    """
    changes = StandingChange.objects.filter(after=Status.LAPSED, at__gte=since, at__lte=now).order_by("-at")
    changes = changes.exclude(because__startswith=PAUSED)
    # Asked first: those who lapsed ever are many more than those who lapsed lately.
    lapsed = set(changes.values_list("member", flat=True)[: pages.LISTED])
    rows = written(now=now).filter(status=Status.LAPSED, pk__in=lapsed).order_by()
    by_time = [
        pk
        for pk, entry in overtaken(now=now)
        if entry["status"] == Status.LAPSED
        and since <= datetime.fromisoformat(entry["from"])
        and not says_paused(entry["because"])
    ]
    return Q(pk__in=[*rows.values_list("pk", flat=True), *by_time])


def written(*, now: datetime) -> QuerySet[MemberStanding]:
    """Return the rows that say how their member stands now."""
    # Said as what they are not: SQLite would follow an "or" through an index, row by row, and count ten times as long.
    return MemberStanding.objects.exclude(changes_at__lte=now)


def overtaken(*, now: datetime) -> Iterator[tuple[str, Document]]:
    """Return the members whose row time has overtaken (few, where a worker runs), with the entry that holds now."""
    rows = MemberStanding.objects.filter(changes_at__lte=now).order_by("changes_at", "pk")
    for pk, outlook in rows.values_list("pk", "outlook")[: pages.LISTED]:
        yield pk, at_moment(outlook, now)
